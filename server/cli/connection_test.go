package cli_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/kith-social/kith/listeners"
)

// diagnosis is a line of the doctor.
type diagnosis struct {
	Code, Level, Says, Fix, Brand, Connection, Network, Account string
	OK                                                          bool
}

// diagnoses runs a command that prints findings, and gives them by code.
func diagnoses(t *testing.T, args ...string) (int, map[string]diagnosis) {
	t.Helper()
	code, out, _ := kith(t, "", append(args, "--json")...)
	found := map[string]diagnosis{}
	for lines := json.NewDecoder(strings.NewReader(out)); lines.More(); {
		var f diagnosis
		if err := lines.Decode(&f); err != nil {
			t.Fatal(err)
		}
		found[f.Code] = f
	}
	return code, found
}

// TestDoctor: the command finds what a connection's page shows, in the page's words, and ends with 1 where
// something must be mended.
func TestDoctor(t *testing.T) {
	w, flags := world(t)
	doctor := func(further ...string) (int, map[string]diagnosis) {
		return diagnoses(t, append(append([]string{"doctor"}, flags...), further...)...)
	}
	code, found := doctor()
	if code != 1 || found["people"].OK || found["people"].Fix == "" || !found["database"].OK {
		t.Errorf("without an administrator: %d, %+v", code, found)
	}
	if f := found["answers"]; !f.OK || f.Says != "The network answers and knows us as saomaicafe." || f.Account != "@saomaicafe" || f.Brand != "saomai" || f.Connection != "1" {
		t.Errorf("the account is found as %+v", f)
	}
	must(t, "", append([]string{"member", "add", "admin@example.com", "--brand", "saomai", "--role", "admin"}, flags...)...)
	if code, found = doctor("--brand", "saomai", "--language", "vi"); code != 0 || !strings.Contains(found["no_budget"].Fix, "ngân sách") {
		t.Errorf("when all is well, with a warning in Vietnamese: %d, %+v", code, found)
	}
	if code, _ = doctor("--brand", "nobody"); code != 1 {
		t.Errorf("for a brand that is not there: %d", code)
	}
	w.Weather("GET /2/users/me", "status:401")
	if code, found = doctor(); code != 1 || found["refused"].OK || found["refused"].Fix != "Connect the account again." || found["broken"].Level != "problem" {
		t.Errorf("with a token that is refused: %d, %+v", code, found)
	}
	if kept := w.Count("SELECT COUNT(*) FROM examinations WHERE findings LIKE '%refused%'"); kept != 1 {
		t.Errorf("the page of the connection does not know what was found (%d)", kept)
	}
	w.Weather("GET /2/users/me", "none")
	line, err := listeners.NewKeyLine("k2", bytes.NewReader(make([]byte, 64)))
	if err != nil {
		t.Fatal(err)
	}
	flags[3] = file(t, "other.key", line)
	if code, found = doctor(); code != 1 || !strings.Contains(found["sealed"].Fix, "key file of this installation") {
		t.Errorf("with another key file: %d, %+v", code, found)
	}
}

// TestConnectionCommands follows a connection through everything that can be done to it.
func TestConnectionCommands(t *testing.T) {
	w, flags := world(t)
	run := func(args ...string) string {
		t.Helper()
		return must(t, "", append(append([]string{"connection"}, args...), flags...)...)
	}
	is := func(want string) {
		t.Helper()
		var state string
		err := w.App.DB.Read().NewRaw("SELECT state || CASE WHEN stopped_at IS NULL THEN '' ELSE ', stopped' END FROM connections WHERE id = 1").Scan(t.Context(), &state)
		if err != nil || state != want {
			t.Errorf("the connection is %s (%v), want %s", state, err, want)
		}
	}
	run("pause", "@SaoMaiCafe")
	is("paused")
	run("resume", "1")
	is("on")
	run("stop", "saomaicafe", "--brand", "saomai")
	is("on, stopped")
	if out := run("list"); !strings.Contains(out, "1\tsaomai\tx\t@saomaicafe\ton, answers stopped\t$0.00\t") {
		t.Errorf("listed as %q", out)
	}
	run("start", "1")
	is("on")
	if out := run("budget", "1", "12,50"); out != "$0.00 of $12.50\n" {
		t.Errorf("the budget is %q", out)
	}
	if out := run("list", "--json", "--brand", "saomai"); !strings.Contains(out, `"budget_usd":12.5`) {
		t.Errorf("listed as %s", out)
	}
	if out := run("budget", "1", "none"); out != "$0.00\n" {
		t.Errorf("without a budget it is %q", out)
	}
	if code, found := diagnoses(t, append([]string{"connection", "test", "1"}, flags...)...); code != 0 || !found["answers"].OK {
		t.Errorf("the test ends with %d: %+v", code, found)
	}
	run("remove", "saomaicafe")
	is("removed")
	if n := w.Count("SELECT COUNT(*) FROM connections WHERE LENGTH(secrets) = 0"); n != 1 {
		t.Errorf("the secrets of %d connections are erased", n)
	}
	if n := w.Count("SELECT COUNT(*) FROM activities WHERE kind IN ('connection_changed', 'sending_stopped', 'sending_resumed') AND actor_id IS NULL"); n != 7 {
		t.Errorf("the history tells of %d changes, want 7", n)
	}
}

