package channeltest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"golang.org/x/text/unicode/norm"
)

var reading = []testCase{
	{"C01", "the first round from an empty cursor brings what the network has", firstRound, nil},
	{"C02", "after a restart in any page nothing is lost", restarts, nil},
	{"C03", "an empty page in the middle is not the end", emptyPages, nil},
	{"C04", "posts out of order and late ones are heard", lateArrivals, nil},
	{"C05", "a post that is given twice keeps its id", twice, nil},
	{"C08", "a partial error costs only its own post", partialErrors, nil},
	{"C09", "texts arrive whole, normalised and harmless", texts, nil},
	{"C12", "own posts are marked as such", ownPosts, nil},
	{"C13", "hydrating leaves out what is gone", hydrating, canHydrate},
	{"C14", "a wrong clock of ours loses nothing", readingWithSkew, nil},
}

func canHydrate(_ *Network, ch listeners.Channel) bool {
	_, ok := ch.(listeners.Hydrator)
	return ok
}

func mention(n *Network, i int) Post {
	return Post{Author: fmt.Sprintf("customer%d", i%7), Text: fmt.Sprintf("@%s where is order %d?", n.Brand.Handle, i)}
}

func mentions(t *testing.T, n *Network, count int) (ids []string) {
	t.Helper()
	for i := range count {
		ids = append(ids, n.Post(t, mention(n, i)))
	}
	return ids
}

func firstRound(t *testing.T, n *Network) {
	want := mentions(t, n, 3)
	posts, _ := round(t, n, Options{}, "")
	wantIDs(t, "first round", posts, want)
	p := find(t, posts, want[1])
	reason, delivery := listeners.Mentioned, listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}
	if !canReply(n, n.Open(t, Options{})) { // it has no account to name, and everybody answers by hand
		reason, delivery = listeners.Keyword, listeners.Delivery{Mode: listeners.Assisted, Why: "read_only"}
	}
	if cmp.Or(p.Author.Handle, p.Author.Name) != "customer1" || p.Author.NativeID == "" || p.Text != mention(n, 1).Text ||
		p.Reason != reason || p.ThreadKey == "" || p.ParentID != "" || p.CreatedAt.IsZero() || p.URL == "" {
		t.Errorf("the post is not as it was written: %+v", p)
	}
	if p.Delivery != delivery {
		t.Errorf("delivery: got %v, want %v", p.Delivery, delivery)
	}
	who, err := n.Open(t, Options{}).Check(context.Background())
	if err != nil || who.NativeID != n.Brand.NativeID || who.Handle != n.Brand.Handle || who.Name != n.Brand.Name {
		t.Errorf("check: got %v, %v, want %v", who, err, n.Brand)
	}
}

func restarts(t *testing.T, n *Network) {
	want := mentions(t, n, 230)
	want = append(want, n.Post(t, Post{Author: n.Brand.Handle, Text: "good morning"}))
	got := make(map[string]listeners.Post)
	var cursor listeners.Cursor
	for more, pages := true, 0; more; pages++ {
		if pages > 20 {
			t.Fatal("20 pages and no end")
		}
		lost := fetch(t, n.Open(t, Options{}), cursor) // fetched, but the process dies before it is stored
		if pages == 1 {
			want = append(want, n.Post(t, Post{Author: "late", Text: "@" + n.Brand.Handle + " between two pages"}))
		}
		page := fetch(t, n.Open(t, Options{}), cursor)
		if pages != 1 && !slices.Equal(ids(lost.Posts), ids(page.Posts)) {
			t.Errorf("page %d differs when it is read again: %d and %d posts", pages, len(lost.Posts), len(page.Posts))
		}
		for _, p := range page.Posts {
			got[p.NativeID] = p
		}
		cursor, more = page.Next, page.More
	}
	second, _ := round(t, n, Options{}, cursor)
	for _, p := range second {
		got[p.NativeID] = p
	}
	wantIDs(t, "all rounds", slices.Collect(maps.Values(got)), want)
}

func emptyPages(t *testing.T, n *Network) {
	want := mentions(t, n, 150)
	n.Weather(t, n.ReadRoute, "empty_page", 0)
	posts, _ := round(t, n, Options{}, "")
	wantIDs(t, "round with empty pages", posts, want)
}

func lateArrivals(t *testing.T, n *Network) {
	now := clock.System()
	at := func(ago time.Duration, i int) string {
		p := mention(n, i)
		p.CreatedAt = now.Add(-ago)
		p.ID = n.At(p.CreatedAt)
		return n.Post(t, p)
	}
	n.Weather(t, n.ReadRoute, "reorder", 0)
	want := []string{at(40*time.Second, 1), at(20*time.Second, 2), at(2*time.Hour, 3)}
	posts, cursor := round(t, n, Options{}, "")
	wantIDs(t, "first round", posts, want)
	late := at(55*time.Second, 4)
	fresh := at(0, 5)
	posts, _ = round(t, n, Options{}, cursor)
	find(t, posts, late)
	find(t, posts, fresh)
	if slices.Contains(ids(posts), want[2]) {
		t.Error("a post from long before the overlap was read again")
	}
}

func twice(t *testing.T, n *Network) {
	want := mentions(t, n, 120)
	n.Weather(t, n.ReadRoute, "duplicate", 0)
	first, cursor := round(t, n, Options{}, "")
	wantIDs(t, "round with doubles", first, want)
	n.Weather(t, "", "", 0)
	again, next := round(t, n, Options{}, cursor)
	for _, p := range again {
		if old := find(t, first, p.NativeID); old != p {
			t.Errorf("post %s differs when it is read again:\n%+v\n%+v", p.NativeID, old, p)
		}
	}
	if next != cursor {
		t.Errorf("a round that brought nothing new moved the cursor from %s to %s", cursor, next)
	}
}

