package discourse

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/kith-social/kith/listeners"
)

// What a forum says about what it brings.
const (
	headerEvent     = "X-Discourse-Event"
	headerEventType = "X-Discourse-Event-Type"
	headerSignature = "X-Discourse-Event-Signature"
)

// Challenge answers nobody: a forum does not ask whether an address is ours.
func (c *Channel) Challenge(*http.Request, []byte) (answer []byte, contentType string, asked bool, err error) {
	return nil, "", false, nil
}

// Verify tells whether the forum signed these bytes with the webhook's secret, or with the one before it.
func (c *Channel) Verify(h http.Header, body []byte) error {
	if !c.signed(body, h.Get(headerSignature)) {
		return listeners.ErrSignature
	}
	return nil
}

func signedBy(secrets []string, body []byte, signature string) bool {
	hexed, ok := strings.CutPrefix(signature, "sha256=")
	given, err := hex.DecodeString(hexed)
	if !ok || err != nil || len(given) != sha256.Size {
		return false
	}
	right := false
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		right = hmac.Equal(mac.Sum(nil), given) || right
	}
	return right
}

// DeliveryID names a delivery by what it says: the forum numbers the same event anew when it brings it
// again, and no two events of a post are alike, for each has its time.
func (c *Channel) DeliveryID(h http.Header, body []byte) string {
	sum := sha256.New()
	sum.Write([]byte(h.Get(headerEvent) + "\x00"))
	sum.Write(body)
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// Decode reads what a forum has brought. Events of other things than posts, and pings, tell nothing.
func (c *Channel) Decode(ctx context.Context, h http.Header, body []byte) (listeners.Page, error) {
	const doing = "read what the forum brought"
	v, err := listeners.ReadJSON(body)
	if err != nil {
		return listeners.Page{}, c.malformed(doing, err)
	}
	v = v.Get("post")
	if kind := h.Get(headerEventType); kind != "post" && (kind != "" || !v.Exists()) {
		return listeners.Page{}, nil
	}
	p, err := c.decode(v, false)
	if id := p.NativeID; id != "" && (h.Get(headerEvent) == "post_destroyed" || p.deleted) {
		return listeners.Page{Gone: []listeners.Removal{{NativeID: id, Why: listeners.Deleted}}}, nil
	}
	switch {
	case err != nil:
		return listeners.Page{Rejected: []listeners.Rejected{{Raw: body, Reason: err.Error()}}}, nil
	case p.hidden:
		return listeners.Page{Gone: []listeners.Removal{{NativeID: p.NativeID, Why: p.why()}}}, nil
	case !c.wants(p):
		return listeners.Page{}, nil
	}
	posts, err := c.settled(ctx, doing, []post{p})
	return listeners.Page{Posts: posts}, err
}
