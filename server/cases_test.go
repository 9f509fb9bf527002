package server_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/server/servertest"
)

const question = "@saomaicafe quán mở cửa mấy giờ vậy ạ?"

func TestReturnedAnswerIsImproved(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		huy, minh := w.As("huy"), w.As("minh")
		post := w.Says("lananh", question, "")
		c := huy.Finds(post)
		huy.Claims(c.ID)
		first := huy.Answers(c.ID, "Sáng tới tối")
		minh.Do(http.MethodPost, "/answers/"+first.ID+"/return", map[string]string{"reason": "Ghi rõ giờ giúp mình"}, nil)
		huy.Notices("answer_returned")
		if got := huy.Sees(c.ID); got.State != "claimed" || got.Claim == nil || got.Claim.Name != "huy" {
			t.Fatalf("after the advice the case is %s, claimed by %+v; want its author to have it", got.State, got.Claim)
		}
		second := huy.Answers(c.ID, "Dạ 7h tới 22h ạ")
		if second.ID != first.ID || second.State != "submitted" {
			t.Errorf("the improved answer is %s, %s; want the same one, submitted", second.ID, second.State)
		}
		var edited servertest.Answer
		minh.Do(http.MethodPost, "/answers/"+second.ID+"/approve", map[string]string{"text": "Dạ quán mở 7h tới 22h ạ"}, &edited)
		w.Wait(servertest.Soon, "the reply is not on the network", func() bool { return len(w.Replies(post)) == 1 })
		if got := w.Replies(post)[0].Text; got != "Dạ quán mở 7h tới 22h ạ" {
			t.Errorf("on the network stands %q, want the reviewer's wording", got)
		}
		if got := huy.Points(); got.Balance != 1 {
			t.Errorf("points for an edited answer: %+v, want 1", got)
		}
		if status := minh.Try(http.MethodPost, "/answers/"+second.ID+"/approve", nil, nil); status != http.StatusConflict {
			t.Errorf("a second approval gives status %d, want 409", status)
		}
	})
}

func TestUndo(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		lan := w.As("lan")
		post := w.Says("lananh", question, "")
		c := lan.Finds(post)
		lan.Claims(c.ID)
		a := lan.Answers(c.ID, "Dạ 7h tới 21h ạ")
		// What the page saves by itself after the answer was given must not be in the way.
		lan.Do(http.MethodPut, "/cases/"+c.ID+"/draft", map[string]string{"text": "Dạ 7h tới 21h ạ"}, nil)
		lan.Do(http.MethodPost, "/answers/"+a.ID+"/take-back", nil, nil)
		if got := lan.Points(); got.Balance != 0 {
			t.Errorf("points after taking back: %+v, want none", got)
		}
		a = lan.Answers(c.ID, "Dạ 7h tới 22h ạ")
		w.Advance(11 * time.Second)
		w.Wait(servertest.Soon, "the reply is not on the network", func() bool { return len(w.Replies(post)) > 0 })
		if got := w.Replies(post); len(got) != 1 || got[0].Text != "Dạ 7h tới 22h ạ" {
			t.Errorf("on the network stands %+v, want only the second wording", got)
		}
		if status := lan.Try(http.MethodPost, "/answers/"+a.ID+"/take-back", nil, nil); status != http.StatusConflict {
			t.Errorf("taking back what is on the network gives status %d, want 409", status)
		}
	}, servertest.Undo(10*time.Second))
}

func TestEscalationHidesTheCase(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		huy, minh := w.As("huy"), w.As("minh")
		c := huy.Finds(w.Says("lananh", question, ""))
		huy.Claims(c.ID)
		huy.Do(http.MethodPost, "/cases/"+c.ID+"/escalate", map[string]string{"reason": "cần xem đơn hàng"}, nil)
		for _, path := range []string{"/cases/" + c.ID, "/cases/" + c.ID + "/activities"} {
			if status := huy.Try(http.MethodGet, path, nil, nil); status != http.StatusNotFound {
				t.Errorf("the advocate's GET %s gives status %d, want 404", path, status)
			}
		}
		if status := huy.Try(http.MethodPost, "/cases/"+c.ID+"/claim", nil, nil); status != http.StatusNotFound {
			t.Errorf("the advocate's claim gives status %d, want 404", status)
		}
		if list := huy.List(""); len(list) != 0 {
			t.Errorf("the advocate's list still shows %+v", list)
		}
		if got := minh.Sees(c.ID); got.Lane != "staff" || got.State != "open" || got.Claim != nil {
			t.Errorf("for staff the case is %+v; want it open in their lane", got)
		}
	})
}

