package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// xHooks brings activities of accounts to the addresses of applications.
type xHooks struct {
	x      *xFacade
	sender *hooks
	client *http.Client

	mu    sync.Mutex
	ids   int64
	urls  []*xHook
	subs  []*xSubscription
	kept  []xSentEvent
	extra uint64 // counts events
}

// xHook is an address that an application wants news at.
type xHook struct {
	ID, URL, App string
	Valid        bool
	CreatedAt    time.Time
}

// xSubscription is a wish for one kind of event about one account.
type xSubscription struct {
	ID        string
	Event     string
	UserID    string
	Tag       string
	Hook      *xHook
	CreatedAt time.Time
}

// xSentEvent is what replay brings again.
type xSentEvent struct {
	at   time.Time
	hook *xHook
	what delivery
}

// xMostKept bounds what can be brought again.
const xMostKept = 10_000

// xEvents are the events that the sandbox has.
var xEvents = []string{"post.create", "post.delete", "post.mention.create", "post.reply.create", "post.quote.create"}

func newXHooks(x *xFacade, n *Network) *xHooks {
	h := &xHooks{
		x: x, sender: newHooks("x", n, 200*time.Millisecond, time.Second, 5*time.Second),
		client: &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	n.world.watch(h.happened)
	return h
}

func (h *xHooks) newID() string {
	h.ids++
	return strconv.FormatInt(1_700_000_000_000_000_000+h.ids, 10)
}

// happened queues the deliveries about one event; the world's lock is held.
func (h *xHooks) happened(e event) {
	p := e.Post
	if p.Network != "x" || p.Held || p.Author.Protected || p.Author.Suspended {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.subs {
		if h.x.concerns(e, s) {
			h.bring(s, h.x.activity(p, s, e.Kind == deleted, h.next()))
		}
	}
}

// next names one event.
func (h *xHooks) next() string {
	h.extra++
	return strconv.FormatUint(2_000_000_000_000_000_000+h.extra, 10)
}

// concerns tells whether a subscription wants an event. Deletions are told of by the author's account only.
func (x *xFacade) concerns(e event, s *xSubscription) bool {
	p := e.Post
	id, _ := strconv.ParseInt(s.UserID, 10, 64)
	u := x.userWithID(id)
	if u == nil {
		return false
	}
	if e.Kind == deleted {
		return s.Event == "post.delete" && p.Author == u
	}
	if e.Kind != created && e.Kind != edited && e.Kind != approved {
		return false
	}
	switch s.Event {
	case "post.create":
		return p.Author == u
	case "post.mention.create":
		return p.Author != u && p.names(u)
	case "post.reply.create":
		return p.Author != u && p.ParentAuthor == u
	case "post.quote.create":
		quoted := x.tweetWithID(p.QuoteID)
		return p.Author != u && quoted != nil && quoted.Author == u
	}
	return false
}

// activity is the body of a delivery about a post. X words these in the names of before August 2026.
func (x *xFacade) activity(p *post, s *xSubscription, gone bool, event string) []byte {
	a := x.answer(xShape{
		xDialect: xTweetDialect, tweet: ^xFields(0) &^ xMetrics, user: xUserProtected | xUserMetrics, expand: xExpandAuthor | xExpandReferenced | xExpandReferencedAuthor,
	})
	a.key("data")
	a.buf = append(a.buf, '{')
	a.key("event_uuid")
	a.buf = appendString(a.buf, event)
	a.key("event_type")
	a.buf = appendString(a.buf, s.Event)
	a.key("filter")
	a.buf = append(a.buf, `{"user_id":`...)
	a.buf = appendString(a.buf, s.UserID)
	a.buf = append(a.buf, '}')
	if s.Tag != "" {
		a.key("tag")
		a.buf = appendString(a.buf, s.Tag)
	}
	a.key("payload")
	if gone {
		a.buf = append(a.buf, `{"id":`...)
		a.buf = appendID(a.buf, p.ID)
		a.buf = append(a.buf, `,"author_id":`...)
		a.buf = appendID(a.buf, p.Author.ID)
		a.buf = append(a.buf, '}')
	} else {
		a.include(p)
		a.tweet(p)
		a.fails = nil
		a.rest()
	}
	a.buf = append(a.buf, "}}"...)
	body := slices.Clone(a.buf)
	xBuffers.Put(&a.buf)
	return body
}

// revoked tells every application that hears of an account that its access was taken away.
func (h *xHooks) revoked(a *account) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var told []*xHook
	for _, s := range h.subs {
		if s.UserID == formatID(a.ID) && !slices.Contains(told, s.Hook) {
			told = append(told, s.Hook)
			body, _ := json.Marshal(map[string]any{"data": map[string]any{ // texts: it cannot fail
				"event_uuid": h.next(), "event_type": "oauth.revoke", "filter": map[string]string{"user_id": s.UserID},
				"payload": map[string]string{"user_id": s.UserID},
			}})
			h.bring(s, body)
		}
	}
}

// bring signs and queues a body.
func (h *xHooks) bring(s *xSubscription, body []byte) {
	if !s.Hook.Valid {
		return
	}
	d := delivery{URL: s.Hook.URL, Body: body, Header: http.Header{
		"Content-Type":                 {"application/json"},
		"X-Twitter-Webhooks-Signature": {xSign(h.x.consumerSecret(s.Hook.App), body)},
	}}
	if len(h.kept) == xMostKept {
		h.kept = slices.Delete(h.kept, 0, xMostKept/10)
	}
	h.kept = append(h.kept, xSentEvent{h.x.cfg.Now(), s.Hook, d})
	h.sender.send(d)
}

func xSign(secret string, text []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(text)
	return "sha256=" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// crc asks an address whether it knows the application's secret.
func (h *xHooks) crc(hook *xHook) bool {
	h.x.world.mu.Lock()
	h.x.world.seq++
	token := h.x.world.secret("crc", hook.URL, strconv.FormatUint(h.x.world.seq, 10))
	h.x.world.mu.Unlock()
	target, err := url.Parse(hook.URL)
	if err != nil {
		return false
	}
	q := target.Query()
	q.Set("crc_token", token)
	target.RawQuery = q.Encode()
	res, err := h.client.Get(target.String())
	if err != nil {
		return false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	var answer struct {
		Token string `json:"response_token"`
	}
	return err == nil && res.StatusCode == http.StatusOK && json.Unmarshal(body, &answer) == nil && answer.Token == xSign(h.x.consumerSecret(hook.App), []byte(token))
}
