package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// alarmed is a café whose account has broken and whose customers rage.
func (c *cafe) alarmed() (alerts []moderation.Alert) {
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		alerts = []moderation.Alert{
			{Kind: moderation.ConnectionAlert, About: "1", Detail: moderation.AlertDetail{Network: "x", Name: "@saomaicafe"}},
			{Kind: moderation.StormAlert, Urgent: true, Detail: moderation.AlertDetail{Posts: 1240, Angry: 800, Topics: []int64{1}}},
		}
		for i := range alerts {
			a := &alerts[i]
			a.BrandID, a.State, a.OpenedAt, a.SeenAt, a.Version = c.brand.ID, moderation.AlertOpen, tx.Now(), tx.Now(), 1
			if _, err := tx.NewInsert().Model(a).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return alerts
}

func TestAlertsPage(t *testing.T) {
	c := newCafe(t)
	v := c.visits("minh", "en")
	v.get("/alerts").says(".empty", "All is calm")
	c.alarmed()
	if page := c.visits("lan", "en").get("/alerts"); page.status != http.StatusForbidden {
		t.Errorf("an advocate sees what staff are called for: status %d", page.status)
	}
	if page := c.visits("lan", "en").get("/feed"); len(page.all(".stops")) != 0 {
		t.Error("an advocate is told of what staff are called for")
	}
	v.get("/feed").says(".stops", "2 alerts wait for somebody to take them")
	page := v.get("/alerts")
	page.says(".alert h3", "A crisis: 1,240 posts within an hour, 800 of them angry.")
	page.says(".alert", "About: Giao hàng")
	page.says(".alert h3", "@saomaicafe (X) cannot be heard.")
	page.says(".alert a", "Read a few posts to see what happened")
	v.post("/alerts/2/take", nil).says(".alert .chip", "Minh has it")
	v.get("/feed").says(".stops", "1 alert waits")
	v.post("/alerts/2/close", nil).says(".past", "closed by Minh")
	if page := v.post("/alerts/2/take", nil); page.status != http.StatusConflict {
		t.Errorf("an alert that is over is taken: status %d", page.status)
	}
	c.visits("minh", "vi").get("/alerts").says(".alert h3", "Không nghe được @saomaicafe")
}

// TestReceiversPage adds where alerts go, as an admin may and nobody else; what is secret is shown once.
func TestReceiversPage(t *testing.T) {
	c := newCafe(t)
	an := c.visits("an", "en")
	an.get("/alerts").says("a[href=/alerts/receivers]", "Where alerts go")
	page := an.get("/alerts/receivers")
	page.says(".empty", "Nowhere else yet")
	page.says("main", "has named no mail server")
	form := func(change ...string) url.Values {
		v := url.Values{"kind": {"webhook"}, "to": {"https://chat.example.com/services/very-secret"}, "secret": {""}, "pace": {"hourly"}, "wait": {"15"}, "quiet_from": {"22:00"}, "quiet_until": {"07:00"}, "language": {"vi"}}
		for i := 0; i < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	an.post("/alerts/receivers", form("kind", "mail", "to", "a@example.com")).says("#kind-error", "no mail server")
	an.post("/alerts/receivers", form("to", "http://example.com")).says("#to-error", "begins with https://")
	an.post("/alerts/receivers", form("wait", "soon")).says("#wait-error", "0 minutes to a day")
	an.post("/alerts/receivers", form("quiet_from", "10pm")).says("#quiet_from-error", "times like 22:00")
	page = an.post("/alerts/receivers", form())
	page.says("code.secret", "whsec_")
	page.says(".panel h3", "chat.example.com")
	page.says(".panel .meta", "if nobody has taken it for 15 minutes")
	again := an.get("/alerts/receivers")
	if again.status != http.StatusOK || strings.Contains(again.body, "very-secret") || len(again.all("code.secret")) != 0 {
		t.Error("the page shows again what is secret")
	}
	minh := c.visits("minh", "vi")
	page = minh.get("/alerts/receivers")
	page.says(".panel .chip", "chưa thử")
	page.lacks(".panel button", "")
	for _, path := range []string{"/alerts/receivers", "/alerts/receivers/1/try", "/alerts/receivers/1/remove"} {
		if got := minh.post(path, form()); got.status != http.StatusForbidden {
			t.Errorf("a moderator posts to %s: status %d", path, got.status)
		}
	}
	an.post("/alerts/receivers/1/try", nil).says(".notice", "A test is on its way")
	an.post("/alerts/receivers/1/remove", nil).says(".empty", "Nowhere else yet")
	if page := an.post("/alerts/receivers/1/try", nil); page.status != http.StatusNotFound {
		t.Errorf("what was removed is tried: status %d", page.status)
	}
	c.Mails = true
	an.post("/alerts/receivers", form("kind", "mail", "to", "team@example.com")).says(".panel h3", "team@example.com")
}

// TestAlertsLookRight opens the alerts and where they go as TestPagesLookRight opens pages: calm and in a crisis.
func TestAlertsLookRight(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	newCafe(t).looks(b, []look{{"alerts-none", "an", "/alerts", ""}, {"receivers-none", "an", "/alerts/receivers", ""}, {"waits", "an", "/settings/waits", ""}})
	c := newCafe(t)
	c.Mails = true
	alerts := c.alarmed()
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		more := []moderation.Alert{
			{Kind: moderation.PromiseAlert, Detail: moderation.AlertDetail{Cases: 12}},
			{Kind: moderation.SpendAlert, About: "1", Urgent: true, Detail: moderation.AlertDetail{Network: "x", Name: "@saomaicafe", Percent: 100}},
			{Kind: moderation.GuardAlert, Detail: moderation.AlertDetail{Answers: 1}},
			{Kind: moderation.RuleAlert, About: "r", Detail: moderation.AlertDetail{Name: "Khách doạ kiện hoặc nhắc tới báo chí và mạng xã hội khác"}},
		}
		for i := range more {
			a := &more[i]
			a.BrandID, a.State, a.OpenedAt, a.SeenAt, a.Version = c.brand.ID, moderation.AlertOpen, tx.Now(), tx.Now(), 1
			if _, err := tx.NewInsert().Model(a).Exec(ctx); err != nil {
				return err
			}
		}
		if err := moderation.TakeAlert(ctx, tx, c.members["minh"], alerts[1].ID); err != nil {
			return err
		}
		return moderation.CloseAlert(ctx, tx, c.members["minh"], more[2].ID)
	})
	for _, r := range []moderation.Receiver{
		{Kind: moderation.ByMail, Pace: moderation.AtOnce, Language: "vi", Zone: "Asia/Ho_Chi_Minh", QuietFrom: 1320, QuietUntil: 420},
		{Kind: moderation.ByWebhook, Pace: moderation.Daily, Language: "en", Zone: "Asia/Ho_Chi_Minh", Wait: 30},
	} {
		to := moderation.Destination{To: "cham-soc-khach-hang.ca-dem@saomai-coffee.example.com"}
		if r.Kind == moderation.ByWebhook {
			to.To = "https://hooks.very-long-name-of-a-chat-system.example.com/services/1"
		}
		c.do(func(ctx context.Context, tx listeners.Tx) error {
			made, _, err := moderation.AddReceiver(ctx, tx, c.Connector.Keys, c.members["an"], r, to)
			if err != nil || r.Kind == moderation.ByMail {
				return err
			}
			return made.Told(ctx, tx, &community.Invalid{Sentence: "it answers 404 Not Found"})
		})
	}
	c.looks(b, []look{{"alerts", "minh", "/alerts", ""}, {"receivers", "an", "/alerts/receivers", ""}, {"receivers-read", "minh", "/alerts/receivers", ""}})
	b.Quiet()
}
