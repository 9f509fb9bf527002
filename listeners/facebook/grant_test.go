package facebook

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
)

// TestGrant: a person goes to the dialog, allows, comes back with a code, and each of their Pages can be
// opened with what it brings, for longer than the person's own token lives.
func TestGrant(t *testing.T) {
	s := newStage(t, false)
	s.call(t, http.MethodPost, "/admin/accounts", `{"network":"facebook","handle":"saomaitea","name":"Sao Mai Tea","brand":true}`, new(any))
	g := listeners.Grant{
		Settings: listeners.Settings{"host": s.base + "/graph", "app_id": "77"}, Secrets: map[string]string{"app_secret": "sandbox-secret-77"},
		Redirect: "https://kith.example/connections/callback", State: "st4te",
	}
	dialog, err := Network.Grant.URL(g)
	if err != nil {
		t.Fatal(err)
	}
	to, _ := url.Parse(dialog)
	if q := to.Query(); to.Path != "/graph/v25.0/dialog/oauth" || q.Get("scope") != strings.Join(permissions, ",") || q.Get("redirect_uri") != g.Redirect {
		t.Errorf("the dialog is %s", dialog)
	}
	code, state := allow(t, dialog, "an_nguyen")
	if code == "" || state != g.State {
		t.Fatalf("came back with code %q, state %q", code, state)
	}
	rt := listeners.Guard([]string{s.base[len("http://"):]}, "test")
	granted, err := Network.Grant.Exchange(context.Background(), g, code, rt)
	if err != nil || len(granted) != 2 {
		t.Fatalf("%+v, %v", granted, err)
	}
	s.advance(200 * 24 * time.Hour)
	for _, one := range granted {
		ch, err := Open(listeners.Access{NativeID: one.NativeID, Settings: one.Settings, Secrets: one.Secrets, Now: func() clock.Time { return clock.At(s.now()) }}, rt)
		if err != nil {
			t.Fatal(err)
		}
		if who, err := ch.Check(t.Context()); err != nil || who != one.Identity {
			t.Errorf("check: %+v, %v, want %+v", who, err, one.Identity)
		}
		if ends := ch.(listeners.AuthKeeper).Expires(); ends < clock.System().Add(59*24*time.Hour) || ends > clock.System().Add(61*24*time.Hour) {
			t.Errorf("ends %v", ends)
		}
		// The person's token has ended, the Page's has not: the connection goes on without the first.
		fresh, err := ch.(listeners.AuthKeeper).Renew(t.Context())
		if err != nil || fresh["token"] != one.Secrets["token"] || fresh["user_token"] != "" || expiry(fresh) != 0 {
			t.Errorf("renewed to %d secrets, %v", len(fresh), err)
		}
	}
	_, err = Network.Grant.Exchange(context.Background(), g, code, rt)
	wantClass(t, "the code again", err, listeners.Invalid)
	for _, hidden := range []string{code, "sandbox-secret-77"} {
		if strings.Contains(err.Error(), hidden) {
			t.Errorf("a secret in %v", err)
		}
	}
	g.Secrets = map[string]string{"app_secret": "wrong"}
	code, _ = allow(t, dialog, "an_nguyen")
	if _, err = Network.Grant.Exchange(context.Background(), g, code, rt); err == nil {
		t.Error("a wrong app secret was taken")
	}
	if _, err := Network.Grant.URL(listeners.Grant{}); err == nil {
		t.Error("a dialog without an app")
	}
}

// TestRenewKeepsThePage: a Page's token that ended is renewed with the person's.
func TestRenewKeepsThePage(t *testing.T) {
	s := newStage(t, false)
	old := s.grant(t)
	s.advance(2 * time.Hour)
	fresh, err := s.Open(t, channeltest.Options{Secrets: old}).(listeners.AuthKeeper).Renew(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if fresh["token"] == old["token"] || fresh["user_token"] == old["user_token"] || fresh["app_secret"] != secret {
		t.Error("the secrets are the old ones")
	}
	s.advance(300 * 24 * time.Hour)
	if _, err := s.Open(t, channeltest.Options{Secrets: fresh}).Check(t.Context()); err != nil {
		t.Errorf("a Page's token of a token that lives long ended: %v", err)
	}
	_, err = s.Open(t, channeltest.Options{}).(listeners.AuthKeeper).Renew(t.Context())
	wantClass(t, "a pasted token", err, listeners.AuthRevoked)
}

// TestExamine: the doctor's findings before and after the webhook is set, and near the end of a token.
func TestExamine(t *testing.T) {
	s := newStage(t, false)
	codes := func(o channeltest.Options) string {
		t.Helper()
		found, err := s.Open(t, o).(listeners.Examiner).Examine(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, f := range found {
			all = append(all, strings.TrimSpace(f.Code+" "+strings.Join(f.Detail, ",")))
		}
		return strings.Join(all, "; ")
	}
	if got := codes(channeltest.Options{}); got != "webhook_missing" {
		t.Errorf("before: %q", got)
	}
	served := serveHook(t, s.Open(t, channeltest.Options{}).(listeners.Receiver))
	if err := s.Open(t, channeltest.Options{}).(listeners.Subscriber).Subscribe(t.Context(), served.URL); err != nil {
		t.Fatal(err)
	}
	if got := codes(channeltest.Options{}); got != "" {
		t.Errorf("subscribed: %q", got)
	}
	s.graph(t, http.MethodPost, s.Brand.NativeID+"/subscribed_apps", url.Values{"subscribed_fields": {"feed"}, "access_token": {s.token}})
	if got := codes(channeltest.Options{}); got != "webhook_fields mention,ratings,messages,message_echoes,message_edits" {
		t.Errorf("with one field: %q", got)
	}
	short := s.grant(t)
	if got := codes(channeltest.Options{Secrets: short}); !strings.HasPrefix(got, "token_ends "+s.now().UTC().Format("2006-01")) {
		t.Errorf("with a short token: %q", got)
	}
	lacking := channeltest.Options{Wrap: func(next http.RoundTripper) http.RoundTripper {
		return rewriting(func(req *http.Request) (*http.Response, error) {
			res, err := next.RoundTrip(req)
			if err == nil {
				replaceBody(t, res, `"pages_messaging"`, `"public"`)
				replaceBody(t, res, `"pages_read_user_content","status":"live"`, `"pages_read_user_content","status":"unapproved"`)
			}
			return res, err
		})
	}}
	if got := codes(lacking); got != "scopes_missing pages_messaging; webhook_fields mention,ratings,messages,message_echoes,message_edits; app_not_reviewed pages_read_user_content,pages_messaging" {
		t.Errorf("without permissions: %q", got)
	}
	if got := codes(channeltest.Options{Secrets: map[string]string{"token": s.token}}); got != "app_secret_missing" {
		t.Errorf("without a secret: %q", got)
	}
}
