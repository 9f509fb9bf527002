package server_test

import (
	"context"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/servertest"
)

// standing is a case whose answer by lan stands on a network.
type standing struct {
	t           *testing.T
	w           *servertest.World
	network     string
	id, mention string // of the case, and of the customer's post in it
	reply       string
}

// stands connects the brand's account, lets a customer write and lan answer, and waits until the answer is there.
func stands(t *testing.T, w *servertest.World, network, question, below string) *standing {
	t.Helper()
	s := &standing{t: t, w: w, network: network}
	lan := w.As("lan")
	c := lan.Finds(s.says("lananh", question, below))
	lan.Claims(c.ID)
	lan.Answers(c.ID, "Dạ quán mở cửa từ 7h mỗi ngày ạ")
	s.id = c.ID
	w.Wait(servertest.Soon, "the answer is not known as sent", func() bool {
		w.Advance(time.Second)
		var now struct {
			Mentions []struct{ ID string }
			Answers  []struct {
				Reply *struct{ ID, State string }
			}
		}
		lan.Do(http.MethodGet, "/cases/"+c.ID, nil, &now)
		r := now.Answers[0].Reply
		if r == nil || r.State != "sent" {
			return false
		}
		s.reply, s.mention = r.ID, now.Mentions[0].ID
		return true
	})
	return s
}

func (s *standing) says(author, text, below string) string {
	s.t.Helper()
	var made struct{ ID string }
	onNetwork(s.t, s.w, http.MethodPost, "/admin/posts", map[string]any{"network": s.network, "author": author, "text": text, "in_reply_to": below}, &made)
	if s.network == "facebook" && below != "" {
		return below + "_" + made.ID
	}
	return made.ID
}

// there are the texts that the brand has on the network.
func (s *standing) there() (texts []string) {
	s.t.Helper()
	var list struct{ Items []servertest.Post }
	onNetwork(s.t, s.w, http.MethodGet, "/admin/posts?network="+s.network, nil, &list)
	for _, p := range list.Items {
		if p.Author == servertest.Handle && p.InReplyTo != "" {
			texts = append(texts, p.Text)
		}
	}
	return texts
}

// becomes waits until the latest change of the case's posts has an end.
func (s *standing) becomes(state string) {
	s.t.Helper()
	s.w.Wait(servertest.Soon, "the change is not "+state, func() bool {
		s.w.Advance(2 * time.Second) // a doubt is looked at after a while
		var list struct{ Items []struct{ State string } }
		s.w.As("minh").Do(http.MethodGet, "/cases/"+s.id+"/changes", nil, &list)
		return list.Items[len(list.Items)-1].State == state
	})
}

func (s *standing) weather(fault, route string) {
	s.t.Helper()
	onNetwork(s.t, s.w, http.MethodPut, "/admin/weather", map[string]any{"network": s.network, "route": route, "fault": fault, "count": 1}, nil)
}

