package nodebb

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
	"github.com/kith-social/kith/listeners/sandbox"
	"github.com/tidwall/gjson"
)

func TestConformance(t *testing.T) {
	for _, token := range []string{"user", "master"} {
		t.Run(token, func(t *testing.T) {
			channeltest.Run(t, func(t *testing.T) *channeltest.Network { return network(t, token) })
		})
	}
}

const noHooks = "NodeBB brings news only where a plugin is installed"

const noHiding = "moderators of NodeBB delete posts, they do not hide them"

var notApplicable = map[string]string{
	"C11": "users of NodeBB hide nothing of what they wrote", "C42": "on NodeBB everybody may answer everybody",
	"hide": noHiding, "hide others": noHiding,
	"C43": "NodeBB takes the same text twice, so a resend is never answered by a refusal",
	"C49": "tokens of NodeBB do not end", "C50": "a token that was taken away makes us a guest, which the adapter notices",
	"C30": noHooks, "C31": noHooks, "C32": noHooks, "C35": noHooks, "C36": noHooks, "brought": noHooks, "removed": noHooks,
}

func network(t *testing.T, kind string) *channeltest.Network {
	n, base, token := channeltest.Sandbox(t, sandbox.New(sandbox.Config{}), "nodebb")
	settings := listeners.Settings{"address": base + "/nodebb/"}
	brand := func(more string) string {
		return play(t, base, `{"network":"nodebb","handle":"`+channeltest.Brand+`","brand":true`+more+`}`)
	}
	if kind == "master" {
		token, settings["uid"] = brand(""), n.Brand.NativeID
		n.Secrets = []string{token}
	}
	n.Open = func(t *testing.T, o channeltest.Options) listeners.Channel {
		rt := listeners.Guard([]string{base[len("http://"):]}, "test")
		if o.Wrap != nil {
			rt = o.Wrap(rt)
		}
		if o.Now == nil {
			o.Now = clock.System
		}
		a := listeners.Access{
			NativeID: n.Brand.NativeID, Handle: n.Brand.Handle, Now: o.Now, Settings: settings, Secrets: map[string]string{"token": token},
		}
		if o.Listen != "" {
			a.Rules = []listeners.Rule{{ID: "1", Query: o.Listen}}
		}
		return open(t, a, rt)
	}
	n.ReadRoute, n.ReplyRoute, n.NA = "GET /api/", "POST /api/v3/topics", notApplicable
	n.At = func(clock.Time) string { return "" } // the network finds one that fits
	n.Hold = func(_ *testing.T, on bool) { brand(fmt.Sprintf(`,"moderated":%t`, on)) }
	return n
}

// play changes an account of the sandbox and returns its master token.
func play(t *testing.T, base, account string) string {
	t.Helper()
	res, err := http.Post(base+"/admin/accounts", "application/json", strings.NewReader(account))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 201 {
		t.Fatalf("%s: %s, %v", account, body, err)
	}
	return gjson.GetBytes(body, "refresh_token").Str
}

func open(tb testing.TB, a listeners.Access, rt http.RoundTripper) *Channel {
	tb.Helper()
	ch, err := Open(a, rt)
	if err != nil {
		tb.Fatal(err)
	}
	return ch.(*Channel)
}
