package facebook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"

	sdk "github.com/huandu/facebook/v2"
	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

// hook knows what the network signs with. Functions keep the secrets where no printing finds them.
type hook struct {
	token  func() string // what Facebook must know to be answered
	tokens func(string) bool
	signed func(signature, body []byte) bool
	person func(body []byte) (string, error)
}

func newHook(secrets map[string]string, page string) hook {
	var keys []string
	for _, name := range []string{"app_secret", "app_secret_old"} {
		if s := secrets[name]; s != "" {
			keys = append(keys, s)
		}
	}
	any := func(text []byte, is func(mac []byte) bool) (found bool) {
		for _, key := range keys {
			if is(sign(key, text)) {
				found = true
			}
		}
		return found
	}
	naming := []byte("webhook of page " + page)
	return hook{
		token: func() string {
			if len(keys) == 0 {
				return ""
			}
			return hex.EncodeToString(sign(keys[0], naming))
		},
		tokens: func(given string) bool {
			return any(naming, func(mac []byte) bool { return hmac.Equal([]byte(hex.EncodeToString(mac)), []byte(given)) })
		},
		signed: func(signature, body []byte) bool {
			return any(body, func(mac []byte) bool { return hmac.Equal(mac, signature) })
		},
		person: func(body []byte) (string, error) { return SignedRequest(body, secrets) },
	}
}

func sign(key string, text []byte) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(text)
	return mac.Sum(nil)
}

// Challenge answers Facebook when it asks whether an address is ours.
func (c *Channel) Challenge(r *http.Request, _ []byte) (answer []byte, contentType string, asked bool, err error) {
	q := r.URL.Query()
	if r.Method != http.MethodGet || !q.Has("hub.challenge") {
		return nil, "", false, nil
	}
	if q.Get("hub.mode") != "subscribe" || !c.hook.tokens(q.Get("hub.verify_token")) {
		return nil, "", false, listeners.ErrSignature
	}
	return []byte(q.Get("hub.challenge")), "text/plain; charset=utf-8", true, nil
}

// Verify tells whether Facebook signed these bytes with one of the app's secrets: in a header what it
// brings, in the body itself what a person asked for (see SignedRequest).
func (c *Channel) Verify(h http.Header, body []byte) error {
	if h.Get("X-Hub-Signature-256") == "" && bytes.Contains(body, []byte(signedRequest+"=")) {
		_, err := c.hook.person(body)
		return err
	}
	hexed, ok := strings.CutPrefix(h.Get("X-Hub-Signature-256"), "sha256=")
	signature, err := hex.DecodeString(hexed)
	if !ok || err != nil || !c.hook.signed(signature, body) {
		return listeners.ErrSignature
	}
	return nil
}

