package listeners

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/kith-social/kith/clock"
)

// Class says what an error of a network means for us.
type Class string

// The classes of network errors and what is done about each.
const (
	RateLimited Class = "rate_limited" // wait until Error.Until
	AuthExpired Class = "auth_expired" // renewed once where it can be, else the connection stops until somebody does
	AuthRevoked Class = "auth_revoked" // the connection stops until somebody connects anew
	OverBudget  Class = "over_budget"  // paid reads or writes are used up: wait until Error.Until
	Held        Class = "held"         // it was made and waits for the network's people: watch until it appears
	Banned      Class = "banned"       // the network blocks the account: stop everything, a person must look
	Forbidden   Class = "forbidden"    // never for this target
	NotEligible Class = "not_eligible" // a person may answer by hand
	Duplicate   Class = "duplicate"    // it may be our own earlier attempt: read back first
	Invalid     Class = "invalid"      // back to the author with the reason
	Gone        Class = "gone"         // the post answered does not exist any more
	Transient   Class = "transient"    // nothing was done: try again later
	Ambiguous   Class = "ambiguous"    // it may have been done: read back, never resend blindly
	Malformed   Class = "malformed"    // the network's answer makes no sense
)

// ErrSignature is what a Receiver says of a request that its network did not sign.
var ErrSignature = errors.New("this request is not from the network")

// stops tells whether the whole connection ends until a person looks at it.
func (c Class) stops() bool { return c == AuthExpired || c == AuthRevoked || c == Banned }

// Error is a failed network call. Its text is for operators; people see the sentence of the class.
type Error struct {
	Class  Class
	Until  clock.Time // RateLimited, OverBudget: when to try again
	Status int        // HTTP status, or 0 where there was no answer
	Err    error
}

// Error describes the failure for an operator; it holds no secret.
func (e *Error) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("%s (status %d): %v", e.Class, e.Status, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Class, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// mostSaid bounds what is kept of an error's text, in bytes; a network chooses how long it is.
const mostSaid = 500

// printable is a network's words as they can be stored and shown: one line of valid text.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if len(text) > mostSaid {
		text = strings.ToValidUTF8(text[:mostSaid], "") + "…"
	}
	return text
}

// classify gives the class of a Channel's error. A write that failed in an unknown way may have been done.
func classify(err error, unknown Class) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: unknown, Err: err}
}
