package web

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/discourse"
	"github.com/kith-social/kith/listeners/facebook"
	"github.com/kith-social/kith/listeners/nodebb"
)

// everyNetwork lets the café connect accounts of each kind.
func (c *cafe) everyNetwork() {
	for kind, n := range map[string]listeners.Network{"facebook": facebook.Network, "discourse": discourse.Network, "nodebb": nodebb.Network} {
		c.Connector.Networks[kind] = n
	}
}

// troubled connects accounts that have everything go wrong, with names and addresses as long as they get.
func (c *cafe) troubled() (unwell, removed listeners.Connection) {
	c.t.Helper()
	long := strings.Repeat("dien-dan-ca-phe-", 6)
	connect := func(network, handle string, settings listeners.Settings) (made listeners.Connection) {
		c.do(func(ctx context.Context, tx listeners.Tx) (err error) {
			made, err = listeners.Connect(ctx, tx, c.Connector.Keys, listeners.Connection{
				BrandID: c.brand.ID, Network: network, NativeID: handle, Handle: handle, Settings: settings,
			}, map[string]string{"key": "k", "token": "t", "app_secret": "s"})
			return err
		})
		return made
	}
	unwell = connect("discourse", long+"official", listeners.Settings{"host": "https://" + strings.TrimSuffix(long, "-") + ".example/community/" + long, "user": long})
	removed = connect("facebook", "Cà phê Sao Mai chi nhánh Nguyễn Trãi, Thanh Xuân, Hà Nội", listeners.Settings{"app_id": "1000"})
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		if err := listeners.Disconnect(ctx, tx, removed.ID); err != nil {
			return err
		}
		if err := listeners.SetBudget(ctx, tx, unwell.ID, 12_400_000); err != nil {
			return err
		}
		if err := community.StopSending(ctx, tx, c.members["an"], unwell.ID, ""); err != nil {
			return err
		}
		return listeners.Keep(ctx, tx, unwell.ID, []listeners.Finding{
			{Code: "discourse_key_refused", Level: listeners.Problem},
			{Code: "budget_used", Level: listeners.Problem, Detail: []string{"$12.401", "$12.40"}},
			{Code: "unreachable", Level: listeners.Problem, Detail: []string{"Get https://" + long + strings.Repeat("x", 60) + ": connection refused"}},
			{Code: "expired", Level: listeners.Problem, Detail: []string{"2026-11-20T10:00:00Z"}},
			{Code: "discourse_new_account", Level: listeners.Warning, Detail: []string{"0"}},
			{Code: "forum_as_members", Level: listeners.Fine},
		}, "")
	})
	return unwell, removed
}

// TestNetworkPagesLookRight opens what staff and members see of networks, empty, busy and troubled, in
// each width, theme and language: nothing may scroll sideways, break the Content-Security-Policy or fail
// axe. KITH_SCREENSHOTS=DIR keeps pictures.
func TestNetworkPagesLookRight(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	quiet := newCafe(t)
	quiet.do(func(ctx context.Context, tx listeners.Tx) error { return listeners.Disconnect(ctx, tx, quiet.conn.ID) })
	quiet.looks(b, []look{
		{"first-steps", "an", "/feed", ""},
		{"connections-none", "an", "/connections", ""},
		{"sending-none", "an", "/sending", ""},
		{"quality-none", "an", "/quality", ""},
	})

	c := newCafe(t)
	c.far = &shelf{pace: []listeners.Pace{{Posts: 1, Per: time.Hour}}}
	c.everyNetwork()
	c.busy()
	unwell, removed := c.troubled()
	waits := c.replyTo(c.answers("lan", c.keyword("tuanle", "Cà phê Sao Mai dạo này uống sao mọi người? "+strings.Repeat("ngon", 40)), "Vẫn đậm đà lắm bạn ơi (tình nguyện viên)"))
	said := c.replyTo(c.answers("lan", c.keyword("ngocha", "Sao Mai có sữa yến mạch không ta?"), "Dạ có bạn ơi (tình nguyện viên)"))
	c.visits("lan", "vi").post(handPath(said.ID), map[string][]string{"said": {"yes"}})
	c.misses()
	var sent listeners.Reply
	if err := c.DB.Read().NewSelect().Model(&sent).Where("state = ?", listeners.Delivered).Limit(1).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	pages := []look{
		{"change", "minh", changePath(sent.ID), ""},
		{"change-own", "huy", changePath(sent.ID), ""},
		{"case-sent", "minh", casePath(sent.CaseID), ""},
		{"hearing", "an", hearingPath(c.conn.ID), ".kept"},
		{"hearing-none", "an", hearingPath(unwell.ID), ""},
		{"customers", "an", "/customers?network=x&who=thuha_1990", ""},
		{"customers-none", "an", "/customers", ""},
		{"hand", "lan", handPath(waits.ID), ""},
		{"hand-done", "lan", handPath(said.ID), ""},
		{"connections-read", "minh", "/connections", ""},
		{"connection-read", "minh", connectionPath(unwell.ID), ""},
		{"sending", "minh", "/sending", ""},
		{"connections", "an", "/connections", ""},
		{"connection", "an", connectionPath(unwell.ID), ""},
		{"connection-remove", "an", connectionPath(unwell.ID), "#remove"},
		{"connection-removed", "an", connectionPath(removed.ID), ""},
		{"connection-renew", "an", fmt.Sprintf("/connections/add/discourse?renew=%d", unwell.ID), ".fold-form"},
		{"listening", "an", connectionPath(c.conn.ID) + "/listening", ""},
		{"facebook-review", "an", "/connections/facebook-review", ""},
		{"connect", "an", "/connections/add", ""},
		{"quality", "an", "/quality", ""},
		{"audit", "an", "/quality/audit", ""},
		{"settings", "an", "/settings", ""},
	}
	for kind := range c.Connector.Networks {
		pages = append(pages, look{"connect-" + kind, "an", "/connections/add/" + kind, ""})
	}
	c.looks(b, pages)
	b.Quiet()
}
