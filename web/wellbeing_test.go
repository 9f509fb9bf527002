package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// atWork lets huy be here for hours, until now.
func (c *cafe) atWork(hours int) {
	c.t.Helper()
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		for i := range hours * 6 {
			at := tx.Now().Add(-time.Duration(i) * 10 * time.Minute)
			_, err := tx.NewRaw("INSERT INTO worked (member_id, minute) VALUES (?, ?) ON CONFLICT DO NOTHING", c.members["huy"].ID, int64(at)/time.Minute.Microseconds()).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func TestMyWeek(t *testing.T) {
	c := newCafe(t)
	huy := c.visits("huy", "vi")
	huy.get("/me").says("#week", "Bảy ngày qua bạn chưa ghé.")
	c.atWork(7)
	huy.get("/me").says("#week", "6 giờ")
	c.atWork(12)
	huy.get("/me").says("#week", "Vậy là nhiều lắm rồi.")
	c.visits("huy", "en").get("/me").says("#week", "11 hours")
	c.visits("minh", "vi").get(memberPath(c.members["huy"].ID)).says("#growth", "Tuần này ở đây: 11 giờ")
	c.visits("minh", "vi").get("/me").lacks("#week", "")

	huy.post("/me/shield", url.Values{"shield": {"on"}}).says("#week", "Bạn không bị hiện")
	if m, err := community.Members(t.Context(), c.DB.Read(), c.brand.ID); err != nil || !m[c.members["huy"].ID].Shield {
		t.Errorf("the shield is not up: %v", err)
	}
	huy.post("/me/shield", nil).says("#week", "Đừng hiện cho tôi")
}

func TestRest(t *testing.T) {
	c := newCafe(t)
	huy := c.visits("huy", "vi")
	k := c.writes("lananh", "Quán mở cửa mấy giờ ạ?", "")
	c.atWork(22)
	page := huy.post(casePath(k.ID)+"/claim", nil)
	if want := fmt.Sprintf("/rest?case=%d", k.ID); page.status != http.StatusOK || page.path != want {
		t.Fatalf("a claim after a long week leads to %s (%d), want %s", page.path, page.status, want)
	}
	page.says("main", "Tuần này bạn đã ở đây 21 giờ.")
	page.says("main a[href=/feed]", "Phải đó, hôm nay đủ rồi")
	if now := c.caseOf(k.ID); now.State != community.Open {
		t.Errorf("the case is %s, want it left open", now.State)
	}
	page = huy.post("/rest/go-on", url.Values{"case": {fmt.Sprint(k.ID)}})
	if page.path != casePath(k.ID) {
		t.Errorf("one press leads to %s", page.path)
	}
	if now := c.caseOf(k.ID); now.HolderID != c.members["huy"].ID {
		t.Error("one press does not claim the case")
	}
	if page := huy.post("/rest/go-on", nil); page.path != "/feed" {
		t.Errorf("without a case one press leads to %s", page.path)
	}
}

// caseOf reads a case as it is now.
func (c *cafe) caseOf(id int64) community.Case {
	c.t.Helper()
	var k community.Case
	if err := c.DB.Read().NewSelect().Model(&k).Where("c.id = ?", id).Scan(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	return k
}
