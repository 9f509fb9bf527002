package twitter

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
)

// codes are what a doctor found, worst marked: !problem, ?warning.
func codes(found []listeners.Finding) (list []string) {
	for _, f := range found {
		mark := map[listeners.Level]string{listeners.Problem: "!", listeners.Warning: "?", listeners.Fine: ""}[f.Level]
		list = append(list, mark+f.Code)
	}
	return list
}

func TestExamine(t *testing.T) {
	n := network(t, "post")
	examine := func(o channeltest.Options, want ...string) []listeners.Finding {
		t.Helper()
		found, err := n.Open(t, o).(listeners.Examiner).Examine(t.Context())
		if got := codes(found); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		return found
	}
	examine(channeltest.Options{}, "x_account", "?x_no_renewal", "x_usage", "?x_no_webhook")
	examine(channeltest.Options{Secrets: map[string]string{"app_token": ""}}, "x_account", "?x_no_renewal", "?x_no_app_token")
	narrow := n.Renewable(t)
	narrow["scope"] = "tweet.read users.read offline.access"
	found := examine(channeltest.Options{Secrets: narrow}, "x_account", "!x_permissions", "x_usage", "?x_no_webhook")
	if got := found[1].Detail; !slices.Equal(got, []string{"tweet.write, tweet.moderate.write"}) {
		t.Errorf("missing %q", got)
	}
	ch := n.Open(t, channeltest.Options{}).(*Channel)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, _, _, _ := ch.Challenge(r, nil)
		_, _ = w.Write(answer)
	}))
	if err := ch.Subscribe(t.Context(), server.URL); err != nil {
		t.Fatal(err)
	}
	examine(channeltest.Options{}, "x_account", "?x_no_renewal", "x_usage", "x_webhook")
	server.Close()
	if err := ch.Subscribe(t.Context(), server.URL); err != nil {
		t.Errorf("a valid webhook is asked for again: %v", err)
	}
	if _, err := ch.send(t.Context(), "check", ch.app, http.MethodPut, "/2/webhooks/"+mustHook(t, ch, server.URL), nil); err != nil {
		t.Fatal(err)
	}
	examine(channeltest.Options{}, "x_account", "?x_no_renewal", "x_usage", "!x_webhook_invalid")
}

