package channeltest

import (
	"context"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

var changing = []testCase{
	{"C06", "an edited post keeps its id and gets a higher version", edits, func(n *Network, _ listeners.Channel) bool { return n.Edit != nil }},
	{"hide", "a post that was hidden is gone until it is shown again", hiding, func(n *Network, _ listeners.Channel) bool { return n.Hide != nil }},
	{"C11", "what an author hides from us is gone", protected, func(n *Network, _ listeners.Channel) bool { return n.Protect != nil }},
	{"backfill", "a time that has passed is read to its end, and nothing else", backfilling, func(_ *Network, ch listeners.Channel) bool {
		_, ok := ch.(listeners.Backfiller)
		return ok
	}},
}

// look reads posts again.
func look(t *testing.T, n *Network, asked ...string) listeners.Page {
	t.Helper()
	page, err := n.Open(t, Options{}).(listeners.Hydrator).Hydrate(context.Background(), asked)
	if err != nil {
		t.Fatalf("hydrate: %v", err)
	}
	return page
}

func edits(t *testing.T, n *Network) {
	early, late := n.Post(t, mention(n, 1)), n.Post(t, mention(n, 2))
	n.Edit(t, early, mention(n, 1).Text+" (edited early)")
	posts, cursor := round(t, n, Options{}, "")
	if p := find(t, posts, early); p.Text != mention(n, 1).Text+" (edited early)" {
		t.Errorf("edited before it was heard: got %q", p.Text)
	}
	before := find(t, posts, late)
	n.Edit(t, late, mention(n, 2).Text+" (edited late)")
	n.Edit(t, late, mention(n, 2).Text+" (edited again)")
	page := look(t, n, late)
	if len(page.Posts) != 1 || page.Posts[0].NativeID != late || page.Posts[0].Version <= before.Version ||
		page.Posts[0].Text != mention(n, 2).Text+" (edited again)" || page.Posts[0].CreatedAt != before.CreatedAt {
		t.Errorf("edited after it was heard: got %+v, was %+v", page.Posts, before)
	}
	again, _ := round(t, n, Options{}, cursor)
	for _, p := range again {
		if p.NativeID == late && p != page.Posts[0] {
			t.Errorf("heard and looked up differ:\n%+v\n%+v", p, page.Posts[0])
		}
	}
}

func hiding(t *testing.T, n *Network) {
	id := n.Post(t, mention(n, 1))
	n.Hide(t, id, true)
	if page := look(t, n, id); len(page.Gone) != 1 || page.Gone[0] != (listeners.Removal{NativeID: id, Why: listeners.Hidden}) {
		t.Errorf("hidden: got %+v", page)
	}
	n.Hide(t, id, false)
	if page := look(t, n, id); len(page.Posts) != 1 || len(page.Gone) != 0 {
		t.Errorf("shown again: got %+v", page)
	}
}

func protected(t *testing.T, n *Network) {
	shy := mention(n, 1)
	shy.Author = "shy"
	id, other := n.Post(t, shy), n.Post(t, mention(n, 2))
	n.Protect(t, "shy")
	page := look(t, n, id, other)
	if len(page.Posts) != 1 || len(page.Gone) != 1 || page.Gone[0] != (listeners.Removal{NativeID: id, Why: listeners.Withheld}) {
		t.Errorf("got %+v, want post %s withheld", page, id)
	}
}

func backfilling(t *testing.T, n *Network) {
	now := clock.System()
	at := func(hours, i int) string {
		p := mention(n, i)
		p.CreatedAt = now.Add(-time.Duration(hours) * time.Hour)
		if n.At != nil {
			p.ID = n.At(p.CreatedAt)
		}
		return n.Post(t, p)
	}
	at(30, 1)
	var want []string
	for i := range 110 {
		want = append(want, at(20, i))
	}
	at(3, 2)
	var got []listeners.Post
	var cursor listeners.Cursor
	for pages, more := 0, true; more; pages++ {
		if pages > 50 {
			t.Fatal("50 pages and no end")
		}
		page, err := n.Open(t, Options{}).(listeners.Backfiller).Backfill(context.Background(), now.Add(-25*time.Hour), now.Add(-10*time.Hour), cursor)
		if err != nil {
			t.Fatalf("backfill: %v", err)
		}
		got, cursor, more = append(got, page.Posts...), page.Next, page.More
	}
	wantIDs(t, "backfill", got, want)
}
