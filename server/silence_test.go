package server_test

import (
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/server/servertest"
)

// We ask a customer something and hear nothing more: that settles nothing and pays nobody, and the
// customer is left in peace.
func TestSilenceAfterAQuestionOfOurs(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		lan, minh := w.As("lan"), w.As("minh")
		post := w.Says("lananh", "@saomaicafe quán mở cửa mấy giờ ạ?", "")
		c := lan.Finds(post)
		lan.Claims(c.ID)
		lan.Answers(c.ID, "Dạ bạn muốn ghé chi nhánh nào để mình xem giờ giúp ạ?")
		w.Wait(servertest.Soon, "the question is not on the network", func() bool {
			a := lan.Sees(c.ID).Answers
			return len(a) == 1 && a[0].Reply != nil && a[0].Reply.State == "sent"
		})
		before, history := lan.Points(), minh.History(c.ID)
		other := lan.Finds(w.Says("tuan", "@saomaicafe quán có wifi không ạ?", ""))

		w.Advance(72 * time.Hour)
		w.Restart() // every sweep runs at once
		lan, minh = w.As("lan"), w.As("minh")
		w.Wait(servertest.Soon, "nothing falls due after three days", func() bool { return slices.Contains(minh.History(other.ID), "case_waits") })

		if now := minh.Sees(c.ID); now.State != "answered" {
			t.Errorf("the case is %s, want it answered and nothing else", now.State)
		}
		if got := minh.History(c.ID); !slices.Equal(got, history) {
			t.Errorf("meanwhile happened %q, want nothing after %q", got, history)
		}
		if got := lan.Points(); got.Balance != before.Balance || got.Pending != before.Pending {
			t.Errorf("%+v for silence, want %+v as before", got, before)
		}
		if got := w.Replies(post); len(got) != 1 {
			t.Errorf("under the post stands %+v, want the question alone", got)
		}
	})
}
