package twitter

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

// emptyAnswer is what the library decodes in place of the page that decode reads.
var emptyAnswer = []byte("{}")

var (
	errNotJSON = errors.New("the answer is not JSON")
	errTooDeep = errors.New("the answer is nested too deeply")
)

// maxDepth of an answer: X nests to about 10, and every level costs stack.
const maxDepth = 64

// answer is what X wrote about posts, in either dialect.
type answer struct {
	posts    []post
	rejected []listeners.Rejected
	authors  map[string]listeners.Author
	shy      map[string]bool   // ids of authors whose posts are not for everybody
	quoted   map[string]string // author's id by post id, of posts that came along
	gone     []missing
	next     string // token of the next page
}

// missing is a post or an account that X does not show us.
type missing struct {
	id  string
	why listeners.GoneWhy
	of  string // tweet, post, user
}

type post struct {
	raw       string
	id        string
	author    string
	thread    string
	createdAt string
	to        string
	text      string
	note      string
	parent    string
	quotes    string
	versions  []string
	mentions  []listeners.Author
	withheld  bool
}

func newAnswer() *answer {
	return &answer{authors: make(map[string]listeners.Author), shy: make(map[string]bool)}
}

// decode reads an answer. What is wrong with a single post is a rejected post; only an answer that is
// no JSON object is an error.
func decode(body []byte) (*answer, error) {
	a := newAnswer()
	deep := 0
	if tooDeep(body) {
		var posts [][]byte
		if body, posts = prune(body); tooDeep(body) {
			return nil, errTooDeep
		}
		for _, raw := range posts {
			a.rejected = append(a.rejected, listeners.Rejected{Raw: raw, Reason: "the post is nested too deeply"})
		}
		deep = len(posts)
	}
	text := string(body) // one copy; what is kept of it are slices
	if !gjson.Valid(text) {
		return nil, errNotJSON
	}
	root := gjson.Parse(text)
	if !root.IsObject() {
		return nil, errNotJSON
	}
	root.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "data":
			if v.IsArray() {
				v.ForEach(func(_, item gjson.Result) bool {
					if item.Type == gjson.Null && deep > 0 {
						deep-- // rejected already
					} else {
						a.add(item)
					}
					return true
				})
			} else if v.Type != gjson.Null {
				a.add(v)
			}
		case "includes":
			v.ForEach(func(kind, list gjson.Result) bool { a.include(kind.Str, list); return true })
		case "errors":
			v.ForEach(func(_, problem gjson.Result) bool { a.miss(problem); return true })
		case "meta":
			a.next = v.Get("next_token").Str
		}
		return true
	})
	return a, nil
}

func tooDeep(body []byte) bool {
	depth := 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			i = stringEnd(body, i)
		case '{', '[':
			if depth++; depth > maxDepth {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}

// prune puts null for what is nested too deeply among the posts of an answer and what came along with
// them, and returns the posts: they must not take their neighbours with them.
func prune(body []byte) (pruned []byte, posts [][]byte) {
	const item = 3 // the depth of an element of a top-level list
	pruned = bytes.Clone(body)
	var key string
	depth, deepest, start := 0, 0, 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			end := stringEnd(body, i)
			if depth == 1 {
				key = string(body[i+1 : end])
			}
			i = end
		case '{', '[':
			if depth++; depth == item {
				start, deepest = i, 0
			}
			deepest = max(deepest, depth)
		case '}', ']':
			if depth == item && deepest > maxDepth && (key == "data" || key == "includes") {
				copy(pruned[start:], "null"+strings.Repeat(" ", i+1-start-len("null")))
				if key == "data" {
					posts = append(posts, body[start:i+1])
				}
			}
			depth--
		}
	}
	return pruned, posts
}

