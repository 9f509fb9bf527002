package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// Invariant is something of which nothing that happens may be an exception.
type Invariant struct {
	ID    string
	What  string
	Every int // looked at after so many steps that changed something: 1 is after each
	look  func(ctx context.Context, e *engine, end bool) error
}

// Violation is an exception.
type Violation struct {
	Invariant string `json:"invariant"`
	Step      int    `json:"step"`
	What      string `json:"what"`
}

// Invariants are all of them. I4, I5 and I14 are looked at where somebody acts as well.
func Invariants() []Invariant {
	return []Invariant{
		{"I1", "what was written on the network is a mention", 10, noneLost},
		{"I2", "no mention is there twice, and each says what was written", 10, noneTwice},
		{"I3", "states of cases move along the machine only", 1, alongTheMachine},
		{"I4", "a case has one holder at most, and each claim a number of its own", 1, oneHolder},
		{"I5", "who lost a claim changes nothing", 1, nil},
		{"I6", "what leaves was approved by whom it needs", 1, approvedBefore},
		{"I7", "what is on the network is what was approved", 5, wordForWord},
		{"I8", "an approved answer has a next step, or an end", 1, noAnswerLost},
		{"I9", "no answer is on the network twice", 1, neverTwice},
		{"I10", "what cannot be known waits for a person", 1, doubtsAreShown},
		{"I11", "points are the sum of entries, which never change", 10, pointsAddUp},
		{"I12", "every entry has its cause, every cause its entry", 10, causesOfPoints},
		{"I13", "nobody earns by their own word", 5, noSelfService},
		{"I14", "what is the employees' is never offered to advocates", 10, neverOffered},
	}
}

// mostViolations is how many exceptions are kept: more say nothing new.
const mostViolations = 50

// broken notes an exception.
func (e *engine) broken(id, format string, args ...any) {
	v := Violation{id, e.steps, fmt.Sprintf(format, args...)}
	said := slices.ContainsFunc(e.violated, func(old Violation) bool { return old.Invariant == id && old.What == v.What })
	if !said && len(e.violated) < mostViolations {
		e.violated = append(e.violated, v)
	}
}

// memory is what the invariants know of earlier steps.
type memory struct {
	network map[string]posted // by the sandbox's number
	last    string
	cases   map[int64]caseRow
	holders map[claimed]int64
	asked   map[string]int // attempts of replies that wait for a person
	entries int
	looks   int
}

// claimed is one claim of a case.
type claimed struct{ caseID, fence int64 }

type caseRow struct {
	ID, Version, HolderID, Fence int64
	State                        community.State
	HeldUntil                    clock.Time
}

// look asks the invariants whose turn it is; at the end all of them.
func (e *engine) look(ctx context.Context, end bool) error {
	if len(e.opt.Invariants) == 0 || !end && !e.changed {
		return nil
	}
	e.changed = false
	e.known.looks++
	if err := e.readLedger(ctx); err != nil {
		return err
	}
	for _, i := range e.opt.Invariants {
		if i.look != nil && (end || e.known.looks%i.Every == 0) {
			if err := i.look(ctx, e, end); err != nil {
				return fmt.Errorf("look at %s: %w", i.ID, err)
			}
		}
	}
	return nil
}

// scan asks the database.
func (e *engine) scan(ctx context.Context, into any, query string, args ...any) error {
	return e.app.DB.Read().NewRaw(query, args...).Scan(ctx, into)
}

// readLedger reads what is new on the network.
func (e *engine) readLedger(ctx context.Context) error {
	news, err := e.stage.ledger(ctx, e.s.Network, e.known.last)
	for _, p := range news {
		e.known.network[p.ID], e.known.last = p, p.ID
	}
	return err
}

// soon is when at the latest something is heard, although the network fails and the process dies. At the end nothing
// may be missing.
const soon = 30 * time.Minute