func TestVeryAngryPostGoesToStaff(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		post := w.Says("tuan", "@saomaicafe Lừa đảo!!! Tôi sẽ kiện các người ra tòa", "")
		if c := w.As("minh").Finds(post); c.Lane != "staff" {
			t.Errorf("lane is %s (%s), want staff", c.Lane, c.LaneWhy)
		}
		if list := w.As("huy").List(""); len(list) != 0 {
			t.Errorf("the advocate sees %+v", list)
		}
	})
}

func TestAnsweredElsewhereWarnsTheHolder(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		huy, lan := w.As("huy"), w.As("lan")
		held, queued := w.Says("lananh", question, ""), w.Says("mai", question, "")
		c, other := huy.Finds(held), lan.Finds(queued)
		huy.Claims(c.ID)
		lan.Claims(other.ID)
		lan.Answers(other.ID, "Dạ 7h tới 22h ạ") // waits to be taken back
		for _, post := range []string{held, queued} {
			w.Says(servertest.Handle, "Quán mở 7h-22h nha", post) // with another tool
		}
		got := huy.Becomes(c.ID, "answered_elsewhere")
		if len(got.Mentions) != 2 || !got.Mentions[1].Ours || got.Claim != nil {
			t.Errorf("the case is %+v; want the brand's post in it and nobody's claim", got)
		}
		if n := huy.Notices("case_elsewhere"); n != 1 {
			t.Errorf("the holder is told %d times, want once", n)
		}
		lan.Becomes(other.ID, "answered_elsewhere")
		w.Advance(time.Hour)
		if got := w.Replies(queued); len(got) != 1 {
			t.Errorf("under the post stands %+v; the second answer must not leave", got)
		}
		if got := lan.Points(); got.Balance != 0 {
			t.Errorf("points for an answer that did not leave: %+v", got)
		}
		if status := huy.Try(http.MethodPost, "/cases/"+c.ID+"/answers", map[string]string{"text": "7h"}, nil); status != http.StatusConflict {
			t.Errorf("answering all the same gives status %d, want 409", status)
		}
	}, servertest.Undo(10*time.Minute))
}

// A customer who writes again while our answer is on its way, and a brand that answers with another
// tool meanwhile, must not keep what follows from being heard.
func TestCustomerAndBrandWriteWhileOursWaits(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		lan := w.As("lan")
		post := w.Says("lananh", question, "")
		c := lan.Finds(post)
		lan.Claims(c.ID)
		a := lan.Answers(c.ID, "Dạ 7h tới 22h ạ")
		again := w.Says("lananh", "@saomaicafe còn chủ nhật thì sao ạ?", post)
		lan.Becomes(c.ID, "open")
		w.Says(servertest.Handle, "Cả tuần 7h-22h nha", again)
		lan.Becomes(c.ID, "answered_elsewhere")
		if got := lan.Sees(c.ID).Answers[0]; got.ID != a.ID || got.State != "withdrawn" || got.Reply.State != "cancelled" {
			t.Errorf("our answer is %s, its reply %s; want it withdrawn", got.State, got.Reply.State)
		}
		w.As("huy").Finds(w.Says("hoa", question, ""))
	}, servertest.Undo(10*time.Minute))
}

// A reply that the network refuses after the customer has written again ends, and its author hears of it.
func TestRefusedAfterCustomerWroteAgain(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		lan := w.As("lan")
		post := w.Says("lananh", question, "")
		c := lan.Finds(post)
		lan.Claims(c.ID)
		lan.Answers(c.ID, "Dạ 7h tới 22h ạ")
		w.Says("lananh", "@saomaicafe còn chủ nhật thì sao ạ?", post)
		lan.Becomes(c.ID, "open")
		w.Weather("POST /2/tweets", "status:403")
		w.Advance(time.Minute)
		w.Wait(servertest.Soon, "the reply does not fail", func() bool { return lan.Sees(c.ID).Answers[0].Reply.State == "failed" })
		if got := lan.Sees(c.ID); got.State != "open" {
			t.Errorf("the case is %s, want it to stay open", got.State)
		}
		lan.Notices("reply_failed")
	}, servertest.Undo(10*time.Second))
}

