package server_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/servertest"
)

// brought is what the API says of a link.
type brought struct {
	Case        *servertest.Case
	Known, Asks bool
}

// brings lets a member bring a link, and the words where they are asked for.
func brings(m *servertest.Member, link, author, text string) (b brought) {
	m.Do(http.MethodPost, "/cases", map[string]any{"link": link, "author": author, "text": text}, &b)
	return b
}

const groupPost = "https://www.facebook.com/groups/saigoncafe/posts/123/?comment_id=9"

// TestFromALinkToAnAnswerByHand: what a member saw in a group becomes a case, whose answer is approved and
// posted by hand. Its link proves nothing, so it earns nothing; and the same link again is the same case.
func TestFromALinkToAnAnswerByHand(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		huy, lan, minh := w.As("huy"), w.As("lan"), w.As("minh")
		if b := brings(lan, groupPost, "", ""); !b.Asks || b.Case != nil {
			t.Fatalf("a link to where nobody reads: %+v, want its words asked for", b)
		}
		b := brings(lan, groupPost+"&fbclid=Iw", "Bé Na", "Cà phê Sao Mai mở cửa tới mấy giờ vậy mọi người?")
		c := b.Case
		if c == nil || b.Known || c.State != "open" || c.Lane != "community" || c.Language != "vi" || c.Delivery.Mode != "assisted" || c.Delivery.Reason != "pasted" {
			t.Fatalf("the case is %+v of %+v", c, b)
		}
		if m := c.Mentions[0]; m.Author != "Bé Na" || len(c.Mentions) != 1 {
			t.Errorf("the thread is %+v", c.Mentions)
		}
		for _, again := range []string{strings.Replace(groupPost, "www.", "m.", 1), groupPost + "&utm_source=zalo"} {
			if b := brings(huy, again, "Ai đó", "Mở cửa mấy giờ?"); !b.Known || b.Case == nil || b.Case.ID != c.ID {
				t.Errorf("%s again: %+v, want case %s", again, b, c.ID)
			}
		}

		huy.Claims(c.ID)
		a := huy.Answers(c.ID, "Dạ quán mở tới 22h ạ (tình nguyện viên)")
		minh.Approves(a.ID)
		var hands struct {
			Items []struct{ ID, URL string }
		}
		huy.Do(http.MethodGet, "/replies/by-hand", nil, &hands)
		if len(hands.Items) != 1 || hands.Items[0].URL != groupPost {
			t.Fatalf("to be posted by hand: %+v", hands)
		}
		var posted struct{ State, Evidence, URL string }
		huy.Do(http.MethodPost, "/replies/"+hands.Items[0].ID+"/posted", map[string]string{"link": "https://www.facebook.com/groups/saigoncafe/posts/123/?comment_id=10"}, &posted)
		if posted.State != "sent" || posted.Evidence != "said" {
			t.Errorf("posted by hand: %+v", posted)
		}
		if got := huy.Points(); len(got.Entries) != 0 {
			t.Errorf("a word earned %+v", got)
		}
		// The answer itself, brought as somebody's post, proves nothing either.
		brings(huy, posted.URL, "Huy", a.Text)
		if n := w.Count("SELECT COUNT(*) FROM replies WHERE evidence = 'said'"); n != 1 || len(huy.Points().Entries) != 0 {
			t.Errorf("%d answers are only said, points %+v", n, huy.Points())
		}
		if kinds := lan.History(c.ID); kinds[0] != "case_pasted" {
			t.Errorf("the history is %v", kinds)
		}
		if n := w.Count("SELECT COUNT(*) FROM connections WHERE network = 'pasted'"); n != 1 {
			t.Errorf("%d connections for what is pasted", n)
		}
		if wrong, err := moderation.VerifyPoints(t.Context(), w.App.DB.Read()); err != nil || len(wrong) > 0 {
			t.Errorf("the points: %v, %v", wrong, err)
		}
	})
}