func noneLost(ctx context.Context, e *engine, end bool) error {
	var heard []string
	if err := e.scan(ctx, &heard, "SELECT native_id FROM mentions"); err != nil {
		return err
	}
	there := make(map[string]bool, len(heard))
	for _, id := range heard {
		there[number(id)] = true
	}
	for id, p := range e.known.network {
		late := end || e.now().Sub(clock.At(p.CreatedAt)) > soon+e.outage()
		if !there[id] && !e.deleted[id] && late {
			e.broken("I1", "post %s of %s was never heard", id, p.Author)
		}
	}
	return nil
}

func noneTwice(ctx context.Context, e *engine, _ bool) error {
	var all []struct {
		NativeID, Text string
		Ours           bool
	}
	if err := e.scan(ctx, &all, "SELECT native_id, text, ours FROM mentions"); err != nil {
		return err
	}
	seen := make(map[string]bool, len(all))
	for _, m := range all {
		id := number(m.NativeID)
		p, written := e.known.network[id]
		switch {
		case seen[id]:
			e.broken("I2", "post %s is two mentions", id)
		case e.deleted[id]: // its text may be gone
		case !written:
			e.broken("I2", "mention %s is of no post", id)
		case !strings.HasSuffix(m.Text, p.Text) || m.Ours != (p.Author == handle):
			e.broken("I2", "mention %s says %q, and %s wrote %q", id, m.Text, p.Author, p.Text)
		}
		seen[id] = true
	}
	return nil
}

// machine is where a case may go from a state, written down a second time.
var machine = map[community.State][]community.State{
	"open":               {"claimed", "resolved", "answered_elsewhere", "closed", "gone"},
	"claimed":            {"open", "in_review", "answered", "answered_elsewhere", "closed", "gone"},
	"in_review":          {"open", "claimed", "answered", "answered_elsewhere", "closed", "gone"},
	"answered":           {"open", "claimed", "resolved", "closed", "gone"},
	"answered_elsewhere": {"open", "resolved", "closed", "gone"},
	"resolved":           {"open", "closed", "gone"},
	"closed":             {"open", "gone"},
	"ignored":            {"open", "gone"},
	"gone":               {"open"},
	"":                   {"open", "ignored", "answered_elsewhere"}, // a new case
}

// reaches tells whether a case can come from one state to another in so many moves.
func reaches(from, to community.State, moves int64) bool {
	if from == to {
		return true
	}
	return moves > 0 && slices.ContainsFunc(machine[from], func(next community.State) bool { return reaches(next, to, moves-1) })
}

func (e *engine) readCases(ctx context.Context) (all []caseRow, err error) {
	err = e.scan(ctx, &all, "SELECT id, version, COALESCE(holder_id, 0) AS holder_id, fence, state, COALESCE(held_until, 0) AS held_until FROM cases ORDER BY id")
	return all, err
}

func alongTheMachine(ctx context.Context, e *engine, _ bool) error {
	all, err := e.readCases(ctx)
	for _, c := range all {
		before, known := e.known.cases[c.ID]
		moves := c.Version - before.Version
		if !known {
			moves = 4 // it came and was continued in one step
		}
		switch {
		case c.State != before.State && moves < 1:
			e.broken("I3", "case %d went from %s to %s without a move", c.ID, before.State, c.State)
		case !reaches(before.State, c.State, min(moves, 4)):
			e.broken("I3", "case %d went from %q to %s in %d moves", c.ID, before.State, c.State, moves)
		}
	}
	return err
}