// TestAnswersAreCorrectedAndDeleted: on a forum and on Facebook other words take an answer's place, though the
// network did it and answered with an error, and then it goes; X lets nobody edit, and deletes.
func TestAnswersAreCorrectedAndDeleted(t *testing.T) {
	const corrected = "Dạ quán mở cửa từ 8h mỗi ngày ạ"
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		var forum, page struct{ ID, Token string }
		onNetwork(t, w, http.MethodPost, "/admin/accounts", map[string]any{"network": "discourse", "handle": servertest.Handle, "brand": true}, &forum)
		onNetwork(t, w, http.MethodPost, "/admin/accounts", map[string]any{"network": "facebook", "handle": servertest.Handle, "name": "Sao Mai", "brand": true}, &page)
		connect := func(network, host, secret, token string, more listeners.Settings) {
			t.Helper()
			settings := maps.Clone(w.Settings)
			settings["host"] = w.Net + host
			maps.Copy(settings, more)
			secrets := map[string]string{secret: token}
			if network == "facebook" {
				secrets["app_secret"] = "sandbox-secret-1000"
			}
			if _, err := w.App.Connect(t.Context(), w.Brand.ID, network, settings, secrets); err != nil {
				t.Fatal(err)
			}
		}
		connect("discourse", "/discourse", "key", forum.Token, listeners.Settings{"user": servertest.Handle})
		connect("facebook", "/graph", "token", page.Token, listeners.Settings{"app_id": "1000"})
		post := (&standing{t: t, w: w, network: "facebook"}).says(servertest.Handle, "Cuối tuần này quán có món mới", "")
		minh, lan := w.As("minh"), w.As("lan")
		for network, below := range map[string]string{"discourse": "", "facebook": post, "x": ""} {
			s := stands(t, w, network, "@"+servertest.Handle+" quán mở cửa mấy giờ vậy ạ, mình muốn ghé", below)
			if network == "facebook" {
				s.weather("status_after:500", "POST /v25.0/"+post+"_")
			}
			status := lan.Try(http.MethodPost, "/replies/"+s.reply+"/correct", map[string]string{"text": corrected}, nil)
			if network == "x" {
				if status != http.StatusConflict {
					t.Errorf("an edit on X gives status %d", status)
				}
			} else {
				if status != http.StatusCreated && status != http.StatusOK {
					t.Fatalf("a correction on %s gives status %d", network, status)
				}
				s.becomes("done")
				s.weather("none", "")
				if got := s.there(); len(got) != 1 || got[0] != corrected {
					t.Errorf("on %s stands %q", network, got)
				}
			}
			if status := lan.Try(http.MethodPost, "/replies/"+s.reply+"/delete", map[string]any{"why": "wrong"}, nil); status != http.StatusForbidden {
				t.Errorf("an advocate deletes: status %d", status)
			}
			if network != "facebook" {
				s.weather("drop_after_act", "DELETE /")
			}
			minh.Do(http.MethodPost, "/replies/"+s.reply+"/delete", map[string]any{"why": "wrong", "reopen": true}, nil)
			s.becomes("done")
			s.weather("none", "")
			if got := s.there(); len(got) != 0 {
				t.Errorf("on %s stands %q still", network, got)
			}
			minh.Becomes(s.id, "open")
		}
		if p := lan.Points(); p.Balance != -3*5 {
			t.Errorf("three answers that were wrong left %d points, want five less each", p.Balance)
		}
	})
}

// TestFacebookHidesPhoneNumbers: a comment with a phone number is hidden by itself, the Page tells us that it is
// hidden, and its case stays open with what was written.
func TestFacebookHidesPhoneNumbers(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		var page struct{ ID, Token string }
		onNetwork(t, w, http.MethodPost, "/admin/accounts", map[string]any{"network": "facebook", "handle": servertest.Handle, "name": "Sao Mai", "brand": true}, &page)
		settings := maps.Clone(w.Settings)
		settings["host"], settings["app_id"] = w.Net+"/graph", "1000"
		c, err := w.App.Connect(t.Context(), w.Brand.ID, "facebook", settings, map[string]string{"token": page.Token, "app_secret": "sandbox-secret-1000"})
		if err != nil {
			t.Fatal(err)
		}
		w.Write(phonesHidden(c.ID))
		s := &standing{t: t, w: w, network: "facebook"}
		post := s.says(servertest.Handle, "Cuối tuần này quán có món mới", "")
		minh := w.As("minh")
		found := minh.Finds(s.says("lananh", "Gọi mình 0912 345 678 báo giá nha shop?", post))
		w.Wait(servertest.Soon, "the comment is not hidden", func() bool {
			w.Advance(time.Second)
			return w.Count("SELECT COUNT(*) FROM mentions WHERE hidden_at IS NOT NULL") == 1
		})
		s.id = found.ID
		w.Advance(25 * time.Hour) // the nightly look
		s.says("hoang", "Quán có chỗ đậu xe không ạ?", post)
		w.Wait(servertest.Soon, "nothing is heard any more", func() bool { return w.Count("SELECT COUNT(*) FROM cases") == 2 })
		if now := minh.Sees(found.ID); now.State != "open" || now.Mentions[0].Text == "" {
			t.Errorf("the case is %s and says %q", now.State, now.Mentions[0].Text)
		}
		minh.Claims(found.ID)
		minh.Answers(found.ID, "Dạ quán sẽ nhắn riêng cho bạn ạ")
		w.Wait(servertest.Soon, "what is hidden is not answered", func() bool {
			w.Advance(time.Second)
			return len(s.there()) == 1
		})
	})
}

func phonesHidden(connection int64) func(context.Context, listeners.Tx) error {
	return func(ctx context.Context, tx listeners.Tx) error {
		return listeners.HidePhones(ctx, tx, connection, true)
	}
}