// TestALinkToAConnectedNetwork: the post is read from its network and answered there, and one that is known
// leads to its case. Who brought it earns nothing with it.
func TestALinkToAConnectedNetwork(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		huy, lan, minh := w.As("huy"), w.As("lan"), w.As("minh")
		known := w.Says("lananh", "@saomaicafe Cho mình hỏi quán mở cửa mấy giờ ạ?", "")
		c := huy.Finds(known)
		if b := brings(lan, w.Net+"/post/"+known, "", ""); !b.Known || b.Case == nil || b.Case.ID != c.ID {
			t.Errorf("a post that was heard: %+v, want case %s", b, c.ID)
		}

		var brand struct{ Token string }
		onNetwork(t, w, http.MethodPost, "/admin/accounts", map[string]any{"network": "nodebb", "handle": servertest.Handle, "brand": true}, &brand)
		settings := maps.Clone(w.Settings)
		settings["address"] = w.Net + "/nodebb"
		settings["poll"] = "1000h" // it is not heard in time
		if _, err := w.App.Connect(t.Context(), w.Brand.ID, "nodebb", settings, map[string]string{"token": brand.Token}); err != nil {
			t.Fatal(err)
		}
		w.Wait(servertest.Soon, "the forum is not heard for the first time", func() bool {
			return w.Count("SELECT COUNT(*) FROM connections WHERE network = 'nodebb' AND heard_at IS NOT NULL") == 1
		})
		var made struct{ ID string }
		onNetwork(t, w, http.MethodPost, "/admin/posts", map[string]any{"network": "nodebb", "author": "lananh", "text": "Sao Mai có ship không?\nMình ở quận 7."}, &made)
		link := w.Net + "/nodebb/post/" + made.ID
		b := brings(lan, link, "", "")
		if b.Case == nil || b.Known || b.Case.Delivery.Mode != "api" || b.Case.Mentions[0].NativeID != made.ID || b.Case.Mentions[0].Author != "lananh" {
			t.Fatalf("a post on the forum: %+v", b)
		}
		lan.Claims(b.Case.ID)
		if a := lan.Answers(b.Case.ID, "Dạ có ship nha bạn"); a.State != "approved" {
			minh.Approves(a.ID)
		}
		w.Wait(servertest.Soon, "the answer is not on the forum", func() bool {
			var list struct{ Items []servertest.Post }
			onNetwork(t, w, http.MethodGet, "/admin/posts?network=nodebb", nil, &list)
			return len(list.Items) == 2 && list.Items[1].InReplyTo == made.ID
		})
		if got := lan.Points(); len(got.Entries) != 0 {
			t.Errorf("who brought the post earned %+v", got)
		}
		if wrong, err := moderation.VerifyPoints(t.Context(), w.App.DB.Read()); err != nil || len(wrong) > 0 {
			t.Errorf("the points: %v, %v", wrong, err)
		}
		if b := brings(huy, w.Net+"/nodebb/post/999", "", ""); !b.Asks {
			t.Errorf("a post that the forum does not show: %+v, want its words asked for", b)
		}
		w.Weather("GET /2/tweets", "status:503")
		if status := huy.Try(http.MethodPost, "/cases", map[string]string{"link": w.Net + "/post/1234567"}, nil); status != http.StatusServiceUnavailable {
			t.Errorf("while the network is down: status %d", status)
		}
	})
}

