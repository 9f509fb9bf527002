package discourse

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// The types of posts that the forum tells apart; others are notes of the forum about a topic.
const (
	typeRegular   = 1
	typeModerator = 2
	typeWhisper   = 4 // among the forum's staff
)

// post is a post as the forum gave it.
type post struct {
	listeners.Post
	kind    int64
	number  string // within its topic
	answers string // number of the post it answers, or ""
	hidden  bool
	deleted bool
	bot     bool
}

var (
	errNoID     = errors.New("the post has no id")
	errNoAuthor = errors.New("the post does not say who wrote it")
	errNoTime   = errors.New("the post's created_at is not a time")
	errNoTopic  = errors.New("the post belongs to no topic")
	errNoWords  = errors.New("the post has neither raw nor cooked text")
)

// decode reads one post. private says that it stands where not everybody can read it; the forum itself
// tells so only in what it brings.
func (c *Channel) decode(v gjson.Result, private bool) (post, error) {
	p := post{
		kind: v.Get("post_type").Int(), number: digits(v.Get("post_number")), answers: digits(v.Get("reply_to_post_number")),
		hidden:  v.Get("hidden").Bool(),
		deleted: v.Get("user_deleted").Bool() || v.Get("deleted_at").Type == gjson.String,
		bot:     v.Get("user_id").Int() < 0,
	}
	p.NativeID, p.ThreadKey = digits(v.Get("id")), digits(v.Get("topic_id"))
	p.Author = listeners.Author{
		NativeID: digits(v.Get("user_id")), Handle: listeners.CleanLine(v.Get("username").Str), Name: listeners.CleanLine(v.Get("name").Str),
	}
	p.ToID = digits(v.Get("reply_to_user.id"))
	if name := v.Get("reply_to_user.username").Str; name != "" && strings.EqualFold(name, c.name) {
		p.ToID = c.id // forums before 2025 give the name only
	}
	raw, cooked := v.Get("raw"), v.Get("cooked")
	var wrong error
	switch {
	case p.NativeID == "":
		wrong = errNoID
	case p.ThreadKey == "" || p.number == "":
		wrong = errNoTopic
	case p.bot:
	case p.Author.NativeID == "" || p.Author.Handle == "":
		wrong = errNoAuthor
	case raw.Type != gjson.String && cooked.Type != gjson.String:
		wrong = errNoWords
	}
	created, err := moment(v.Get("created_at"))
	if wrong == nil && err != nil {
		wrong = errNoTime
	}
	if wrong != nil {
		return p, wrong
	}
	p.CreatedAt = created
	// An edit within the forum's grace period makes no new version, but it changes this.
	if updated, err := moment(v.Get("updated_at")); err == nil {
		p.Version = int64(max(updated, created)) / 1000
	} else {
		p.Version = max(v.Get("version").Int(), 1)
	}
	text, media := listeners.Plain(cooked.Str)
	if raw.Type == gjson.String {
		text = words(raw.Str)
	}
	p.Text, p.Media = text, c.addresses(media)
	p.URL, p.Target = c.url(p.NativeID), p.ThreadKey+":"+p.number
	p.Surface = listeners.InPublic
	if private || p.kind == typeWhisper || v.Get("topic_archetype").Str == "private_message" {
		p.Surface = listeners.InPrivate
	}
	p.judge(c, raw.Str)
	return p, nil
}

// judge tells why a post is given to us, and how it can be answered.
func (p *post) judge(c *Channel, raw string) {
	p.Delivery = listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}
	p.Rule, _ = c.matches.Match(p.Text)
	switch {
	case c.owns(p.Author):
		p.Reason, p.Delivery = listeners.Own, listeners.Delivery{Mode: listeners.Blocked, Why: "own"}
	case p.Surface == listeners.InPrivate || p.ToID == c.id || names(raw, c.name) || names(p.Text, c.name):
		p.Reason = listeners.Mentioned
	default:
		p.Reason = listeners.Keyword
	}
}

func (c *Channel) owns(a listeners.Author) bool {
	return a.NativeID == c.id || c.name != "" && strings.EqualFold(a.Handle, c.name)
}

// names tells whether a text has @ and a name in it, and not as the beginning of a longer name.
func names(text, name string) bool {
	if name == "" {
		return false
	}
	text, name = strings.ToLower(text), "@"+strings.ToLower(name)
	for {
		at := strings.Index(text, name)
		if at < 0 {
			return false
		}
		before, after := text[:at], text[at+len(name):]
		if (before == "" || !inName(before[len(before)-1])) && (after == "" || !inName(after[0]) || endsSentence(after)) {
			return true
		}
		text = after
	}
}

func inName(b byte) bool {
	return b == '_' || b == '-' || b == '.' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || b >= 0x80
}

// endsSentence tells whether a dot or a dash is the end of a name, not a part of it.
func endsSentence(after string) bool {
	rest := strings.TrimLeft(after, ".-")
	return len(rest) < len(after) && (rest == "" || !inName(rest[0]))
}

// shown tells whether a post is one that somebody wrote and everybody it is meant for can see.
func (p *post) shown() bool {
	return !p.hidden && !p.deleted && !p.bot && (p.kind == 0 || p.kind == typeRegular || p.kind == typeModerator || p.kind == typeWhisper)
}

// why is why a post that we can still read is not to be seen.
func (p *post) why() listeners.GoneWhy {
	if p.hidden && !p.deleted {
		return listeners.Hidden
	}
	return listeners.Deleted
}

// addresses are links to media, one a line; the forum gives some without its own address.
func (c *Channel) addresses(media []string) string {
	for i, m := range media {
		switch {
		case strings.HasPrefix(m, "//"):
			media[i] = c.base[:strings.Index(c.base, ":")+1] + m
		case strings.HasPrefix(m, "/"):
			media[i] = c.base[:strings.Index(c.base, "://")+3] + host(c.base) + m
		}
	}
	return listeners.Clean(strings.Join(media, "\n"))
}

func host(base string) string {
	_, rest, _ := strings.Cut(base, "://")
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func moment(v gjson.Result) (clock.Time, error) {
	at, err := time.Parse(time.RFC3339, v.Str)
	if err == nil && (at.Year() < 2000 || at.Year() > 9999) {
		err = fmt.Errorf("the year %d", at.Year())
	}
	return clock.At(at), err
}

// digits are an id or number as text; "" for anything that is none, or is below one.
func digits(v gjson.Result) string {
	s := v.Raw
	if v.Type == gjson.String {
		s = v.Str
	}
	if !isID(s) {
		return ""
	}
	return s
}

// isID tells whether s is a whole number from 1 that 63 bits hold, written as a number is.
func isID(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n > 0 && s[0] != '+' && s[0] != '0'
}

func number(id string) int64 {
	n, _ := strconv.ParseInt(id, 10, 64)
	return n
}
