package server_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/server/servertest"
)

func TestFromQuestionToPoints(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		huy, lan, minh := w.As("huy"), w.As("lan"), w.As("minh")

		// The customer asks on the network; the question arrives, scored, in the advocate's list.
		posted := time.Now()
		post := w.Says("lananh", "@saomaicafe Cho mình hỏi quán mở cửa mấy giờ ạ?", "")
		c := huy.Finds(post)
		if took := time.Since(posted); took > 2*time.Second {
			t.Errorf("the post took %s to arrive, want at most 2 s", took)
		}
		if c.Lane != "community" || c.Language != "vi" || c.Priority == 0 || c.Delivery.Mode != "api" || c.State != "open" {
			t.Errorf("the case is %+v; want it open for the community, in Vietnamese, with a priority", c)
		}

		// One advocate has it, another cannot.
		huy.Claims(c.ID)
		if status := lan.Try(http.MethodPost, "/cases/"+c.ID+"/claim", nil, nil); status != http.StatusConflict {
			t.Errorf("a second claim gives status %d, want 409", status)
		}
		if status := lan.Try(http.MethodPost, "/cases/"+c.ID+"/answers", map[string]string{"text": "7h"}, nil); status != http.StatusConflict {
			t.Errorf("an answer without the claim gives status %d, want 409", status)
		}

		// A newcomer's answer waits for a reviewer.
		a := huy.Answers(c.ID, "Dạ quán mở từ 7h tới 22h ạ")
		if a.State != "submitted" || a.WhyReviewed != "newcomer" {
			t.Fatalf("a newcomer's answer is %s (%s), want it to wait for a review", a.State, a.WhyReviewed)
		}
		if status := huy.Try(http.MethodPost, "/answers/"+a.ID+"/approve", nil, nil); status != http.StatusForbidden {
			t.Errorf("an advocate's approval gives status %d, want 403", status)
		}
		var queue struct {
			Items []struct{ Answer servertest.Answer }
		}
		minh.Do(http.MethodGet, "/reviews", nil, &queue)
		if len(queue.Items) != 1 || queue.Items[0].Answer.ID != a.ID {
			t.Fatalf("the review queue is %+v, want the answer", queue)
		}
		if got := w.Replies(post); len(got) != 0 {
			t.Fatalf("%v is on the network before anybody approved", got)
		}

		// Approved, it stands under the customer's post, once, and is paid.
		minh.Approves(a.ID)
		w.Wait(servertest.Soon, "the reply is not on the network", func() bool { return len(w.Replies(post)) > 0 })
		if got := w.Replies(post); len(got) != 1 || got[0].Author != servertest.Handle || got[0].Text != a.Text {
			t.Errorf("under the post stands %+v, want the answer as the brand", got)
		}
		w.Wait(servertest.Soon, "the reply is not known as sent", func() bool {
			sent := huy.Sees(c.ID).Answers[0].Reply
			return sent != nil && sent.State == "sent"
		})
		if got := huy.Points(); got.Balance != 3 || got.Pending != 0 {
			t.Errorf("points after the approval: %+v, want 3", got)
		}

		// The customer says that it helped: an outcome, whose points wait two days.
		w.Advance(time.Minute)
		w.Says("lananh", "@saomaicafe Được rồi nha, cảm ơn bạn nhiều!", post)
		done := huy.Becomes(c.ID, "resolved")
		if len(done.Mentions) != 3 || done.Mentions[0].Ours || !done.Mentions[1].Ours || done.Mentions[2].Ours {
			t.Errorf("the thread is %+v; want question, our answer, thanks", done.Mentions)
		}
		if got := huy.Points(); got.Balance != 3 || got.Pending != 15 {
			t.Errorf("points after the thanks: %+v, want 3 and 15 pending", got)
		}
		w.Advance(48 * time.Hour)
		if got := huy.Points(); got.Balance != 18 || got.Pending != 0 {
			t.Errorf("points two days later: %+v, want 18", got)
		}

		// A new question from the same customer continues the same case.
		again := w.Says("lananh", "@saomaicafe Còn chủ nhật thì quán mở mấy giờ vậy?", post)
		if got := lan.Finds(again); got.ID != c.ID {
			t.Errorf("the follow-up is case %s, want it to continue %s", got.ID, c.ID)
		}
		// A trusted member's answer leaves without a review.
		lan.Claims(c.ID)
		if a := lan.Answers(c.ID, "Dạ chủ nhật quán mở từ 8h ạ"); a.State != "approved" {
			t.Errorf("a trusted member's answer is %s (%s), want it approved by the rule", a.State, a.WhyReviewed)
		}
		w.Wait(servertest.Soon, "the second reply is not on the network", func() bool { return len(w.Replies(again)) == 1 })
		if !slices.ContainsFunc(huy.History(c.ID), func(kind string) bool { return kind == "case_reopened" }) {
			t.Error("the case's history does not tell that it was opened again")
		}
	})
}
