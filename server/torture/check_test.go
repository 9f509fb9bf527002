package torture

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/db"
)

// unfinished counts what still has a next step, by kind; only what is not zero.
const unfinished = `
	SELECT 'cases ' || state AS what, COUNT(*) AS n FROM cases WHERE state IN ('open', 'in_review') GROUP BY state
	UNION ALL SELECT 'answers submitted', COUNT(*) FROM answers WHERE state = 'submitted' HAVING COUNT(*) > 0
	UNION ALL SELECT 'replies ' || state, COUNT(*) FROM replies WHERE state NOT IN ('sent', 'failed', 'cancelled', 'ask_human') GROUP BY state`

// settle waits until everything has ended: all posts are heard, all replies out, and all cases answered
// unless enough were.
func (tr *trial) settle(ctx context.Context, d *db.DB) error {
	ctx, cancel := context.WithTimeout(ctx, tr.plan.settle)
	defer cancel()
	for {
		left, err := tr.unsettled(ctx, d)
		if err == nil && len(left) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("not settled after %s: %v %v", tr.plan.settle, left, err)
		}
		wait(ctx, 100*time.Millisecond)
	}
}

func (tr *trial) unsettled(ctx context.Context, d *db.DB) (map[string]int, error) {
	var rows []struct {
		What string
		N    int
	}
	if err := d.Read().NewRaw(unfinished).Scan(ctx, &rows); err != nil {
		return nil, err
	}
	left := map[string]int{}
	for _, r := range rows {
		left[r.What] = r.N
	}
	if tr.enough() {
		delete(left, "cases open")
	}
	var heard int
	if err := d.Read().NewRaw("SELECT COUNT(*) FROM mentions").Scan(ctx, &heard); err != nil {
		return nil, err
	}
	if missing := len(tr.ledger()) - heard; missing != 0 {
		left["posts not heard"] = missing
	}
	return left, nil
}

// until waits for a query to say yes.
func (tr *trial) until(t *testing.T, d *db.DB, query string) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		var yes bool
		err := d.Read().NewRaw(query).Scan(ctx, &yes)
		if err == nil && yes {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("not after %s: %s (%v)", patience, query, err)
		}
		wait(ctx, 10*time.Millisecond)
	}
}

// onNetwork is a post as the sandbox's own ledger has it.
type onNetwork struct {
	ID      string `json:"id"`
	Network string `json:"network"`
	Author  string `json:"author"`
	Text    string `json:"text"`
	Parent  string `json:"in_reply_to"`
}

// number is the sandbox's number of a post: networks write it in their own ways.
func number(nativeID string) string { return nativeID[strings.LastIndexAny(nativeID, "_/")+1:] }

func (tr *trial) ledger() []onNetwork {
	var all struct{ Items []onNetwork }
	tr.admin("GET", "/admin/posts", nil, &all)
	return all.Items
}

// stored are the rows that the checks look at.
type stored struct {
	mentions []struct {
		NativeID, Text string
		Ours           bool
		CaseID         *int64
	}
	replies []struct {
		ID, State, NativeID, ParentID, Text, Error string
		AnswerID                                   int64
		ApprovedHash, AnswerState, AnswerText      string
	}
	answers []struct {
		ID, CaseID          int64
		State, Text, Author string
	}
	cases []struct {
		ID            int64
		State, Holder string
	}
	deadLetters int
}

func read(ctx context.Context, d *db.DB) (s stored, err error) {
	for _, q := range []struct {
		into  any
		query string
	}{
		{&s.mentions, "SELECT native_id, text, ours, case_id FROM mentions"},
		{&s.replies, `SELECT r.id, r.state, r.native_id, r.parent_id, r.text, r.error, r.answer_id, v.text_hash AS approved_hash,
			a.state AS answer_state, a.text AS answer_text
			FROM replies r JOIN reviews v ON v.id = r.review_id AND v.decision = 'approved' AND v.answer_id = r.answer_id JOIN answers a ON a.id = r.answer_id`},
		{&s.answers, "SELECT a.id, a.case_id, a.state, a.text, m.public_name AS author FROM answers a JOIN members m ON m.id = a.member_id"},
		{&s.cases, "SELECT c.id, c.state, COALESCE(m.public_name, '') AS holder FROM cases c LEFT JOIN members m ON m.id = c.holder_id"},
		{&s.deadLetters, "SELECT COUNT(*) FROM dead_letters"},
	} {
		if err := d.Read().NewRaw(q.query).Scan(ctx, q.into); err != nil {
			return s, fmt.Errorf("%s: %w", q.query, err)
		}
	}
	return s, nil
}

