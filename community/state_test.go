package community_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/kith-social/kith/community"
)

// allowed is the whole machine once more, as a person reads it: in each state, what may happen and
// where it leads.
var allowed = map[community.State]map[community.Event]community.State{
	"open":               {"send_failed": "open", "claimed": "claimed", "customer_wrote": "open", "customer_thanked": "open", "solved": "resolved", "answered_elsewhere": "answered_elsewhere", "escalated": "open", "closed": "closed", "deleted": "gone", "answer_deleted": "open", "covered": "covered"},
	"claimed":            {"send_failed": "claimed", "claimed": "claimed", "released": "open", "submitted": "in_review", "published": "answered", "customer_wrote": "claimed", "customer_thanked": "claimed", "solved": "claimed", "answered_elsewhere": "answered_elsewhere", "escalated": "open", "closed": "closed", "deleted": "gone", "answer_deleted": "claimed"},
	"in_review":          {"send_failed": "in_review", "released": "open", "returned": "claimed", "taken_over": "claimed", "published": "answered", "customer_wrote": "in_review", "customer_thanked": "in_review", "solved": "in_review", "answered_elsewhere": "answered_elsewhere", "escalated": "open", "closed": "closed", "deleted": "gone", "answer_deleted": "in_review", "facts_changed": "in_review"},
	"answered":           {"taken_back": "claimed", "send_failed": "open", "customer_wrote": "open", "customer_thanked": "answered", "solved": "resolved", "answered_elsewhere": "answered", "closed": "closed", "deleted": "gone", "answer_deleted": "open", "facts_changed": "in_review"},
	"answered_elsewhere": {"send_failed": "answered_elsewhere", "customer_wrote": "open", "customer_thanked": "answered_elsewhere", "solved": "resolved", "answered_elsewhere": "answered_elsewhere", "closed": "closed", "deleted": "gone", "answer_deleted": "open"},
	"resolved":           {"customer_wrote": "open", "customer_thanked": "resolved", "solved": "resolved", "answered_elsewhere": "resolved", "send_failed": "resolved", "closed": "closed", "deleted": "gone", "answer_deleted": "open"},
	"closed":             {"customer_wrote": "open", "customer_thanked": "closed", "solved": "closed", "answered_elsewhere": "closed", "send_failed": "closed", "deleted": "gone", "answer_deleted": "open"},
	"ignored":            {"send_failed": "ignored", "customer_wrote": "open", "customer_thanked": "ignored", "solved": "ignored", "answered_elsewhere": "ignored", "deleted": "gone", "answer_deleted": "ignored"},
	"covered":            {"send_failed": "covered", "customer_wrote": "open", "customer_thanked": "covered", "solved": "resolved", "answered_elsewhere": "answered_elsewhere", "closed": "closed", "deleted": "gone", "answer_deleted": "covered", "uncovered": "open"},
	"gone":               {"send_failed": "gone", "answered_elsewhere": "gone", "customer_wrote": "open", "customer_thanked": "gone", "solved": "gone", "deleted": "gone", "answer_deleted": "gone"},
}

func TestEveryStateAndEvent(t *testing.T) {
	for _, from := range community.States {
		for _, event := range community.Events {
			want, may := allowed[from][event]
			got, err := community.Transition(from, event)
			switch {
			case may && (err != nil || got != want):
				t.Errorf("%s of a case that is %s: %s, %v; want %s", event, from, got, err, want)
			case !may && !errors.Is(err, community.ErrNotOpen):
				t.Errorf("%s of a case that is %s leads to %s; it must be refused", event, from, got)
			}
		}
	}
}

// What a network tells must be stored in whatever state its cases are: it cannot be told to wait.
func TestWhatIsHeardIsNeverRefused(t *testing.T) {
	for _, from := range community.States {
		for _, event := range []community.Event{community.CustomerWrote, community.CustomerSaid, community.Solve, community.BrandWrote, community.SendFailed, community.Delete, community.Unanswer} {
			if _, err := community.Transition(from, event); err != nil {
				t.Errorf("%s is refused in state %s", event, from)
			}
		}
	}
}

func TestListsAreComplete(t *testing.T) {
	for from, events := range allowed {
		if !slices.Contains(community.States, from) {
			t.Errorf("state %s is not listed", from)
		}
		for event := range events {
			if !slices.Contains(community.Events, event) {
				t.Errorf("event %s is not listed", event)
			}
		}
	}
}
