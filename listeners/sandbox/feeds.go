package sandbox

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"hash/fnv"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	feedTitle = "Góc Cà Phê"
	feedDepth = 500 // items at most
	feedFew   = 20  // items where the network's limits are on, as weblogs have them
	feedTTL   = 1   // minutes
)

// feedFacade publishes the network "feed", a forum that has no API: its newest posts as posts.rss,
// posts.atom and posts.json. With ?charset=windows-1258 the RSS is written so; with ?broken=1 the second
// item is no XML. gone.rss was there once.
type feedFacade struct {
	world *world
	cfg   Config
	mux   *http.ServeMux
}

func newFeed(w *world, cfg Config) *feedFacade {
	f := &feedFacade{world: w, cfg: cfg, mux: http.NewServeMux()}
	f.mux.HandleFunc("GET /posts.rss", f.serve("application/rss+xml", feedRSS))
	f.mux.HandleFunc("GET /posts.atom", f.serve("application/atom+xml", feedAtom))
	f.mux.HandleFunc("GET /posts.json", f.serve("application/feed+json", feedJSON))
	f.mux.HandleFunc("GET /gone.rss", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "Gone", http.StatusGone) })
	return f
}

func (f *feedFacade) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.mux.ServeHTTP(w, r) }

func (f *feedFacade) fail(w http.ResponseWriter, status int, reset time.Time) {
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(reset.Sub(f.cfg.Now()).Round(time.Second).Seconds()))))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!doctype html><title>%d</title><p>%s", status, http.StatusText(status))
}

// feedItem is a post as it is published.
type feedItem struct {
	ID, Parent, Author, Text string
	At, EditedAt             time.Time
}

// serve publishes in one format, with a tag by which a reader finds out that nothing has changed.
func (f *feedFacade) serve(contentType string, write func(site string, items []feedItem) []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		items := f.items(r)
		sum := fnv.New64a()
		changed := time.Unix(0, 0)
		for _, it := range items {
			fmt.Fprintf(sum, "%s %d\n", it.ID, it.EditedAt.UnixMilli())
			if it.EditedAt.After(changed) {
				changed = it.EditedAt
			}
		}
		h := w.Header()
		h.Set("ETag", fmt.Sprintf(`"%x"`, sum.Sum64()))
		h.Set("Last-Modified", changed.UTC().Format(http.TimeFormat))
		if r.Header.Get("If-None-Match") == h.Get("ETag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		faults := pageFaultsOf(r.Context())
		switch {
		case faults.empty:
			items = nil
			h.Del("ETag") // the next call gets what there is
		case faults.twice:
			items = append(items, items...)
		}
		body := write(siteOf(r), items)
		if r.URL.Query().Get("broken") != "" {
			body = breakItem(body)
		}
		h.Set("Content-Type", contentType+"; charset=utf-8")
		if r.URL.Query().Get("charset") == "windows-1258" && contentType == "application/rss+xml" {
			body = bytes.Replace(toWindows1258(body), []byte(`encoding="UTF-8"`), []byte(`encoding="windows-1258"`), 1)
			h.Set("Content-Type", contentType)
		}
		w.Write(body)
	}
}

// siteOf is where people read the posts.
func siteOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (f *feedFacade) items(r *http.Request) []feedItem {
	most := feedDepth
	if f.cfg.Limits {
		most = feedFew
	}
	f.world.mu.RLock()
	defer f.world.mu.RUnlock()
	posts, _ := f.world.feeds["feed"].take(window{Match: func(p *post) bool {
		return !p.Hidden && !p.Author.Protected && !p.Author.Suspended
	}}, most)
	if shuffle := pageFaultsOf(r.Context()).shuffle; shuffle != nil {
		shuffle(posts)
	}
	items := make([]feedItem, len(posts))
	for i, p := range posts {
		it := feedItem{ID: formatID(p.ID), Author: p.Author.Name, Text: p.Text, At: p.CreatedAt, EditedAt: p.CreatedAt}
		if !p.EditedAt.IsZero() {
			it.EditedAt = p.EditedAt
		}
		if p.ParentID != 0 {
			it.Parent = formatID(p.ParentID)
		}
		items[i] = it
	}
	return items
}

// breakItem writes a heart into the second item as people write it by hand, which no XML document may
// hold.
func breakItem(body []byte) []byte {
	for _, end := range []string{"</description></item>", "</content></entry>"} {
		first := bytes.Index(body, []byte(end))
		if first < 0 {
			continue
		}
		if second := bytes.Index(body[first+1:], []byte(end)); second >= 0 {
			at := first + 1 + second
			return slices.Concat(body[:at], []byte(" <3"), body[at:])
		}
	}
	return body
}

// markup is a text as the forum writes it in HTML.
func markup(text string) string {
	text = html.EscapeString(inXML(text))
	if strings.ContainsRune(text, '\t') {
		return "<pre>" + text + "</pre>"
	}
	return "<p>" + strings.ReplaceAll(text, "\n", "<br>\n") + "</p>"
}

