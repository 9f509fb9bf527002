package moderation_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// TestSortingSaysWhatBecameOfEach does things to several cases at once, of which some are held, over, for
// staff by a rule, or have changed since they were read.
func TestSortingSaysWhatBecameOfEach(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		const asks = "Cho mình hỏi quán mở cửa mấy giờ ạ?"
		open := s.caseOf(s.writes("ha", asks, ""))
		held := s.caseOf(s.writes("tuan", asks, ""))
		stale := s.caseOf(s.writes("thu", asks, ""))
		risky := s.caseOf(s.writes("an", riskyPost, ""))
		if risky.Lane != community.Staff {
			t.Fatalf("a risky post is in the lane %s", risky.Lane)
		}
		s.claim("lan", held)
		s.clock.Advance(time.Minute)
		s.writes("thu", "Alo?", stale.ThreadKey)
		seen := func(all ...community.Case) (refs []community.Sorted) {
			for _, c := range all {
				if c.ID != stale.ID {
					c = s.caseOf(c.ThreadKey)
				}
				refs = append(refs, community.Sorted{ID: c.ID, Version: c.Version})
			}
			return refs
		}
		sort := func(want map[int64]community.Fate, w community.Sort) {
			t.Helper()
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				got, err := community.SortCases(ctx, tx, s.people["minh"], w)
				if err == nil && !maps.Equal(got, want) {
					t.Errorf("%s: %v, want %v", w.Action, got, want)
				}
				return err
			})
		}
		all := func() []community.Sorted { return append(seen(open, held, stale, risky), community.Sorted{ID: 999}) }
		sort(map[int64]community.Fate{open.ID: "done", held.ID: "held", stale.ID: "changed", risky.ID: "same", 999: "gone"},
			community.Sort{Action: community.ActToStaff, Reason: "cần xem đơn", Cases: all()})
		if c := s.caseOf(open.ThreadKey); c.Lane != community.Staff || c.LaneWhy != "escalated" {
			t.Errorf("the case is in the lane %s because of %s", c.Lane, c.LaneWhy)
		}
		sort(map[int64]community.Fate{open.ID: "done", held.ID: "same", stale.ID: "changed", risky.ID: "staff", 999: "gone"},
			community.Sort{Action: community.ActToCommunity, Cases: all()})
		sort(map[int64]community.Fate{open.ID: "done", held.ID: "done", stale.ID: "changed", risky.ID: "done", 999: "gone"},
			community.Sort{Action: community.ActTopic, Topic: community.Topic{ID: 1, Name: "Giao hàng"}, Cases: all()})
		if c := s.caseOf(held.ThreadKey); c.TopicID != 1 || c.HolderID != s.people["lan"].ID {
			t.Errorf("the held case has the topic %d and the holder %d", c.TopicID, c.HolderID)
		}
		sort(map[int64]community.Fate{open.ID: "done", held.ID: "held", stale.ID: "changed", risky.ID: "done", 999: "gone"},
			community.Sort{Action: community.ActClaim, Cases: all()})
		if c := s.want(open, community.Claimed); c.HolderID != s.people["minh"].ID || c.HeldUntil != s.clock.Now().Add(community.Lease) {
			t.Errorf("the case is held by %d until %v", c.HolderID, c.HeldUntil)
		}
		sort(map[int64]community.Fate{stale.ID: "done"}, community.Sort{Action: community.ActClose, Reason: "không cần", Cases: []community.Sorted{{ID: stale.ID, Version: s.caseOf(stale.ThreadKey).Version}}})
		sort(map[int64]community.Fate{stale.ID: "changed"}, community.Sort{Action: community.ActClose, Reason: "không cần", Cases: seen(stale)})
		s.want(stale, community.Closed)

		history, err := community.Timeline(t.Context(), s.db.Read(), s.people["minh"], open.ID)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []community.Kind
		for _, a := range history {
			if a.ActorID == s.people["minh"].ID {
				kinds = append(kinds, a.Kind)
			}
		}
		if want := []community.Kind{community.Escalated, community.HandedBack, community.LabelCorrected, community.CaseClaimed}; len(kinds) != len(want) {
			t.Errorf("the history tells of %v, want %v", kinds, want)
		}

		for name, c := range map[string]struct {
			who  string
			sort community.Sort
		}{
			"an advocate": {"lan", community.Sort{Action: community.ActClaim, Cases: seen(open)}},
			"no case":     {"minh", community.Sort{Action: community.ActClaim}},
			"no reason":   {"minh", community.Sort{Action: community.ActClose, Cases: seen(open)}},
			"no action":   {"minh", community.Sort{Action: "burn", Cases: seen(open)}},
		} {
			err := s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := community.SortCases(ctx, tx, s.people[c.who], c.sort)
				return err
			})
			var invalid *community.Invalid
			if !errors.Is(err, community.ErrNotAllowed) && !errors.As(err, &invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
