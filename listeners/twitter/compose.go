package twitter

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/kith-social/kith/listeners"
)

// hosts are those that people read X on.
var hosts = []string{"x.com", "www.x.com", "mobile.x.com", "twitter.com", "www.twitter.com", "mobile.twitter.com"}

// link reads the id of a post from a link to it: x.com/name/status/ID and its older forms, and /post/ID on
// a sandbox network.
func link(s listeners.Settings, written string) (nativeID string) {
	u, err := url.Parse(strings.TrimSpace(written))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if base, err := baseOf(s); err == nil && sandboxPosts(base) != "" && u.Host == base.Host {
		if len(parts) == 2 && parts[0] == "post" {
			return idOr(parts[1])
		}
		return ""
	}
	if !slices.Contains(hosts, strings.ToLower(u.Host)) {
		return ""
	}
	for i, p := range parts {
		if (p == "status" || p == "statuses") && i+1 < len(parts) {
			return idOr(parts[i+1])
		}
	}
	return ""
}

// compose is X's own page with an answer to a mention written out. A sandbox network has its post's page.
func compose(m listeners.Mention, text string) string {
	if u, err := url.Parse(m.URL); err == nil && u.Host != "" && !slices.Contains(hosts, u.Host) {
		u.RawQuery = url.Values{"text": {text}}.Encode()
		return u.String()
	}
	return "https://x.com/intent/post?" + url.Values{"in_reply_to": {cmp.Or(m.Target, m.NativeID)}, "text": {text}}.Encode()
}
