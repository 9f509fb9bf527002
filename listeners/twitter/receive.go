package twitter

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

const signatureHeader = "X-Twitter-Webhooks-Signature"

// signer writes X's form of a text's MAC with every secret of the app: while it is changed there are two.
func signer(secrets ...string) func(text []byte) [][]byte {
	return func(text []byte) (signed [][]byte) {
		for _, s := range secrets {
			if s == "" {
				continue
			}
			mac := hmac.New(sha256.New, []byte(s))
			mac.Write(text)
			signed = append(signed, []byte("sha256="+base64.StdEncoding.EncodeToString(mac.Sum(nil))))
		}
		return signed
	}
}

// Challenge answers X's question whether we know the app's secret.
func (c *Channel) Challenge(r *http.Request, _ []byte) (answer []byte, contentType string, asked bool, err error) {
	token := r.URL.Query().Get("crc_token")
	if r.Method != http.MethodGet || token == "" {
		return nil, "", false, nil
	}
	signed := c.sign([]byte(token))
	if len(signed) == 0 {
		return nil, "", true, listeners.ErrSignature
	}
	answer, err = json.Marshal(map[string]string{"response_token": string(signed[0])})
	return answer, "application/json", true, err
}

// Verify tells whether X signed these bytes with one of the app's secrets.
func (c *Channel) Verify(h http.Header, body []byte) error {
	for _, want := range c.sign(body) {
		if hmac.Equal(want, []byte(h.Get(signatureHeader))) {
			return nil
		}
	}
	return listeners.ErrSignature
}

// DeliveryID is X's id of the event. Events of different kinds about one post may share it.
func (c *Channel) DeliveryID(_ http.Header, body []byte) string {
	if data := gjson.GetBytes(body, "data"); !tooDeep(body) && isID(data.Get("event_uuid").Str) {
		if kind := cleanLine(data.Get("event_type").Str); len(kind) <= 64 {
			return kind + " " + data.Get("event_uuid").Str
		}
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Accounts is the account that an event is about: an app has one address for all of them.
func (c *Channel) Accounts(body []byte) []string {
	if tooDeep(body) {
		return nil
	}
	if id := gjson.GetBytes(body, "data.filter.user_id").Str; isID(id) {
		return []string{id}
	}
	return nil
}

// Decode reads an event of X's activity API. X words it in either dialect. A post that came without its
// author, or cut short, is read again over the network.
func (c *Channel) Decode(ctx context.Context, _ http.Header, body []byte) (listeners.Page, error) {
	const doing = "read what X brought"
	if tooDeep(body) {
		return listeners.Page{}, c.malformed(doing, errTooDeep)
	}
	if !gjson.ValidBytes(body) {
		return listeners.Page{}, c.malformed(doing, errNotJSON)
	}
	event := gjson.ParseBytes(body).Get("data")
	user, payload := event.Get("filter.user_id").Str, event.Get("payload")
	if user != c.id {
		return listeners.Page{}, nil // of another account that shares the app
	}
	switch kind := event.Get("event_type").Str; kind {
	case "post.create", "post.mention.create", "post.reply.create", "post.quote.create":
		return c.brought(ctx, doing, body, kind, event)
	case "post.delete":
		for _, at := range []string{"id", "post_id", "tweet_id", "delete.tweet.id", "delete.post.id"} {
			if id := payload.Get(at).Str; isID(id) {
				return listeners.Page{Gone: []listeners.Removal{{NativeID: id, Why: listeners.Deleted}}}, nil
			}
		}
		return listeners.Page{}, c.malformed(doing, errNoDeleted)
	case "oauth.revoke":
		return listeners.Page{Revoked: true}, nil
	}
	return listeners.Page{}, nil
}

func (c *Channel) brought(ctx context.Context, doing string, body []byte, kind string, event gjson.Result) (listeners.Page, error) {
	a := newAnswer()
	for _, place := range []gjson.Result{event, gjson.ParseBytes(body)} {
		place.Get("includes").ForEach(func(kind, list gjson.Result) bool { a.include(kind.Str, list); return true })
	}
	a.add(event.Get("payload"))
	page := listeners.Page{Rejected: a.rejected}
	if len(a.posts) == 1 {
		p := &a.posts[0]
		if kind == "post.quote.create" && p.quotes != "" { // it quotes us: that is why it came
			a.quoted = map[string]string{p.quotes: c.id}
		}
		if a.authors[p.author].Handle == "" {
			var err error
			if page, err = c.lookUp(ctx, []string{p.id}); err != nil {
				return listeners.Page{}, err
			}
		} else {
			page = c.normalise(a, listeners.Mentioned)
		}
	}
	page.Spend = append(page.Spend, listeners.Spend{Unit: "post_event", N: 1, Cost: eventPrice})
	return page, nil
}
