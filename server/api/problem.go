package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/kith-social/kith/server/access"
)

// problem is how programs hear of errors, ours and those that huma finds in the input.
type problem struct {
	access.Problem
}

// Error implements huma.StatusError.
func (p *problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *problem) ContentType(string) string { return "application/problem+json" }

// Huma makes every error that it finds itself through this variable and has no other place to say how
// errors look, in answers and in the description.
func init() { huma.NewError = newProblem }

// newProblem tells of wrong input: one status for all of it, and the first field that is wrong. What
// was sent is not sent back.
func newProblem(status int, message string, errs ...error) huma.StatusError {
	if status == http.StatusBadRequest {
		status = http.StatusUnprocessableEntity
	}
	f := access.Failure{Status: status, Sentence: message}
	for _, err := range errs {
		d, ok := err.(*huma.ErrorDetail)
		if !ok {
			continue
		}
		_, f.Field, ok = strings.Cut(d.Location, ".")
		if !ok {
			f.Field = d.Location
		}
		f.Sentence = d.Message
		var missing string // huma blames what it is missing from
		if n, _ := fmt.Sscanf(d.Message, validation.MsgExpectedRequiredProperty, &missing); n == 1 {
			f.Field = missing
		}
		break
	}
	return &problem{f.Problem()}
}
