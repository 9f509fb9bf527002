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

// shelf is a network where members have put posts.
type shelf struct {
	listeners.Channel
	pace     []listeners.Pace
	asMember bool
	posts    map[string]listeners.Post
}

func (s *shelf) Capabilities() listeners.Capabilities {
	return listeners.Capabilities{Pace: s.pace, AsMember: s.asMember}
}

func (s *shelf) Hydrate(_ context.Context, ids []string) (page listeners.Page, err error) {
	for _, id := range ids {
		if p, ok := s.posts[id]; ok {
			page.Posts = append(page.Posts, p)
		} else {
			page.Gone = append(page.Gone, listeners.Removal{NativeID: id, Why: listeners.Deleted})
		}
	}
	return page, nil
}

// keyword lets a customer speak of the brand without naming it, so that no app may answer.
func (c *cafe) keyword(author, text string) community.Case {
	c.t.Helper()
	k := c.writes(author, text, "")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		for _, table := range []string{"cases", "mentions"} {
			if _, err := tx.NewUpdate().Table(table).Set("delivery = ?, delivery_why = 'not_summoned'", listeners.Assisted).Where("thread_key = ?", k.ThreadKey).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return k
}

func TestPostByHand(t *testing.T) {
	c := newCafe(t)
	far := &shelf{posts: map[string]listeners.Post{}}
	c.far = far
	k := c.keyword("tuanle", "Cà phê Sao Mai dạo này uống sao mọi người?")
	v := c.visits("lan", "vi")
	v.post(casePath(k.ID)+"/claim", nil)
	v.get(casePath(k.ID)).says("#dock .notice", "duyệt xong bạn tự đăng")

	text := "Vẫn đậm đà lắm bạn ơi (tình nguyện viên)"
	a := c.answers("lan", k, text)
	r := c.replyTo(a)
	if r.State != listeners.ByHand {
		t.Fatalf("the reply is %s, want it to wait for its author", r.State)
	}
	if got := attr(v.get(casePath(k.ID)).all(".ours a.button")[0], "href"); got != handPath(r.ID) {
		t.Fatalf("the case leads to %q", got)
	}
	page := v.get(handPath(r.ID))
	page.says("#hand-text", text)
	if got := attr(page.all("a.button.primary")[0], "href"); got != "https://x.com/tuanle/status/1001" {
		t.Errorf("the post is at %q", got)
	}
	if other := c.visits("huy", "vi").get(handPath(r.ID)); other.status != http.StatusNotFound {
		t.Errorf("somebody else's answer: status %d", other.status)
	}
	link := func(link string) answered { return v.post(handPath(r.ID), url.Values{"link": {link}}) }
	if page := link("https://x.com/lan"); page.status != http.StatusUnprocessableEntity {
		t.Errorf("a link to no post: status %d", page.status)
	}
	page = link("https://x.com/lan/status/2000")
	if page.status != http.StatusConflict {
		t.Errorf("a post that the network does not show: status %d", page.status)
	}
	page.says("#link-error", "chưa cho thấy bài nào")
	far.posts["2000"] = listeners.Post{NativeID: "2000", ParentID: r.ParentID, Author: listeners.Author{NativeID: "7"}, Text: text + "!", URL: "https://x.com/lan/status/2000"}
	link("https://x.com/lan/status/2000").says("#link-error", "khác với câu đã được duyệt")
	far.posts["2000"] = listeners.Post{NativeID: "2000", ParentID: r.ParentID, Author: listeners.Author{NativeID: "7"}, Text: text, URL: "https://x.com/lan/status/2000"}
	link("https://x.com/lan/status/2000").says(".notice", "câu trả lời của bạn có ở đó")
	if r := c.replyTo(a); r.State != listeners.Delivered || r.Evidence != listeners.Verified {
		t.Errorf("the reply is %s, evidence %q", r.State, r.Evidence)
	}
}

func TestOnlySaidAndGivenUp(t *testing.T) {
	c := newCafe(t)
	said := c.answers("lan", c.keyword("tuanle", "Sao Mai có sữa yến mạch không ta?"), "Dạ có bạn ơi (tình nguyện viên)")
	back := c.answers("lan", c.keyword("ngocha", "Sao Mai mở cửa mấy giờ ta?"), "Dạ từ 7h nha bạn (tình nguyện viên)")
	v := c.visits("lan", "en")
	v.post(handPath(c.replyTo(said).ID), url.Values{"said": {"yes"}}).says(".notice", "We have not seen it yet")
	if r := c.replyTo(said); r.Evidence != listeners.Said {
		t.Errorf("evidence %q, want a word", r.Evidence)
	}
	v.get(casePath(said.CaseID)).says(".ours .chip", "as its author says")
	if page := v.post("/replies/"+c.replyTo(back).ID+"/give-up", url.Values{"reason": {"no account there"}}); page.path != "/mine" {
		t.Errorf("giving up leads to %s", page.path)
	}
	if k, err := community.FindCase(t.Context(), c.DB.Read(), c.members["lan"], back.CaseID); err != nil || k.State != community.Open {
		t.Errorf("the case is %s, %v; want it open again", k.State, err)
	}
}

func TestSendingPage(t *testing.T) {
	c := newCafe(t)
	c.far = &shelf{pace: []listeners.Pace{{Posts: 2, Per: time.Hour}}}
	var last community.Answer
	for i, who := range []string{"an1", "an2", "an3"} {
		last = c.answers("lan", c.writes(who, "Mấy giờ mở cửa vậy?", ""), []string{"Dạ 7h ạ.", "Dạ 7h sáng nha.", "7h bạn ơi, mời bạn ghé."}[i])
	}
	doubtful := c.answers("minh", c.writes("an4", "Có chỗ đậu xe không?", ""), "Dạ có ạ.")
	c.inDoubt(doubtful)
	v := c.visits("minh", "en")
	page := v.get("/sending")
	page.says(".panel", "2 of 3 answers can go now; the last leaves in 1 hour")
	c.clock.Advance(time.Minute)
	c.visits("lan", "en").get(casePath(last.CaseID)).says(".ours .chip", "Goes out about")

	if page := c.visits("lan", "en").get("/sending"); page.status != http.StatusForbidden {
		t.Errorf("an advocate sees what leaves: status %d", page.status)
	}
	v.post("/sending/switch", url.Values{"connection": {"0"}, "why": {"wrong price"}}).says(".stops", "No answer leaves.")
	for _, path := range []string{"/feed", "/mine", casePath(last.CaseID)} { // every member reads it on every page
		page := c.visits("lan", "en").get(path)
		page.says(".stops", "Stopped by Minh")
		page.says(".stops q", "wrong price")
		if len(page.all(".stops")) != 1 {
			t.Errorf("%s says it %d times", path, len(page.all(".stops")))
		}
	}
	c.visits("lan", "en").get(casePath(last.CaseID)).says(".ours .chip", "Held back")
	if page := v.post("/sending/switch", url.Values{"resume": {"yes"}}); len(page.all(".stops")) != 0 {
		t.Error("it is still said to be stopped")
	}

	settle := "/replies/" + c.replyTo(doubtful).ID + "/settle"
	if page := v.post(settle, url.Values{"there": {"yes"}, "link": {"https://x.com/elsewhere"}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("a link to no post: status %d", page.status)
	}
	v.post(settle, url.Values{"there": {"yes"}, "link": {"https://x.com/saomaicafe/status/3000"}, "back": {"sending"}})
	if r := c.replyTo(doubtful); r.State != listeners.Delivered || r.NativeID != "3000" {
		t.Errorf("the reply is %s as post %q", r.State, r.NativeID)
	}
	toHand := c.answers("minh", c.writes("an5", "Có wifi không?", ""), "Dạ có wifi miễn phí.")
	c.inDoubt(toHand)
	v.post("/replies/"+c.replyTo(toHand).ID+"/settle", url.Values{"there": {"hand"}})
	if r := c.replyTo(toHand); r.State != listeners.ByHand || r.Mode != listeners.Assisted {
		t.Errorf("left to hand the reply is %s, %s", r.State, r.Mode)
	}
	v.get("/sending").says(".panel", "Dạ có wifi miễn phí.")
}

func TestNamesOnNetworks(t *testing.T) {
	c := newCafe(t)
	v := c.visits("minh", "en")
	lan := c.members["lan"].ID
	if page := v.get(memberPath(lan)); len(page.all("input[name=connection]")) != 0 {
		t.Error("a network that takes answers as the brand only asks for a name")
	}
	c.far = &shelf{asMember: true}
	keep := func(v *visitor, name string) answered {
		return v.post(memberPath(lan)+"/accounts", url.Values{"connection": {fmt.Sprint(c.conn.ID)}, "name": {name}})
	}
	keep(v, "lan_nguyen")
	if got := attr(v.get(memberPath(lan)).all("input[name=name]")[0], "value"); got != "lan_nguyen" {
		t.Errorf("the page shows the name %q", got)
	}
	if page := keep(v, "lan nguyen"); page.status != http.StatusUnprocessableEntity {
		t.Errorf("a name with a space: status %d", page.status)
	}
	if page := keep(c.visits("lan", "en"), "minh"); page.status != http.StatusForbidden {
		t.Errorf("a member names themself: status %d", page.status)
	}
}
