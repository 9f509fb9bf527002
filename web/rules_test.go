package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/moderation/rules"
)

// TestRulesAreWrittenAndTried: a rule is written row by row without JavaScript, tried on the past, and not
// switched on where the past is too short.
func TestRulesAreWrittenAndTried(t *testing.T) {
	c := newCafe(t)
	c.writes("lan_ng", "Quán mở cửa tới mấy giờ ạ?", "")
	v := c.visits("an", "vi")
	page := v.post("/rules/new", url.Values{"name": {"Hỏi giờ"}, "g0.new": {"question"}, "press": {"condition:0"}})
	if page.status != http.StatusOK || len(page.all(`input[name=g0.c0.value]`)) != 1 {
		t.Fatalf("adding a condition gives %d", page.status)
	}
	wrong := v.post("/rules/new", url.Values{"name": {"Hỏi giờ"}, "press": {"keep"}})
	if wrong.status != http.StatusUnprocessableEntity || !strings.Contains(wrong.body, "Chọn ít nhất một việc") {
		t.Errorf("a rule that does nothing gives %d", wrong.status)
	}
	v.post("/rules/new", url.Values{
		"name": {"Hỏi giờ"}, "g0.c0.fact": {"question"}, "g0.c0.op": {"at_least"}, "g0.c0.value": {"50"},
		"d0.action": {"lane"}, "d0.value": {"staff"}, "press": {"keep"},
	})
	if kept := v.get("/rules/0"); len(kept.all(`input[name=g0.c0.value][value=50]`)) != 1 || len(kept.all(`option[value=staff][selected]`)) != 1 {
		t.Error("the form of a rule that was kept does not hold what was kept")
	}
	v.post("/rules/try", nil)
	page = v.get("/rules")
	for _, said := range []string{"Khi câu hỏi từ 50 %", "→ chuyển cho nhân viên", "1 bài: cộng đồng → nhân viên", "Như vậy còn quá ít"} {
		if !strings.Contains(page.body, said) {
			t.Errorf("the page does not say %q", said)
		}
	}
	if refused := v.post("/rules", url.Values{"press": {"switch"}}); refused.status != http.StatusUnprocessableEntity {
		t.Errorf("switching on what was not tried enough gives %d", refused.status)
	}
	if page := c.visits("minh", "en").get("/rules"); page.status != http.StatusOK || strings.Contains(page.body, "Switch on") {
		t.Errorf("a moderator gets %d", page.status)
	}
}

// TestRuleChanges: what was and what is stand side by side, sentence by sentence.
func TestRuleChanges(t *testing.T) {
	c := newCafe(t)
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		angry := func(from string) rules.Set {
			return rules.Set{Overflow: &rules.Overflow{Waiting: 10}, Rules: []rules.Rule{
				{Name: "Giận", Groups: []rules.Group{{Conditions: []rules.Condition{{Fact: "anger", Op: rules.AtLeast, Values: []string{from}}}}}, Do: []rules.Do{{Action: "lane", Value: "staff"}}},
				{Name: "Còn lại", Do: []rules.Do{{Action: "review"}}},
			}}
		}
		for _, from := range []string{"80", "70"} {
			v := moderation.RuleVersion{BrandID: c.brand.ID, Value: angry(from), MadeBy: c.members["an"].ID, CreatedAt: tx.Now()}
			if _, err := tx.NewInsert().Model(&v).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	page := c.visits("an", "vi").get("/rules")
	was, is := page.all("del"), page.all("ins")
	if len(was) != 1 || len(is) != 1 || !strings.Contains(page.body, "<del>Giận: Khi mức giận từ 80 % → chuyển cho nhân viên</del>") || !strings.Contains(page.body, "<ins>Giận: Khi mức giận từ 70 % → chuyển cho nhân viên</ins>") {
		t.Errorf("%d sentences were and %d are", len(was), len(is))
	}
	page.says("#overflow", "hơn 10 ca đang chờ")
}

func TestRulesLookRight(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	newCafe(t).looks(b, []look{{"rules-none", "an", "/rules", ""}})
	c := newCafe(t)
	c.busy()
	v := c.visits("an", "en")
	v.post("/rules", url.Values{"press": {"pack:telecom"}})
	v.post("/rules/new", url.Values{
		"name": {"Angry in the evening"}, "g0.c0.fact": {"anger"}, "g0.c0.op": {"at_least"}, "g0.c0.value": {"80"},
		"g1.any": {"yes"}, "g1.c0.fact": {"time"}, "g1.c0.op": {"between"}, "g1.c0.value": {"20:00", "23:00"},
		"g1.c1.fact": {"weekday"}, "g1.c1.op": {"one_of"}, "g1.c1.value": {"saturday", "sunday"},
		"d0.action": {"lane"}, "d0.value": {"staff"}, "d1.action": {"tag"}, "d1.value": {"evening"}, "press": {"keep"},
	})
	v.post("/rules/try", nil)
	c.looks(b, []look{
		{"rules-tried", "an", "/rules", ""},
		{"rules-read", "minh", "/rules", ""},
		{"rule", "an", "/rules/0", ""},
		{"rule-new", "an", "/rules/new", ""},
	})
	b.Quiet()
}