// oneHolder comes after alongTheMachine and remembers what both have seen.
func oneHolder(ctx context.Context, e *engine, _ bool) error {
	all, err := e.readCases(ctx)
	for _, c := range all {
		holds := c.State == community.Claimed || c.State == community.InReview
		switch {
		case c.State == community.Claimed && c.HolderID == 0:
			e.broken("I4", "case %d is claimed by nobody", c.ID)
		case !holds && c.HolderID != 0:
			e.broken("I4", "case %d is %s and held by member %d", c.ID, c.State, c.HolderID)
		}
		if c.HolderID != 0 {
			claim := claimed{c.ID, c.Fence}
			if first, ok := e.known.holders[claim]; ok && first != c.HolderID {
				e.broken("I4", "claim %d of case %d is of member %d and of %d", c.Fence, c.ID, first, c.HolderID)
			}
			e.known.holders[claim] = c.HolderID
		}
		if c.Fence < e.known.cases[c.ID].Fence {
			e.broken("I4", "the claims of case %d are counted backwards", c.ID)
		}
		e.known.cases[c.ID] = c
	}
	return err
}

func approvedBefore(ctx context.Context, e *engine, _ bool) error {
	for _, q := range []struct{ what, query string }{
		{"leaves without an approval of its text: answer", `SELECT r.answer_id FROM replies r LEFT JOIN reviews v ON v.id = r.review_id
			WHERE v.id IS NULL OR v.decision <> 'approved' OR v.text_hash <> r.text_hash OR v.answer_id <> r.answer_id`},
		{"was approved by its author: answer", `SELECT a.id FROM answers a JOIN reviews v ON v.answer_id = a.id
			WHERE v.reviewer_id = a.member_id AND v.decision IN ('approved', 'agreed')`},
		{"had to be read by a person and was not: answer", `SELECT a.id FROM answers a JOIN replies r ON r.answer_id = a.id JOIN reviews v ON v.id = r.review_id
			WHERE a.why_reviewed <> '' AND v.reviewer_id IS NULL`},
		{"was approved by too few: answer", `SELECT a.id FROM answers a JOIN replies r ON r.answer_id = a.id WHERE a.why_reviewed <> '' AND a.quorum >
			(SELECT COUNT(DISTINCT v.reviewer_id) FROM reviews v WHERE v.answer_id = a.id AND v.decision IN ('agreed', 'approved') AND v.text_hash = r.text_hash)`},
		{"is a newcomer's and was read by nobody: answer", `SELECT a.id FROM answers a JOIN members m ON m.id = a.member_id JOIN replies r ON r.answer_id = a.id
			JOIN reviews v ON v.id = r.review_id WHERE m.role = 'advocate' AND m.trust <= 1 AND v.reviewer_id IS NULL`},
		{"was approved by somebody who may not decide alone: answer", `SELECT a.id FROM answers a JOIN replies r ON r.answer_id = a.id JOIN reviews v ON v.id = r.review_id
			JOIN members m ON m.id = v.reviewer_id WHERE m.role = 'advocate' AND m.trust < 4 AND (m.trust < 3 OR NOT EXISTS (SELECT 1 FROM reviews o
			WHERE o.answer_id = a.id AND o.decision = 'agreed' AND o.text_hash = v.text_hash AND o.reviewer_id <> v.reviewer_id))`},
	} {
		var ids []int64
		if err := e.scan(ctx, &ids, q.query); err != nil {
			return err
		}
		for _, id := range ids {
			e.broken("I6", "%s %d", q.what, id)
		}
	}
	return nil
}

func wordForWord(ctx context.Context, e *engine, _ bool) error {
	var all []struct {
		NativeID, Text, TextHash, Answer, ParentID string
	}
	err := e.scan(ctx, &all, `SELECT r.native_id, r.text, r.text_hash, r.parent_id, a.text AS answer FROM replies r JOIN answers a ON a.id = r.answer_id WHERE r.state = 'sent'`)
	for _, r := range all {
		p, there := e.known.network[number(r.NativeID)]
		switch {
		case !there:
			e.broken("I7", "%s was sent and is not on the network", r.NativeID)
		case p.Text != r.Text || r.Answer != r.Text || listeners.Hash(r.Text) != r.TextHash:
			e.broken("I7", "%s says %q, and approved was %q", r.NativeID, p.Text, r.Answer)
		case p.InReplyTo != number(r.ParentID):
			e.broken("I7", "%s answers %s instead of %s", r.NativeID, p.InReplyTo, r.ParentID)
		}
	}
	return err
}

