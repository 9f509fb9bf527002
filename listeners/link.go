package listeners

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Link is a link that a person brings, in the forms that it is needed in.
type Link struct {
	URL  string // opens the place, without what only tells who shared it
	Key  string // the same however the link was written; no address to open
	Host string // the website, as people know it
}

// longestLink bounds what is read as a link, in bytes.
const longestLink = 2000

// ReadLink reads a link; false where it is no http or https address of a host, or carries a password.
func ReadLink(text string) (Link, bool) {
	u := webLink(text)
	if u == nil {
		return Link{}, false
	}
	host, err := idna.Lookup.ToASCII(strings.TrimSuffix(u.Hostname(), "."))
	if err != nil || host == "" {
		return Link{}, false
	}
	site := host
	for _, front := range []string{"www.", "m.", "mobile."} {
		if rest, ok := strings.CutPrefix(host, front); ok && strings.Contains(rest, ".") {
			site = rest
			break
		}
	}
	port := u.Port()
	if port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		port = ""
	}
	if port != "" {
		host, site = host+":"+port, site+":"+port
	}
	u.Host, u.RawQuery = host, tellingQuery(site, u.Query())
	if strings.HasPrefix(u.Fragment, ":~:") { // words to be marked on the page
		u.Fragment, u.RawFragment = "", ""
	}
	l := Link{URL: u.String(), Host: site}
	u.Scheme, u.Host = "https", site
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	l.Key = u.String()
	return l, len(l.URL) <= longestLink
}

// webLink reads an address on the web; nil where there is none.
func webLink(text string) *url.URL {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || len(text) > longestLink {
		return nil
	}
	return u
}

// tracking are parameters that tell who shared a link, and not what it leads to; of some websites only.
var tracking = map[string][]string{
	"": {
		"fbclid", "gclid", "dclid", "msclkid", "twclid", "ttclid", "igsh", "igshid", "mibextid", "rdid", "share_url", "sfnsn", "zarsrc", "_rdr", "_rdc",
		"ref", "refid", "ref_src", "ref_url", "trk", "trackingid", "lipi", "rcm", "si", "feature", "is_from_webapp", "sender_device", "sender_web_id",
		"is_copy_url", "_r", "_t",
	},
	"x.com":       {"s", "t"},
	"twitter.com": {"s", "t"},
}

// tellingQuery is what of a query tells where a link leads, in one order.
func tellingQuery(site string, q url.Values) string {
	for name := range q {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "utm_") || strings.HasPrefix(lower, "__") || slices.Contains(tracking[""], lower) || slices.Contains(tracking[site], lower) {
			q.Del(name)
		}
	}
	return q.Encode()
}

// longestID bounds what identifies something in an index, in bytes.
const longestID = 200

// Bounded keeps what identifies something short enough for an index.
func Bounded(s string) string {
	line := CleanLine(s)
	if len(line) > longestID {
		return cut(line, longestID-65) + "~" + Hash(s)
	}
	return line
}
