package web

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// queue lets so many customers write one after the other.
func (c *cafe) queue(n int) {
	c.t.Helper()
	for i := range n {
		c.writes(fmt.Sprintf("khach%d", i), fmt.Sprintf("Câu hỏi số %d, quán mở cửa tới mấy giờ?", i), "")
		c.clock.Advance(time.Second)
	}
}

func TestFeedIsReadPageByPage(t *testing.T) {
	c := newCafe(t)
	c.queue(60)
	v := c.visits("huy", "vi")
	seen := map[string]bool{}
	pages, path := 0, "/feed"
	for path != "" && pages < 5 {
		page := v.get(path)
		pages++
		for _, row := range page.all(".rows a.row") {
			href := strings.Split(attr(row, "href"), "?")[0]
			if seen[href] {
				t.Errorf("%s stands on two pages", href)
			}
			seen[href] = true
		}
		path = ""
		if next := page.all("a[rel=next]"); len(next) == 1 {
			path = attr(next[0], "href")
		}
	}
	if len(seen) != 60 || pages != 2 {
		t.Errorf("got %d cases on %d pages", len(seen), pages)
	}
}

func TestFiltersAreLinks(t *testing.T) {
	c := newCafe(t)
	c.writes("a", "Có ship về quận 7 không shop?", "")
	c.writes("b", "Quán mở cửa tới mấy giờ?", "")
	c.writes("c", "Con tôi bị dị ứng phải vào viện, tôi sẽ kiện!", "")
	c.claims("lan", c.writes("d", "Bán hạt cà phê không ạ?", ""))
	tests := []struct {
		name, who, link string
		want            []string
	}{
		{"everything that waits", "huy", "", []string{"@a", "@b"}},
		{"one topic", "huy", "Giao hàng", []string{"@a"}},
		{"no particular topic", "huy", "Chuyện khác", []string{"@b"}},
		{"what is being answered", "huy", "Có người giữ", []string{"@d"}},
		{"everything, for employees", "minh", "", []string{"@a", "@b", "@c"}},
		{"only what is for employees", "minh", "Nhân viên", []string{"@c"}},
		{"only what is for the community", "minh", "Cộng đồng", []string{"@a", "@b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := c.visits(tt.who, "vi")
			page := v.get("/feed")
			if tt.link != "" {
				href := ""
				for _, a := range page.all(".filters a") {
					if words(a) == tt.link {
						href = attr(a, "href")
					}
				}
				if href == "" {
					t.Fatalf("there is no filter %s", tt.link)
				}
				page = v.get(href)
				page.says(".filters [aria-current]", tt.link)
			}
			var got []string
			for _, who := range page.all(".rows .row-who") {
				got = append(got, words(who))
			}
			for _, who := range tt.want {
				if !strings.Contains(strings.Join(got, " ")+" ", who+" ") {
					t.Errorf("%s is missing in %v", who, got)
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	v := c.visits("huy", "vi")
	v.get("/feed?lane=staff").lacks("a.row", "")
	v.get("/feed?topic=0").lacks(".rows", "@a")
	for _, bad := range []string{"/feed?topic=x", "/feed?topic=99", "/feed?after=x"} {
		if page := v.get(bad); page.status != 422 {
			t.Errorf("%s gave %d, want 422", bad, page.status)
		}
	}
	if page := v.get("/feed?state=ignored"); page.status != 200 || len(page.all(".rows a.row")) != 2 {
		t.Errorf("a state that cannot be asked for gave %d", page.status)
	}
}

// TestTheWayBackKeepsTheFilter opens a case from a filtered list.
func TestTheWayBackKeepsTheFilter(t *testing.T) {
	c := newCafe(t)
	c.writes("a", "Có ship về quận 7 không shop?", "")
	v := c.visits("huy", "vi")
	page := v.get(attr(v.get("/feed?topic=1").all("a.row")[0], "href"))
	if back := attr(page.all(".top a")[0], "href"); back != "/feed?topic=1" {
		t.Errorf("the way back leads to %s", back)
	}
	page.says("#list .row[aria-current]", "@a")
	page = v.press(page, "claim", nil)
	if back := attr(page.all(".top a")[0], "href"); back != "/feed?topic=1" {
		t.Errorf("after claiming, the way back leads to %s", back)
	}
}

func TestNewsOfAnOpenFeed(t *testing.T) {
	c := newCafe(t)
	first := c.writes("a", "Có ship về quận 7 không shop?", "")
	c.writes("b", "Quán mở cửa tới mấy giờ?", "")
	v := c.visits("huy", "vi")
	ask := attr(v.get("/feed").all("#fresh")[0], "hx-get")
	news := v.partly(ask)
	news.lacks("#fresh a", "")
	news.lacks("a.row", "")

	c.writes("c", "Bán hạt cà phê không ạ?", "")
	c.writes("d", "Có wifi không ạ?", "")
	c.claims("lan", first)
	news = v.partly(ask)
	news.says("#fresh a", "2 bài mới")
	news.says("a.row", "Lan đang giữ")
	if rows := news.all("a.row"); len(rows) != 1 {
		t.Errorf("%d rows changed, want 1", len(rows))
	}
	if len(news.all("#fresh")) != 1 || attr(news.all("#fresh")[0], "hx-get") != ask {
		t.Error("the list would ask for something else next time")
	}

	c.set(first, "lane = 'staff'") // out of the advocate's sight: nothing of it may be told
	v.partly(ask).lacks("a.row", "")
}

func TestHeldCasesStandAbove(t *testing.T) {
	c := newCafe(t)
	c.queue(2)
	k := c.writes("mine", "Bán hạt cà phê không ạ?", "")
	c.claims("huy", k)
	v := c.visits("huy", "vi")
	page := v.get("/feed")
	page.says(".rows-title", "Bạn đang giữ 1 chuyện")
	page.says("a.row .chip .countdown", "15:00")
	if rows := page.all("a.row"); words(rows[0].FirstChild) == "" || !strings.Contains(words(rows[0]), "@mine") {
		t.Errorf("first stands %q", words(rows[0]))
	}
	c.clock.Advance(16 * time.Minute)
	v.get("/feed").lacks(".rows-title", "giữ")
}

// TestListsAskAsOftenForManyAsForFew counts the statements of a page with few cases and with many.
func TestListsAskAsOftenForManyAsForFew(t *testing.T) {
	c := newCafe(t)
	statements := &statementCounter{}
	//lint:ignore SA1019 the pool belongs to the database and cannot be exchanged for one with a hook
	c.DB.Read().(*bun.DB).AddQueryHook(statements)
	v := c.visits("lan", "vi")
	count := func(path string) int {
		v.get(path) // warm: the scorer of the brand is read once
		statements.n = 0
		v.get(path)
		return statements.n
	}
	goOn := func(day string, cases, answers int) {
		c.queue(cases)
		for i := range answers {
			c.answers("lan", c.writes(fmt.Sprint(day, i), "Bán hạt cà phê không ạ?", ""), "Dạ có ạ.")
		}
	}
	goOn("w", 2, 2)
	goOn("x", 2, 2) // the same customers again: there is something of everything
	feed, mine, one := count("/feed"), count("/mine"), count("/cases/1")
	goOn("y", 30, 10)
	for path, before := range map[string]int{"/feed": feed, "/mine": mine, "/cases/1": one} {
		if after := count(path); after != before {
			t.Errorf("%s asks %d times for many, %d for few", path, after, before)
		}
	}
	t.Logf("statements: feed %d, mine %d, case %d", feed, mine, one)
}

type statementCounter struct{ n int }

func (s *statementCounter) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context {
	s.n++
	return ctx
}

func (s *statementCounter) AfterQuery(context.Context, *bun.QueryEvent) {}

// TestMineTellsHowEachAnswerFared has one answer of every fate.
func TestMineTellsHowEachAnswerFared(t *testing.T) {
	c := newCafe(t)
	c.busy()
	huy := c.visits("huy", "vi").get("/mine")
	huy.says("#mine section", "Cần bạn sửa")
	huy.says("#mine .chip.good", "Khách báo đã ổn")
	huy.says("#mine .chip", "Đã gửi")
	huy.says("#mine section", "Chờ duyệt")
	lan := c.visits("lan", "vi").get("/mine")
	lan.says("#mine .chip", Text("vi", "reply.ask_human"))

	c.drafts("lan", c.writes("z", "Có wifi không ạ?", ""), "Dạ có ạ, mật khẩu ở quầy.")
	page := c.visits("lan", "vi").get("/mine")
	page.says("#mine section", "Bạn đang giữ")
	c.clock.Advance(16 * time.Minute)
	page = c.visits("lan", "vi").get("/mine")
	page.says("#mine section", "Bản nháp")

	failed := c.answers("lan", c.writes("q", "Có chỗ đậu xe không ạ?", ""), "Dạ có ạ.")
	c.fails(failed, listeners.Gone)
	page = c.visits("lan", "vi").get("/mine")
	page.says("#mine .chip", "Bài của khách không còn nữa")
}

// fails makes the reply to an answer fail for good.
func (c *cafe) fails(a community.Answer, why listeners.Class) {
	c.t.Helper()
	replies, err := listeners.Replies(c.t.Context(), c.DB.Read(), []int64{a.ID})
	if err != nil {
		c.t.Fatal(err)
	}
	r := replies[a.ID]
	r.State, r.Error = listeners.Failed, string(why)
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		if _, err := tx.NewUpdate().Model(&r).Column("state", "error").WherePK().Exec(ctx); err != nil {
			return err
		}
		return community.Done(ctx, tx, r)
	})
}

// TestThreadTellsHowAnAnswerTravels has a reply in each state.
func TestThreadTellsHowAnAnswerTravels(t *testing.T) {
	c := newCafe(t)
	k := c.writes("a", "Có ship về quận 7 không shop?", "")
	a := c.answers("lan", k, "Dạ có ạ.")
	v := c.visits("lan", "vi")
	for state, says := range map[listeners.ReplyState]string{
		listeners.Waiting: "Sắp gửi", listeners.Queued: "Chờ gửi", listeners.Sending: "Đang gửi", listeners.Retry: "đang thử lại",
		listeners.InDoubt: "Đang kiểm tra", listeners.AskHuman: "một điều phối viên đang xem", listeners.Delivered: "Đã gửi",
	} {
		c.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewUpdate().Model((*listeners.Reply)(nil)).Set("state = ?", state).Where("answer_id = ?", a.ID).Exec(ctx)
			return err
		})
		page := v.get(casePath(k.ID))
		page.says("#thread .ours .chip", says)
		undo := len(page.all("#thread .ours form"))
		if (state == listeners.Waiting) != (undo == 1) {
			t.Errorf("%s: %d ways to undo", state, undo)
		}
	}
	for why, next := range map[listeners.Class]string{
		listeners.OverBudget: "Nhân viên tăng ngân sách hoặc sang tháng mới", listeners.RateLimited: "Mạng cho gửi tiếp là câu này tự đi.",
	} {
		c.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewUpdate().Model((*listeners.Reply)(nil)).Set("state = ?, error = ?", listeners.Retry, why).Where("answer_id = ?", a.ID).Exec(ctx)
			return err
		})
		v.get(casePath(k.ID)).says("#thread .ours .chip", next)
	}
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewUpdate().Model((*listeners.Reply)(nil)).Set("state = ?, error = ?", listeners.InDoubt, listeners.OverBudget).Where("answer_id = ?", a.ID).Exec(ctx)
		return err
	})
	v.get(casePath(k.ID)).says("#thread .ours .chip", "một điều phối viên đang xem. Ngân sách cho mạng này đã dùng hết.")
	c.fails(a, listeners.Invalid)
	v.get(casePath(k.ID)).says("#thread .ours .chip.bad", "Mạng không nhận nội dung này. Chuyện này lại mở: bạn viết lại cách khác nhé.")
}