// check compares what the crowd was told, what the network has and what is stored, and returns every
// contradiction.
func (tr *trial) check(s stored) []string {
	wrong := slices.Clone(tr.book.wrong)
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	network := map[string]onNetwork{}
	ours := map[string][]onNetwork{} // by text
	parents := map[string]int{}
	for _, p := range tr.ledger() {
		network[p.ID] = p
		if p.Author == brandHandle {
			ours[p.Text] = append(ours[p.Text], p)
			parents[p.Parent]++
		}
	}

	// Every post is one mention.
	heard := map[string]int{}
	for _, m := range s.mentions {
		heard[number(m.NativeID)]++
		switch p, there := network[number(m.NativeID)]; {
		case !there:
			bad("mention %s is of no post", m.NativeID)
		case !m.Ours && m.Text != p.Text, m.Ours != (p.Author == brandHandle):
			bad("mention %s is %q, the post %q", m.NativeID, m.Text, p.Text)
		case m.CaseID == nil:
			bad("mention %s has no case", m.NativeID)
		}
	}
	for id, text := range tr.book.posts {
		if network[id].Text != text {
			bad("post %s is not what was acknowledged: %q", id, text)
		}
	}
	for id := range network {
		if heard[id] != 1 {
			bad("post %s on %s by %s, under %q, is %d mentions", id, network[id].Network, network[id].Author, network[id].Parent, heard[id])
		}
	}

	// What left was approved, word for word, and left once.
	sent := map[string]string{} // native ids by text
	ended := map[string]string{}
	for _, r := range s.replies {
		ended[r.Text] = r.State
		if r.ApprovedHash != listeners.Hash(r.Text) || r.AnswerText != r.Text {
			bad("reply %s is not what was approved: %q", r.ID, r.Text)
		}
		switch r.State {
		case "sent":
			sent[r.Text] = number(r.NativeID)
			if parent := network[number(r.NativeID)].Parent; r.AnswerState != "approved" || parent != number(r.ParentID) {
				bad("reply %s is sent as %q under %q, its answer is %s", r.ID, r.NativeID, parent, r.AnswerState)
			}
		case "ask_human", "failed":
			if len(tr.weather) == 0 {
				bad("reply %s is %s (%s) although the sun shone", r.ID, r.State, r.Error)
			}
		default:
			bad("reply %s is %s", r.ID, r.State)
		}
	}
	for text, posts := range ours {
		if len(posts) > 1 {
			bad("on the network %d times: %q", len(posts), text)
		}
		if sent[text] != posts[0].ID && ended[text] != "ask_human" {
			bad("on the network as %s, but not sent: %q", posts[0].ID, text)
		}
		if e := tr.book.answers[text]; e == nil || e.told == refused || e.told == replaced {
			bad("on the network, but not approved: %q", text)
		}
	}
	for parent, n := range parents {
		if n > 1 {
			bad("post %s has %d answers of ours", parent, n)
		}
	}

	wrong = append(wrong, tr.checkPromises(s, ours, ended)...)
	if s.deadLetters > 0 {
		bad("%d posts could not be read", s.deadLetters)
	}
	return wrong
}

// checkPromises compares what the crowd was told with what became of it.
func (tr *trial) checkPromises(s stored, ours map[string][]onNetwork, ended map[string]string) (wrong []string) {
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	byID := map[string]string{}
	for _, a := range s.answers {
		byID[fmt.Sprint(a.ID)] = a.State
	}
	for text, e := range tr.book.answers {
		switch e.told {
		case approved:
			if len(ours[text]) == 0 && ended[text] != "ask_human" && ended[text] != "failed" {
				bad("approved and lost: %q", text)
			}
		case submitted:
			if state := byID[e.answerID]; state == "" || state == "submitted" {
				bad("submitted and then %q: %q", state, text)
			}
		}
	}
	for _, c := range s.cases {
		id := fmt.Sprint(c.ID)
		kept := tr.book.kept[id]
		switch {
		case c.State == "claimed" && (c.Holder != "" && c.Holder == kept || tr.book.returned[id]):
		case kept != "" && c.State != "claimed":
			bad("case %s was claimed by %s and is %s", id, kept, c.State)
		case c.State == "open" && tr.enough():
		case !slices.Contains([]string{"answered", "resolved"}, c.State):
			bad("case %s is stuck: %s, held by %q", id, c.State, c.Holder)
		}
	}
	return wrong
}

// summary shows the first of many.
func summary(wrong []string) string {
	const most = 30
	if len(wrong) > most {
		return strings.Join(wrong[:most], "\n") + fmt.Sprintf("\nand %d more", len(wrong)-most)
	}
	return strings.Join(wrong, "\n")
}