// stringEnd is the index of the quotation mark that ends the string begun at i.
func stringEnd(body []byte, i int) int {
	for {
		n := bytes.IndexByte(body[i+1:], '"')
		if n < 0 {
			return len(body)
		}
		i += 1 + n
		escapes := 0
		for body[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}

func (a *answer) add(item gjson.Result) {
	p := post{raw: item.Raw}
	var wrong string
	text := func(name string, v gjson.Result) string {
		if v.Type != gjson.String && v.Type != gjson.Null {
			wrong = name
		}
		return v.Str
	}
	item.ForEach(func(key, v gjson.Result) bool {
		switch name := key.Str; name {
		case "id":
			p.id = text(name, v)
		case "author_id":
			p.author = text(name, v)
		case "conversation_id":
			p.thread = text(name, v)
		case "created_at":
			p.createdAt = text(name, v)
		case "in_reply_to_user_id":
			p.to = text(name, v)
		case "text":
			p.text = text(name, v)
		case "note_tweet", "note_post":
			p.note = text(name, v.Get("text"))
			v.Get("entities").ForEach(func(kind, list gjson.Result) bool { p.mention(kind.Str, list); return true })
		case "edit_history_tweet_ids", "edit_history_post_ids":
			v.ForEach(func(_, id gjson.Result) bool { p.versions = append(p.versions, text(name, id)); return true })
		case "referenced_tweets", "referenced_posts":
			v.ForEach(func(_, ref gjson.Result) bool { p.refer(ref); return true })
		case "entities":
			v.ForEach(func(kind, list gjson.Result) bool { p.mention(kind.Str, list); return true })
		case "withheld":
			p.withheld = v.Get("copyright").Bool() || len(v.Get("country_codes").Array()) > 0
		}
		return true
	})
	switch {
	case !item.IsObject():
		a.reject(p, "the post is not an object")
	case wrong != "":
		a.reject(p, fmt.Sprintf("the post's %s is not text", wrong))
	case !isID(p.id):
		a.reject(p, "the post has no id")
	case !isID(p.author):
		a.reject(p, "the post does not say who wrote it")
	default:
		a.posts = append(a.posts, p)
	}
}

func (a *answer) reject(p post, reason string) {
	a.rejected = append(a.rejected, listeners.Rejected{Raw: []byte(p.raw), Reason: reason})
}

func (p *post) refer(ref gjson.Result) {
	var kind, id string
	ref.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "type":
			kind = v.Str
		case "id":
			id = v.Str
		}
		return true
	})
	switch kind {
	case "replied_to":
		p.parent = id
	case "quoted":
		p.quotes = id
	}
}

func (p *post) mention(kind string, list gjson.Result) {
	if kind == "mentions" {
		list.ForEach(func(_, m gjson.Result) bool { p.mentions = append(p.mentions, account(m)); return true })
	}
}

func account(v gjson.Result) (who listeners.Author) {
	v.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "id":
			who.NativeID = v.Str
		case "username":
			who.Handle = v.Str
		case "name":
			who.Name = v.Str
		case "public_metrics":
			who.Followers = max(0, int(v.Get("followers_count").Int()))
		}
		return true
	})
	return who
}

func (a *answer) include(kind string, list gjson.Result) {
	switch kind {
	case "users":
		list.ForEach(func(_, u gjson.Result) bool {
			who := account(u)
			a.authors[who.NativeID] = who
			if u.Get("protected").Bool() || u.Get("withheld.country_codes.0").Exists() {
				a.shy[who.NativeID] = true
			}
			return true
		})
	case "tweets", "posts":
		a.quoted = make(map[string]string)
		list.ForEach(func(_, p gjson.Result) bool {
			a.quoted[p.Get("id").Str] = p.Get("author_id").Str
			return true
		})
	}
}

// miss notes which post or account a problem says is not there for us. The type of a problem is a URI
// with one of two hosts, so only its last part counts.
func (a *answer) miss(problem gjson.Result) {
	kind, why := problem.Get("type").Str, listeners.Deleted
	switch kind[strings.LastIndexByte(kind, '/')+1:] {
	case "resource-not-found":
		if strings.Contains(problem.Get("detail").Str, "suspended") {
			why = listeners.Withheld
		}
	case "not-authorized-for-resource", "resource-unavailable":
		why = listeners.Withheld
	default:
		return
	}
	for _, id := range []string{problem.Get("resource_id").Str, problem.Get("value").String()} {
		if isID(id) && !a.misses(id) {
			a.gone = append(a.gone, missing{id, why, problem.Get("resource_type").Str})
		}
	}
}

func (a *answer) misses(id string) bool {
	return slices.ContainsFunc(a.gone, func(m missing) bool { return m.id == id })
}

// normalise turns an answer into a page of posts as they came from one source.
func (c *Channel) normalise(a *answer, reason listeners.Reason) listeners.Page {
	page := listeners.Page{Posts: make([]listeners.Post, 0, len(a.posts))}
	for i := range a.posts {
		if p := &a.posts[i]; (p.withheld || a.shy[p.author]) && p.author != c.id {
			page.Gone = append(page.Gone, listeners.Removal{NativeID: p.first(), Why: listeners.Withheld})
			continue
		}
		post, err := c.post(a, &a.posts[i], reason)
		if err != nil {
			a.reject(a.posts[i], err.Error())
			continue
		}
		page.Posts = append(page.Posts, post)
	}
	page.Rejected = a.rejected
	return page
}

