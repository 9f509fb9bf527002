package feed

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// post is an item as everybody else knows it.
func (c *Channel) post(doc *document, it item) listeners.Post {
	link := c.link(doc, it)
	heading, author := headed(title(it.Title), it)
	text, media := words(it)
	if heading != "" && !strings.HasPrefix(text, strings.TrimRight(heading, "….")) {
		text = strings.TrimSpace(heading + "\n\n" + text)
	}
	published, edited := c.times(it)
	p := listeners.Post{
		NativeID: c.id(it, link), ThreadKey: c.thread(it, link), ParentID: c.parent(it),
		Author: c.author(doc, author), Reason: listeners.Keyword, Surface: listeners.InPublic,
		Text: listeners.Clean(text), Media: c.media(it, media), URL: link,
		Delivery:  listeners.Delivery{Mode: listeners.Assisted, Why: "read_only"},
		CreatedAt: published,
	}
	if edited > published {
		p.Version = int64(edited)
	}
	return p
}

// wanted tells whether a post is listened for, and notes the rule that it fits.
func (c *Channel) wanted(p *listeners.Post) (ok bool) {
	if p.Rule, ok = c.rules.Match(p.Text); !ok {
		return len(c.rules) == 0
	}
	return true
}

// words are what an item says besides its title.
func words(it item) (text string, media []string) {
	said := cmp.Or(it.Content, it.Description)
	if it.text && it.Content != "" {
		return strings.TrimSpace(listeners.Clean(said)), nil
	}
	return listeners.Plain(said)
}

// Weblogs put the name of who comments into the title, in the language of the weblog.
var commentTitles = []*regexp.Regexp{
	regexp.MustCompile(`^(?:By|Bởi): (.+)$`),
	regexp.MustCompile(`^(?:Comment on|Bình luận (?:về|cho)(?: bài)?) .+ (?:by|bởi) (.+)$`),
}

// headed tells what the title of an item adds to its words, and who wrote it.
func headed(title string, it item) (heading, author string) {
	for _, p := range it.Authors {
		if p != nil && author == "" {
			name, _, _ := strings.Cut(p.Email, "@")
			author = listeners.CleanLine(cmp.Or(p.Name, name))
		}
	}
	for _, pattern := range commentTitles {
		if m := pattern.FindStringSubmatch(title); m != nil {
			return "", cmp.Or(author, m[1])
		}
	}
	return title, author
}

// author is who wrote an item. A name is all a feed says of somebody, so it is taken to be the same
// person on the whole website and nobody elsewhere.
func (c *Channel) author(doc *document, name string) listeners.Author {
	site := c.address.Hostname()
	if name == "" {
		return listeners.Author{NativeID: listeners.Bounded(site), Handle: site, Name: cmp.Or(doc.title, site)}
	}
	return listeners.Author{NativeID: listeners.Bounded(site + " " + strings.ToLower(name)), Handle: name, Name: name}
}

// id is what an item is known by. Publishers number their items each in their own way, so what is no
// address counts only within the feed.
func (c *Channel) id(it item, link string) string {
	if guid := strings.TrimSpace(it.GUID); guid != "" {
		return c.global(guid)
	}
	return c.global("~" + digest(link+"\x00"+it.Title))
}

func (c *Channel) global(guid string) string {
	if u, err := url.Parse(guid); err == nil && u.Scheme != "" && (u.Host != "" || u.Opaque != "") {
		return listeners.Bounded(guid)
	}
	return listeners.Bounded(c.address.String() + "#" + guid)
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// thread is the page that an item stands on: a comment's link leads to its place on it.
func (c *Channel) thread(it item, link string) string {
	if link == c.address.String() {
		return c.id(it, link)
	}
	page, _, _ := strings.Cut(link, "#")
	return listeners.Bounded(page)
}

// parent is the item that this one answers, where the feed says so.
func (c *Channel) parent(it item) string {
	for _, answered := range it.Extensions["thr"]["in-reply-to"] {
		if ref := strings.TrimSpace(answered.Attrs["ref"]); ref != "" {
			return c.global(ref)
		}
	}
	return ""
}

// link is where a person sees an item: its own page, or else the website's.
func (c *Channel) link(doc *document, it item) string {
	places := append([]string{it.Link}, it.Links...)
	if strings.HasPrefix(it.GUID, "http") { // as it should be a permanent link where nothing else is said
		places = append(places, it.GUID)
	}
	for _, s := range append(places, doc.link) {
		if found := c.resolve(s); found != "" {
			return found
		}
	}
	return c.address.String()
}

// resolve makes an address whole; "" where it is none that a browser should open.
func (c *Channel) resolve(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 2000 {
		return ""
	}
	u, err := c.address.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

func (c *Channel) media(it item, inText []string) string {
	var links []string
	for _, e := range it.Enclosures {
		if e != nil {
			inText = append(inText, e.URL)
		}
	}
	for _, s := range inText {
		if found := c.resolve(s); found != "" && len(links) < 20 {
			links = append(links, found)
		}
	}
	return strings.Join(links, "\n")
}

// times are when an item was published and when it was edited last, 0 where that is not said. What is
// not dated, or dated to a time that cannot be, is from now.
func (c *Channel) times(it item) (published, edited clock.Time) {
	now := c.now()
	at := func(t *time.Time) clock.Time {
		if t == nil || t.Year() < 1990 || t.Year() > 9999 {
			return 0
		}
		return clock.At(*t)
	}
	published, edited = at(it.PublishedParsed), at(it.UpdatedParsed)
	if published == 0 {
		published, edited = edited, 0
	}
	if published == 0 || published > now {
		published = now
	}
	return published, edited
}