// DeliveryID names a delivery by its body: Facebook gives it no name.
func (c *Channel) DeliveryID(_ http.Header, body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// Accounts are the Pages that a delivery is about: an app has one address for all of them.
func (c *Channel) Accounts(body []byte) (pages []string) {
	v, _ := parse(body)
	named := map[string]bool{}
	v.Get("entry").ForEach(func(_, e gjson.Result) bool {
		if id := e.Get("id").String(); isID(id) && !named[id] {
			named[id], pages = true, append(pages, id)
		}
		return true
	})
	return pages
}

const signedRequest = "signed_request"

// SignedRequest reads what Facebook posts when a person removes the app (deauthorize callback) or asks it
// to delete their data (data deletion callback): a form with a signed_request. It returns the person, as
// the app knows them; secrets are those of a connection. The person is one who connected a Page, not a
// customer. ErrSignature where Facebook did not sign it.
func SignedRequest(form []byte, secrets map[string]string) (person string, err error) {
	q, err := url.ParseQuery(string(form))
	if err != nil {
		return "", listeners.ErrSignature
	}
	for _, name := range []string{"app_secret", "app_secret_old"} {
		if secrets[name] == "" {
			continue
		}
		signed, err := sdk.New("", secrets[name]).ParseSignedRequest(q.Get(signedRequest))
		if id, isText := signed["user_id"].(string); err == nil && isText && isID(id) {
			return id, nil
		}
	}
	return "", listeners.ErrSignature
}

// Decode reads what Facebook brought. What it leaves out is looked up; else it makes no calls.
func (c *Channel) Decode(ctx context.Context, _ http.Header, body []byte) (listeners.Page, error) {
	if person, err := c.hook.person(body); err == nil {
		return listeners.Page{Revoked: c.own != "" && person == c.own}, nil
	}
	v, ok := parse(body)
	if !ok {
		return listeners.Page{}, c.malformed("read what Facebook brought", listeners.ErrNotJSON)
	}
	b := brought{c: c, posts: make(map[string]listeners.Post), look: make(map[string]listeners.Post), gone: make(map[string]listeners.GoneWhy)}
	if v.Get("object").Str != "page" {
		return listeners.Page{}, nil
	}
	v.Get("entry").ForEach(func(_, e gjson.Result) bool {
		if e.Get("id").String() != c.id { // of another Page with the same app
			return true
		}
		at := e.Get("time").Int()
		if at > 1<<36 {
			at /= 1000
		}
		e.Get("changes").ForEach(func(_, change gjson.Result) bool { b.change(change, at); return true })
		e.Get("messaging").ForEach(func(_, m gjson.Result) bool { b.message(m); return true })
		return true
	})
	return b.page(ctx)
}

// brought is what the deliveries told, by native id: of each post the last word counts.
type brought struct {
	c        *Channel
	order    []string
	posts    map[string]listeners.Post
	look     map[string]listeners.Post // to be looked up, with what is known without
	gone     map[string]listeners.GoneWhy
	rejected []listeners.Rejected
}

func (b *brought) note(id string) {
	delete(b.posts, id)
	delete(b.look, id)
	delete(b.gone, id)
	if !slices.Contains(b.order[max(0, len(b.order)-1):], id) {
		b.order = append(b.order, id)
	}
}

// change notes one change of a Page's feed, of what names it, or of its reviews.
func (b *brought) change(change gjson.Result, at int64) {
	field, v := change.Get("field").Str, change.Get("value")
	id := v.Get("comment_id").Str
	switch item := v.Get("item").Str; {
	case field == "ratings":
		id = v.Get("open_graph_story_id").Str
		if item != "rating" { // a comment below one, or a like
			field = "feed"
			id = v.Get("comment_id").Str
		}
	case item == "reaction", item == "like":
		return
	case item != "comment":
		id = v.Get("post_id").Str
	}
	if field != "feed" && field != "mention" && field != "ratings" || id == "" && field == "ratings" {
		return
	}
	if !isID(id) {
		b.rejected = append(b.rejected, reject(change, errNoID))
		return
	}
	b.note(id)
	switch verb := v.Get("verb").Str; verb {
	case "remove", "delete":
		b.gone[id] = listeners.Deleted
	case "hide":
		b.gone[id] = listeners.Hidden
	case "add", "edited", "edit", "update":
		p, whole := b.c.changed(field, v, id)
		if verb != "add" {
			p.Version = at
		}
		if !whole {
			b.look[id] = p
		} else {
			b.posts[id] = p
		}
	default: // unhide, unblock: it can be seen again
		b.look[id] = listeners.Post{NativeID: id, Version: at} // after every edit before it
	}
}

// changed reads a post, comment or review that was added or edited; whole is false where Facebook did not
// tell all of it.
func (c *Channel) changed(field string, v gjson.Result, id string) (p listeners.Post, whole bool) {
	created, err := timeOf(v.Get("created_time"))
	who := listeners.Author{
		NativeID: cmp.Or(v.Get("from.id").String(), v.Get("sender_id").String(), v.Get("reviewer_id").String()),
		Name:     listeners.CleanLine(cmp.Or(v.Get("from.name").Str, v.Get("sender_name").Str, v.Get("reviewer_name").Str)),
	}
	e := entry{Post: listeners.Post{
		NativeID: id, ThreadKey: id, Author: who, Surface: listeners.InPublic, Text: cmp.Or(v.Get("message").Str, v.Get("review_text").Str),
		CreatedAt: created, Version: seconds(created),
	}}
	whole = err == nil && isID(who.NativeID) && who.Name != "" && (e.Text != "" || field == "ratings")
	switch {
	case field == "ratings":
		e.Surface, e.Version, e.Rating = listeners.InReview, 0, int(v.Get("rating").Int())
		if e.Rating < 1 || e.Rating > 5 {
			e.Rating = map[string]int{"positive": 5, "negative": 1}[v.Get("recommendation_type").Str]
		}
	case v.Get("item").Str == "comment":
		e.ThreadKey, e.ParentID, e.Version = v.Get("post_id").Str, v.Get("parent_id").Str, 0
		if e.ParentID != e.ThreadKey {
			e.Target = target{Top: e.ParentID}.String()
		}
		whole = whole && isID(e.ThreadKey) && isID(e.ParentID) && who.NativeID != c.id // whom an own one answers is not told
	}
	e.URL = c.url(e.ThreadKey, id)
	c.finish(&e, false)
	return e.Post, whole
}

// message notes a message, an echo of what the Page wrote, or an edit.
func (b *brought) message(v gjson.Result) {
	m, from, to := v.Get("message"), v.Get("sender.id").String(), v.Get("recipient.id").String()
	version := int64(0)
	if edit := v.Get("message_edit"); edit.Exists() {
		m, version = edit, v.Get("timestamp").Int()/1000
	}
	id := m.Get("mid").Str
	if !m.Exists() { // read, delivered, a button
		return
	}
	created := clock.Time(v.Get("timestamp").Int() * 1000)
	with := from
	if from == b.c.id {
		with = to
	}
	if !isID(id) || !isID(with) || !isID(from) || created <= 0 {
		b.rejected = append(b.rejected, reject(v, errNoID))
		return
	}
	b.note(id)
	p := listeners.Post{NativeID: id, Author: listeners.Author{NativeID: from}, Text: m.Get("text").Str, CreatedAt: created}
	m.Get("attachments.#.payload.url").ForEach(func(_, u gjson.Result) bool {
		p.Media = strings.TrimPrefix(p.Media+"\n"+link(u), "\n")
		return true
	})
	known := b.c.direct(p, with).Post
	known.Version = version
	b.look[id] = known // what is brought has no names
}

// page looks up what must be, and puts everything together.
func (b *brought) page(ctx context.Context) (listeners.Page, error) {
	page := listeners.Page{Rejected: b.rejected}
	if len(b.look) > 0 {
		var ids []string
		for _, id := range b.order {
			if _, ok := b.look[id]; ok && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		found, err := b.c.Hydrate(ctx, ids)
		switch classIn(err) {
		case "":
		case listeners.Forbidden: // then what was brought must do
			for id, p := range b.look {
				if p.Author.NativeID != "" {
					b.posts[id] = p
				}
			}
		default:
			return listeners.Page{}, err
		}
		for _, p := range found.Posts {
			p.Version = max(p.Version, b.look[p.NativeID].Version)
			b.posts[p.NativeID] = p
		}
		for _, g := range found.Gone {
			if p := b.look[g.NativeID]; p.Surface == listeners.InPrivate { // some messages can be read only as they are brought
				b.posts[g.NativeID] = p
				continue
			}
			b.gone[g.NativeID] = g.Why
		}
	}
	for _, id := range b.order {
		if p, ok := b.posts[id]; ok {
			page.Posts = append(page.Posts, p)
			delete(b.posts, id)
		}
		if why, ok := b.gone[id]; ok {
			page.Gone = append(page.Gone, listeners.Removal{NativeID: id, Why: why})
			delete(b.gone, id)
		}
	}
	return page, nil
}