// TestAPostOfOursStandsOnceInTheThread hears the network's copy of an answer.
func TestAPostOfOursStandsOnceInTheThread(t *testing.T) {
	for name, known := range map[string]bool{"the reply's id is known": true, "its fate is still in doubt": false} {
		t.Run(name, func(t *testing.T) {
			c := newCafe(t)
			k := c.writes("lan.ng", "Có ship về quận 7 không shop?", "")
			a := c.answers("lan", k, "Dạ có ạ.")
			c.do(func(ctx context.Context, tx listeners.Tx) error {
				q := tx.NewUpdate().Model((*listeners.Reply)(nil)).Set("state = ?", listeners.InDoubt).Where("answer_id = ?", a.ID)
				if known {
					q = q.Set("state = ?, native_id = '1002'", listeners.Delivered)
				}
				_, err := q.Exec(ctx)
				return err
			})
			c.clock.Advance(time.Minute)
			c.own(k, "@lan.ng Dạ có ạ.")
			page := c.visits("huy", "vi").get(casePath(k.ID))
			count := 0
			for _, p := range page.all("#thread .post") {
				if strings.Contains(words(p), "Dạ có ạ.") {
					count++
				}
			}
			if count != 1 {
				t.Errorf("the answer stands %d times in the thread", count)
			}
			page.says("#thread .post", "Lan viết")
		})
	}
}