var (
	errNoAuthor = errors.New("the post came without its author")
	errNoTime   = errors.New("the post's created_at is not a time")
)

func (c *Channel) post(a *answer, p *post, reason listeners.Reason) (listeners.Post, error) {
	author := a.authors[p.author]
	author.Handle, author.Name = cleanLine(author.Handle), cleanLine(author.Name)
	if author.Handle == "" {
		return listeners.Post{}, errNoAuthor
	}
	created, err := createdAt(p)
	if err != nil {
		return listeners.Post{}, err
	}
	first, version := p.first(), max(slices.Index(p.versions, p.id), 0)
	if at, ok := timeOf(first); ok && version > 0 { // created_at is when this version was
		created = at
	}
	thread := first
	if isID(p.thread) {
		thread = p.thread
	}
	if p.author == c.id {
		reason = listeners.Own
	}
	return listeners.Post{
		NativeID: first, ThreadKey: thread, ParentID: idOr(p.parent), ToID: idOr(p.to), Author: author,
		Reason: reason, Text: clean(p.whole()), URL: c.url(author.Handle, p.id), Delivery: c.delivery(a, p), CreatedAt: created,
		Surface: listeners.InPublic, Target: p.target(), Version: int64(version),
	}, nil
}

// first is the id of a post's first version, which the post is known by.
func (p *post) first() string {
	if len(p.versions) > 0 && isID(p.versions[0]) {
		return p.versions[0]
	}
	return p.id
}

// target is the id of the version that an answer is put under, where it is not the first.
func (p *post) target() string {
	if p.id == p.first() {
		return ""
	}
	return p.id
}

// superseded is the newest version of a post, where this is not it.
func (p *post) superseded() string {
	if n := len(p.versions); n > 0 && p.versions[n-1] != p.id && isID(p.versions[n-1]) {
		return p.versions[n-1]
	}
	return ""
}

// whole is the text of a post, long or not.
func (p *post) whole() string {
	if p.note != "" {
		return p.note
	}
	return p.text
}

func createdAt(p *post) (clock.Time, error) {
	if p.createdAt == "" {
		if at, ok := timeOf(p.id); ok {
			return at, nil
		}
	}
	at, err := time.Parse(time.RFC3339, p.createdAt)
	if err != nil || at.Year() < 2006 || at.Year() > 9999 {
		return 0, errNoTime
	}
	return clock.At(at), nil
}

// delivery tells how an answer can reach the customer. Since February 2026 X takes an answer over its
// API only to a post that names the account or quotes one of its posts.
func (c *Channel) delivery(a *answer, p *post) listeners.Delivery {
	if p.author == c.id {
		return listeners.Delivery{Mode: listeners.Blocked, Why: "own"}
	}
	for _, m := range p.mentions {
		if m.NativeID == c.id || c.handle != "" && strings.EqualFold(m.Handle, c.handle) {
			return listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}
		}
	}
	if p.quotes != "" && a.quoted[p.quotes] == c.id {
		return listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}
	}
	return listeners.Delivery{Mode: listeners.Assisted, Why: "not_summoned"}
}

func (c *Channel) url(handle, id string) string {
	if c.sandbox != "" {
		return c.sandbox + id
	}
	return "https://x.com/" + url.PathEscape(handle) + "/status/" + id
}

// isID tells whether s is an id of X: 1 to 19 digits.
func isID(s string) bool {
	if len(s) == 0 || len(s) > 19 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func idOr(s string) string {
	if isID(s) {
		return s
	}
	return ""
}

// Ids of X carry their time in milliseconds in the upper bits. Older ids, from before November 2010,
// are small and carry none.
const (
	idEpoch     = 1288834974657
	idTimeShift = 22
	firstTimed  = 1 << 40
)

func number(id string) uint64 {
	n, _ := strconv.ParseUint(id, 10, 63)
	return n
}

func timeOf(id string) (clock.Time, bool) {
	n := number(id)
	return clock.Time((n>>idTimeShift + idEpoch) * 1000), n >= firstTimed
}

// idAt is the smallest id of its millisecond.
func idAt(t clock.Time) uint64 {
	ms := int64(t)/1000 - idEpoch
	return uint64(max(ms, 0)) << idTimeShift
}