func TestExamineByAnswers(t *testing.T) {
	plan := `{"data":{"id":"1000","username":"saomaicafe","name":"Sao Mai","subscription_type":"Premium"}}`
	for _, c := range []struct {
		name  string
		usage string
		left  string
		want  string
	}{
		{"used up", `{"data":{"project_cap":"100","project_usage":"100"}}`, "300", "x_account ?x_no_renewal !x_usage ?x_no_webhook"},
		{"nearly used up", `{"data":{"project_cap":"100","project_usage":"90"}}`, "300", "x_account ?x_no_renewal ?x_usage ?x_no_webhook"},
		{"hardly a call left", `{"data":{"project_cap":"100","project_usage":"1"}}`, "2", "x_account ?x_no_renewal ?x_few_calls x_usage ?x_no_webhook"},
	} {
		t.Run(c.name, func(t *testing.T) {
			mentions := tweets("")
			mentions.header = http.Header{"X-Rate-Limit-Limit": {"300"}, "X-Rate-Limit-Remaining": {c.left}}
			ch := open(t, &script{answers: []answering{{status: 200, body: plan}, mentions, {status: 200, body: c.usage}, {status: 200, body: `{"data":[]}`}}}, nil)
			ch.app = bearer("app")
			found, err := ch.Examine(t.Context())
			if got := strings.Join(codes(found), " "); err != nil || got != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
	other := open(t, &script{answers: []answering{{status: 200, body: strings.Replace(plan, "1000", "5", 1)}, tweets("")}}, listeners.Settings{"plan": "Premium"})
	if found, err := other.Examine(t.Context()); err != nil || strings.Join(codes(found), " ") != "!x_another_account ?x_no_renewal ?x_no_app_token" {
		t.Errorf("another account: got %q, %v", codes(found), err)
	}
	if got := other.Measure("a").Limit; got != longWeight || other.Capabilities().MaxLength != longWeight {
		t.Errorf("with Premium the limit is %d", got)
	}
}

func TestHide(t *testing.T) {
	n := network(t, "tweet")
	mine := n.Post(t, channeltest.Post{Author: n.Brand.Handle, Text: "chào cả nhà"})
	reply := n.Post(t, channeltest.Post{Author: "an", Text: "quảng cáo", InReplyTo: mine})
	other := n.Post(t, channeltest.Post{Author: "an", Text: "@" + n.Brand.Handle + " chào"})
	ch := n.Open(t, channeltest.Options{}).(listeners.Hider)
	for _, hidden := range []bool{true, false} {
		if err := ch.Hide(t.Context(), reply, hidden); err != nil {
			t.Errorf("hidden %t: %v", hidden, err)
		}
	}
	if err := ch.Hide(t.Context(), other, true); classIn(err) != listeners.Forbidden {
		t.Errorf("in somebody else's conversation: got %v", err)
	}
	if err := ch.Hide(t.Context(), "1/../2", true); classIn(err) != listeners.Invalid {
		t.Errorf("no id: got %v", err)
	}
	n.Delete(t, reply)
	if err := ch.Hide(t.Context(), reply, true); classIn(err) != listeners.Gone {
		t.Errorf("a deleted post: got %v", err)
	}
}

// TestSuperseded: X may give an old version of an edited post; the newest one is looked up.
func TestSuperseded(t *testing.T) {
	versions := `"edit_history_tweet_ids":["1857712345678900001","1857712345678900002"]`
	old := strings.Replace(goodPost, `"edit_history_tweet_ids":["1857712345678900001"]`, versions, 1)
	newest := strings.Replace(strings.Replace(old, `"id":"1857712345678900001"`, `"id":"1857712345678900002"`, 1), "@saomaicafe hi", "edited", 1)
	wire := &script{answers: []answering{{status: 200, body: `{"data":[` + old + `],` + goodUsers + `}`}, {status: 200, body: `{"data":[` + newest + `],` + goodUsers + `}`}}}
	page, err := open(t, wire, nil).Hydrate(t.Context(), []string{"1857712345678900001"})
	if err != nil || len(page.Posts) != 1 {
		t.Fatal(page, err)
	}
	if p := page.Posts[0]; p.NativeID != "1857712345678900001" || p.Version != 1 || p.Text != "edited" || p.Target != "1857712345678900002" {
		t.Errorf("got %+v", p)
	}
}

// TestLongPosts: what an account has subscribed to is asked of X, and an answer may be as long as that allows.
func TestLongPosts(t *testing.T) {
	n := network(t, "tweet")
	connect := func() (*Channel, int) {
		t.Helper()
		who, err := n.Open(t, channeltest.Options{}).Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ch := n.Open(t, channeltest.Options{}).(*Channel)
		account := listeners.Settings{listeners.SettingPlan: who.Plan}
		ch.limit = limitOf(account) // as Open does
		return ch, Network.Count(account, "a").Limit
	}
	answer := func(ch *Channel, length int) error {
		t.Helper()
		out := listeners.Outgoing{ParentID: n.Post(t, channeltest.Post{Author: "an", Text: "@" + n.Brand.Handle + " kể mình nghe"}), Text: strings.Repeat("à", length-1) + "!"}
		_, err := ch.Reply(t.Context(), out)
		if err != nil {
			return err
		}
		verdict, _, err := ch.Reconcile(t.Context(), out, now)
		if verdict != listeners.Found || err != nil {
			t.Errorf("%d characters are %s, %v", length, verdict, err)
		}
		return nil
	}
	ch, limit := connect()
	if limit != maxWeight || ch.Measure("a").Limit != maxWeight || ch.Capabilities().MaxLength != maxWeight {
		t.Errorf("without a subscription the limit is %d", limit)
	}
	if err := answer(ch, maxWeight+1); classIn(err) != listeners.Invalid {
		t.Errorf("too long without a subscription: %v", err)
	}
	subscribed := `{"network":"x","handle":"` + n.Brand.Handle + `","premium":true}`
	res, err := http.Post(strings.TrimSuffix(ch.host, "/x")+"/admin/accounts", "application/json", strings.NewReader(subscribed))
	if err != nil || res.StatusCode != http.StatusCreated {
		t.Fatal(res, err)
	}
	res.Body.Close()
	ch, limit = connect()
	if limit != longWeight || ch.Measure("a").Limit != longWeight || ch.Capabilities().MaxLength != longWeight {
		t.Errorf("with a subscription the limit is %d", limit)
	}
	for _, length := range []int{maxWeight, maxWeight + 1, longWeight} {
		if err := answer(ch, length); err != nil {
			t.Errorf("%d characters: %v", length, err)
		}
	}
	if err := answer(ch, longWeight+1); classIn(err) != listeners.Invalid {
		t.Errorf("too long with a subscription: %v", err)
	}
}
