package moderation_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

func (s *shop) keys() *listeners.Keyring {
	s.t.Helper()
	line, err := listeners.NewKeyLine("k1", rand.Reader)
	s.must(err)
	keys, err := listeners.ParseKeyring(line, rand.Reader)
	s.must(err)
	return keys
}

// receives adds a receiver of alerts to the shop; change it before.
func (s *shop) receives(change func(*moderation.Receiver)) (made moderation.Receiver) {
	s.t.Helper()
	r := moderation.Receiver{Kind: moderation.ByMail, Language: "en", Pace: moderation.AtOnce, Zone: "Asia/Ho_Chi_Minh"}
	change(&r)
	s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		made, _, err = moderation.AddReceiver(ctx, tx, s.keys(), s.admin(), r, moderation.Destination{To: "team@example.com"})
		return err
	})
	return made
}

// tells lets receivers be told of what is due, and gives all that each was told so far.
func (s *shop) tells() map[int64][]moderation.TellJob {
	s.t.Helper()
	due, err := moderation.ReceiversDue(s.t.Context(), s.db.Read(), s.clock.Now())
	s.must(err)
	if due {
		s.do(moderation.TellReceivers)
	}
	var args []string
	asText := "json(args)"
	if s.db.IsPostgres() {
		asText = "args::text"
	}
	s.must(s.db.Read().NewRaw("SELECT "+asText+" FROM river_job WHERE kind = 'tell_receiver' ORDER BY id").Scan(s.t.Context(), &args))
	told := map[int64][]moderation.TellJob{}
	for _, text := range args {
		var job moderation.TellJob
		s.must(json.Unmarshal([]byte(text), &job))
		told[job.ReceiverID] = append(told[job.ReceiverID], job)
	}
	return told
}

func (s *shop) breaks(state string) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewRaw("UPDATE connections SET state = ?", state).Exec(ctx)
		return err
	})
	s.watches()
}

// TestReceiversAreToldOnce: each receiver hears once of an alert, and once more when it becomes urgent, however often
// and by however many processes is looked.
func TestReceiversAreToldOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		first, second := s.receives(func(*moderation.Receiver) {}), s.receives(func(*moderation.Receiver) {})
		s.breaks("broken")
		for range 3 {
			s.tells()
			s.clock.Advance(time.Minute)
			s.watches()
		}
		told := s.tells()
		for _, r := range []moderation.Receiver{first, second} {
			if got := told[r.ID]; len(got) != 1 || len(got[0].Alerts) != 1 || got[0].Urgent {
				t.Errorf("receiver %d is told %+v, want one alert once", r.ID, got)
			}
		}
		late := s.receives(func(*moderation.Receiver) {}) // who comes late hears of what happens from now on
		s.calmly(5 * time.Hour)
		s.storms()
		told = s.tells()
		if got := told[late.ID]; len(got) != 1 || !got[0].Urgent {
			t.Errorf("in a storm the third is told %+v, want of the crisis once", got)
		}
		if n := len(told[first.ID]); n < 2 || n > 3 { // a storm may rise to a crisis
			t.Errorf("the first is told %d times, want of the account and the storm", n)
		}
		ids := map[string]bool{}
		for _, jobs := range told {
			for _, job := range jobs {
				if ids[job.ID()] {
					t.Errorf("two messages have the id %s", job.ID())
				}
				ids[job.ID()] = true
			}
		}
	})
}