func noAnswerLost(ctx context.Context, e *engine, end bool) error {
	var without []int64
	err := e.scan(ctx, &without, `SELECT a.id FROM answers a WHERE a.state = 'approved' AND NOT EXISTS (SELECT 1 FROM replies r WHERE r.answer_id = a.id)`)
	if err != nil {
		return err
	}
	for _, id := range without {
		e.broken("I8", "answer %d was approved and is nowhere", id)
	}
	var stuck []struct {
		AnswerID int64
		State    string
		DueAt    clock.Time
	}
	err = e.scan(ctx, &stuck, `SELECT r.answer_id, r.state, r.due_at FROM replies r JOIN connections c ON c.id = r.connection_id
		WHERE r.state NOT IN ('sent', 'failed', 'cancelled', 'ask_human', 'by_hand') AND (c.send_at IS NULL OR c.send_at < ?) AND r.due_at < ?`,
		e.now().Add(-soon), e.now().Add(-soon))
	if err != nil {
		return err
	}
	for _, r := range stuck {
		e.broken("I8", "the reply of answer %d is %s and was due at %s", r.AnswerID, r.State, r.DueAt)
	}
	if !end {
		return nil
	}
	var left []int64
	err = e.scan(ctx, &left, `SELECT answer_id FROM replies WHERE state NOT IN ('sent', 'failed', 'cancelled', 'ask_human', 'by_hand')`)
	for _, id := range left {
		e.broken("I8", "the reply of answer %d has come to no end", id)
	}
	return err
}

func neverTwice(ctx context.Context, e *engine, _ bool) error {
	var all []string
	if err := e.scan(ctx, &all, "SELECT text FROM replies WHERE state <> 'cancelled' UNION ALL SELECT text FROM receipts WHERE state <> 'cancelled'"); err != nil {
		return err
	}
	queued := make(map[string]bool, len(all))
	for _, text := range all {
		queued[text] = true
	}
	type reply struct{ parent, text string }
	seen := map[reply]string{}
	for id, p := range e.known.network {
		if p.Author != handle {
			continue
		}
		if other, twice := seen[reply{p.InReplyTo, p.Text}]; twice {
			e.broken("I9", "posts %s and %s are the same answer: %q", other, id, p.Text)
		}
		seen[reply{p.InReplyTo, p.Text}] = id
		if !queued[p.Text] {
			e.broken("I9", "post %s is of no reply: %q", id, p.Text)
		}
	}
	return nil
}

func doubtsAreShown(ctx context.Context, e *engine, _ bool) error {
	var all []struct {
		ID, State string
		Attempts  int
		Reads     int
	}
	err := e.scan(ctx, &all, "SELECT id, state, attempts, reads FROM replies WHERE state = 'ask_human' OR reads > 0 OR attempts > 1")
	for _, r := range all {
		if tried, asked := e.known.asked[r.ID]; asked && r.Attempts > tried {
			e.broken("I10", "reply %s waited for a person and was sent again", r.ID)
		}
		if r.State == "ask_human" {
			e.known.asked[r.ID] = r.Attempts
		}
		if r.Reads > len(listeners.DefaultReadback) && r.State == "ambiguous" {
			e.broken("I10", "reply %s was read back %d times, and nobody is asked", r.ID, r.Reads)
		}
	}
	return err
}

