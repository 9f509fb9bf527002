package access

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5/middleware"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// Failure is what somebody is told of an error.
type Failure struct {
	Status   int    // of HTTP
	Field    string // the input that is wrong, or ""
	Sentence string // for a person; also the key of its translation
	Request  string // the request to ask the operator about, where the fault is ours
}

// statuses is the one table from what went wrong to what HTTP calls it.
var statuses = []struct {
	status int
	errs   []error
}{
	{http.StatusUnauthorized, []error{ErrSignedOut, ErrCredentials, ErrToken}},
	{http.StatusForbidden, []error{community.ErrNotAllowed, community.ErrOwnAnswer, community.ErrSecondLook, community.ErrOwnFair, community.ErrFirstJudge, community.ErrOwnStatement, community.ErrSuspended, ErrScope, ErrForeignPage}},
	{http.StatusNotFound, []error{community.ErrUnknownBrand, listeners.ErrUnknownNetwork}},
	{http.StatusConflict, []error{
		community.ErrTaken, community.ErrNotOpen, community.ErrNotHeld, community.ErrLeaseLost, community.ErrChanged, community.ErrDecided,
		community.ErrNoTrust, community.ErrNotTrusted, community.ErrOtherRole, community.ErrRest, community.ErrAgreed, community.ErrNoAppeal, community.ErrIncidentOver,
		community.ErrNotByAPI, community.ErrSnippetName, community.ErrNoAssistant, community.ErrAssistantSilent, listeners.ErrInFlight, listeners.ErrTooLate, listeners.ErrNotInDoubt,
		listeners.ErrNotByHand, listeners.ErrNotThere, community.ErrNoPasting, community.ErrBrandsOwn,
		listeners.ErrChanging, listeners.ErrNoChange, listeners.ErrNoHiding, community.ErrNotSent, community.ErrNotHanded,
		community.ErrNoBudget, community.ErrRewardOver, community.ErrRewardAsked, community.ErrRewardStep, community.ErrSecondVoice,
		community.ErrNoProgramme, community.ErrMember, community.ErrApplied, community.ErrReapply, community.ErrDecidedAbout, community.ErrUntested,
		listeners.ErrOtherAccount, listeners.ErrOneForum, listeners.ErrGrantDenied, listeners.ErrNoAccount,
		community.ErrTestPassed, community.ErrTestTooSoon, community.ErrNoPractice, ErrKnown,
	}},
	{http.StatusGone, []error{ErrLink, community.ErrInvitation, community.ErrTakenDown, listeners.ErrGrantOver}},
	{http.StatusUnprocessableEntity, []error{
		community.ErrNotAPeer, community.ErrUnknownRole,
		listeners.ErrNoLink, listeners.ErrOtherWords, listeners.ErrOtherPlace, listeners.ErrOtherName,
		listeners.ErrRuleName, listeners.ErrManyRules, listeners.ErrNoRules, listeners.ErrQueryEmpty, listeners.ErrQueryLong, listeners.ErrQueryQuote,
		listeners.ErrQueryParens, listeners.ErrQueryOr, listeners.ErrQueryNot, listeners.ErrQueryAlone, listeners.ErrQueryOperator,
	}},
	{http.StatusTooManyRequests, []error{ErrTooMany, community.ErrManyPastes}},
}

// Explain says how an error is told: its status, and a sentence that gives nothing away. An answer to
// a post that cannot be answered from here is a conflict, because the same text is fine once the post
// can be, and no field of it is wrong.
func Explain(err error) Failure {
	for _, row := range statuses {
		for _, e := range row.errs {
			if errors.Is(err, e) {
				return Failure{Status: row.status, Sentence: e.Error()}
			}
		}
	}
	var invalid *community.Invalid
	var network *listeners.Error
	switch {
	case errors.As(err, &invalid):
		return Failure{Status: http.StatusUnprocessableEntity, Field: invalid.Field, Sentence: invalid.Sentence}
	case errors.Is(err, sql.ErrNoRows):
		return Failure{Status: http.StatusNotFound, Sentence: "there is nothing here, or nothing you may see"}
	case errors.As(err, &network):
		return Failure{Status: http.StatusServiceUnavailable, Sentence: "the network cannot be asked for now; try again later"}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Failure{Status: http.StatusServiceUnavailable, Sentence: "this took too long; try again in a moment"}
	}
	return Failure{Status: http.StatusInternalServerError, Sentence: "something went wrong on our side; try again in a moment"}
}

// Tell explains an error. One that is our fault is logged here, once, and carries the request's id
// instead of any detail.
func (g *Guard) Tell(ctx context.Context, err error) Failure {
	f := Explain(err)
	if f.Status < http.StatusInternalServerError {
		return f
	}
	f.Request = middleware.GetReqID(ctx)
	if !errors.Is(err, context.Canceled) {
		g.Log.ErrorContext(ctx, "request failed", slog.String("request", f.Request), slog.Any("error", err))
	}
	return f
}

// Problem is a failure as RFC 9457 has it, with the wrong input's name besides.
type Problem struct {
	Title   string `json:"title" doc:"The status in words"`
	Status  int    `json:"status" doc:"The HTTP status"`
	Detail  string `json:"detail" doc:"A sentence for people"`
	Field   string `json:"field,omitempty" doc:"The input that is wrong"`
	Request string `json:"request,omitempty" doc:"What to ask the operator about"`
}

// Problem is the failure as programs are told it.
func (f Failure) Problem() Problem {
	return Problem{Title: http.StatusText(f.Status), Status: f.Status, Detail: f.Sentence, Field: f.Field, Request: f.Request}
}

// WriteProblem answers a program with a failure.
func WriteProblem(w http.ResponseWriter, f Failure) {
	w.Header().Set("Content-Type", "application/problem+json")
	if f.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="kith"`)
	}
	w.WriteHeader(f.Status)
	_ = json.NewEncoder(w).Encode(f.Problem()) // nobody is left to tell
}
