package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kith-social/kith/listeners"
)

// misses gives the café's connection a gap that was given up, one that was refilled, and two dead letters.
func (c *cafe) misses() {
	c.t.Helper()
	at := c.clock.Now()
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		for _, g := range []struct {
			state, why string
			refilled   int
		}{{"refilled", "", 143}, {"lost", "forbidden", 0}} {
			_, err := tx.NewRaw("INSERT INTO gaps (connection_id, from_at, to_at, state, cursor, refilled, error, source, created_at) VALUES (?, ?, ?, ?, '', ?, ?, 'outage', ?)",
				c.conn.ID, at-3_600_000_000, at-1_800_000_000, g.state, g.refilled, g.why, at).Exec(ctx)
			if err != nil {
				return err
			}
		}
		for _, native := range []string{"", "delivery-1"} {
			_, err := tx.NewRaw("INSERT INTO dead_letters (connection_id, native_id, headers, raw, reason, created_at) VALUES (?, ?, '{}', ?, 'the post has no id', ?)",
				c.conn.ID, native, []byte(`{"text":"<script>alert(1)</script>"}`), at).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *cafe) number(query string) (n int) {
	c.t.Helper()
	if err := c.DB.Read().NewRaw(query).Scan(c.t.Context(), &n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

func TestWhatWasNotHeardIsShownAndMended(t *testing.T) {
	c := newCafe(t)
	c.misses()
	at := hearingPath(c.conn.ID)
	c.visits("minh", "en").get(at).lacks("main form", "")
	an := c.visits("an", "en")
	page := an.get(at)
	page.says("article", "143 posts were refilled.")
	page.says("article", "The network does not give that time to us.")
	page.says("pre", "<script>alert(1)</script>")
	if strings.Contains(page.body, "<script>alert") {
		t.Error("a dead letter is part of the page")
	}
	an.get(connectionPath(c.conn.ID)).says("a[href="+at+"]", "What was not heard")
	an.post(at+"/gaps/2/fill", nil).says(".notice", "reads that time again")
	if n := c.number("SELECT COUNT(*) FROM gaps WHERE state = 'open' AND error = ''"); n != 1 {
		t.Errorf("%d gaps are open", n)
	}
	an.post(at+"/letters/2/retry", nil).says(".notice", "tries again")
	if n := c.number("SELECT COUNT(*) FROM deliveries WHERE state = 'waiting'"); n != 1 {
		t.Errorf("%d deliveries wait for another try", n)
	}
	an.post(at+"/letters/dismiss", nil).says(".notice", "Thrown away.")
	if n := c.number("SELECT COUNT(*) FROM dead_letters"); n != 0 {
		t.Errorf("%d letters are left", n)
	}
	for _, what := range []string{"fill", "retry", "dismiss"} {
		c.audited(what, "x:saomaicafe")
	}
}

func TestACustomerIsLeftInPeaceAndForgotten(t *testing.T) {
	c := newCafe(t)
	c.writes("lananh", "Cho mình hỏi quán mở cửa mấy giờ ạ?", "")
	minh, an := c.visits("minh", "en"), c.visits("an", "en")
	if page := minh.get("/customers?network=x&who=nobody"); page.status != http.StatusNotFound {
		t.Errorf("nobody is found with status %d", page.status)
	}
	page := minh.get("/customers?network=x&who=@lananh")
	page.says("h3", "@lananh")
	if strings.Contains(page.body, "/erase") {
		t.Error("a moderator is offered to erase")
	}
	if page := minh.post("/customers/1/opt-out", url.Values{"reason": {" "}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: status %d", page.status)
	}
	minh.post("/customers/1/opt-out", url.Values{"reason": {"gọi tổng đài"}}).says("article", "Noted by Minh: gọi tổng đài")
	minh.post("/customers/1/opt-in", url.Values{"reason": {"nhờ nhắn lại"}}).says("p", "Nobody is on this list.")
	if page := minh.post("/customers/1/erase", nil); page.status != http.StatusForbidden {
		t.Errorf("a moderator erases: status %d", page.status)
	}
	page = an.post("/customers/1/erase", nil)
	page.says("h2", "Receipt 1")
	if strings.Contains(page.body, "lananh") {
		t.Error("the receipt names the customer")
	}
	if file := an.get("/customers/erased/1/file"); !strings.Contains(file.body, `"account_hash"`) || file.header.Get("Content-Disposition") == "" {
		t.Errorf("the file says %s", file.body)
	}
	if n := c.number("SELECT COUNT(*) FROM mentions WHERE text <> '' OR native_id NOT LIKE 'erased:%'"); n != 0 {
		t.Errorf("%d posts are left", n)
	}
}
