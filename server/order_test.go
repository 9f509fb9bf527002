package server_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// TestOrderDoesNotMatter: networks give the newest posts first, and after a restart the rest; the cases
// that come of it are the same as if each post had been heard when it was written.
func TestOrderDoesNotMatter(t *testing.T) {
	_, tweets := readArchive(t)
	posts, accounts := asPosts(tweets)
	chosen := map[string]bool{} // a quarter of the threads, and all in which a brand answers itself
	for _, p := range posts {
		if n, _ := strconv.Atoi(p.ThreadKey); n%4 == 0 || slices.Contains(accounts, p.Author.NativeID) && slices.Contains(accounts, p.ToID) {
			chosen[p.ThreadKey] = true
		}
	}
	posts = slices.DeleteFunc(posts, func(p listeners.Post) bool { return !chosen[p.ThreadKey] })
	byTime := func(a, b listeners.Post) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.NativeID, b.NativeID))
	}
	slices.SortFunc(posts, byTime)
	want := casesAfter(t, accounts, slices.Collect(slices.Chunk(posts, 1)))
	newest := slices.Clone(posts)
	slices.Reverse(newest)
	mixed := slices.Clone(posts)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	for name, pages := range map[string][][]listeners.Post{
		"newest first":  slices.Collect(slices.Chunk(newest, 100)),
		"in one page":   {newest},
		"in any order":  slices.Collect(slices.Chunk(mixed, 37)),
		"one at a time": slices.Collect(slices.Chunk(newest, 1)),
	} {
		t.Run(name, func(t *testing.T) {
			got := casesAfter(t, accounts, pages)
			if len(got) != len(want) {
				t.Errorf("%d cases, want %d", len(got), len(want))
			}
			wrong := 0
			for _, k := range slices.Sorted(maps.Keys(want)) {
				if got[k] != want[k] {
					if wrong++; wrong <= 5 {
						t.Errorf("case of %s is\n%+v, want\n%+v", k, got[k], want[k])
					}
				}
			}
			if wrong > 5 {
				t.Errorf("%d cases of %d are different", wrong, len(want))
			}
		})
	}
}

// asPosts makes posts of tweets as a network gives them, and the brands' accounts.
func asPosts(tweets map[string]tweet) (posts []listeners.Post, accounts []string) {
	for _, tw := range tweets {
		p := listeners.Post{
			NativeID: tw.id, ThreadKey: rootOf(tweets, tw), Author: listeners.Author{NativeID: tw.author, Handle: tw.author},
			Reason: listeners.Mentioned, Text: tw.text, Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: clock.At(tw.at),
		}
		if up, ok := tweets[tw.parent]; ok {
			p.ParentID, p.ToID = up.id, up.author
		}
		posts = append(posts, p)
		if tw.brand() && !slices.Contains(accounts, tw.author) {
			accounts = append(accounts, tw.author)
		}
	}
	return posts, accounts
}

// outcome is what a case has come to. How urgent it is may differ: that is judged by what was heard
// together.
type outcome struct {
	State, Lane, Language, Latest, Delivery         string
	TopicID                                         int64
	Mentions                                        int
	OpenedAt, CustomerAt, AnsweredAt, FirstAnswerAt int64
}

// casesAfter stores pages of posts and reads the cases, by thread and customer.
func casesAfter(t *testing.T, accounts []string, pages [][]listeners.Post) map[string]outcome {
	t.Helper()
	w := servertest.New(t, dbtest.SQLite(t))
	var conn listeners.Connection
	w.Write(func(ctx context.Context, tx listeners.Tx) (err error) {
		for _, handle := range accounts {
			conn, err = listeners.Connect(ctx, tx, w.App.Keys, listeners.Connection{BrandID: w.Brand.ID, Network: "x", NativeID: handle, Handle: handle}, nil)
			if err != nil {
				return err
			}
		}
		return nil
	})
	for batch := range slices.Chunk(pages, 500) { // pages may share a transaction
		w.Write(func(ctx context.Context, tx listeners.Tx) error {
			for _, page := range batch {
				if err := w.App.Intake.Sink(conn, page)(ctx, tx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var rows []struct {
		ThreadKey, Customer string
		outcome
	}
	err := w.App.DB.Read().NewRaw(`SELECT c.thread_key, a.native_id AS customer, c.state, c.lane, c.language, c.delivery, c.topic_id, c.mentions,
			m.native_id AS latest, c.opened_at, c.customer_at, COALESCE(c.answered_at, 0) AS answered_at, COALESCE(c.first_answer_at, 0) AS first_answer_at
		FROM cases c JOIN accounts a ON a.id = c.account_id JOIN mentions m ON m.id = c.mention_id`).Scan(t.Context(), &rows)
	if err != nil {
		t.Fatal(err)
	}
	cases := make(map[string]outcome, len(rows))
	for _, r := range rows {
		cases[fmt.Sprintf("%s in %s", r.Customer, r.ThreadKey)] = r.outcome
	}
	return cases
}
