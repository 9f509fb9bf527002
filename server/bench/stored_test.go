package bench_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
)

// stored is what a brand has after some time: its cases and everything that hangs on them.
type stored struct {
	brand  int64
	topics []int64
	conn   listeners.Connection
	people int // advocates, with ids from 1000
	cases  int
	now    clock.Time
	sent   string // a reply of the brand's that is on the network
}

// The shares of a hundred cases by state; what is left is noise.
const (
	openShare      = 12
	answeredShare  = 38
	elsewhereShare = 20
	closedShare    = 10
)

// fill stores n cases of a brand over 30 days, a tenth of them another brand's: a customer and a half
// a case, mentions, answers, reviews, replies, points and activities.
func fill(t testing.TB, app *server.App, brand int64, conn listeners.Connection, n int) stored {
	t.Helper()
	s := stored{brand: brand, conn: conn, people: 200, cases: n, now: app.Now()}
	write := func(table string, columns []string, n int, values func(i int, into []any)) {
		t.Helper()
		const part = 10_000
		for from := 0; from < n; from += part {
			err := app.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) error {
				return tx.InsertRows(ctx, table, columns, min(part, n-from), func(i int, into []any) { values(from+i, into) })
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	row := func(into []any, values ...any) { copy(into, values) }
	other := brand + 1
	write("brands", []string{"id bigint", "slug text", "name text", "language text", "review_seed text", "created_at bigint"}, 1,
		func(_ int, into []any) { row(into, other, "other", "Other", "en", "seed", int64(s.now)) })
	write("topics", []string{"brand_id bigint", "name text", "keywords text"}, 5, func(i int, into []any) { row(into, brand, fmt.Sprint("topic ", i), "[]") })
	topics, err := community.Topics(t.Context(), app.DB.Read(), brand)
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range topics {
		s.topics = append(s.topics, topic.ID)
	}
	write("persons", []string{"id bigint", "email text", "name text", "language text", "password_hash text", "epoch bigint", "created_at bigint"}, s.people,
		func(i int, into []any) {
			row(into, int64(1000+i), fmt.Sprint(i, "@example.org"), fmt.Sprint("person ", i), "en", "", int64(1), int64(s.now))
		})
	write("members", []string{
		"id bigint", "brand_id bigint", "person_id bigint", "role text", "state text", "trust bigint", "public_name text", "sign_off text", "languages text", "topics text", "created_at bigint",
	}, s.people, func(i int, into []any) {
		row(into, int64(1000+i), brand, int64(1000+i), "advocate", "active", int64(1), fmt.Sprint("advocate ", i), "", `["en"]`, "[1]", int64(s.now))
	})
	write("connections", []string{
		"id bigint", "brand_id bigint", "network text", "native_id text", "handle text", "settings text", "state text", "cursor text", "fetch_at bigint", "fence bigint", "failures bigint", "error text", "created_at bigint",
	}, 200, func(i int, into []any) {
		row(into, int64(1000+i), other, "x", fmt.Sprint(i), fmt.Sprint("shop", i), "{}", "on", "", int64(s.now.Add(time.Hour)), int64(1), int64(0), "", int64(s.now))
	})
	write("accounts", []string{"id bigint", "brand_id bigint", "network text", "native_id text", "handle text", "name text", "seen_at bigint"}, n*3/4,
		func(i int, into []any) {
			row(into, int64(1+i), s.of(i), "x", s.native(i), fmt.Sprint("customer", i), fmt.Sprint("Customer ", i), int64(s.now))
		})
	write("cases", []string{
		"id bigint", "brand_id bigint", "connection_id bigint", "account_id bigint", "network text", "thread_key text", "state text", "lane text", "lane_why text",
		"language text", "topic_id bigint", "urgency double precision", "due_at bigint", "delivery text", "delivery_why text", "mention_id bigint", "mentions bigint",
		"opened_at bigint", "customer_at bigint", "answered_at bigint", "answered_by bigint", "holder_id bigint", "held_until bigint", "fence bigint", "version bigint",
		"asked_at bigint", "first_answer_at bigint", "overflow text",
	}, n, func(i int, into []any) {
		var answeredAt, answeredBy, holder, until, asked any
		if i%2 == 0 {
			asked = int64(s.at(i))
		}
		state := s.state(i)
		switch state {
		case community.Answered, community.Resolved:
			answeredAt, answeredBy = int64(s.at(i).Add(time.Hour)), s.member(i)
		case community.Claimed, community.InReview:
			holder, until = s.member(i), int64(s.now.Add(time.Duration(i/1000%20-5)*time.Minute))
		}
		lane, overflow := community.Community, ""
		switch {
		case state == community.Ignored:
			lane = community.None
		case i%10 == 3:
			lane = community.Staff
			if i%20 == 3 {
				overflow = "default"
			}
		}
		row(into, int64(1+i), s.of(s.account(i)), conn.ID, int64(1+s.account(i)), "x", s.native(i), string(state), string(lane), "default",
			[]string{"en", "vi", "en", "vi", "en", "mixed", "en", "other"}[i%8], append([]int64{0}, s.topics...)[i/7%(len(s.topics)+1)], 1.5, int64(s.at(i).Add(time.Hour)), "api", "ok",
			int64(1+i), int64(1), int64(s.at(i)), int64(s.at(i)), answeredAt, answeredBy, holder, until, int64(i%2), int64(1), asked, answeredAt, overflow)
	})
	write("mentions", []string{
		"id bigint", "brand_id bigint", "connection_id bigint", "account_id bigint", "case_id bigint", "network text", "native_id text", "parent_id text", "thread_key text",
		"to_id text", "ours boolean", "reason text", "text text", "url text", "delivery text", "delivery_why text", "score text", "created_at bigint", "seen_at bigint",
	}, n*6/5, func(i int, into []any) {
		c := i % n // the last fifth are follow-ups
		var caseID any = int64(1 + c)
		ours := i >= n && i%500 == 0
		if ours {
			caseID = nil
		}
		row(into, int64(1+i), s.of(s.account(c)), conn.ID, int64(1+s.account(c)), caseID, "x", s.native(i), "", s.native(c),
			"", ours, "mention", "do you still have the oat milk cappuccino, or is that gone for good?", "https://x.com/someone/status/1", "api", "ok", "{}", int64(s.at(c)), int64(s.at(c)))
	})
	var answered []int
	for i := range n {
		if st := s.state(i); st == community.Answered || st == community.Resolved || st == community.InReview {
			answered = append(answered, i)
		}
	}
	write("answers", []string{
		"id bigint", "brand_id bigint", "case_id bigint", "member_id bigint", "mention_id bigint", "state text", "text text", "why_reviewed text", "version bigint",
		"created_at bigint", "updated_at bigint", "submitted_at bigint", "decided_at bigint", "reviewer_id bigint",
	}, len(answered), func(i int, into []any) {
		c, state := answered[i], "approved"
		var decided, reviewer any
		if s.state(c) == community.InReview {
			state = "submitted"
		} else if i%3 == 0 {
			decided, reviewer = int64(s.at(c).Add(time.Hour)), s.member(i+1)
		}
		row(into, int64(1+i), s.of(s.account(c)), int64(1+c), s.member(c), int64(1+c), state, "It is back on the menu.", "newcomer", int64(2), int64(s.at(c)), int64(s.at(c)), int64(s.at(c)), decided, reviewer)
	})
	hash := listeners.Hash("It is back on the menu.")
	write("reviews", []string{
		"id bigint", "brand_id bigint", "answer_id bigint", "reviewer_id bigint", "rule text", "decision text", "reason text", "edited boolean", "text_hash text", "created_at bigint",
	}, len(answered), func(i int, into []any) {
		row(into, int64(1+i), s.of(s.account(answered[i])), int64(1+i), nil, "trusted", "approved", "", false, hash, int64(s.at(answered[i])))
	})
	write("replies", []string{
		"id text", "brand_id bigint", "connection_id bigint", "case_id bigint", "answer_id bigint", "mention_id bigint", "review_id bigint", "parent_id text", "text text", "text_hash text",
		"state text", "due_at bigint", "attempts bigint", "reads bigint", "absent bigint", "native_id text", "url text", "error text", "created_at bigint", "version bigint", "sent_at bigint",
	}, len(answered), func(i int, into []any) {
		c, state := answered[i], "sent"
		if i%400 == 0 {
			state = "waiting"
		}
		row(into, fmt.Sprintf("%08d", i), s.of(s.account(c)), conn.ID, int64(1+c), int64(1+i), int64(1+c), int64(1+i), s.native(c), "It is back on the menu.", hash,
			state, int64(s.now.Add(time.Hour)), int64(1), int64(0), int64(0), fmt.Sprint("r", i), "", "", int64(s.at(c)), int64(3), int64(s.at(c).Add(time.Hour)))
	})
	write("changes", []string{
		"id text", "brand_id bigint", "connection_id bigint", "case_id bigint", "reply_id text", "native_id text", "kind text", "text text", "text_hash text", "before text", "why text",
		"note text", "reopen boolean", "state text", "due_at bigint", "attempts bigint", "reads bigint", "absent bigint", "error text", "created_at bigint", "version bigint",
	}, len(answered), func(i int, into []any) {
		c, state := answered[i], "failed"
		if i%200 == 0 {
			state = "queued"
		} else if s.of(s.account(c)) == brand {
			s.sent = fmt.Sprintf("%08d", i)
		}
		row(into, fmt.Sprint("change", i), s.of(s.account(c)), conn.ID, int64(1+c), fmt.Sprintf("%08d", i), fmt.Sprint("r", i), "delete", "", "", "It is back on the menu.", "needless",
			"", false, state, int64(s.now.Add(time.Hour)), int64(1), int64(0), int64(0), "forbidden", int64(s.at(c)), int64(3))
	})
	write("gaps", []string{
		"connection_id bigint", "from_at bigint", "to_at bigint", "state text", "cursor text", "refilled bigint", "error text", "source text", "created_at bigint",
	}, 2000, func(i int, into []any) {
		row(into, conn.ID, int64(s.at(i)), int64(s.at(i)), "refilled", "", int64(i), "", "outage", int64(s.at(i)))
	})
	write("point_entries", []string{
		"brand_id bigint", "member_id bigint", "case_id bigint", "event text", "rule text", "rule_version bigint", "amount bigint", "created_at bigint", "matures_at bigint",
	}, 2*len(answered), func(i int, into []any) {
		c := answered[i/2]
		row(into, brand, s.member(c), int64(1+c), fmt.Sprint("reviewed:", i/2), []string{"answered", "first"}[i%2], int64(1), int64(5), int64(s.at(c)), int64(s.at(c).Add(48*time.Hour)))
	})
	write("activities", []string{"brand_id bigint", "case_id bigint", "kind text", "lane text", "detail text", "created_at bigint"}, n*3/2,
		func(i int, into []any) {
			row(into, s.of(i), int64(1+i%n), "case_claimed", "community", "{}", int64(s.at(i%n)))
		})
	write("notices", []string{"brand_id bigint", "member_id bigint", "case_id bigint", "kind text", "event text", "created_at bigint", "read_at bigint"}, len(answered),
		func(i int, into []any) {
			var readAt any = int64(s.now)
			if i%9 == 0 {
				readAt = nil
			}
			row(into, brand, s.member(answered[i]), int64(1+answered[i]), "answer_approved", fmt.Sprint("approved:", i), int64(s.at(answered[i])), readAt)
		})
	err = app.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) error {
		if _, err := tx.NewRaw("UPDATE accounts SET opted_out_at = ? WHERE id % 1000 = 7", s.now).Exec(ctx); err != nil {
			return err
		}
		for i := range 2000 {
			_, err := tx.NewRaw("INSERT INTO sessions (token, data, expires_at) VALUES (?, ?, ?)", listeners.Hash(fmt.Sprint(i)), []byte("{}"), s.now.Add(time.Hour)).Exec(ctx)
			if err != nil {
				return err
			}
			_, err = tx.NewRaw("INSERT INTO dead_letters (connection_id, native_id, headers, raw, reason, created_at) VALUES (?, ?, '{}', ?, 'the post has no id', ?)",
				conn.ID, fmt.Sprint(i), []byte("{}"), s.at(i)).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return s.reserve(ctx, tx, app.DB.IsPostgres())
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reserve makes PostgreSQL's sequences go on after the ids that were given here.
func (s stored) reserve(ctx context.Context, tx listeners.Tx, postgres bool) error {
	if !postgres {
		return nil
	}
	for _, table := range []string{"brands", "persons", "members", "connections", "accounts", "cases", "mentions", "answers", "reviews"} {
		_, err := tx.NewRaw(fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%s', 'id'), (SELECT MAX(id) FROM %s))", table, table)).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// account is the number of the customer of case i: two of three have one case, the others two.
func (s stored) account(i int) int { return i % (s.cases * 3 / 4) }

// of is the brand of account i.
func (s stored) of(i int) int64 {
	if i%10 == 9 {
		return s.brand + 1
	}
	return s.brand
}

func (s stored) native(i int) string {
	return fmt.Sprint(1_900_000_000_000_000_000 + int64(i)*1_000_003)
}

// at is when case i was opened.
func (s stored) at(i int) clock.Time {
	return s.now.Add(-30 * 24 * time.Hour * time.Duration(s.cases-i) / time.Duration(s.cases))
}

func (s stored) member(i int) int64 { return int64(1000 + i%s.people) }

func (s stored) state(i int) community.State {
	switch x := i * 37 % 100; {
	case i%2000 == 77:
		return community.Claimed
	case i%3000 == 78:
		return community.InReview
	case x < openShare:
		return community.Open
	case x < openShare+answeredShare:
		return community.Answered
	case x < openShare+answeredShare+elsewhereShare:
		return community.AnsweredElsewhere
	case x < openShare+answeredShare+elsewhereShare+closedShare:
		return community.Closed
	default:
		return community.Ignored
	}
}
