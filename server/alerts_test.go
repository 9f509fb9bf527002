package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/servertest"
)

// channel is a chat that takes what it is told.
type channel struct {
	*httptest.Server
	mu   sync.Mutex
	told []string
}

func newChannel(t *testing.T) *channel {
	c := &channel{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.told = append(c.told, string(body))
	}))
	t.Cleanup(c.Close)
	return c
}

// count counts what was told and says a text.
func (c *channel) count(text string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, body := range c.told {
		if strings.Contains(body, text) {
			n++
		}
	}
	return n
}

// watched is a world whose brand's alerts go to a chat.
func watched(t *testing.T, story func(*testing.T, *servertest.World, *channel)) {
	chat := newChannel(t)
	u, err := url.Parse(chat.URL)
	if err != nil {
		t.Fatal(err)
	}
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		chat.mu.Lock()
		chat.told = nil
		chat.mu.Unlock()
		w.Write(func(ctx context.Context, tx listeners.Tx) error {
			members, err := community.Members(ctx, tx, w.Brand.ID)
			if err != nil {
				return err
			}
			for _, m := range members {
				m.Role = community.Admin
				r := moderation.Receiver{Kind: moderation.ByWebhook, Language: "en", Pace: moderation.AtOnce, Zone: "UTC"}
				_, _, err := moderation.AddReceiver(ctx, tx, w.App.Keys, &m, r, moderation.Destination{To: chat.URL})
				return err
			}
			return nil
		})
		story(t, w, chat)
	}, func(c *server.Config) { c.AllowHost = append(c.AllowHost, u.Host) })
}

func open(w *servertest.World, kind moderation.AlertKind) int {
	return w.Count("SELECT COUNT(*) FROM alerts WHERE kind = ? AND cleared_at IS NULL", string(kind))
}

// TestAStormAlertsOnce: a hundred and fifty furious posts open one alert, which a chat hears of once, and which calls
// those who work until one of them takes it. With its cause gone it is over.
func TestAStormAlertsOnce(t *testing.T) {
	watched(t, func(t *testing.T, w *servertest.World, chat *channel) {
		w.Says("an", "@saomaicafe quán mở cửa mấy giờ vậy ạ?", "")
		w.Wait(servertest.Soon, "a first post is not heard", func() bool { return w.Count("SELECT COUNT(*) FROM mentions") == 1 })
		w.Advance(5 * time.Hour) // a quiet day
		posts := make([]servertest.Post, 150)
		for i := range posts {
			posts[i] = servertest.Post{Author: fmt.Sprint("khach", i), Text: "@saomaicafe Quán lừa đảo! Phục vụ quá tệ, tôi cực kỳ tức giận, đồ mất dạy!"}
		}
		w.Say(posts)
		w.Wait(servertest.Soon, "the storm is not heard", func() bool {
			return w.Count("SELECT COUNT(*) FROM mentions") == 1+len(posts)
		})
		w.Advance(time.Minute)
		w.Restart() // every sweep runs at once
		w.Wait(servertest.Soon, "nobody is told of the crisis", func() bool { return chat.count("A crisis: 150 posts") > 0 })
		if n := open(w, moderation.StormAlert); n != 1 {
			t.Errorf("a storm opens %d alerts", n)
		}
		for range 2 {
			w.Advance(10 * time.Minute)
			w.Restart()
		}
		w.Wait(servertest.Soon, "nobody is called again", func() bool {
			return w.Count("SELECT COALESCE(MAX(told), 0) FROM alerts WHERE kind = 'storm'") > 1
		})
		if n := chat.count("A crisis"); n != 1 {
			t.Errorf("the chat is told %d times", n)
		}
		w.Advance(2 * time.Hour) // long after
		w.Restart()
		w.Advance(70 * time.Minute)
		w.Restart()
		w.Wait(servertest.Soon, "the storm never ends", func() bool { return open(w, moderation.StormAlert) == 0 })
		if n := w.Count("SELECT COUNT(*) FROM alerts WHERE kind = 'storm'"); n != 1 {
			t.Errorf("one storm made %d alerts", n)
		}
	})
}

// TestPromisesAtRiskAlert: questions that nobody answers call people before they are late.
func TestPromisesAtRiskAlert(t *testing.T) {
	watched(t, func(t *testing.T, w *servertest.World, chat *channel) {
		for i := range 6 {
			w.Says(fmt.Sprint("khach", i), "@saomaicafe quán mở cửa mấy giờ vậy ạ?", "")
		}
		w.Wait(servertest.Soon, "nobody is heard", func() bool { return w.Count("SELECT COUNT(*) FROM cases WHERE state = 'open'") == 6 })
		w.Advance(95 * time.Minute)
		w.Restart()
		w.Wait(servertest.Soon, "the chat is not told of the promises", func() bool { return chat.count("6 cases are late within half an hour") == 1 })
		if n := open(w, moderation.PromiseAlert); n != 1 {
			t.Errorf("promises at risk open %d alerts", n)
		}
	})
}

// TestABrokenConnectionAlerts: an account that the network does not let in any more calls people.
func TestABrokenConnectionAlerts(t *testing.T) {
	watched(t, func(t *testing.T, w *servertest.World, chat *channel) {
		w.Weather("", "status:401")
		w.Advance(time.Minute)
		w.Wait(servertest.Soon, "the account does not break", func() bool { return w.Count("SELECT COUNT(*) FROM connections WHERE state = 'broken'") == 1 })
		w.Restart()
		w.Wait(servertest.Soon, "the chat is not told of the account", func() bool { return chat.count("cannot be heard") == 1 })
		if n := open(w, moderation.ConnectionAlert); n != 1 {
			t.Errorf("a broken account opens %d alerts", n)
		}
	})
}

// TestARuleAlerts: a brand's rule that calls its people opens an alert of its own.
func TestARuleAlerts(t *testing.T) {
	watched(t, func(t *testing.T, w *servertest.World, chat *channel) {
		post := w.Says("lananh", "@saomaicafe quán mở cửa mấy giờ vậy ạ?", "")
		c := w.As("minh").Finds(post)
		w.Write(func(ctx context.Context, tx listeners.Tx) error {
			m, err := listeners.MentionOf(ctx, tx, w.Brand.ID, "x", post)
			if err != nil {
				return err
			}
			return community.CallStaff(ctx, tx, []community.RuleCall{{Rule: "Báo chí hỏi", Mention: &m}, {Rule: "Báo chí hỏi", Mention: &m}})
		})
		w.Restart()
		w.Wait(servertest.Soon, "the chat is not told of the rule", func() bool { return chat.count("Báo chí hỏi") == 1 })
		if n := open(w, moderation.RuleAlert); n != 1 || c.ID == "" {
			t.Errorf("a rule opens %d alerts", n)
		}
	})
}