func partialErrors(t *testing.T, n *Network) {
	parent := n.Post(t, Post{Author: "an", Text: "my coffee is cold"})
	id := n.Post(t, Post{Author: "binh", Text: "@" + n.Brand.Handle + " hers too", InReplyTo: parent})
	n.Delete(t, parent)
	posts, _ := round(t, n, Options{Listen: "coffee OR hers"}, "")
	p := find(t, posts, id)
	if p.ParentID != parent {
		t.Errorf("parent: got %q, want %q", p.ParentID, parent)
	}
}

func texts(t *testing.T, n *Network) {
	long := strings.Repeat("Cà phê sữa đá của tôi nguội rồi, & <không> ai trả lời. ", 40)
	for _, c := range []struct{ name, text, want string }{
		{"long", long, strings.TrimSpace(long)},
		{"entities", "1 < 2 && 3 > 2", "1 < 2 && 3 > 2"},
		{"emoji joined", "👩‍👩‍👧‍👦 ☕️ 👍🏽", "👩‍👩‍👧‍👦 ☕️ 👍🏽"},
		{"decomposed Vietnamese", norm.NFD.String("Tiếng Việt ướt át"), "Tiếng Việt ướt át"},
		{"right to left", "قهوة \u202Eباردة\u202C", "قهوة \u202Eباردة\u202C"},
		{"control characters", "a\x00b\x07c\x1b[31m\td\ne", "abc[31m\td\ne"},
		{"markup", `<script>alert("x")</script>`, `<script>alert("x")</script>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			prefix := "@" + n.Brand.Handle + " "
			id := n.Post(t, Post{Author: "chi", Text: prefix + c.text})
			posts, _ := round(t, n, Options{}, "")
			if got := strings.TrimSpace(strings.TrimPrefix(find(t, posts, id).Text, prefix)); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
	id := n.Post(t, Post{Author: "dung", Text: "@" + n.Brand.Handle + strings.Repeat(" ế", 300_000)})
	posts, _ := round(t, n, Options{}, "")
	if text := find(t, posts, id).Text; len(text) > 64<<10 || len(text) < 60<<10 || !utf8.ValidString(text) {
		t.Errorf("of 1 MiB of text %d bytes are kept, valid %t; want up to 64 KiB", len(text), utf8.ValidString(text))
	}
}

func ownPosts(t *testing.T, n *Network) {
	asked := n.Post(t, mention(n, 1))
	told := n.Post(t, Post{Author: n.Brand.Handle, Text: "on its way", InReplyTo: asked})
	posts, _ := round(t, n, Options{Listen: "way"}, "")
	find(t, posts, told)
	want := listeners.Delivery{Mode: listeners.Blocked, Why: "own"}
	for _, p := range posts { // it may come from more than one source
		if p.NativeID == told && (p.Reason != listeners.Own || p.Delivery != want || p.ParentID != asked || p.ToID != find(t, posts, asked).Author.NativeID) {
			t.Errorf("own post: got reason %s, delivery %v, parent %q, to %q; want %s, %v, %q", p.Reason, p.Delivery, p.ParentID, p.ToID, listeners.Own, want, asked)
		}
	}
}

func hydrating(t *testing.T, n *Network) {
	all := mentions(t, n, 103)
	read := func(asked ...string) []listeners.Post {
		t.Helper()
		page, err := n.Open(t, Options{}).(listeners.Hydrator).Hydrate(context.Background(), asked)
		if err != nil {
			t.Fatalf("hydrate: %v", err)
		}
		if got := len(page.Posts) + len(page.Gone); got != len(asked) {
			t.Errorf("of %d posts asked for the answer tells of %d", len(asked), got)
		}
		return page.Posts
	}
	n.Delete(t, all[1])
	n.Delete(t, all[102])
	wantIDs(t, "many", read(all...), slices.Delete(slices.Clone(all[:102]), 1, 2))
	wantIDs(t, "one", read(all[0]), all[:1])
	wantIDs(t, "one that is gone", read(all[1]), nil)
	wantIDs(t, "none", read(), nil)
	heard, _ := round(t, n, Options{}, "")
	if got, want := read(all[5])[0], find(t, heard, all[5]); got != want {
		t.Errorf("hydrated and heard differ:\n%+v\n%+v", got, want)
	}
	for _, fault := range []string{"status:503", "truncate", "drop_before"} {
		n.Weather(t, "", fault, 0)
		_, err := n.Open(t, Options{}).(listeners.Hydrator).Hydrate(context.Background(), all[:1])
		wantClass(t, "hydrate under "+fault, err, listeners.Transient)
	}
}

func readingWithSkew(t *testing.T, n *Network) {
	for _, skew := range []time.Duration{-5 * time.Minute, 5 * time.Minute} {
		o := Options{Now: func() clock.Time { return clock.System().Add(skew) }}
		_, cursor := round(t, n, o, "")
		id := n.Post(t, mention(n, int(skew)))
		posts, _ := round(t, n, o, cursor)
		find(t, posts, id)

		ch, started := n.Open(t, o), o.Now()
		if !canReply(n, ch) {
			continue
		}
		out := answer(t, n, id, "we are looking")
		reply(t, ch, out, "")
		reconcile(t, ch, out, started, listeners.Found)
	}
}

// rewrite stands between a Channel and the network and changes answers.
type rewrite struct {
	next   http.RoundTripper
	change func(*http.Request, *http.Response)
}

func (r rewrite) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := r.next.RoundTrip(req)
	if err == nil {
		r.change(req, res)
	}
	return res, err
}