// inXML leaves out what no XML document may hold.
func inXML(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
}

// reference says in Atom's words what an item answers.
type reference struct {
	Ref  string `xml:"ref,attr"`
	Href string `xml:"href,attr"`
}

func referTo(site, id string) *reference {
	if id == "" {
		return nil
	}
	return &reference{site + "/post/" + id, site + "/post/" + id}
}

const threadSpace = "http://purl.org/syndication/thread/1.0"

func feedXML(v any) []byte {
	b, err := xml.Marshal(v)
	if err != nil {
		panic(err) // texts only
	}
	return append([]byte(xml.Header), b...)
}

func feedRSS(site string, items []feedItem) []byte {
	type guid struct {
		Permanent bool   `xml:"isPermaLink,attr"`
		ID        string `xml:",chardata"`
	}
	type rssItem struct {
		Link    string     `xml:"link"`
		GUID    guid       `xml:"guid"`
		Creator string     `xml:"dc:creator"`
		Date    string     `xml:"pubDate"`
		Words   string     `xml:"description"`
		Answers *reference `xml:"thr:in-reply-to"`
	}
	type channel struct {
		Title string    `xml:"title"`
		Link  string    `xml:"link"`
		About string    `xml:"description"`
		TTL   int       `xml:"ttl"`
		Items []rssItem `xml:"item"`
	}
	doc := struct {
		XMLName xml.Name `xml:"rss"`
		Version string   `xml:"version,attr"`
		DC      string   `xml:"xmlns:dc,attr"`
		Threads string   `xml:"xmlns:thr,attr"`
		Channel channel  `xml:"channel"`
	}{Version: "2.0", DC: "http://purl.org/dc/elements/1.1/", Threads: threadSpace}
	doc.Channel = channel{Title: feedTitle, Link: site + "/", About: feedTitle, TTL: feedTTL}
	for _, it := range items {
		link := site + "/post/" + it.ID
		doc.Channel.Items = append(doc.Channel.Items, rssItem{
			link, guid{true, link}, it.Author, it.At.UTC().Format(time.RFC1123Z), markup(it.Text), referTo(site, it.Parent),
		})
	}
	return feedXML(doc)
}

func feedAtom(site string, items []feedItem) []byte {
	type link struct {
		Rel  string `xml:"rel,attr,omitempty"`
		Href string `xml:"href,attr"`
	}
	type content struct {
		Type  string `xml:"type,attr"`
		Words string `xml:",chardata"`
	}
	type entry struct {
		Title     string     `xml:"title"`
		ID        string     `xml:"id"`
		Link      link       `xml:"link"`
		Author    string     `xml:"author>name"`
		Published string     `xml:"published"`
		Updated   string     `xml:"updated"`
		Content   content    `xml:"content"`
		Answers   *reference `xml:"thr:in-reply-to"`
	}
	doc := struct {
		XMLName xml.Name `xml:"feed"`
		Space   string   `xml:"xmlns,attr"`
		Threads string   `xml:"xmlns:thr,attr"`
		Title   string   `xml:"title"`
		ID      string   `xml:"id"`
		Links   []link   `xml:"link"`
		Entries []entry  `xml:"entry"`
	}{
		Space: "http://www.w3.org/2005/Atom", Threads: threadSpace, Title: feedTitle, ID: site + "/",
		Links: []link{{"", site + "/"}, {"self", site + "/feed/posts.atom"}},
	}
	for i, it := range items {
		words := content{"html", markup(it.Text)}
		if i%2 == 1 {
			words = content{"text", inXML(it.Text)}
		}
		doc.Entries = append(doc.Entries, entry{
			ID: site + "/post/" + it.ID, Link: link{"alternate", site + "/post/" + it.ID}, Author: it.Author,
			Published: feedTime(it.At), Updated: feedTime(it.EditedAt), Content: words, Answers: referTo(site, it.Parent),
		})
	}
	return feedXML(doc)
}

func feedTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func feedJSON(site string, items []feedItem) []byte {
	type author struct {
		Name string `json:"name"`
	}
	type entry struct {
		ID        string   `json:"id"`
		URL       string   `json:"url"`
		Text      string   `json:"content_text"`
		Published string   `json:"date_published"`
		Modified  string   `json:"date_modified"`
		Authors   []author `json:"authors"`
	}
	entries := []entry{}
	for _, it := range items {
		entries = append(entries, entry{site + "/post/" + it.ID, site + "/post/" + it.ID, it.Text, feedTime(it.At), feedTime(it.EditedAt), []author{{it.Author}}})
	}
	b, err := json.Marshal(map[string]any{
		"version": "https://jsonfeed.org/version/1.1", "title": feedTitle, "home_page_url": site + "/",
		"feed_url": site + "/feed/posts.json", "items": entries,
	})
	if err != nil {
		panic(err) // texts only
	}
	return b
}
