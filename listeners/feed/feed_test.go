package feed

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
	"github.com/kith-social/kith/listeners/sandbox"
)

func TestConformance(t *testing.T) {
	for _, format := range []string{"rss", "atom", "json"} {
		t.Run(format, func(t *testing.T) {
			channeltest.Run(t, func(t *testing.T) *channeltest.Network { return network(t, format) })
		})
	}
}

const readOnly = "a feed can be read only: whoever answers does it by hand, on the page itself"

const noLook = "a feed cannot be asked about a post again, and does not say what became of it"

const noNews = "a feed is asked, it brings nothing"

const noSecrets = "a feed has no account and no secrets"

var notApplicable = map[string]string{
	"C03":  "a feed is one page",
	"C06":  "a feed cannot be asked about a post again; its edits are heard with the feed",
	"hide": noLook, "C11": noLook, "C13": noLook,
	"C12":      "the authors of a feed are names that anybody can choose, so nobody is taken for the brand",
	"backfill": "a feed holds its newest items only",
	"C40":      readOnly, "C41": readOnly, "C42": readOnly, "C43": readOnly, "C44": readOnly, "C45": readOnly, "C46": readOnly,
	"C55": readOnly, "gone": readOnly, "links": readOnly, "C51": readOnly, "C52": readOnly, "edit": readOnly, "hide others": readOnly,
	"C30": noNews, "C31": noNews, "C32": noNews, "C35": noNews, "C36": noNews, "brought": noNews, "removed": noNews,
	"C48": readOnly, "C49": noSecrets, "C50": noSecrets, "C56": noSecrets,
}

func network(t *testing.T, format string) *channeltest.Network {
	n, base, _ := channeltest.Sandbox(t, sandbox.New(sandbox.Config{}), "feed")
	address := base + "/feed/posts." + format
	n.Brand = listeners.Identity{NativeID: address, Handle: "127.0.0.1", Name: "Góc Cà Phê"}
	n.Open = func(t *testing.T, o channeltest.Options) listeners.Channel {
		rt := listeners.Guard([]string{base[len("http://"):]}, "test")
		if o.Wrap != nil {
			rt = o.Wrap(rt)
		}
		if o.Now == nil {
			o.Now = clock.System
		}
		a := listeners.Access{NativeID: address, Now: o.Now}
		if o.Listen != "" {
			a.Rules = []listeners.Rule{{ID: "1", Query: o.Listen}}
		}
		return open(t, a, rt)
	}
	// Items are known by their address, the ledger by the number in it.
	page := func(id string) string {
		if id == "" {
			return ""
		}
		return base + "/post/" + id
	}
	number := func(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
	post, remove := n.Post, n.Delete
	n.Post = func(t *testing.T, p channeltest.Post) string {
		p.InReplyTo = number(p.InReplyTo)
		return page(post(t, p))
	}
	n.Delete = func(t *testing.T, id string) { remove(t, number(id)) }
	n.At = func(clock.Time) string { return "" } // the network finds one that fits
	n.ReadRoute, n.NA = "GET /posts."+format, notApplicable
	if format == "json" {
		n.NA = maps.Clone(n.NA)
		n.NA["C08"] = "an item of a JSON feed does not say what it answers"
	}
	return n
}

func open(tb testing.TB, a listeners.Access, rt http.RoundTripper) *Channel {
	tb.Helper()
	ch, err := Open(a, rt)
	if err != nil {
		tb.Fatal(err)
	}
	return ch.(*Channel)
}

// TestSandbox: what is broken, gone or written in an old code page is heard as far as it can be.
func TestSandbox(t *testing.T) {
	n := network(t, "rss")
	text := "Bánh mì Sài Gòn ướt át: \"tuyệt\" — đặng Thế Hưng ☕"
	for _, said := range []string{"first", text, "last"} {
		n.Post(t, channeltest.Post{Author: "an", Text: said})
	}
	fetch := func(query string) listeners.Page {
		t.Helper()
		base := strings.TrimSuffix(n.Brand.NativeID, "posts.rss")
		ch := open(t, listeners.Access{NativeID: base + query, Now: clock.System}, http.DefaultTransport)
		page, err := ch.Fetch(context.Background(), "")
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	if page := fetch("posts.rss?charset=windows-1258"); len(page.Posts) != 3 || page.Posts[1].Text != text {
		t.Errorf("windows-1258: %+v", page.Posts)
	}
	for _, query := range []string{"posts.rss?broken=1", "posts.atom?broken=1"} {
		page := fetch(query)
		if len(page.Posts) != 2 || len(page.Rejected) != 1 || page.Posts[0].Text != "last" || page.Posts[1].Text != "first" {
			t.Errorf("%s: %d posts, rejected %v; want the neighbours of the broken one", query, len(page.Posts), page.Rejected)
		}
	}
	who, err := n.Open(t, channeltest.Options{}).Check(t.Context())
	if err != nil || who != n.Brand {
		t.Errorf("check: %v, %v", who, err)
	}
}
