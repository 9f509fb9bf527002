package facebook

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

var (
	errNoID     = errors.New("it has no id")
	errNoTime   = errors.New("its created_time is not a time")
	errNoThread = errors.New("it does not say what it belongs to")
)

// parse reads a JSON object or array.
func parse(body []byte) (v gjson.Result, ok bool) {
	v, err := listeners.ReadJSON(body)
	return v, err == nil && (v.IsObject() || v.IsArray())
}

// What is asked of each kind of thing. The newest comment of a post tells whether there is something to
// read below it, and whether it was that or an edit that changed the post last.
const (
	postFields    = "id,message,from{id,name},created_time,updated_time,is_hidden,full_picture,comments.limit(1).filter(stream).order(reverse_chronological){created_time}"
	commentFields = "id,message,from{id,name},created_time,parent{id,from{id}},object{id,from{id}},is_hidden,can_comment,attachment"
	reviewFields  = "created_time,reviewer{id,name},rating,recommendation_type,review_text,open_graph_story{id}"
	messageFields = "id,message,from,to,created_time,sticker,attachments"
)

// isID tells whether s can be the id of something on Facebook, and nothing else in a path.
func isID(s string) bool {
	if s == "" || len(s) > 200 || strings.Trim(s, ".") == "" {
		return false
	}
	for i := range len(s) {
		b := s[i]
		if (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') && !strings.ContainsRune("_-.:=$", rune(b)) {
			return false
		}
	}
	return true
}

// timeOf reads a time as Facebook writes it: in its own form, or as Unix seconds in what it brings.
func timeOf(v gjson.Result) (clock.Time, error) {
	if v.Type == gjson.Number {
		if s := v.Int(); s > 0 && s < 1<<36 {
			return atSecond(s), nil
		}
		return 0, errNoTime
	}
	at, err := time.Parse("2006-01-02T15:04:05-0700", v.Str)
	if err != nil || at.Year() < 2004 || at.Year() > 9999 {
		return 0, errNoTime
	}
	return clock.At(at), nil
}

// target is what it takes to answer something besides its id.
type target struct {
	Top string `json:"top,omitempty"` // of a comment under a comment: the one it stands under
	To  string `json:"to,omitempty"`  // of a message: who wrote it, as this Page knows them
	At  int64  `json:"at,omitempty"`  // of a message: when, in Unix seconds
}

func (t target) String() string {
	if t == (target{}) {
		return ""
	}
	b, _ := json.Marshal(t) // texts and a number: it cannot fail
	return string(b)
}

func readTarget(s string) (t target) {
	if s != "" && json.Unmarshal([]byte(s), &t) != nil {
		return target{}
	}
	return t
}

// author is who wrote something. Facebook leaves them out where the app may not know them: they are then
// known by what they wrote.
func author(v gjson.Result, id string) listeners.Author {
	who := listeners.Author{NativeID: v.Get("id").Str, Name: listeners.CleanLine(v.Get("name").Str)}
	if !isID(who.NativeID) {
		who = listeners.Author{NativeID: "unknown:" + id}
	}
	return who
}

// entry is a post with what only this adapter needs to know of it.
type entry struct {
	listeners.Post
	hidden bool
}

// finish adds what follows from the rest.
func (c *Channel) finish(e *entry, restricted bool) {
	e.Text = listeners.Clean(e.Text)
	own := e.Author.NativeID == c.id
	if !own {
		e.ToID = "" // what Facebook brings does not tell, and only of an answer of ours it matters
	}
	switch {
	case own:
		e.Reason, e.Delivery, e.hidden = listeners.Own, listeners.Delivery{Mode: listeners.Blocked, Why: "own"}, false
	case restricted:
		e.Reason, e.Delivery = listeners.Mentioned, listeners.Delivery{Mode: listeners.Assisted, Why: "restricted"}
	default:
		e.Reason = listeners.Mentioned
		e.Delivery = listeners.Delivery{Mode: listeners.ByAPI, Why: "ok", Until: e.Delivery.Until}
	}
}

// post reads a post of the Page, on the Page or about it.
func (c *Channel) post(v gjson.Result) (entry, error) {
	created, err := timeOf(v.Get("created_time"))
	id := v.Get("id").Str
	switch {
	case !isID(id):
		return entry{}, errNoID
	case err != nil:
		return entry{}, err
	}
	e := entry{hidden: v.Get("is_hidden").Bool()}
	e.Post = listeners.Post{
		NativeID: id, ThreadKey: id, Author: author(v.Get("from"), id), Surface: listeners.InPublic, Text: v.Get("message").Str,
		Media: link(v.Get("full_picture")), URL: c.url(id, id), CreatedAt: created, Version: seconds(created),
	}
	if updated, err := timeOf(v.Get("updated_time")); err == nil && updated > newestBelow(v) {
		e.Version = max(e.Version, seconds(updated))
	}
	c.finish(&e, false)
	return e, nil
}

