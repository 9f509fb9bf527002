// Package community is the people and their work on cases.
//
// A brand is talked about; a member is a person's part in it: an advocate (a vetted customer with a
// trust level) or an employee. A case is one customer's conversation with a brand in one thread. A
// claim is a lease on a case, an answer is what a member wrote for it, an activity is one line of the
// history, a notice is what one member should hear of. Cases move only along the table in state.go.
//
// A snippet is a text that is kept ready, a note a word among colleagues about a case.
//
// It owns the tables brands, topics, members, applications, invitations,
// practice_cases, tests, cases, answers, answer_words, snippets,
// snippet_wordings, case_notes, pastes, settings, activities and notices.
package community

import (
	"errors"

	"github.com/kith-social/kith/listeners"
)

// Tx is a transaction in which follow-up work can be enqueued.
type Tx = listeners.Tx

// What a person may be told. Each text is also the key of its translation.
var (
	ErrTaken        = errors.New("somebody else is answering this case")
	ErrNotOpen      = errors.New("this case is not open")
	ErrNotHeld      = errors.New("claim the case before you answer it")
	ErrLeaseLost    = errors.New("your time for this case ran out and somebody else has it now; your text is kept")
	ErrChanged      = errors.New("this has changed meanwhile; look at it again")
	ErrNotAllowed   = errors.New("you may not do this")
	ErrNotByAPI     = errors.New("this post cannot be answered from here; open it on the network")
	ErrDecided      = errors.New("this answer has already been decided")
	ErrAgreed       = errors.New("you have approved this already; somebody else must, too")
	ErrOwnAnswer    = errors.New("nobody decides about their own answer")
	ErrNoTrust      = errors.New("only advocates who may answer have a level of trust")
	ErrNotTrusted   = errors.New("a guide is somebody whose own answers have earned the level before")
	ErrOtherRole    = errors.New("one of your role has already agreed; somebody else must, too")
	ErrSecondLook   = errors.New("somebody else must look at this, not who decided first")
	ErrNoAppeal     = errors.New("this decision cannot be appealed, or was already")
	ErrRest         = errors.New("you have been here for many hours this week; take a break")
	ErrUnknownRole  = errors.New("a role is one of advocate, moderator, expert or admin")
	ErrUnknownBrand = errors.New("there is no brand of this name")
)

// Invalid is bad input in one field, with a sentence that says what to do.
type Invalid struct {
	Field    string
	Sentence string
}

// Error is the sentence.
func (e *Invalid) Error() string { return e.Sentence }
