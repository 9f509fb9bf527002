package gamification

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

const noon = clock.Time(1_800_000_000_000_000)

// earns reckons what a row of entries of one member pays.
func earns(entries ...Entry) []Entry {
	t := shipped(1)
	var r reckoning
	for i := range entries {
		e := &entries[i]
		var brakes []Brake
		e.Gross, e.Amount, brakes = t.pay(e, r.past(e))
		e.Brake = joined(brakes)
		r.add(*e)
	}
	return entries
}

func amounts(entries []Entry) (all []int) {
	for _, e := range entries {
		all = append(all, e.Amount)
	}
	return all
}

func TestBrakes(t *testing.T) {
	at := func(minutes int, rule Rule, change func(*Entry)) Entry {
		e := Entry{Rule: rule, CaseID: int64(minutes + 1), AccountID: int64(minutes + 1), CreatedAt: noon.Add(time.Duration(minutes) * time.Minute)}
		if change != nil {
			change(&e)
		}
		return e
	}
	same := func(e *Entry) { e.AccountID = 7 }
	topic := func(e *Entry) { e.TopicID = 3 }
	peer := func(e *Entry) { e.GiverID = 5 }
	for _, c := range []struct {
		name  string
		of    []Entry
		pays  []int
		brake string // of the last
	}{
		{"the same customer: half, then nothing", []Entry{at(0, Solved, same), at(1, Solved, same), at(2, Solved, same)}, []int{15, 8, 0}, "customer"},
		{"several thanks for one case are one customer's", []Entry{at(0, Thanked, same), {Rule: Solved, CaseID: 1, AccountID: 7, CreatedAt: noon}}, []int{5, 15}, ""},
		{"the same customer after 30 days", []Entry{at(0, Solved, same), at(30*24*60, Solved, same)}, []int{15, 15}, ""},
		{
			"a topic pays slowly less from the sixth case on",
			[]Entry{at(0, Solved, topic), at(1, Solved, topic), at(2, Solved, topic), at(3, Solved, topic), at(4, Solved, topic), at(5, Solved, topic), at(6, Solved, topic)},
			[]int{15, 15, 15, 15, 15, 13, 12},
			"topic",
		},
		{"a peer gives three times a day", []Entry{at(0, Approved, peer), at(1, Approved, peer), at(2, Approved, peer), at(3, Approved, peer)}, []int{3, 3, 3, 0}, "pair"},
		{"an employee as often as they like", []Entry{at(0, Approved, nil), at(1, Approved, nil), at(2, Approved, nil), at(3, Approved, nil)}, []int{3, 3, 3, 3}, ""},
		{"haste earns nothing", []Entry{at(0, Approved, func(e *Entry) { e.Hinder(Hasty) })}, []int{0}, "effort"},
		{"nor does one of us", []Entry{at(0, Solved, func(e *Entry) { e.Hinder(Linked) })}, []int{0}, "linked"},
		{"a fault costs in full", []Entry{at(0, Leaked, same), at(1, Leaked, same), at(2, Leaked, same)}, []int{-25, -25, -25}, ""},
	} {
		got := earns(c.of...)
		if last := got[len(got)-1]; !slices.Equal(amounts(got), c.pays) || last.Brake != c.brake {
			t.Errorf("%s: %v (%s), want %v (%s)", c.name, amounts(got), last.Brake, c.pays, c.brake)
		}
	}
}

func TestTaper(t *testing.T) {
	for _, c := range []struct{ gain, before, want int }{
		{15, 0, 15}, {15, 185, 15}, {15, 190, 13}, {15, 200, 8}, {20, 390, 8}, {15, 400, 4}, {1, 900, 1}, {300, 0, 250}, {700, 0, 375},
	} {
		if got := tapered(c.gain, c.before, 200); got != c.want {
			t.Errorf("%d on top of %d gives %d, want %d", c.gain, c.before, got, c.want)
		}
	}
	day := make([]Entry, 60) // the best never stop earning
	for i := range day {
		day[i] = Entry{Rule: Thanked, CaseID: int64(i + 1), AccountID: int64(i + 1), CreatedAt: noon.Add(time.Duration(i) * time.Minute)}
	}
	got := earns(day...)
	if got[39].Amount != 5 || got[40].Amount != 3 || got[59].Amount < 1 || got[59].Brake != "taper" {
		t.Errorf("of 60 thanks a day: %v", amounts(got))
	}
}

// No brake pays more than the rule, none takes anything back, and what is solved on a busy day pays in full.
func TestBrakesOnlyLower(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		now := noon
		var all []Entry
		for range rapid.IntRange(1, 60).Draw(r, "entries") {
			now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(r, "minutes")) * time.Minute)
			e := Entry{
				Rule: rapid.SampledFrom(Rules).Draw(r, "rule"), CaseID: rapid.Int64Range(1, 30).Draw(r, "case"), TopicID: rapid.Int64Range(0, 2).Draw(r, "topic"),
				GiverID: rapid.Int64Range(0, 2).Draw(r, "giver"), CreatedAt: now,
			}
			e.AccountID = e.CaseID%9 + 1
			all = append(all, e)
		}
		pays := shipped(1)
		for i, e := range earns(all...) {
			full := pays.Pays(e.Rule).Amount
			if full < 0 && e.Amount != full || full > 0 && (e.Amount < 0 || e.Amount > full) {
				r.Fatalf("entry %d, %s, pays %d of %d", i, e.Rule, e.Amount, full)
			}
			if full > 0 && e.Amount < full && e.Brake == "" {
				r.Fatalf("entry %d, %s, pays %d of %d and does not say why", i, e.Rule, e.Amount, full)
			}
			if slices.Contains(e.Brakes(), Taper) && (e.Rule == Solved || e.Amount < 1) {
				r.Fatalf("entry %d, %s: the taper leaves %d", i, e.Rule, e.Amount)
			}
		}
	})
}

// A million entries of a thousand members over four months, reckoned again one by one.
func BenchmarkVerify(b *testing.B) {
	const members, each = 1000, 1000
	d := dbtest.New(b)
	err := d.Transact(b.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewRaw("INSERT INTO brands (slug, name, language, review_seed, created_at) VALUES ('b', 'B', 'vi', '', 1)").Exec(ctx)
		for m := int64(1); m <= members && err == nil; m++ {
			_, err = tx.NewRaw("INSERT INTO persons (email, name, language, password_hash, epoch, created_at) VALUES (?, 'p', 'vi', '', 1, 1)", m).Exec(ctx)
			if err == nil {
				_, err = tx.NewRaw(`INSERT INTO members (brand_id, person_id, role, state, trust, public_name, sign_off, languages, topics, created_at)
					VALUES (1, ?, 'advocate', 'active', 1, 'p', '', '[]', '[]', 1)`, m).Exec(ctx)
			}
			var all []Entry
			for i := range each {
				rule := Rules[i%4]
				at := noon.Add(time.Duration(i) * 3 * time.Hour)
				all = append(all, Entry{
					BrandID: 1, MemberID: m, AccountID: int64(i % 300), TopicID: int64(i % 5), Event: fmt.Sprintf("e:%d:%d", m, i), Rule: rule,
					RuleVersion: shippedVersion, CreatedAt: at, MaturesAt: at.Add(natures[rule].matures),
				})
			}
			all = earns(all...)
			for part := range slices.Chunk(all, 500) {
				if err == nil {
					_, err = tx.NewInsert().Model(&part).Exec(ctx)
				}
			}
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if wrong, err := Verify(b.Context(), d.Read()); err != nil || len(wrong) > 0 {
			b.Fatal(len(wrong), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(members*each), "ns/entry")
}