// TestReceiversRest: at night and between digests what is not urgent waits, and comes together.
func TestReceiversRest(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.clock.Advance(8 * time.Hour) // midnight in Vietnam
		quiet := s.receives(func(r *moderation.Receiver) { r.QuietFrom, r.QuietUntil = 22*60, 7*60 })
		daily := s.receives(func(r *moderation.Receiver) { r.Pace = moderation.Daily })
		awake := s.receives(func(*moderation.Receiver) {})
		s.breaks("broken")
		if told := s.tells(); len(told[quiet.ID])+len(told[daily.ID]) != 0 || len(told[awake.ID]) != 1 {
			t.Fatalf("at midnight are told %+v", told)
		}
		s.manyWrite(6, calmPost)
		s.clock.Advance(95 * time.Minute)
		s.watches() // of promises
		s.clock.Advance(5*time.Hour + 24*time.Minute)
		if told := s.tells(); len(told[quiet.ID]) != 0 {
			t.Fatalf("a minute before seven is told %+v", told[quiet.ID])
		}
		s.clock.Advance(2 * time.Minute)
		if got := s.tells()[quiet.ID]; len(got) != 1 || len(got[0].Alerts) != 2 {
			t.Errorf("after seven is told %+v, want both together", got)
		}
		s.breaks("on")
		s.clock.Advance(30 * time.Minute)
		s.watches() // the account is well again
		s.clock.Advance(31 * time.Minute)
		if got := s.tells()[daily.ID]; len(got) != 1 || len(got[0].Alerts) != 2 {
			t.Errorf("at eight is told %+v, want both, though one is over", got)
		}
		s.clock.Advance(15 * time.Hour)
		s.calmly(5 * time.Hour)
		before := len(s.tells()[quiet.ID])
		s.storms() // at four in the morning
		if got := s.tells()[quiet.ID]; len(got) != before+1 || !got[len(got)-1].Urgent {
			t.Errorf("a crisis at night tells %+v", got[before:])
		}
	})
}

// TestReceiversWaitForSomebodyToTakeIt: one that is to be called only when nobody takes an alert is left in peace when
// somebody has.
func TestReceiversWaitForSomebodyToTakeIt(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		boss := s.receives(func(r *moderation.Receiver) { r.Wait = 30 })
		s.breaks("broken")
		s.clock.Advance(29 * time.Minute)
		if told := s.tells(); len(told) != 0 {
			t.Fatalf("too early: %+v", told)
		}
		s.clock.Advance(time.Minute)
		if got := s.tells()[boss.ID]; len(got) != 1 {
			t.Fatalf("nobody takes it and the receiver is told %+v", got)
		}
		s.breaks("on")
		s.clock.Advance(10 * time.Minute)
		s.watches()
		s.breaks("broken")
		live, _ := s.watches()
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.TakeAlert(ctx, tx, s.people["minh"], live[0].ID)
		})
		s.clock.Advance(time.Hour)
		if got := s.tells()[boss.ID]; len(got) != 1 {
			t.Errorf("somebody has it and the receiver is told %+v", got[1:])
		}
	})
}

