package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// searching is a Channel that can be asked what a search would find.
type searching struct {
	asked  []string
	failed error
}

func (*searching) Capabilities() listeners.Capabilities { return listeners.Capabilities{} }

func (*searching) Check(context.Context) (listeners.Identity, error) {
	return listeners.Identity{}, errors.New("nobody asks")
}

func (*searching) PreviewCost(most int) listeners.MicroUSD { return listeners.MicroUSD(most) * 20_500 }

func (s *searching) Preview(_ context.Context, query string, _ int) (listeners.Preview, error) {
	s.asked = append(s.asked, query)
	return listeners.Preview{
		Posts: []listeners.Post{{
			Author: listeners.Author{Handle: "binhtran88", Name: "<b>Bình"}, Text: "cà phê <Sao Mai> ngon", URL: "https://x.com/binhtran88/status/7", CreatedAt: cafeStart,
		}},
		Days: []listeners.DayVolume{{Day: cafeStart, Posts: 1_400}}, Matched: 1_400, Monthly: 90_000_000,
		Spend: []listeners.Spend{{Unit: "count", N: 1, Cost: 5_000}, {Unit: "post_read", N: 1, Cost: 5_000}},
	}, s.failed
}

// listens makes the network one that can be searched.
func (c *cafe) listens() *searching {
	s := new(searching)
	before := c.Desk.Network
	c.Desk.Network = func(kind string) listeners.Network {
		n := before(kind)
		n.Name, n.CheckQuery = "X", func(query string) error {
			if query == "(" {
				return listeners.ErrQueryParens
			}
			return nil
		}
		return n
	}
	c.Deliverer.Open = func(listeners.Connection) (listeners.Channel, error) { return s, nil }
	return s
}

func TestListening(t *testing.T) {
	c := newCafe(t)
	s := c.listens()
	an, path := c.visits("an", "vi"), fmt.Sprintf("/connections/%d/listening", c.conn.ID)
	an.get("/settings").says(".parts a[href="+path+"]", "Từ khóa cần nghe: @saomaicafe")
	c.visits("minh", "vi").get("/settings").lacks(".parts a[href="+path+"]", "")
	page := an.get(path)
	page.says("main p", "@saomaicafe trên X")
	page.says("form button[formaction]", "Thử, tốn nhiều nhất 0,205 US$")
	if len(s.asked) != 0 {
		t.Errorf("looking at the page searched for %q", s.asked)
	}
	an.post(path, url.Values{"name": {"Quán"}, "query": {"("}}).says("#query-0-error", "Các dấu ngoặc đơn chưa khớp nhau")
	an.post(path, url.Values{"name": {" "}, "query": {"saomai"}}).says("#name-0-error", "Hãy đặt tên")

	tried := an.post(path+"/try", url.Values{"name": {"Quán"}, "query": {"saomai"}})
	tried.says("#preview-title", "1.400 bài khớp")
	tried.says("section p", "90,00 US$ mỗi tháng")
	tried.says("section p.meta", "Lần thử này tốn 0,01 US$")
	tried.says("section .reply .said", "cà phê <Sao Mai> ngon")
	tried.says("section li", "21/11: 1.400")
	if got := tried.all("#query-0[value=saomai]"); len(got) != 1 {
		t.Error("what was tried is gone from the form")
	}
	spent, err := listeners.MonthSpent(t.Context(), c.DB.Read(), c.conn.ID, c.Now())
	if err != nil || spent != 10_000 || len(s.asked) != 1 {
		t.Errorf("after one try %d was booked, %v; asked %q", spent, err, s.asked)
	}
	if got, err := listeners.ListeningRules(t.Context(), c.DB.Read(), c.conn.ID); err != nil || len(got) != 0 {
		t.Errorf("trying kept %v, %v", got, err)
	}

	an.post(path, url.Values{"name": {"Quán"}, "query": {"saomai"}}).says("article h3", "Quán")
	rules, err := listeners.ListeningRules(t.Context(), c.DB.Read(), c.conn.ID)
	if err != nil || len(rules) != 1 || rules[0].Query != "saomai" || !rules[0].Active {
		t.Fatalf("kept %+v, %v", rules, err)
	}
	rule := fmt.Sprintf("%s/%d", path, rules[0].ID)
	an.post(rule, url.Values{"name": {"Quán"}, "query": {"saomai"}, "rests": {"yes"}}).says("article .cluster", "Đang nghỉ")
	an.post(rule+"/remove", nil).lacks("article h3", "Quán")
}

func TestListeningWithinTheBudget(t *testing.T) {
	c := newCafe(t)
	s := c.listens()
	an, path := c.visits("an", "en"), fmt.Sprintf("/connections/%d/listening/try", c.conn.ID)
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		return listeners.SetBudget(ctx, tx, c.conn.ID, 200_000)
	})
	an.post(path, url.Values{"name": {"a"}, "query": {"saomai"}}).says("#query-0-error", "budget")
	if len(s.asked) != 0 {
		t.Errorf("searched for %q beyond the budget", s.asked)
	}
	c.do(func(ctx context.Context, tx listeners.Tx) error { return listeners.SetBudget(ctx, tx, c.conn.ID, 0) })
	s.failed = &listeners.Error{Class: listeners.RateLimited, Err: errors.New("t0ken"), Until: clock.Time(1)}
	page := an.post(path, url.Values{"name": {"a"}, "query": {"saomai"}})
	page.says("#query-0-error", T(WithView(t.Context(), View{Lang: "en"}), "network_error.rate_limited"))
	if spent, err := listeners.MonthSpent(t.Context(), c.DB.Read(), c.conn.ID, c.Now()); err != nil || spent != 10_000 {
		t.Errorf("a preview that failed half way: booked %d, %v", spent, err)
	}
}

func TestListeningIsForAdminsOfTheBrand(t *testing.T) {
	c := newCafe(t)
	c.listens()
	path := fmt.Sprintf("/connections/%d/listening", c.conn.ID)
	for who, want := range map[string]int{"minh": http.StatusForbidden, "lan": http.StatusForbidden, "an": http.StatusOK} {
		if got := c.visits(who, "vi").get(path).status; got != want {
			t.Errorf("%s: status %d, want %d", who, got, want)
		}
	}
	var other listeners.Connection
	c.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		_, err = tx.NewRaw("INSERT INTO brands (slug, name, language, review_seed, created_at) SELECT 'khac', 'Khác', 'vi', 'x', created_at FROM brands").Exec(ctx)
		if err == nil {
			_, err = tx.NewRaw("INSERT INTO connections (brand_id, network, native_id, handle, settings, secrets, state, cursor, fetch_at, fence, failures, error, created_at) SELECT (SELECT max(id) FROM brands), network, '200', 'khac', settings, secrets, state, cursor, fetch_at, fence, failures, error, created_at FROM connections").Exec(ctx)
		}
		if err == nil {
			err = tx.NewSelect().Model(&other).Where("native_id = '200'").Scan(ctx)
		}
		return err
	})
	if got := c.visits("an", "vi").get(fmt.Sprintf("/connections/%d/listening", other.ID)).status; got != http.StatusNotFound {
		t.Errorf("another brand's connection: status %d", got)
	}
}
