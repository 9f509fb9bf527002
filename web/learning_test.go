package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/triage"
)

// toggled is what pressing a toggle of a case page says; "" if there is no such toggle.
func (p parsed) toggled(label string) (presses string, on bool) {
	for _, b := range p.all(".correct button") {
		if strings.HasPrefix(words(b), label) {
			return attr(b, "value"), attr(b, "aria-pressed") == "true"
		}
	}
	return "", false
}

func TestACaseIsCorrectedInTwoPresses(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lan_ng", "Quán mở cửa tới mấy giờ ạ?", "")
	for who, may := range map[string]bool{"huy": false, "lan": true, "minh": true} {
		if got := len(c.visits(who, "vi").get(casePath(k.ID)).all(".correct")) == 1; got != may {
			t.Errorf("%s is offered to correct: %v, want %v", who, got, may)
		}
	}
	v := c.visits("minh", "vi")
	page := v.get(casePath(k.ID))
	presses, on := page.toggled("Giận")
	if presses != "anger:yes" || on {
		t.Fatalf("a calm post offers %q, on %v", presses, on)
	}
	page = v.post(casePath(k.ID)+"/correct", url.Values{"said": {presses}, "mention": {fmt.Sprint(k.MentionID)}})
	if presses, on := page.toggled("Giận"); page.status != http.StatusOK || presses != "anger:no" || !on || !strings.Contains(page.body, "Minh nói") {
		t.Errorf("after the press it offers %q, on %v, status %d", presses, on, page.status)
	}
	if !strings.Contains(page.text("#case .case-head"), "Nhân viên") {
		t.Error("the case did not go to the staff")
	}
	page = v.post(casePath(k.ID)+"/correct", url.Values{"said": {"topic:1"}, "mention": {fmt.Sprint(k.MentionID)}})
	if _, on := page.toggled("Giao hàng"); !on {
		t.Error("the topic is not the one that was said")
	}
	if old := v.post(casePath(k.ID)+"/correct", url.Values{"said": {"anger:no"}, "mention": {"1"}}); k.MentionID != 1 && old.status != http.StatusConflict {
		t.Errorf("a correction of another post gives %d", old.status)
	}
	if bad := v.post(casePath(k.ID)+"/correct", url.Values{"said": {"opt_out:no"}, "mention": {fmt.Sprint(k.MentionID)}}); bad.status != http.StatusUnprocessableEntity {
		t.Errorf("taking an opt-out back gives %d", bad.status)
	}
}

// taught lets the staff label so many posts, half of which have a word that triage did not know.
func (c *cafe) taught(n int) {
	c.t.Helper()
	for i := range n {
		text := fmt.Sprintf("Hôm qua ngồi ở bàn số %d, nhạc mở vừa phải", i)
		if i%2 == 0 {
			text = fmt.Sprintf("Lại lủng củng ở bàn số %d", i)
		}
		k := c.writes(fmt.Sprintf("khach%d", i), text, "")
		c.do(func(ctx context.Context, tx listeners.Tx) error {
			return c.Intake.Correct(ctx, tx, c.members["minh"], k.MentionID, moderation.FromRandom, []moderation.Said{{Head: triage.Anger, Yes: i%2 == 0}, {Head: triage.Staff, Yes: i%4 == 0}})
		})
	}
}

func TestQualityIsShownAndVersionsAreReverted(t *testing.T) {
	c := newCafe(t)
	v := c.visits("an", "vi")
	if page := v.get("/quality"); page.status != http.StatusOK || !strings.Contains(page.body, "Chưa ai sửa gì") {
		t.Errorf("an empty quality page gives %d", page.status)
	}
	c.taught(64)
	page := v.post("/quality/learn", nil)
	if page.path != "/quality?said=learned" || len(page.all(".version")) != 2 || !strings.Contains(page.text(".version"), "Đang dùng") {
		t.Fatalf("after learning the page is %s: %s", page.path, page.text(".versions"))
	}
	if rows := page.all(".quality tbody tr"); len(rows) != len(moderation.CorrectableHeads) || !strings.Contains(words(rows[0]), "64") {
		t.Errorf("the figures have %d rows, the first is %q", len(rows), words(rows[0]))
	}
	spoken := func() float32 {
		k := c.writes("moi", "Sao lủng củng vậy trời", "")
		mentions, err := listeners.FindMentions(t.Context(), c.DB.Read(), []int64{k.MentionID})
		if err != nil {
			t.Fatal(err)
		}
		m := mentions[k.MentionID]
		score, err := scoreOf(&m)
		if err != nil {
			t.Fatal(err)
		}
		return score.Anger
	}
	if p := spoken(); p < 0.5 {
		t.Errorf("what was learned gives a new post the anger %.2f", p)
	}
	page = v.post("/quality/version", url.Values{"version": {"0"}})
	if p := spoken(); p > 0.5 || !strings.Contains(page.body, "Có người đã chọn") {
		t.Errorf("after the revert a new post has the anger %.2f", p)
	}
	v.post("/quality/version", url.Values{"version": {"newest"}})
	if p := spoken(); p < 0.5 {
		t.Errorf("after the newest is taken again a new post has the anger %.2f", p)
	}
	page = v.get("/quality?capacity=40")
	button := page.all("form[action=/quality/threshold] button")
	if len(button) == 0 {
		t.Fatal("no threshold is offered")
	}
	page = v.post("/quality/threshold", url.Values{"threshold": {attr(button[0], "value")}})
	if !strings.Contains(page.body, "Từ "+attr(button[0], "value")+" %") {
		t.Errorf("the threshold does not hold: %s", page.text(".quality"))
	}
	if denied := c.visits("lan", "vi").get("/quality"); denied.status != http.StatusForbidden {
		t.Errorf("an advocate sees the quality page: %d", denied.status)
	}
	if denied := c.visits("minh", "vi").post("/quality/threshold", url.Values{"threshold": {"10"}}); denied.status != http.StatusForbidden {
		t.Errorf("a moderator sets a threshold: %d", denied.status)
	}
}

