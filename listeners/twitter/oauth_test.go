package twitter

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
)

func TestGrantURL(t *testing.T) {
	g := listeners.Grant{Settings: listeners.Settings{"client_id": "app"}, Secrets: map[string]string{"client_secret": "s3cret"}, Redirect: "https://kith.example/back", State: "st4te", Verifier: strings.Repeat("v", 43)}
	page, err := Network.Grant.URL(g)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if u.Host != "x.com" || u.Path != "/i/oauth2/authorize" || q.Get("client_id") != "app" || q.Get("state") != "st4te" || q.Get("response_type") != "code" ||
		q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || q.Get("redirect_uri") != g.Redirect || q.Get("scope") != strings.Join(Network.Permissions, " ") {
		t.Errorf("got %s", page)
	}
	for _, secret := range []string{"s3cret", g.Verifier} {
		if strings.Contains(page, secret) {
			t.Errorf("the address shows %q", secret)
		}
	}
	if _, err := Network.Grant.URL(listeners.Grant{}); err == nil {
		t.Error("an app without a name is sent to X")
	}
}

// TestGrant plays what can go wrong between X's page and the token.
func TestGrant(t *testing.T) {
	n := network(t, "post")
	ch := n.Open(t, channeltest.Options{}).(*Channel)
	settings := listeners.Settings{"host": ch.host, "client_id": client}
	g := listeners.Grant{Settings: settings, Redirect: "https://kith.example/back", State: "st4te", Verifier: strings.Repeat("v", 43)}
	page, err := Network.Grant.URL(g)
	if err != nil {
		t.Fatal(err)
	}
	rt := listeners.Guard([]string{strings.TrimSuffix(strings.TrimPrefix(ch.host, "http://"), "/x")}, "test")
	if back, err := come(t, page, n.Brand.Handle, "no"); err != nil || back.Get("error") != "access_denied" || back.Get("code") != "" {
		t.Errorf("who says no comes back with %v, %v", back, err)
	}
	back, err := come(t, page, n.Brand.Handle, "yes")
	if err != nil {
		t.Fatal(err)
	}
	thief := g
	thief.Verifier = strings.Repeat("w", 43)
	if _, err := Network.Grant.Exchange(t.Context(), thief, back.Get("code"), rt); classIn(err) != listeners.AuthRevoked || strings.Contains(err.Error(), back.Get("code")) {
		t.Errorf("a code without its verifier: got %v", err)
	}
	if _, err := Network.Grant.Exchange(t.Context(), g, back.Get("code"), rt); classIn(err) != listeners.AuthRevoked {
		t.Errorf("a code that was tried before: got %v", err)
	}
	secrets := allow(t, n.Brand.Handle, settings, nil, rt)
	if secrets["scope"] != strings.Join(permissions, " ") || secrets["refresh_token"] == "" {
		t.Errorf("granted %v", secrets)
	}
	granted := n.Open(t, channeltest.Options{Secrets: secrets}).(*Channel)
	if left := granted.Expires().Sub(clock.System()); left < 119*time.Minute || left > 2*time.Hour {
		t.Errorf("the token ends in %v", left)
	}
	fresh, err := granted.Renew(t.Context())
	if err != nil || fresh["refresh_token"] == secrets["refresh_token"] || fresh["token"] == secrets["token"] || fresh["consumer_secret"] == "" {
		t.Fatalf("renewed: %v, %v", fresh, err)
	}
	if _, err := granted.Renew(t.Context()); classIn(err) != listeners.AuthRevoked {
		t.Errorf("a refresh token that is spent: got %v", err)
	}
	if _, err := n.Open(t, channeltest.Options{}).(*Channel).Renew(t.Context()); classIn(err) != listeners.AuthRevoked {
		t.Errorf("a token without a refresh token: got %v", err)
	}
}
