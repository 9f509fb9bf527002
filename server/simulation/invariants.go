package simulation

import (
	"context"
	"fmt"

	"github.com/kith-social/kith/community"
)

// Invariant is something of which nothing that happens may be an exception.
type Invariant struct {
	ID    string
	What  string
	Every int // looked at after so many steps: 1 is after each
	look  func(ctx context.Context, e *engine, end bool) error
}

// Violation is an exception.
type Violation struct {
	Invariant string `json:"invariant"`
	Step      int    `json:"step"`
	What      string `json:"what"`
}

// broken notes an exception.
func (e *engine) broken(id, format string, args ...any) {
	e.violated = append(e.violated, Violation{id, e.steps, fmt.Sprintf(format, args...)})
}

// look asks the invariants whose turn it is; at the end all of them.
func (e *engine) look(ctx context.Context, end bool) error {
	for _, i := range e.opt.Invariants {
		if end || e.steps%i.Every == 0 {
			if err := i.look(ctx, e, end); err != nil {
				return fmt.Errorf("look at %s: %w", i.ID, err)
			}
		}
	}
	return nil
}

// offered looks at what somebody is shown.
func (e *engine) offered(m *community.Member, c *community.Case) {
	e.offers++
	if !m.Role.Employee() && c.Lane == community.Staff {
		e.broken("I14", "case %d of the employees was offered to member %d", c.ID, m.ID)
	}
}

// finish ends the trouble, lets everything settle that has a next step, and looks at everything once more.
func (e *engine) finish(ctx context.Context) error {
	return e.look(ctx, true)
}