func pointsAddUp(ctx context.Context, e *engine, _ bool) error {
	read := e.app.DB.Read()
	wrong, err := gamification.Verify(ctx, read)
	if err != nil {
		return err
	}
	for _, w := range wrong {
		e.broken("I11", "%s", w)
	}
	sum := 0
	for _, p := range e.people {
		points, err := gamification.PointsOf(ctx, read, p.member, e.now())
		if err != nil {
			return err
		}
		sum += points.Balance + points.Pending
	}
	var entries, all, doubled int
	if err := e.scan(ctx, &all, "SELECT COALESCE(SUM(amount), 0) FROM point_entries"); err != nil {
		return err
	}
	if err := e.scan(ctx, &entries, "SELECT COUNT(*) FROM point_entries"); err != nil {
		return err
	}
	if err := e.scan(ctx, &doubled, "SELECT COUNT(*) FROM (SELECT 1 FROM point_entries GROUP BY event, rule, member_id HAVING COUNT(*) > 1) AS twice"); err != nil {
		return err
	}
	if sum != all || entries < e.known.entries || doubled > 0 {
		e.broken("I11", "members have %d points, entries add up to %d; %d entries after %d, %d of them twice", sum, all, entries, e.known.entries, doubled)
	}
	e.known.entries = entries
	return nil
}

func causesOfPoints(ctx context.Context, e *engine, _ bool) error {
	wrong, err := moderation.VerifyPoints(ctx, e.app.DB.Read())
	for _, w := range wrong {
		e.broken("I12", "%s", w)
	}
	return err
}

func noSelfService(ctx context.Context, e *engine, _ bool) error {
	var ids []int64
	err := e.scan(ctx, &ids, `SELECT e.id FROM point_entries e JOIN reviews v ON e.event = 'review:' || v.id JOIN answers a ON a.id = v.answer_id
		WHERE v.reviewer_id = e.member_id OR a.member_id <> e.member_id`)
	for _, id := range ids {
		e.broken("I13", "entry %d was earned by the member's own word", id)
	}
	return err
}

func neverOffered(ctx context.Context, e *engine, _ bool) error {
	read := e.app.DB.Read()
	var staff []int64
	if err := e.scan(ctx, &staff, "SELECT id FROM cases WHERE lane = 'staff' ORDER BY id DESC LIMIT 3"); err != nil {
		return err
	}
	for _, p := range e.people {
		if p.kind.Role.Employee() {
			continue
		}
		m, err := e.member(ctx, p)
		if err != nil {
			return err
		}
		cases, _, err := community.List(ctx, read, m, community.Wanted{})
		if err != nil {
			return err
		}
		for i := range cases {
			e.offered(m, &cases[i])
		}
		for _, id := range staff {
			if _, err := community.FindCase(ctx, read, m, id); err == nil {
				e.broken("I14", "member %d may read case %d of the employees", p.member, id)
			}
		}
	}
	var taken []int64
	err := e.scan(ctx, &taken, `SELECT a.case_id FROM activities a JOIN members m ON m.id = a.actor_id WHERE a.kind = 'case_claimed' AND a.lane = 'staff' AND m.role = 'advocate'`)
	for _, id := range taken {
		e.broken("I14", "case %d of the employees was claimed by an advocate", id)
	}
	return err
}

// offered looks at what somebody is shown.
func (e *engine) offered(m *community.Member, c *community.Case) {
	e.offers++
	if !m.Role.Employee() && c.Lane == community.Staff {
		e.broken("I14", "case %d of the employees was offered to member %d", c.ID, m.ID)
	}
}

// settled is how long everything that has a next step may take to come to its end.
const settled = 2 * time.Hour

// settleAll ends the trouble, lets everything come to its end, and looks at everything once more.
func (e *engine) settleAll(ctx context.Context) error {
	if len(e.opt.Invariants) == 0 {
		return nil
	}
	e.s.Trouble = Trouble{}
	e.hear()
	e.expectReply()
	if err := e.until(ctx, e.now().Add(settled)); err != nil {
		return err
	}
	for range 5 { // customers write to the last minute: then all of that is heard, too
		e.hands.Advance(hearEvery)
		if err := e.step(ctx, e.listen); err != nil {
			return err
		}
	}
	return e.look(ctx, true)
}