func TestWhatCanBeAReceiver(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		add := func(m *community.Member, kind moderation.ReceiverKind, to moderation.Destination) (r moderation.Receiver, secret string, err error) {
			err = s.try(func(ctx context.Context, tx listeners.Tx) (err error) {
				r, secret, err = moderation.AddReceiver(ctx, tx, s.keys(), m, moderation.Receiver{Kind: kind, Pace: moderation.AtOnce, Zone: "UTC"}, to)
				return err
			})
			return r, secret, err
		}
		for _, wrong := range []struct {
			kind moderation.ReceiverKind
			to   moderation.Destination
		}{
			{moderation.ByMail, moderation.Destination{To: "team"}},
			{moderation.ByMail, moderation.Destination{To: "Team <team@example.com>"}},
			{moderation.ByMail, moderation.Destination{To: "a@example.com\r\nBcc: b@example.com"}},
			{moderation.ByWebhook, moderation.Destination{To: "http://example.com/hook"}},
			{moderation.ByWebhook, moderation.Destination{To: "https://user:pass@example.com/hook"}},
			{moderation.ByWebhook, moderation.Destination{To: "ftp://example.com"}},
			{moderation.ByWebhook, moderation.Destination{To: "https://example.com/hook", Secret: "short"}},
			{"pigeon", moderation.Destination{To: "https://example.com/hook"}},
		} {
			var invalid *community.Invalid
			if _, _, err := add(s.admin(), wrong.kind, wrong.to); !errors.As(err, &invalid) {
				t.Errorf("%s %+v is taken: %v", wrong.kind, wrong.to, err)
			}
		}
		if _, _, err := add(s.people["minh"], moderation.ByMail, moderation.Destination{To: "a@example.com"}); !errors.Is(err, community.ErrNotAllowed) {
			t.Errorf("a moderator adds a receiver: %v", err)
		}
		const path = "/services/T0/B0/very-secret"
		r, secret, err := add(s.admin(), moderation.ByWebhook, moderation.Destination{To: "https://hooks.example.com" + path})
		if err != nil || !strings.HasPrefix(secret, "whsec_") || r.Name != "hooks.example.com" || strings.Contains(string(r.Sealed), path) {
			t.Errorf("a webhook is %+v with the secret %q: %v", r, secret, err)
		}
		if found := s.holding(path); len(found) != 0 {
			t.Errorf("the address of a webhook can be read in %v", found)
		}
		if found := s.holding(secret); len(found) != 0 {
			t.Errorf("the secret of a webhook can be read in %v", found)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.TryReceiver(ctx, tx, s.admin(), r.ID)
		})
		if got := s.tells()[r.ID]; len(got) != 1 || len(got[0].Alerts) != 0 {
			t.Errorf("a try tells %+v", got)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.RemoveReceiver(ctx, tx, s.admin(), r.ID)
		})
		if all, err := moderation.Receivers(t.Context(), s.db.Read(), s.brand.ID); err != nil || len(all) != 0 {
			t.Errorf("removed, there are %+v (%v)", all, err)
		}
	})
}

// TestBudgetsCall: people hear of a month's budget before it is spent, and urgently when it is.
func TestBudgetsCall(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		spend := func(cost listeners.MicroUSD) []moderation.Alert {
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				if _, err := tx.NewRaw("UPDATE connections SET budget = 1000000").Exec(ctx); err != nil {
					return err
				}
				return listeners.Spent(ctx, tx, s.conn.ID, []listeners.Spend{{Unit: "post_read", N: 1, Cost: cost}})
			})
			s.clock.Advance(time.Minute)
			live, _ := s.watches()
			return live
		}
		if live := spend(790_000); len(live) != 0 {
			t.Fatalf("with 79 %% spent people are called for %+v", live)
		}
		if live := spend(20_000); len(live) != 1 || live[0].Kind != moderation.SpendAlert || live[0].Urgent || live[0].Detail.Percent != 81 {
			t.Fatalf("with 81 %% spent people are called for %+v", live)
		}
		if live := spend(190_000); len(live) != 1 || !live[0].Urgent || live[0].Detail.Percent != 100 {
			t.Errorf("with all spent people are called for %+v", live)
		}
		s.clock.Advance(clock.At(time.Date(2026, 12, 1, 0, 1, 0, 0, time.UTC)).Sub(s.clock.Now()))
		if live, over := s.watches(); len(live) != 0 || len(over) != 1 {
			t.Errorf("in the next month: %+v, %+v", live, over)
		}
	})
}

// TestWhatPassedTheGuardsCalls: an answer that an admin sent past the review calls until somebody else has looked.
func TestWhatPassedTheGuardsCalls(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.asks("lananh")
		s.claim("huy", c)
		a := s.answer("huy", c, "Dạ quán mở từ 7h tới 22h ạ")
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Override(ctx, tx, s.admin(), a.ID, "khách đang chờ ở cửa")
			return err
		})
		live, _ := s.watches()
		if len(live) != 1 || live[0].Kind != moderation.GuardAlert || live[0].Detail.Answers != 1 {
			t.Errorf("people are called for %+v", live)
		}
	})
}
