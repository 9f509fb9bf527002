package moderation_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// phones gives members a device each.
func (s *shop) phones(who ...string) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		for _, name := range who {
			_, err := community.AddDevice(ctx, tx, community.Device{
				PersonID: s.people[name].PersonID, Epoch: 1, Endpoint: "https://push.example/" + name, Name: name,
				P256dh: base64.RawURLEncoding.EncodeToString(make([]byte, 65)), Auth: base64.RawURLEncoding.EncodeToString(make([]byte, 16)),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// callsForHelp looks for cases that wait, calls, and gives how many phones ring now.
func (s *shop) callsForHelp() int {
	s.t.Helper()
	before := s.jobs("push")
	waiting, err := community.LeftWaiting(s.t.Context(), s.db.Read(), s.brand.ID, s.clock.Now())
	s.must(err)
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		for i := range waiting {
			if err := community.CallForHelp(ctx, tx, &waiting[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return s.jobs("push") - before
}

func (s *shop) jobs(kind string) (n int) {
	s.t.Helper()
	s.must(s.db.Read().NewRaw("SELECT COUNT(*) FROM river_job WHERE kind = ?", kind).Scan(s.t.Context(), &n))
	return n
}

// A case that nobody takes wakes those it fits, once, and nobody more often than they asked for.
func TestCallingForHelp(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.phones("huy", "lan", "out", "minh")
		c := s.asks("lananh")
		s.clock.Advance(79 * time.Minute)
		if n := s.callsForHelp(); n != 0 {
			t.Fatalf("%d phones ring with 41 minutes left", n)
		}
		s.clock.Advance(time.Minute)
		if n := s.callsForHelp(); n != 2 {
			t.Fatalf("%d phones ring, want huy's and lan's", n)
		}
		if n := s.callsForHelp(); n != 0 {
			t.Errorf("%d phones ring again for the same case", n)
		}
		s.claim("huy", c)
		d := s.asks("bao")
		s.must(s.on(d, "huy", decline))
		s.clock.Advance(80 * time.Minute)
		if n := s.callsForHelp(); n != 1 {
			t.Errorf("%d phones ring for what huy has declined, want lan's", n)
		}
		s.asks("chi")
		s.clock.Advance(80 * time.Minute)
		if n := s.callsForHelp(); n != 1 {
			t.Errorf("%d phones ring, want only huy's: lan was called twice today", n)
		}
	})
}

// Employees who are on duty, or come before the promise ends, leave half of the calls for the hours without them.
func TestCallsAreKeptForHoursWithoutStaff(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.phones("huy")
		late := func() int {
			s.asks(fmt.Sprint("customer", s.clock.Now()))
			s.clock.Advance(90 * time.Minute)
			return s.callsForHelp()
		}
		hours := func(from, to clock.Time) {
			minute := func(at clock.Time) int { return at.Std().UTC().Hour()*60 + at.Std().UTC().Minute() }
			var all community.Hours
			for day := time.Sunday; day <= time.Saturday; day++ {
				all.Spans = append(all.Spans, community.Span{Day: day, From: minute(from), To: minute(to)})
			}
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				return community.SetDuty(ctx, tx, s.people["minh"], s.people["minh"].ID, true, all)
			})
		}
		s.keepsDuty("mai", false)
		begin := s.clock.Now().Add(90 * time.Minute)
		hours(begin.Add(10*time.Minute), begin.Add(2*time.Hour))
		if n := late(); n != 1 {
			t.Fatalf("%d phones ring for the first case, want one", n)
		}
		if n := late(); n != 0 {
			t.Fatalf("%d phones ring a second time while an employee is on duty", n)
		}
		if n := late(); n != 1 {
			t.Errorf("%d phones ring after the hours of duty, want the one that was kept", n)
		}
	})
}

func TestNobodyIsCalledAtNight(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.phones("huy", "lan")
		s.clock.Advance(8 * time.Hour) // midnight in Vietnam
		s.asks("lananh")
		s.clock.Advance(90 * time.Minute)
		if n := s.callsForHelp(); n != 0 {
			t.Errorf("%d phones ring at night", n)
		}
		give := func(about community.Kind) int {
			before := s.jobs("push")
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				return community.Give(ctx, tx, community.NoticeJob{BrandID: s.brand.ID, MemberID: s.people["huy"].ID, About: about, Event: fmt.Sprint(about, s.clock.Now())})
			})
			return s.jobs("push") - before
		}
		if n := give(community.AnswerReturned); n != 0 {
			t.Errorf("%d phones ring at night for a returned answer", n)
		}
		s.clock.Advance(8 * time.Hour)
		if n := give(community.AnswerReturned); n != 1 {
			t.Errorf("%d phones ring in the morning for a returned answer", n)
		}
		if n := give(community.CustomerThanks); n != 0 {
			t.Errorf("%d phones ring for what can wait", n)
		}
	})
}

// What a phone is sent carries nothing of the customer's and nobody's name.
func TestPushesAreSilentOfPeople(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.phones("huy")
		s.asks("lananh")
		s.clock.Advance(90 * time.Minute)
		s.callsForHelp()
		text := map[bool]string{true: "CAST(args AS TEXT)", false: "json(args)"}[s.db.IsPostgres()]
		var args string
		s.must(s.db.Read().NewRaw("SELECT "+text+" FROM river_job WHERE kind = 'push'").Scan(t.Context(), &args))
		for _, word := range []string{"lananh", "mở cửa", "huy", "saomai"} {
			if strings.Contains(args, word) {
				t.Errorf("the job says %q: %s", word, args)
			}
		}
	})
}
