package facebook

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"unicode/utf8"

	"github.com/kith-social/kith/listeners"
)

// FuzzVerify: whatever header and body come, only what was signed is taken.
func FuzzVerify(f *testing.F) {
	f.Add("sha256=", []byte(`{"object":"page"}`))
	f.Add("", signedForm(secret, `{"user_id":"4711","algorithm":"HMAC-SHA256"}`))
	f.Add("", signedForm("guess", `{"user_id":"4711","algorithm":"HMAC-SHA256"}`))
	ch := open(f, http.DefaultTransport)
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		h := http.Header{"X-Hub-Signature-256": {signature}}
		err := ch.Verify(h, body)
		if err == nil && signature != "" {
			t.Errorf("%q was taken for a signature", signature)
		}
		if err != nil && !errors.Is(err, listeners.ErrSignature) {
			t.Errorf("refused with %v", err)
		}
		if ch.DeliveryID(h, body) == "" {
			t.Error("a delivery without a name")
		}
	})
}

// FuzzDecode: whatever is brought, posts are whole and clean, and nothing panics. What must be looked up
// is not there.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{"object":"page","entry":[{"id":"1","time":1790000000,"changes":[{"field":"feed","value":{"item":"comment","verb":"add","post_id":"1_5","parent_id":"1_5","comment_id":"5_6","created_time":1790000000,"from":{"id":"7","name":"An"},"message":"ch\u00e0o"}}]}]}`,
		`{"object":"page","entry":[{"id":"1","time":1790000000123,"changes":[{"field":"feed","value":{"item":"comment","verb":"edited","post_id":"1_5","parent_id":"5_6","comment_id":"5_7","created_time":1790000000,"from":{"id":"7","name":"An"},"message":"x"}},{"field":"feed","value":{"item":"status","verb":"hide","post_id":"1_5"}}]}]}`,
		`{"object":"page","entry":[{"id":"1","time":1790000000,"changes":[{"field":"ratings","value":{"item":"rating","verb":"add","reviewer_id":7,"reviewer_name":"An","open_graph_story_id":"9","recommendation_type":"positive","review_text":"hay","created_time":1790000000}}]}]}`,
		`{"object":"page","entry":[{"id":"1","time":1790000000,"changes":[{"field":"mention","value":{"item":"post","verb":"add","post_id":"7_5","sender_id":"7","sender_name":"An","message":"@x","created_time":1790000000}}]}]}`,
		`{"object":"page","entry":[{"id":"1","time":1790000000,"messaging":[{"sender":{"id":"7"},"recipient":{"id":"1"},"timestamp":1790000000000,"message":{"mid":"m_1","text":"hi","attachments":[{"type":"image","payload":{"url":"https://scontent.example/1.jpg"}}]}},{"sender":{"id":"1"},"recipient":{"id":"7"},"timestamp":1790000000001,"message_edit":{"mid":"m_2","text":"x","num_edit":1}}]}]}`,
		`[]`, `{"object":"page","entry":{}}`, `{"object":"page","entry":[{"id":"1","changes":[null,[],{"field":"feed"}]}]}`,
	} {
		f.Add([]byte(body))
	}
	ch := open(f, &answering{status: 403, body: said100(10, 0)})
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := ch.Decode(t.Context(), nil, body)
		if err == nil {
			sound(t, ch, page)
		}
	})
}

// FuzzRead: whatever a list holds, posts are whole and clean, the cursor fits, and nothing panics.
func FuzzRead(f *testing.F) {
	for _, body := range []string{
		`{"data":[{"id":"1_5","message":"m\u1edf c\u1eeda","from":{"id":"1","name":"Sao Mai"},"created_time":"2026-11-20T10:00:00+0000","updated_time":"2026-11-20T10:05:00+0000","is_hidden":false,"comments":{"data":[{"created_time":"2026-11-20T10:04:00+0000","id":"5_6"}]}}],"paging":{"cursors":{"before":"a","after":"b"},"next":"https:\/\/graph.facebook.com\/x?after=b"}}`,
		`{"data":[{"created_time":"2026-11-20T10:00:00+0000","reviewer":{"id":"7","name":"An"},"rating":4,"open_graph_story":{"id":"9"}}]}`,
		`{"data":[{"id":"m_1","message":"x","from":{"id":"7","name":"An"},"to":{"data":[{"id":"1"}]},"created_time":"2026-11-20T10:00:00+0000"}]}`,
		`{"data":[],"paging":{"next":"?after=b"}}`, `{"data":{}}`, `{"error":{"code":190}}`,
	} {
		f.Add([]byte(body), 0)
		f.Add([]byte(body), 3)
		f.Add([]byte(body), 4)
	}
	f.Fuzz(func(t *testing.T, body []byte, turn int) {
		ch := open(t, &answering{status: 200, body: string(body)})
		place := `{"v":1,"turn":0,"marks":{"conversations":{"since":1,"queue":["t_7"]}}}`
		if turn%2 == 0 {
			place = `{"v":1,"turn":4,"marks":{"conversations":{"since":1,"queue":["t_7"]}}}`
		} else if turn%3 == 0 {
			place = `{"v":1,"turn":3,"marks":{}}`
		}
		page, err := ch.Fetch(t.Context(), listeners.Cursor(place))
		if err != nil {
			return
		}
		sound(t, ch, page)
		if len(page.Next) > 4096 && len(body) < 4096 {
			t.Errorf("the cursor has %d bytes", len(page.Next))
		}
		if _, err := listeners.ReadTurns[mark](page.Next); err != nil {
			t.Errorf("the cursor %s: %v", page.Next, err)
		}
	})
}

func sound(t *testing.T, ch *Channel, page listeners.Page) {
	t.Helper()
	for _, p := range page.Posts {
		kept, _ := json.Marshal(p)
		if !isID(p.NativeID) && p.NativeID[:7] != "review:" || p.ThreadKey == "" || p.Author.NativeID == "" || p.CreatedAt <= 0 || p.Reason == "" || p.Delivery.Mode == "" || p.URL == "" {
			t.Errorf("not whole: %s", kept)
		}
		if !utf8.ValidString(p.Text) || !utf8.ValidString(p.Author.Name) || p.Rating < 0 || p.Rating > 5 {
			t.Errorf("not clean: %s", kept)
		}
		if (p.Author.NativeID == ch.id) != (p.Reason == listeners.Own) {
			t.Errorf("whose is it: %s", kept)
		}
	}
	for _, g := range page.Gone {
		if g.NativeID == "" || g.Why == "" {
			t.Errorf("gone: %+v", g)
		}
	}
}
