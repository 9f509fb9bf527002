package nodebb

import (
	"cmp"
	"errors"
	"html"
	"net/url"
	"strings"
	"unicode"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

var (
	errNoPost = errors.New("the post has no pid")
	errNoUser = errors.New("the post does not say who wrote it")
	errNoTime = errors.New("the post's timestamp is not a time")
)

// maxID bounds ids, in bytes: those of other servers that a forum follows are addresses.
const maxID = 200

func isID(s string) bool {
	return s != "" && s != "0" && len(s) <= maxID && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

func idOr(v gjson.Result) string {
	if s := v.String(); v.Type != gjson.Null && isID(s) {
		return s
	}
	return ""
}

// post turns a post and the topic it stands in into what everybody else knows. Reasons and rules are for
// who listens.
func (c *Channel) post(p, topic gjson.Result) (listeners.Post, error) {
	pid, user := idOr(p.Get("pid")), p.Get("user")
	author := listeners.Author{
		NativeID: idOr(user.Get("uid")), Handle: listeners.CleanLine(user.Get("username").Str), Name: nameOf(user),
	}
	if author.Handle == "" { // somebody without an account, who left a name
		author.Handle = listeners.CleanLine(cmp.Or(p.Get("handle").Str, "guest"))
		author.Name = author.Handle
	}
	if author.NativeID == "" {
		author.NativeID = "guest " + author.Handle
	}
	at := p.Get("timestamp").Int()
	switch {
	case pid == "":
		return listeners.Post{}, errNoPost
	case !user.IsObject():
		return listeners.Post{}, errNoUser
	case at < 946684800000 || at > 253402300799000: // the years 2000 to 9999, in milliseconds
		return listeners.Post{}, errNoTime
	}
	text, media := listeners.Plain(p.Get("content").Str)
	mainPid := idOr(topic.Get("mainPid"))
	if pid == mainPid {
		text = titled(cmp.Or(topic.Get("titleRaw").Str, html.UnescapeString(topic.Get("title").Str)), text)
		mainPid = ""
	}
	post := listeners.Post{
		NativeID: pid, ThreadKey: idOr(topic.Get("tid")), ParentID: cmp.Or(idOr(p.Get("toPid")), mainPid),
		ToID: idOr(p.Get("parent.uid")), Author: author, Reason: listeners.Keyword, Surface: listeners.InPublic,
		Text: listeners.Clean(text), Media: c.absolute(media), URL: c.url(pid), Target: idOr(topic.Get("tid")),
		Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: clock.Time(at * 1000),
		Version: max(p.Get("edited").Int(), 0),
	}
	switch {
	case author.NativeID == c.id:
		post.Reason, post.Delivery = listeners.Own, listeners.Delivery{Mode: listeners.Blocked, Why: "own"}
	case topic.Get("locked").Bool():
		post.Delivery = listeners.Delivery{Mode: listeners.Blocked, Why: "locked"}
	}
	if post.Reason != listeners.Own && (post.ToID == c.id || c.isNamed(post.Text)) {
		post.Reason = listeners.Mentioned
	}
	return post, nil
}

func nameOf(user gjson.Result) string {
	for _, field := range []string{"displayname", "fullname", "username"} {
		if name := listeners.CleanLine(user.Get(field).Str); name != "" {
			return name
		}
	}
	return ""
}

// titled puts a topic's title in front of its first post, unless the post begins with it.
func titled(title, text string) string {
	title = strings.Join(strings.Fields(listeners.Clean(title)), " ")
	if strings.HasPrefix(strings.Join(strings.Fields(text), " "), strings.TrimRight(title, "….")) {
		return text
	}
	return strings.TrimSpace(title + "\n\n" + text)
}

// isNamed tells whether a text names the account. The forum writes spaces in names as hyphens.
func (c *Channel) isNamed(text string) bool {
	if c.handle == "" {
		return false
	}
	text = strings.ToLower(text)
	name := "@" + strings.ReplaceAll(strings.ToLower(c.handle), " ", "-")
	for {
		_, after, found := strings.Cut(text, name)
		if !found {
			return false
		}
		if r := []rune(after[:min(len(after), 4)]); len(r) == 0 || !unicode.IsLetter(r[0]) && !unicode.IsDigit(r[0]) && r[0] != '_' {
			return true
		}
		text = after
	}
}

// heard decides whether a post is listened for, and notes the rule that it fits.
func (c *Channel) heard(p *listeners.Post) bool {
	rule, fits := c.rules.Match(p.Text)
	if p.Reason == listeners.Keyword {
		p.Rule = rule
	}
	return !c.named || fits || p.Reason != listeners.Keyword
}

func (c *Channel) url(pid string) string { return c.base.String() + "/post/" + url.PathEscape(pid) }

// absolute makes the addresses of pictures whole, one a line.
func (c *Channel) absolute(media []string) string {
	var links []string
	for _, m := range media {
		u, err := c.base.Parse(m)
		if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && len(u.String()) < 2000 {
			links = append(links, u.String())
		}
	}
	return strings.Join(links, "\n")
}
