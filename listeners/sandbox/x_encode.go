package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// xAnswer builds the JSON of one answer: data, what it includes, what was not
// found and, for pages, the meta part. The world's lock is held while it is
// built.
type xAnswer struct {
	xShape
	world *world
	buf   []byte
	users []*account // to include, in order
	posts []*post
	seen  map[int64]bool // ids of accounts and posts to include
	fails []*xProblem

	mentions, hashtags, urls []byte // room for entities
}

var xBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 96<<10); return &b }}

func (x *xFacade) answer(s xShape) *xAnswer {
	b := *xBuffers.Get().(*[]byte)
	return &xAnswer{xShape: s, world: x.world, buf: append(b[:0], '{'), seen: make(map[int64]bool)}
}

// send writes the answer. The world's lock must not be held any more: the
// reader may be slow.
func (a *xAnswer) send(w http.ResponseWriter, status int) {
	a.buf = append(a.buf, '}')
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(a.buf)))
	w.WriteHeader(status)
	w.Write(a.buf)
	xBuffers.Put(&a.buf)
}

// key starts a member of the top object.
func (a *xAnswer) key(name string) {
	if a.buf[len(a.buf)-1] != '{' {
		a.buf = append(a.buf, ',')
	}
	a.buf = append(a.buf, '"')
	a.buf = append(a.buf, name...)
	a.buf = append(a.buf, `":`...)
}

// list writes a member that is an array of items, unless there are none.
func list[T any](a *xAnswer, name string, items []T, write func(T)) {
	if len(items) == 0 {
		return
	}
	a.key(name)
	a.buf = append(a.buf, '[')
	for i, item := range items {
		if i > 0 {
			a.buf = append(a.buf, ',')
		}
		write(item)
	}
	a.buf = append(a.buf, ']')
}

// rest writes includes and errors.
func (a *xAnswer) rest() {
	if len(a.users)+len(a.posts) > 0 {
		a.key("includes")
		a.buf = append(a.buf, '{')
		// Posts first: they may add users.
		posts := a.posts
		list(a, a.includes, posts, a.tweet)
		list(a, "users", a.users, a.account)
		a.buf = append(a.buf, '}')
	}
	list(a, "errors", a.fails, func(p *xProblem) {
		shown := *p
		shown.Status = 0
		b, _ := json.Marshal(shown)
		a.buf = append(a.buf, b...)
	})
}

func (a *xAnswer) includeUser(u *account) {
	if u != nil && !a.seen[u.ID] {
		a.seen[u.ID] = true
		a.users = append(a.users, u)
	}
}

// include gathers what the expansions of a post ask for.
func (a *xAnswer) include(p *post) {
	if a.expand&xExpandAuthor != 0 {
		a.includeUser(p.Author)
	}
	if a.expand&xExpandInReplyTo != 0 {
		a.includeUser(p.ParentAuthor)
	}
	if a.expand&xExpandMentions != 0 {
		for _, h := range p.mentions {
			a.includeUser(a.world.accounts[handleKey{p.Network, h}])
		}
	}
	if a.expand&xExpandReferenced == 0 {
		return
	}
	for _, id := range []int64{p.ParentID, p.QuoteID} {
		if id == 0 || a.seen[id] {
			continue
		}
		a.seen[id] = true
		ref := a.world.newest(id)
		switch {
		case ref == nil || ref.Held:
			a.fails = append(a.fails, xNotFound("tweet", a.referenced+".id", formatID(id)))
			continue
		case ref.Author.Protected || ref.Author.Suspended:
			a.fails = append(a.fails, xNotShown(ref, a.referenced+".id", formatID(id)))
			continue
		}
		a.posts = append(a.posts, ref)
		if a.expand&xExpandReferencedAuthor != 0 {
			a.includeUser(ref.Author)
		}
	}
}

