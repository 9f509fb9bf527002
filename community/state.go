package community

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// State is where a case stands.
type State string

// The states of a case.
const (
	Open              State = "open"               // waits for somebody to claim it
	Claimed           State = "claimed"            // lent to a member
	InReview          State = "in_review"          // an answer waits for a reviewer
	Answered          State = "answered"           // an approved answer is on its way or there
	AnsweredElsewhere State = "answered_elsewhere" // the brand answered with another tool
	Resolved          State = "resolved"           // the customer said that it is solved
	Closed            State = "closed"             // staff closed it
	Ignored           State = "ignored"            // noise
	Gone              State = "gone"               // deleted on the network
	Covered           State = "covered"            // the brand's public statement says what there is to say
)

// States lists every state.
var States = []State{Open, Claimed, InReview, Answered, AnsweredElsewhere, Resolved, Closed, Ignored, Gone, Covered}

// Event is what happens to a case.
type Event string

// The events.
const (
	Claim         Event = "claimed"
	Release       Event = "released" // handed back, the lease ran out, or its author lost their place
	Submit        Event = "submitted"
	Return        Event = "returned"
	Publish       Event = "published"
	TakeBack      Event = "taken_back"
	Succeed       Event = "taken_over" // a reviewer goes on with what waits for a review
	SendFailed    Event = "send_failed"
	CustomerWrote Event = "customer_wrote"
	CustomerSaid  Event = "customer_thanked" // thanks that ask for nothing
	Solve         Event = "solved"
	BrandWrote    Event = "answered_elsewhere"
	Escalate      Event = "escalated"
	Close         Event = "closed"
	Delete        Event = "deleted"
	Unanswer      Event = "answer_deleted" // the brand took its answer away, and the customer waits again
	Cover         Event = "covered"        // staff let a public statement speak
	Uncover       Event = "uncovered"      // and think otherwise
	Reword        Event = "facts_changed"  // what an answer says has changed before it left: somebody approves it anew
)

// Events lists every event.
var Events = []Event{
	Claim, Release, Submit, Return, Publish, TakeBack, Succeed, SendFailed, CustomerWrote, CustomerSaid, Solve, BrandWrote, Escalate, Close, Delete, Unanswer,
	Cover, Uncover, Reword,
}

// moves is the whole machine: what is not in it is refused. What networks tell (what was written, what
// became of a reply) is refused in no state, because it has happened.
var moves = map[State]map[Event]State{
	Open: {
		Claim: Claimed, CustomerWrote: Open, CustomerSaid: Open, Solve: Resolved, BrandWrote: AnsweredElsewhere,
		SendFailed: Open, Escalate: Open, Close: Closed, Delete: Gone, Unanswer: Open, Cover: Covered,
	},
	Claimed: {
		Claim: Claimed, Release: Open, Submit: InReview, Publish: Answered, CustomerWrote: Claimed, CustomerSaid: Claimed, Solve: Claimed,
		BrandWrote: AnsweredElsewhere, SendFailed: Claimed, Escalate: Open, Close: Closed, Delete: Gone, Unanswer: Claimed,
	},
	InReview: {
		Release: Open, Return: Claimed, Succeed: Claimed, Publish: Answered, CustomerWrote: InReview, CustomerSaid: InReview, Solve: InReview,
		BrandWrote: AnsweredElsewhere, SendFailed: InReview, Escalate: Open, Close: Closed, Delete: Gone, Unanswer: InReview, Reword: InReview,
	},
	Answered: {
		TakeBack: Claimed, SendFailed: Open, CustomerWrote: Open, CustomerSaid: Answered, Solve: Resolved,
		BrandWrote: Answered, Close: Closed, Delete: Gone, Unanswer: Open, Reword: InReview,
	},
	AnsweredElsewhere: {
		CustomerWrote: Open, CustomerSaid: AnsweredElsewhere, Solve: Resolved, BrandWrote: AnsweredElsewhere, SendFailed: AnsweredElsewhere,
		Close: Closed, Delete: Gone, Unanswer: Open,
	},
	Resolved: {CustomerWrote: Open, CustomerSaid: Resolved, Solve: Resolved, BrandWrote: Resolved, SendFailed: Resolved, Close: Closed, Delete: Gone, Unanswer: Open},
	Closed:   {CustomerWrote: Open, CustomerSaid: Closed, Solve: Closed, BrandWrote: Closed, SendFailed: Closed, Delete: Gone, Unanswer: Open},
	Ignored:  {CustomerWrote: Open, CustomerSaid: Ignored, Solve: Ignored, BrandWrote: Ignored, SendFailed: Ignored, Delete: Gone, Unanswer: Ignored},
	Covered: {
		CustomerWrote: Open, CustomerSaid: Covered, Solve: Resolved, BrandWrote: AnsweredElsewhere, SendFailed: Covered,
		Close: Closed, Delete: Gone, Unanswer: Covered, Uncover: Open,
	},
	Gone: {SendFailed: Gone, BrandWrote: Gone, CustomerWrote: Open, CustomerSaid: Gone, Solve: Gone, Delete: Gone, Unanswer: Gone},
}

// Transition is the one function that says where an event leads; ErrNotOpen where it may not happen.
func Transition(from State, e Event) (State, error) {
	to, ok := moves[from][e]
	if !ok {
		return from, fmt.Errorf("%s of a case that is %s: %w", e, from, ErrNotOpen)
	}
	return to, nil
}

// move takes a case along the machine if nobody has moved it since it was read. What else changes is
// set by more, whose columns are stored with the state.
func (c *Case) move(ctx context.Context, tx Tx, e Event, more func(q *bun.UpdateQuery) *bun.UpdateQuery) error {
	to, err := Transition(c.State, e)
	if err != nil {
		return err
	}
	q := tx.NewUpdate().Model(c).Set("state = ?, version = version + 1", to).
		Where("id = ? AND version = ?", c.ID, c.Version).Returning("*")
	if to != Claimed && to != InReview {
		q = q.Set("holder_id = NULL, held_until = NULL, fence = fence + 1")
	}
	if c.State == Covered && to == Open {
		q = q.Set("covered_at = NULL")
	}
	if more != nil {
		q = more(q)
	}
	res, err := q.Exec(ctx)
	if err != nil {
		return fmt.Errorf("%s case %d: %w", e, c.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrChanged
	}
	return nil
}