func TestTwoConnectionsHearOnePost(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		lan := w.As("lan")
		w.Connect("saomaivn")
		post := w.Says("lananh", "@saomaicafe @saomaivn quán mở cửa mấy giờ vậy ạ?", "")
		c := lan.Finds(post)
		w.Wait(servertest.Soon, "the post has not two sources", func() bool {
			return w.Count("SELECT COUNT(*) FROM mention_sources s JOIN mentions m ON m.id = s.mention_id WHERE m.native_id = ? AND m.connection_id <> s.connection_id", post) == 1
		})
		if n := w.Count("SELECT COUNT(*) FROM mentions"); n != 1 {
			t.Errorf("%d mentions, want one", n)
		}
		// Whichever account answers, and whichever account hears it: it is the brand's answer.
		w.Says("saomaivn", "@lananh @saomaicafe tụi mình mở 7h-22h nha", post)
		lan.Becomes(c.ID, "answered_elsewhere")
		if n := w.Count("SELECT COUNT(*) FROM cases"); n != 1 {
			t.Errorf("%d cases, want one: a brand is nobody's customer", n)
		}
		// The answer to a follow-up leaves from the account that was asked.
		again := w.Says("lananh", "@saomaivn chủ nhật cũng vậy hả shop?", post)
		lan.Finds(again)
		lan.Claims(c.ID)
		lan.Answers(c.ID, "Dạ chủ nhật 8h ạ")
		w.Wait(servertest.Soon, "the reply is not on the network", func() bool { return len(w.Replies(again)) == 1 })
		if got := w.Replies(again)[0].Author; got != "saomaivn" {
			t.Errorf("the reply is @%s's, want the account's that was asked", got)
		}
		w.Wait(servertest.Soon, "the reply is not known as sent", func() bool {
			return slices.ContainsFunc(lan.Sees(c.ID).Answers, func(a servertest.Answer) bool { return a.Reply.State == "sent" })
		})
		if got := lan.Sees(c.ID); got.State != "answered" {
			t.Errorf("the case is %s, want answered", got.State)
		}
	})
}

// A post that one account found by a word, and that names another, can be answered as soon as that one
// has heard it.
func TestSummonedAfterBeingFound(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		lan := w.As("lan")
		searching := w.Account("saomaivn")
		if err := w.App.Listen(w.T.Context(), w.ConnectAt(w.Net+"/x", searching), "#saomai"); err != nil {
			t.Fatal(err)
		}
		post := w.Says("lananh", "@saomaidalat quán mở cửa mấy giờ vậy ạ? #saomai", "")
		c := lan.Finds(post)
		if c.Delivery.Mode != "assisted" {
			t.Fatalf("delivery is %+v, want it by hand: nobody who listens is named", c.Delivery)
		}
		lan.Claims(c.ID)
		if status := lan.Try(http.MethodPost, "/cases/"+c.ID+"/answers", map[string]string{"text": "7h"}, nil); status != http.StatusConflict && status != http.StatusUnprocessableEntity {
			t.Errorf("answering from here gives status %d, want a refusal", status)
		}
		w.Connect("saomaidalat")
		w.Wait(servertest.Soon, "the case does not become answerable", func() bool { return lan.Sees(c.ID).Delivery.Mode == "api" })
		lan.Answers(c.ID, "Dạ 7h tới 22h ạ")
		w.Wait(servertest.Soon, "the reply is not on the network", func() bool { return len(w.Replies(post)) == 1 })
		if got := w.Replies(post)[0].Author; got != "saomaidalat" {
			t.Errorf("the reply is @%s's, want the account's that was asked", got)
		}
		if n := w.Count("SELECT COUNT(DISTINCT connection_id) FROM (SELECT connection_id FROM mentions WHERE native_id = ? UNION ALL SELECT connection_id FROM mention_sources) AS sources", post); n != 2 {
			t.Errorf("the post has %d sources, want both accounts", n)
		}
	})
}