// TestWhoBringsWhat: opt-outs and erasure hold for people whose words were copied, what the rules give to
// the employees goes there, nobody without trust brings anything, and nobody brings without end.
func TestWhoBringsWhat(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		huy, minh := w.As("huy"), w.As("minh")
		w.Join(community.Member{PublicName: "tu", Role: community.Advocate})
		tiktok := func(n int) string { return fmt.Sprintf("https://www.tiktok.com/@quan/video/%d", n) }
		if status := w.As("tu").Try(http.MethodPost, "/cases", map[string]string{"link": tiktok(1)}, nil); status != http.StatusForbidden {
			t.Errorf("somebody without trust: status %d", status)
		}
		for name, body := range map[string]map[string]any{
			"no link":      {"link": "javascript:alert(1)", "author": "a", "text": "quán có wifi không?"},
			"no author":    {"link": tiktok(1), "author": " \x00 ", "text": "quán có wifi không?"},
			"no words":     {"link": tiktok(1), "author": "a", "text": "\u0007"},
			"a password":   {"link": "https://a:b@tiktok.com/1", "author": "a", "text": "quán có wifi không?"},
			"a long name":  {"link": tiktok(1), "author": strings.Repeat("ạ", 100) + "x", "text": "quán có wifi không?"},
			"another site": {"link": "file:///etc/passwd"},
		} {
			if status := huy.Try(http.MethodPost, "/cases", body, nil); status != http.StatusUnprocessableEntity {
				t.Errorf("%s: status %d", name, status)
			}
		}

		staff := brings(huy, tiktok(2), "Na", "Tôi sẽ kiện các người ra toà, luật sư của tôi sẽ liên hệ!")
		if staff.Case != nil || w.Count("SELECT COUNT(*) FROM cases WHERE lane = 'staff'") != 1 {
			t.Errorf("a threat leads its bringer to %+v", staff)
		}
		if b := brings(minh, tiktok(2), "", ""); b.Case == nil || b.Case.Lane != "staff" {
			t.Errorf("an employee is led to %+v", b)
		}

		b := brings(huy, tiktok(3), "Bé Na", "Sao Mai có wifi không ạ?")
		var other brought
		huy.Do(http.MethodPost, "/cases", map[string]any{"link": tiktok(3), "author": "Cu Tí", "text": "Có chỗ đậu xe không?", "another": true}, &other)
		if other.Case == nil || other.Known || other.Case.ID == b.Case.ID {
			t.Errorf("another customer under the same link: %+v", other)
		}
		brings(huy, tiktok(4), "bé na", "Đừng nhắn tin cho tôi nữa")
		if b := brings(huy, tiktok(5), "Bé Na", "Quán có bán bánh không ạ?"); b.Case != nil {
			t.Errorf("whoever opted out is still for the community: %+v", b.Case)
		}
		account, err := community.FindAccount(t.Context(), w.App.DB.Read(), w.Brand.ID, "pasted", "tiktok.com bé na")
		if err != nil || account.OptedOutAt == 0 {
			t.Fatalf("the account is %+v, %v", account, err)
		}
		w.Write(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.Erase(ctx, tx, account, 0)
			return err
		})
		for _, n := range []int{3, 5} {
			body := map[string]any{"link": tiktok(n), "author": "Bé Na", "text": "Sao Mai có wifi không ạ?", "another": true}
			if status := huy.Try(http.MethodPost, "/cases", body, nil); status != http.StatusGone {
				t.Errorf("what was erased is brought again: status %d", status)
			}
		}
		if n := w.Count("SELECT COUNT(*) FROM mentions WHERE text LIKE '%wifi%'"); n != 0 {
			t.Errorf("%d erased posts are stored", n)
		}

		var status int
		for n := 10; n < 50 && status != http.StatusTooManyRequests; n++ {
			status = huy.Try(http.MethodPost, "/cases", map[string]any{"link": tiktok(n), "author": fmt.Sprint("khách ", n), "text": "Mấy giờ mở cửa ạ?"}, nil)
		}
		if n := w.Count("SELECT COUNT(*) FROM pastes p JOIN members m ON m.id = p.member_id WHERE m.public_name = 'huy'"); status != http.StatusTooManyRequests || n != 30 {
			t.Errorf("after %d links: status %d", n, status)
		}
		w.Advance(24*time.Hour + time.Second)
		if b := brings(huy, tiktok(60), "Mai", "Có bán bánh mì không ạ?"); b.Case == nil {
			t.Errorf("the next day: %+v", b)
		}
		conn, err := listeners.Connections(t.Context(), w.App.DB.Read(), w.Brand.ID)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.Pause(ctx, tx, conn[len(conn)-1].ID)
		})
		if status := huy.Try(http.MethodPost, "/cases", map[string]any{"link": tiktok(61), "author": "Mai", "text": "Có trà không ạ?"}, nil); status != http.StatusConflict {
			t.Errorf("while it is paused: status %d", status)
		}
	})
}
