package server

import (
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// statuses is the one table from what went wrong to what HTTP calls it.
var statuses = []struct {
	status int
	errs   []error
}{
	{http.StatusUnauthorized, []error{access.ErrSignedOut, access.ErrCredentials, access.ErrToken}},
	{http.StatusForbidden, []error{community.ErrNotAllowed, community.ErrOwnAnswer, access.ErrScope, access.ErrForeignPage}},
	{http.StatusNotFound, []error{community.ErrUnknownBrand}},
	{http.StatusConflict, []error{
		community.ErrTaken, community.ErrNotOpen, community.ErrNotHeld, community.ErrLeaseLost, community.ErrChanged, community.ErrDecided,
		community.ErrNotByAPI, listeners.ErrInFlight, listeners.ErrTooLate, listeners.ErrNotInDoubt,
	}},
	{http.StatusGone, []error{access.ErrLink}},
	{http.StatusUnprocessableEntity, []error{community.ErrUnknownRole}},
	{http.StatusTooManyRequests, []error{access.ErrTooMany}},
}

// Explain says how an error is told: its status, and a sentence that gives nothing away. An answer to
// a post that cannot be answered from here is a conflict, because the same text is fine once the post
// can be, and no field of it is wrong.
func Explain(err error) access.Failure {
	for _, row := range statuses {
		for _, e := range row.errs {
			if errors.Is(err, e) {
				return access.Failure{Status: row.status, Sentence: e.Error()}
			}
		}
	}
	var invalid *community.Invalid
	switch {
	case errors.As(err, &invalid):
		return access.Failure{Status: http.StatusUnprocessableEntity, Field: invalid.Field, Sentence: invalid.Sentence}
	case errors.Is(err, sql.ErrNoRows):
		return access.Failure{Status: http.StatusNotFound, Sentence: "there is nothing here, or nothing you may see"}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return access.Failure{Status: http.StatusServiceUnavailable, Sentence: "this took too long; try again in a moment"}
	}
	return access.Failure{Status: http.StatusInternalServerError, Sentence: "something went wrong on our side; nothing of yours was lost"}
}
