package moderation_test

import (
	"fmt"
	"testing"

	"github.com/kith-social/kith/listeners"
)

// TestOneDoubtDelaysNone answers a thousand comments under one viral post, one of which is never certain.
func TestOneDoubtDelaysNone(t *testing.T) {
	const siblings = 1000
	each(t, func(t *testing.T, s *shop) {
		posts := make([]listeners.Post, siblings)
		for i := range posts {
			author := fmt.Sprint("fan", i)
			posts[i] = listeners.Post{
				NativeID: fmt.Sprint(5000 + i), ThreadKey: "viral", ParentID: "viral", Author: listeners.Author{NativeID: author, Handle: author},
				Reason: listeners.Mentioned, Text: "bao giờ mở bán vậy?", Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: s.clock.Now(),
			}
		}
		s.hears(posts...)
		s.do(s.queueAll)
		s.net.doubt = "5500"
		s.out.AtOnce = 100
		for range 20 {
			s.out.Tick(t.Context())
		}
		if len(s.net.posted) != siblings-1 {
			t.Fatalf("%d of %d siblings left beside a doubtful reply", len(s.net.posted), siblings-1)
		}
		doubtful, err := s.db.Read().NewSelect().Table("replies").Where("state = 'ambiguous' AND parent_id = '5500'").Count(t.Context())
		if err != nil || doubtful != 1 {
			t.Errorf("%d replies are in doubt (%v), want 1", doubtful, err)
		}
	})
}