// newestBelow is when the newest comment of a post was made; 0 where it has none.
func newestBelow(v gjson.Result) clock.Time {
	at, err := timeOf(v.Get("comments.data.0.created_time"))
	if err != nil {
		return 0
	}
	return at
}

// comment reads a comment. thread is the post it stands under, or "" where the comment tells.
func (c *Channel) comment(v gjson.Result, thread string) (entry, error) {
	created, err := timeOf(v.Get("created_time"))
	id, parent := v.Get("id").Str, v.Get("parent.id").Str
	thread = cmp.Or(thread, v.Get("object.id").Str)
	switch {
	case !isID(id):
		return entry{}, errNoID
	case err != nil:
		return entry{}, err
	case !isID(thread):
		return entry{}, errNoThread
	}
	e := entry{hidden: v.Get("is_hidden").Bool()}
	e.Post = listeners.Post{
		NativeID: id, ThreadKey: thread, ParentID: thread, ToID: v.Get("object.from.id").Str, Author: author(v.Get("from"), id),
		Surface: listeners.InPublic, Text: v.Get("message").Str, Media: pictures(v.Get("attachment")), URL: c.url(thread, id), CreatedAt: created,
	}
	if isID(parent) {
		e.ParentID, e.ToID, e.Target = parent, v.Get("parent.from.id").Str, target{Top: parent}.String()
	}
	can := v.Get("can_comment")
	c.finish(&e, can.Exists() && !can.Bool())
	return e, nil
}

// review reads a rating or recommendation. Facebook tells no number for a recommendation: it is counted
// as five stars or one.
func (c *Channel) review(v gjson.Result) (entry, error) {
	created, err := timeOf(v.Get("created_time"))
	if err != nil {
		return entry{}, err
	}
	reviewer := v.Get("reviewer")
	id := v.Get("open_graph_story.id").Str
	e := entry{}
	if !isID(id) {
		if id = "review:" + reviewer.Get("id").Str; !isID(reviewer.Get("id").Str) {
			return entry{}, errNoID
		}
	}
	stars := v.Get("rating").Int()
	if stars < 1 || stars > 5 {
		stars = map[string]int64{"positive": 5, "negative": 1}[v.Get("recommendation_type").Str]
	}
	e.Post = listeners.Post{
		NativeID: id, ThreadKey: id, Author: author(reviewer, id), Surface: listeners.InReview, Text: v.Get("review_text").Str,
		Rating: int(stars), URL: c.url(id, id), CreatedAt: created,
	}
	c.finish(&e, strings.HasPrefix(id, "review:"))
	return e, nil
}

// How long after a customer's last message a Page may write: any text, or a human agent.
const (
	window      = 24 * time.Hour
	humanWindow = 7 * 24 * time.Hour
)

// message reads one of a conversation. All that one person and the Page write to each other is one thread,
// by the person: what Facebook brings does not say which conversation it is of.
func (c *Channel) message(v gjson.Result) (entry, error) {
	created, err := timeOf(v.Get("created_time"))
	id, with := v.Get("id").Str, v.Get("from.id").Str
	if with == c.id {
		with = v.Get("to.data.0.id").Str
	}
	switch {
	case !isID(id):
		return entry{}, errNoID
	case err != nil:
		return entry{}, err
	case !isID(with):
		return entry{}, errNoThread
	}
	return c.direct(listeners.Post{
		NativeID: id, Author: author(v.Get("from"), id), Text: v.Get("message").Str, Media: pictures(v), CreatedAt: created,
	}, with), nil
}

// direct completes a message that the Page and a person exchanged.
func (c *Channel) direct(p listeners.Post, with string) entry {
	p.ThreadKey, p.Surface, p.URL = "t_"+with, listeners.InPrivate, c.inbox(p.NativeID)
	e := entry{Post: p}
	if p.Author.NativeID == c.id {
		e.ToID = with
	} else {
		e.Target = target{To: with, At: seconds(p.CreatedAt)}.String()
		e.Delivery.Until = p.CreatedAt.Add(c.window)
	}
	c.finish(&e, false)
	return e
}

func link(v gjson.Result) string {
	if s := v.Str; strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		return listeners.CleanLine(s)
	}
	return ""
}

// pictures are the links to what is attached, one a line: to a comment, or to a message.
func pictures(v gjson.Result) string {
	var all []string
	for _, path := range []string{"url", "media.image.src", "sticker", "attachments.data.#.image_data.url", "attachments.data.#.video_data.url", "attachments.data.#.file_url"} {
		found := v.Get(path)
		for _, one := range append([]gjson.Result{found}, found.Array()...) {
			if s := link(one); s != "" && len(all) < 20 && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return strings.Join(all, "\n")
}
