package web

import (
	"context"
	"net/http"
	"testing"

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