func (a *xAnswer) tweet(p *post) {
	t := xTextOf(p)
	b := append(a.buf, `{"id":`...)
	b = appendID(b, p.ID)
	b = append(b, `,"text":`...)
	b = appendString(b, t.Text)
	b = append(b, `,"`...)
	b = append(b, a.editHistory...)
	b = append(b, `":[`...)
	for _, id := range p.EarlierIDs {
		b = appendID(b, id)
		b = append(b, ',')
	}
	b = appendID(b, p.ID)
	b = append(b, ']')
	if a.xShape.tweet&xAuthorID != 0 || a.expand&xExpandAuthor != 0 {
		b = append(b, `,"author_id":`...)
		b = appendID(b, p.Author.ID)
	}
	if a.xShape.tweet&xConversationID != 0 {
		b = append(b, `,"conversation_id":`...)
		b = appendID(b, p.RootID)
	}
	if a.xShape.tweet&xCreatedAt != 0 {
		b = append(b, `,"created_at":`...)
		if p.Edits > 0 {
			b = appendTime(b, p.EditedAt) // a version is a post of its own
		} else {
			b = appendTime(b, p.CreatedAt)
		}
	}
	if (a.xShape.tweet&xInReplyTo != 0 || a.expand&xExpandInReplyTo != 0) && p.ParentAuthor != nil {
		b = append(b, `,"in_reply_to_user_id":`...)
		b = appendID(b, p.ParentAuthor.ID)
	}
	if (a.xShape.tweet&xReferenced != 0 || a.expand&xExpandReferenced != 0) && p.ParentID+p.QuoteID != 0 {
		b = a.appendReferences(b, p)
	}
	if a.xShape.tweet&xEntities != 0 || a.expand&xExpandMentions != 0 {
		b = a.appendEntities(b, t)
	}
	if a.xShape.tweet&xLang != 0 {
		b = append(b, `,"lang":`...)
		b = appendString(b, p.Lang)
	}
	if a.xShape.tweet&xMetrics != 0 {
		b = append(b, `,"public_metrics":{"`...)
		b = append(b, a.reposts...)
		b = append(b, `":0,"reply_count":`...)
		b = strconv.AppendInt(b, int64(p.replyCount()), 10)
		b = append(b, `,"like_count":0,"quote_count":`...)
		b = strconv.AppendInt(b, int64(p.quotes), 10)
		b = append(b, `,"bookmark_count":0,"impression_count":0}`...)
	}
	if a.xShape.tweet&xNote != 0 && t.Note != nil {
		b = append(b, `,"`...)
		b = append(b, a.note...)
		b = append(b, `":{"text":`...)
		b = appendString(b, t.Note.Text)
		b = a.appendEntities(b, *t.Note)
		b = append(b, '}')
	}
	b = a.appendSettings(b, p)
	a.buf = append(b, '}')
}

// appendSettings writes what is said about a post besides what it says.
func (a *xAnswer) appendSettings(b []byte, p *post) []byte {
	if a.xShape.tweet&xReplySettings != 0 {
		b = append(b, `,"reply_settings":"everyone"`...)
	}
	if a.xShape.tweet&xSensitive != 0 {
		b = append(b, `,"possibly_sensitive":false`...)
	}
	if a.xShape.tweet&xSource != 0 {
		b = append(b, `,"source":"Sandbox"`...)
	}
	if a.xShape.tweet&xEditControls != 0 {
		b = append(b, `,"edit_controls":{"edits_remaining":`...)
		b = strconv.AppendInt(b, int64(max(5-p.Edits, 0)), 10)
		b = append(b, `,"is_edit_eligible":`...)
		b = strconv.AppendBool(b, p.ParentID == 0)
		b = append(b, '}')
	}
	return b
}

