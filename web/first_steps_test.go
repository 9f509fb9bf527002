package web

import (
	"context"
	"testing"

	"github.com/kith-social/kith/listeners"
)

// TestFirstSteps leads the staff of a new brand to its first customer, and is gone once there is one.
func TestFirstSteps(t *testing.T) {
	c := newCafe(t)
	an, minh := c.visits("an", "vi"), c.visits("minh", "vi")
	an.get("/feed").says(".checklist .done", "Kết nối tài khoản")
	c.do(func(ctx context.Context, tx listeners.Tx) error { return listeners.Disconnect(ctx, tx, c.conn.ID) })
	page := an.get("/feed")
	page.says(".checklist a[href=/connections/add]", "Kết nối tài khoản")
	page.says(".button.primary", "Kết nối tài khoản")
	page = minh.get("/feed")
	page.says(".checklist", "quản trị viên của nhãn hàng làm")
	if len(page.all("a[href=/connections/add]")) != 0 {
		t.Error("a moderator is sent where they may not go")
	}
	if page := c.visits("huy", "vi").get("/feed"); len(page.all(".checklist")) != 0 {
		t.Error("an advocate is shown what staff do")
	}
	if page := an.get("/feed?topic=1"); len(page.all(".checklist")) != 0 {
		t.Error("a search that finds nothing is taken for a new brand")
	}

	c.answers("lan", c.writes("minhtr", "Quán mở cửa tới mấy giờ ạ?", ""), "Dạ 22h30 ạ.")
	if page := an.get("/feed"); len(page.all(".checklist")) != 0 {
		t.Error("a brand with customers is taken for a new one")
	}
}