// TestConnectEachNetwork connects an account of every network with its token, and hears what is wrong where
// something is.
func TestConnectEachNetwork(t *testing.T) {
	w, flags := world(t)
	add := func(in string, args ...string) (int, string) {
		t.Helper()
		code, _, messages := kith(t, in, append(append([]string{"connection", "add", "--brand", "saomai"}, args...), flags...)...)
		return code, messages
	}
	for _, c := range []struct {
		network string
		args    []string
		handle  string
	}{
		{"facebook", []string{"--set", "app_id=1000", "--set", "host=" + w.Net + "/graph"}, "sao_mai"},
		{"discourse", []string{"--set", "host=" + w.Net + "/discourse", "--set", "user=sao_mai"}, "sao_mai"},
		{"nodebb", []string{"--set", "address=" + w.Net + "/nodebb"}, "sao_mai"},
		{"x", []string{"--set", "host=" + w.Net + "/x", "--rule", "cà phê sao mai", "--budget", "50"}, "@sao_mai"},
	} {
		if code, messages := add(w.AccountOn(c.network, "sao_mai")+"\n", append(c.args, "--network", c.network, "--token-file", "-")...); code != 0 || !strings.Contains(messages, "connected "+c.handle+" on "+c.network) {
			t.Errorf("%s ends with %d: %s", c.network, code, messages)
		}
	}
	if code, messages := add("", "--network", "feed", "--set", "address="+w.Net+"/feed/posts.rss"); code != 0 {
		t.Errorf("feed ends with %d: %s", code, messages)
	}
	if n := w.Count("SELECT COUNT(*) FROM listening_rules WHERE query = 'cà phê sao mai'"); n != 1 {
		t.Errorf("%d searches are listened for", n)
	}
	if n := w.Count("SELECT COUNT(*) FROM connections WHERE budget = 50000000"); n != 1 {
		t.Errorf("%d connections have the budget", n)
	}
	if n := w.Count("SELECT COUNT(*) FROM examinations"); n != 5 {
		t.Errorf("%d connections were looked at when they were made, want 5", n)
	}
	for _, c := range []struct {
		name string
		args []string
		says string
	}{
		{"an unknown network", []string{"--network", "mastodon"}, "it knows discourse, facebook, feed, nodebb"},
		{"a search as a setting", []string{"--token-file", "-", "--set", "listen=cà phê"}, "--rule"},
		{"a secret as a setting", []string{"--network", "discourse", "--set", "key=k"}, "belongs into --secrets-file"},
		{"no token", nil, "on the page Connections"},
		{"a field that is missing", []string{"--network", "discourse", "--token-file", "-"}, "host is missing"},
		{"a budget that is none", []string{"--token-file", "-", "--budget", "lots"}, "no amount in US dollars"},
	} {
		if code, messages := add("t", c.args...); code != 2 || !strings.Contains(messages, c.says) {
			t.Errorf("%s ends with %d and says %s; want 2 and %q", c.name, code, messages, c.says)
		}
	}
	if code, _, messages := kith(t, "", append([]string{"connection", "pause", "sao_mai"}, flags...)...); code != 2 || !strings.Contains(messages, "name one by its id") {
		t.Errorf("one of several of a name ends with %d: %s", code, messages)
	}
}