func TestPostsAreLabelledInARow(t *testing.T) {
	c := newCafe(t)
	for i := range 4 {
		c.writes(fmt.Sprint("khach", i), fmt.Sprintf("Bàn số %d có ổ cắm không?", i), "")
	}
	v := c.visits("minh", "vi")
	page := v.get("/quality/audit?head=question")
	for i := range 4 {
		form := url.Values{"said": {"yes"}}
		for _, input := range page.all(".audit-answers input") {
			form.Set(attr(input, "name"), attr(input, "value"))
		}
		if form.Get("mention") == "" {
			t.Fatalf("after %d labels nothing is drawn", i)
		}
		if i == 1 { // skipping labels nothing
			form.Set("said", "skip")
			page = v.post("/quality/audit", form)
			form = url.Values{"said": {"yes"}}
			for _, input := range page.all(".audit-answers input") {
				form.Set(attr(input, "name"), attr(input, "value"))
			}
		}
		page = v.post("/quality/audit", form)
	}
	if len(page.all(".audit-answers")) != 0 || !strings.Contains(page.body, "Không còn gì") {
		t.Errorf("after all are labelled the page shows %q", page.text(".audit"))
	}
}

func TestTopicsAreEdited(t *testing.T) {
	c := newCafe(t)
	v := c.visits("an", "vi")
	page := v.post("/settings/topics/new", url.Values{"name": {"Máy xay"}, "keywords": {"grinder\nmáy xay\n\ngrinder"}, "examples": {"máy xay kẹt rồi"}})
	if page.status != http.StatusOK || !strings.HasSuffix(page.path, "?kept=yes") {
		t.Fatalf("a new topic gives %d at %s", page.status, page.path)
	}
	if k := c.writes("a", "grinder của mình kêu to quá", ""); k.TopicID != 2 {
		t.Errorf("a post about the new topic is about %d", k.TopicID)
	}
	for range 3 {
		c.writes("b", "máy xay kẹt lưỡi dao rồi shop", "")
		c.writes("d", "quán mở cửa mấy giờ", "")
	}
	page = v.get("/settings/topics/2")
	if got := page.text(".chips"); !strings.Contains(got, "kẹt") && !strings.Contains(got, "dao") {
		t.Errorf("suggested %q", got)
	}
	page = v.post("/settings/topics/2", url.Values{"name": {"Máy xay"}, "keywords": {"grinder"}, "suggested": {"lưỡi dao"}})
	topics, err := community.Topics(t.Context(), c.DB.Read(), c.brand.ID)
	if err != nil || len(topics) != 2 || strings.Join(topics[1].Keywords, ",") != "grinder,lưỡi dao" {
		t.Errorf("the topic is %+v (%v)", topics, err)
	}
	for _, bad := range []url.Values{{"name": {" "}}, {"name": {"giao hang"}}} {
		if page := v.post("/settings/topics/new", bad); page.status != http.StatusUnprocessableEntity {
			t.Errorf("%v gives %d", bad, page.status)
		}
	}
	if page := c.visits("minh", "vi").post("/settings/topics/new", url.Values{"name": {"x"}}); page.status != http.StatusForbidden {
		t.Errorf("a moderator writes a topic: %d", page.status)
	}
	held := c.writes("e", "grinder của em lại kẹt", "")
	page = v.post("/settings/topics/2/delete", nil)
	if page.path != "/settings/topics" || strings.Contains(page.text(".parts"), "Máy xay") {
		t.Errorf("a deleted topic is still among %q at %s", page.text(".parts"), page.path)
	}
	if page := v.get("/settings/topics/2"); page.status != http.StatusNotFound {
		t.Errorf("a deleted topic's page gives %d", page.status)
	}
	v.get(casePath(held.ID)).lacks(".rows", "Máy xay")
	if k := c.writes("f", "grinder của mình kêu to quá", ""); k.TopicID != community.OtherTopic {
		t.Errorf("a post is about the deleted topic %d", k.TopicID)
	}
	if page := c.visits("minh", "vi").post("/settings/topics/1/delete", nil); page.status != http.StatusForbidden {
		t.Errorf("a moderator deletes a topic: %d", page.status)
	}
	if page := v.get("/settings/topics/99"); page.status != http.StatusNotFound {
		t.Errorf("a topic that does not exist gives %d", page.status)
	}
}
