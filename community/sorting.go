package community

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// Sorting: an employee does one thing to several cases at once. One statement decides, which changes only
// cases that stand as the employee saw them; what became of each is said.

// HandedBack is told of a case that the employees gave back to the community.
const HandedBack Kind = "handed_back"

// LaneHandedBack is why such a case is in its lane.
const LaneHandedBack = "handed_back"

// mostSorted is how many cases may be sorted at once.
const mostSorted = 100

// Sorted names one case as the employee saw it.
type Sorted struct{ ID, Version int64 }

// Action is what is done to the cases.
type Action string

// The actions.
const (
	ActToStaff     Action = "staff"
	ActToCommunity Action = "community" // only what people, and not a rule, handed to staff
	ActTopic       Action = "topic"
	ActClose       Action = "close"
	ActClaim       Action = "claim"
)

// Sort is one action for several cases.
type Sort struct {
	Action Action
	Cases  []Sorted
	Topic  Topic  // for ActTopic
	Reason string // for ActToStaff and ActClose
}

// Fate is what became of a case.
type Fate string

// The fates.
const (
	FateDone    Fate = "done"
	FateSame    Fate = "same"    // it was so already
	FateHeld    Fate = "held"    // somebody is answering it, or an answer is in review
	FateOver    Fate = "over"    // it waits for nobody any more
	FateStaff   Fate = "staff"   // only employees may answer it
	FateChanged Fate = "changed" // something happened since it was read
	FateGone    Fate = "gone"    // there is no such case
)

// SortCases does one thing to several cases and says what became of each.
func SortCases(ctx context.Context, tx Tx, m *Member, s Sort) (map[int64]Fate, error) {
	switch {
	case !m.Role.Employee():
		return nil, ErrNotAllowed
	case len(s.Cases) == 0 || len(s.Cases) > mostSorted:
		return nil, &Invalid{"case", "choose at least one case, and at most a hundred"}
	case (s.Action == ActToStaff || s.Action == ActClose) && s.Reason == "":
		return nil, &Invalid{"reason", "say in a few words why"}
	case !Storable(s.Reason) || len(s.Reason) > longestNote:
		return nil, &Invalid{"reason", "this note is too long, or has characters that cannot be stored"}
	}
	seen, ids := make([]bun.TupleValues, len(s.Cases)), make([]int64, len(s.Cases))
	for i, c := range s.Cases {
		seen[i], ids[i] = bun.Tuple([]any{c.ID, c.Version}), c.ID
	}
	before, err := FindCases(ctx, tx, m, ids)
	if err != nil {
		return nil, err
	}
	var done []Case
	q := tx.NewUpdate().Model(&done).Set("version = version + 1").
		Where("brand_id = ? AND (id, version) IN (VALUES ?) AND lane IN (?)", m.BrandID, bun.List(seen), bun.List(m.Lanes())).Returning("*")
	if q = s.change(tx, m, q); q == nil {
		return nil, &Invalid{"action", "this form cannot be read"}
	}
	if _, err := q.Exec(ctx); err != nil {
		return nil, fmt.Errorf("%s %d cases: %w", s.Action, len(ids), err)
	}
	fates := make(map[int64]Fate, len(ids))
	news := make([]Activity, len(done))
	for i := range done {
		fates[done[i].ID], news[i] = FateDone, s.tells(m, before[done[i].ID])
	}
	for _, seen := range s.Cases {
		if c, found := before[seen.ID]; fates[seen.ID] == "" {
			fates[seen.ID] = s.fate(c, found, seen.Version)
		}
	}
	if len(news) == 0 {
		return fates, nil
	}
	if err := recordAll(ctx, tx, news); err != nil {
		return nil, err
	}
	return fates, worked(ctx, tx, m.ID)
}

// change sets what the action changes, and says of which cases; nil for an action that does not exist.
func (s Sort) change(tx Tx, m *Member, q *bun.UpdateQuery) *bun.UpdateQuery {
	switch s.Action {
	case ActToStaff:
		return q.Set("lane = ?, lane_why = 'escalated', fence = fence + 1", Staff).Where("state = 'open' AND lane <> ?", Staff)
	case ActToCommunity:
		return q.Set("lane = ?, lane_why = ?, climbed = ?", Community, LaneHandedBack, withStaff).
			Where("state = 'open' AND lane = ? AND lane_why IN (?) AND NOT private AND NOT hostile", Staff, bun.List(handedLanes)).
			Where("NOT EXISTS (SELECT 1 FROM accounts AS a WHERE a.id = account_id AND a.opted_out_at IS NOT NULL)")
	case ActTopic:
		return q.Set("topic_id = ?", s.Topic.ID).Where("state IN (?) AND topic_id <> ?", bun.List(waiting), s.Topic.ID)
	case ActClose:
		return q.Set("state = ?, fence = fence + 1", Closed).
			Where("state IN (?)", bun.List([]State{Open, Answered, AnsweredElsewhere, Resolved}))
	case ActClaim:
		return q.Set("state = ?, holder_id = ?, held_until = ?, fence = fence + 1", Claimed, m.ID, tx.Now().Add(Lease)).Where("state = 'open' AND hold = ''")
	}
	return nil
}

// handedLanes are the reasons for the staff's lane that an employee may take back for many cases at once: a
// person decided so, or nobody took the case in time. What a rule sends to the employees stays there.
var handedLanes = []string{"escalated", LaneNobody}

// tells is the activity of a case that the action changed.
func (s Sort) tells(m *Member, before Case) Activity {
	a := Activity{BrandID: before.BrandID, CaseID: before.ID, ActorID: m.ID, Lane: before.Lane}
	switch s.Action {
	case ActToStaff:
		a.Kind, a.Detail = Escalated, Detail{Text: s.Reason}
	case ActToCommunity:
		a.Kind = HandedBack
	case ActTopic:
		a.Kind, a.Detail = LabelCorrected, Detail{Rule: "topic", Text: s.Topic.Name}
	case ActClose:
		a.Kind, a.Detail = CaseClosed, Detail{Text: s.Reason}
	case ActClaim:
		a.Kind = CaseClaimed
	}
	return a
}

// fate says why the action left a case as it is.
func (s Sort) fate(c Case, found bool, version int64) Fate {
	switch {
	case !found:
		return FateGone
	case c.Version != version:
		return FateChanged
	case s.Action == ActTopic && c.TopicID == s.Topic.ID, s.Action == ActToStaff && c.Lane == Staff, s.Action == ActToCommunity && c.Lane == Community, s.Action == ActClose && c.State == Closed:
		return FateSame
	case c.State == Claimed || c.State == InReview:
		return FateHeld
	case c.State != Open:
		return FateOver
	case s.Action == ActToCommunity:
		return FateStaff
	}
	return FateChanged
}
