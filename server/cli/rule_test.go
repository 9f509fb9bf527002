package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

const staffRules = `{"overflow":{"waiting":10},"rules":[{"name":"Giờ","groups":[{"conditions":[{"fact":"question","op":"at_least","values":["50"]}]}],"do":[{"action":"lane","value":"staff"}]}]}`

// TestRuleLint: rules that cannot be switched on fail with the reason, and those that can do nothing.
func TestRuleLint(t *testing.T) {
	const never = `{"name":"Không","groups":[{"conditions":[{"fact":"anger","op":"at_least","values":["80"]},{"fact":"anger","op":"below","values":["20"]}]}],"do":[{"action":"alert"}]}`
	for name, c := range map[string]struct {
		in   string
		code int
		says string
	}{
		"fine":              {staffRules, 0, ""},
		"without overflow":  {strings.Replace(staffRules, `"overflow":{"waiting":10},`, "", 1), 1, "do not say what happens when too much waits"},
		"never holds":       {`{"rules":[` + never + `]}`, 1, "Không: no post can ever meet its conditions"},
		"receipts on X":     {strings.Replace(strings.Replace(staffRules, "\"question\",\"op\":\"at_least\",\"values\":[\"50\"]", "\"network\",\"op\":\"one_of\",\"values\":[\"x\"]", 1), `{"action":"lane","value":"staff"}`, `{"action":"receipt"}`, 1), 1, "allows no automatic receipts"},
		"no such fact":      {strings.Replace(staffRules, "question", "mood", 1), 1, "choose what the condition looks at from the list"},
		"no rules":          {`{"rule":[]}`, 1, ""},
		"neither of either": {"", 1, ""},
	} {
		code, out, _ := kith(t, c.in, "rule", "lint", "-")
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%s: code %d, says %q", name, code, out)
		}
	}
	if code, _, _ := kith(t, "", "rule", "lint"); code != 2 {
		t.Errorf("without a file or brand: code %d, want 2", code)
	}
	_, out, _ := kith(t, `{"rules":[`+never+`]}`, "rule", "lint", "--json", "-")
	var list struct{ Items []struct{ Rule, Code string } }
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list.Items) != 1 || list.Items[0].Code != "never_holds" {
		t.Errorf("as JSON: %s, %v", out, err)
	}
}

// TestRuleReplay: what rules would have made of the past is printed, and nothing is written.
func TestRuleReplay(t *testing.T) {
	w := servertest.Start(t, dbtest.SQLite(t))
	w.Says("khach", "@saomaicafe quán mở cửa mấy giờ ạ?", "")
	w.Wait(servertest.Soon, "the case", func() bool { return w.Count("SELECT COUNT(*) FROM cases") == 1 })
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	replay := append([]string{"rule", "replay", "--brand", "saomai", "-"}, flagsOf(t, w)...)
	code, out, said := kith(t, staffRules, replay...)
	if code != 0 || !strings.Contains(said, "too few") {
		t.Errorf("code %d, %s%s", code, out, said)
	}
	_, out, _ = kith(t, staffRules, append(replay, "--json")...)
	var r moderation.Replay
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if code, _, _ := kith(t, "", append([]string{"rule", "lint", "--brand", "saomai"}, flagsOf(t, w)...)...); code != 1 {
		t.Errorf("a brand without rules: code %d", code)
	}
}