func (a *xAnswer) appendReferences(b []byte, p *post) []byte {
	b = append(b, `,"`...)
	b = append(b, a.referenced...)
	b = append(b, `":[`...)
	if p.ParentID != 0 {
		b = append(b, `{"type":"replied_to","id":`...)
		b = appendID(b, p.ParentID)
		b = append(b, '}')
	}
	if p.QuoteID != 0 {
		if p.ParentID != 0 {
			b = append(b, ',')
		}
		b = append(b, `{"type":"quoted","id":`...)
		b = appendID(b, p.QuoteID)
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendEntities writes mentions, hashtags and links with their places in the
// text, counted in characters. A text without any gets no entities at all.
func (a *xAnswer) appendEntities(b []byte, t xText) []byte {
	mentions, hashtags, urls := a.mentions[:0], a.hashtags[:0], a.urls[:0]
	at, runes, links := 0, 0, t.Links
	spans(t.Text, func(s span) {
		runes += utf8.RuneCountInString(t.Text[at:s.Start])
		start := runes
		runes += utf8.RuneCountInString(t.Text[s.Start:s.End])
		at = s.End
		place := func(list []byte) []byte {
			if len(list) > 0 {
				list = append(list, ',')
			}
			list = append(list, `{"start":`...)
			list = strconv.AppendInt(list, int64(start), 10)
			list = append(list, `,"end":`...)
			return strconv.AppendInt(list, int64(runes), 10)
		}
		_, sign := utf8.DecodeRuneInString(t.Text[s.Start:])
		name := t.Text[s.Start+sign : s.End]
		switch s.Kind {
		case mentionSpan:
			mentions = append(place(mentions), `,"username":`...)
			if u := a.world.accounts[keyOf("x", name)]; u != nil {
				mentions = appendString(mentions, u.Handle)
				mentions = append(mentions, `,"id":`...)
				mentions = appendID(mentions, u.ID)
			} else {
				mentions = appendString(mentions, name)
			}
			mentions = append(mentions, '}')
		case hashtagSpan:
			hashtags = append(place(hashtags), `,"tag":`...)
			hashtags = appendString(hashtags, name)
			hashtags = append(hashtags, '}')
		case urlSpan:
			if len(links) == 0 {
				return
			}
			urls = append(place(urls), `,"url":`...)
			urls = appendString(urls, t.Text[s.Start:s.End])
			urls = append(urls, `,"expanded_url":`...)
			urls = appendString(urls, links[0])
			urls = append(urls, `,"display_url":`...)
			urls = appendString(urls, xDisplayURL(links[0]))
			urls = append(urls, '}')
			links = links[1:]
		}
	})
	a.mentions, a.hashtags, a.urls = mentions, hashtags, urls
	if len(mentions)+len(hashtags)+len(urls) == 0 {
		return b
	}
	b = append(b, `,"entities":{`...)
	for _, part := range []struct {
		name string
		list []byte
	}{{"mentions", mentions}, {"hashtags", hashtags}, {"urls", urls}} {
		if len(part.list) == 0 {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, part.name...)
		b = append(b, `":[`...)
		b = append(b, part.list...)
		b = append(b, ']')
	}
	return append(b, '}')
}

func xDisplayURL(link string) string {
	_, rest, _ := strings.Cut(link, "://")
	rest = strings.TrimPrefix(rest, "www.")
	if utf8.RuneCountInString(rest) > 27 {
		return string([]rune(rest)[:26]) + "…"
	}
	return rest
}

func (a *xAnswer) account(u *account) {
	b := append(a.buf, `{"id":`...)
	b = appendID(b, u.ID)
	b = append(b, `,"name":`...)
	b = appendString(b, u.Name)
	b = append(b, `,"username":`...)
	b = appendString(b, u.Handle)
	if a.user&xUserCreatedAt != 0 {
		b = append(b, `,"created_at":`...)
		b = appendTime(b, u.CreatedAt)
	}
	if a.user&xUserDescription != 0 {
		b = append(b, `,"description":""`...)
	}
	if a.user&xUserProtected != 0 {
		b = append(b, `,"protected":`...)
		b = strconv.AppendBool(b, u.Protected)
	}
	if a.user&xUserVerified != 0 {
		b = append(b, `,"verified":`...)
		b = strconv.AppendBool(b, u.Brand)
	}
	if a.user&xUserVerifiedType != 0 {
		kind := "none"
		if u.Brand {
			kind = "business"
		}
		b = append(b, `,"verified_type":`...)
		b = appendString(b, kind)
	}
	if a.user&xUserSubscription != 0 {
		plan := "None"
		if u.Premium {
			plan = "Premium"
		}
		b = append(b, `,"subscription_type":`...)
		b = appendString(b, plan)
	}
	if a.user&xUserURL != 0 {
		b = append(b, `,"url":""`...)
	}
	if a.user&xUserMetrics != 0 {
		b = append(b, `,"public_metrics":{"followers_count":`...)
		b = strconv.AppendInt(b, followers(u), 10)
		b = append(b, `,"following_count":0,"`...)
		b = append(b, a.userPosts...)
		b = append(b, `":`...)
		b = strconv.AppendInt(b, int64(len(u.posts.posts)), 10)
		b = append(b, `,"listed_count":0,"like_count":0}`...)
	}
	a.buf = append(b, '}')
}

// followers is a number that differs between people and stays the same.
func followers(u *account) int64 {
	if u.Brand {
		return 10_000 + u.ID%90_000
	}
	return u.ID % 1000
}
