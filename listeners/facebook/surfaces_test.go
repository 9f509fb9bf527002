package facebook

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
)

// TestSurfaces: everything that a Page has is heard, with who wrote it, where it stands and how it can be
// answered; what the Page itself wrote is its own, whatever tool wrote it.
func TestSurfaces(t *testing.T) {
	s := newStage(t, false)
	ch := s.Open(t, channeltest.Options{})
	post := s.say(t, map[string]any{"author": "saomaicafe", "text": "Chúng tôi mở cửa lúc 7 giờ"})
	visit := s.say(t, map[string]any{"author": "an", "to": "saomaicafe", "text": "Quán ở đâu vậy?"})
	tagged := s.say(t, map[string]any{"author": "binh", "text": "sáng nay ở @saomaicafe"})
	comment := s.say(t, map[string]any{"author": "chi", "text": "Có giao hàng không?", "in_reply_to": post})
	own := s.say(t, map[string]any{"author": "saomaicafe", "text": "Có chị ạ", "in_reply_to": comment})
	further := s.say(t, map[string]any{"author": "dung", "text": "tới Thủ Đức không?", "in_reply_to": own})
	praise := s.say(t, map[string]any{"author": "an", "to": "saomaicafe", "kind": "review", "rating": 2, "text": "Chờ lâu quá"})
	message := s.say(t, map[string]any{"author": "chi", "to": "saomaicafe", "kind": "message", "text": "Đơn của tôi đâu?"})
	echo := s.say(t, map[string]any{"author": "saomaicafe", "to": "chi", "kind": "message", "text": "Dạ đang tới"})
	s.say(t, map[string]any{"author": "an", "to": "binh", "kind": "message", "text": "riêng tư"})
	s.say(t, map[string]any{"author": "an", "text": "chuyện của tôi"})

	ids, page := s.accounts(t), s.Brand.NativeID
	posts := hear(t, ch, "").Posts
	if len(posts) != 9 {
		t.Errorf("heard %d posts, want 9: %+v", len(posts), posts)
	}
	heardAt := func(id string) clock.Time {
		return posts[slices.IndexFunc(posts, func(p listeners.Post) bool { return p.NativeID == id })].CreatedAt
	}
	who := func(handle string) listeners.Author {
		if handle == "saomaicafe" {
			return listeners.Author{NativeID: page, Name: "Sao Mai Café"}
		}
		return listeners.Author{NativeID: ids[handle], Name: handle}
	}
	answerable := listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}
	ours := listeners.Delivery{Mode: listeners.Blocked, Why: "own"}
	top := page + "_" + post
	at := func(id string) string { return s.base + "/post/" + last(id) + "?id=" + id }
	version := func(id string) int64 { return seconds(heardAt(id)) }
	want := []listeners.Post{
		{NativeID: top, ThreadKey: top, Author: who("saomaicafe"), Reason: listeners.Own, Surface: listeners.InPublic, Text: "Chúng tôi mở cửa lúc 7 giờ", Delivery: ours, Version: version(top)},
		{NativeID: page + "_" + visit, ThreadKey: page + "_" + visit, Author: who("an"), Reason: listeners.Mentioned, Surface: listeners.InPublic, Text: "Quán ở đâu vậy?", Delivery: answerable, Version: version(page + "_" + visit)},
		{NativeID: ids["binh"] + "_" + tagged, ThreadKey: ids["binh"] + "_" + tagged, Author: who("binh"), Reason: listeners.Mentioned, Surface: listeners.InPublic, Text: "sáng nay ở @saomaicafe", Delivery: answerable, Version: version(ids["binh"] + "_" + tagged)},
		{NativeID: post + "_" + comment, ThreadKey: top, ParentID: top, Author: who("chi"), Reason: listeners.Mentioned, Surface: listeners.InPublic, Text: "Có giao hàng không?", Delivery: answerable},
		{NativeID: post + "_" + own, ThreadKey: top, ParentID: post + "_" + comment, ToID: ids["chi"], Author: who("saomaicafe"), Reason: listeners.Own, Surface: listeners.InPublic, Text: "Có chị ạ", Delivery: ours, Target: target{Top: post + "_" + comment}.String()},
		{NativeID: post + "_" + further, ThreadKey: top, ParentID: post + "_" + own, Author: who("dung"), Reason: listeners.Mentioned, Surface: listeners.InPublic, Text: "tới Thủ Đức không?", Delivery: answerable, Target: target{Top: post + "_" + own}.String()},
		{NativeID: praise, ThreadKey: praise, Author: who("an"), Reason: listeners.Mentioned, Surface: listeners.InReview, Text: "Chờ lâu quá", Rating: 2, Delivery: answerable},
		{
			NativeID: "m_" + message, ThreadKey: "t_" + ids["chi"], Author: who("chi"), Reason: listeners.Mentioned, Surface: listeners.InPrivate, Text: "Đơn của tôi đâu?",
			Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok", Until: heardAt("m_" + message).Add(humanWindow)},
			Target:   target{To: ids["chi"], At: version("m_" + message)}.String(),
		},
		{NativeID: "m_" + echo, ThreadKey: "t_" + ids["chi"], ToID: ids["chi"], Author: who("saomaicafe"), Reason: listeners.Own, Surface: listeners.InPrivate, Text: "Dạ đang tới", Delivery: ours},
	}
	for _, w := range want {
		w.URL, w.CreatedAt = at(w.NativeID), heardAt(w.NativeID)
		if got := find(t, posts, w.Text); got != w {
			t.Errorf("%q:\ngot  %+v\nwant %+v", w.Text, got, w)
		}
	}
	var native []string
	for _, w := range want {
		native = append(native, w.NativeID)
	}
	looked, err := ch.(listeners.Hydrator).Hydrate(t.Context(), native)
	if err != nil || len(looked.Gone) > 0 {
		t.Fatal(looked.Gone, err)
	}
	for _, w := range want {
		if got, want := find(t, looked.Posts, w.Text), find(t, posts, w.Text); got != want {
			t.Errorf("looked up and heard differ:\n%+v\n%+v", got, want)
		}
	}
}

// TestOldPosts: a comment below a post that was read long ago is heard, and nothing besides it.
func TestOldPosts(t *testing.T) {
	s := newStage(t, false)
	ch := s.Open(t, channeltest.Options{})
	ago := func(d time.Duration) string { return s.now().Add(-d).UTC().Format(time.RFC3339) }
	old := s.say(t, map[string]any{"author": "saomaicafe", "text": "khai trương", "created_at": ago(200 * 24 * time.Hour)})
	s.say(t, map[string]any{"author": "an", "text": "chúc mừng", "in_reply_to": old, "created_at": ago(199 * 24 * time.Hour)})
	s.say(t, map[string]any{"author": "binh", "to": "saomaicafe", "text": "hôm qua", "created_at": ago(24 * time.Hour)})
	s.say(t, map[string]any{"author": "binh", "to": "saomaicafe", "kind": "message", "text": "hôm kia", "created_at": ago(48 * time.Hour)})
	first := hear(t, ch, "")
	if len(first.Posts) != 2 {
		t.Errorf("first round: %+v", first.Posts)
	}
	s.say(t, map[string]any{"author": "chi", "text": "còn mở không?", "in_reply_to": old})
	s.say(t, map[string]any{"author": "binh", "to": "saomaicafe", "kind": "message", "text": "alô?"})
	second := hear(t, ch, first.Next)
	if len(second.Posts) != 4 { // and the newest of each list, which the overlap reads again
		t.Errorf("second round: %+v", second.Posts)
	}
	find(t, second.Posts, "còn mở không?")
	find(t, second.Posts, "alô?")
	if third := hear(t, ch, second.Next); third.Next != second.Next {
		t.Errorf("a round that brought nothing new moved the cursor from %s to %s", second.Next, third.Next)
	}
}

// TestPrivateReplies: a comment is answered with a message once and within seven days, and a conversation
// within the windows; what was sent is found again.
func TestPrivateReplies(t *testing.T) {
	s := newStage(t, false)
	ch := s.Open(t, channeltest.Options{})
	post := s.say(t, map[string]any{"author": "saomaicafe", "text": "Khuyến mãi"})
	s.say(t, map[string]any{"author": "chi", "text": "số tôi 0901234567", "in_reply_to": post})
	late := s.say(t, map[string]any{"author": "an", "text": "gọi tôi nhé", "in_reply_to": post})
	comment := find(t, hear(t, ch, "").Posts, "số tôi 0901234567")
	out := listeners.Outgoing{ParentID: comment.NativeID, ThreadKey: comment.ThreadKey, Target: comment.Target, Surface: listeners.InPrivate, Text: "Chào chị, bên em gọi ngay ạ"}

	verdict, _, err := reconcile(t, ch, out)
	if verdict != listeners.Absent || err != nil {
		t.Errorf("before it was sent: %s, %v", verdict, err)
	}
	sent, err := ch.(listeners.Replier).Reply(t.Context(), out)
	if err != nil || !strings.HasPrefix(sent.NativeID, "m_") {
		t.Fatalf("private reply: %+v, %v", sent, err)
	}
	if verdict, found, err := reconcile(t, ch, out); verdict != listeners.Found || found.NativeID != sent.NativeID || found.URL != sent.URL {
		t.Errorf("private reply: %s %+v, %v, sent %+v", verdict, found, err, sent)
	}
	_, err = ch.(listeners.Replier).Reply(t.Context(), out)
	wantClass(t, "a second private reply", err, listeners.Duplicate)

	before := s.now().Add(-2 * time.Minute).UTC().Format(time.RFC3339)
	s.say(t, map[string]any{"author": "saomaicafe", "to": "chi", "kind": "message", "text": "Dạ vâng 0", "created_at": before})
	s.say(t, map[string]any{"author": "chi", "to": "saomaicafe", "kind": "message", "text": "cảm ơn"})
	thanks := find(t, hear(t, ch, "").Posts, "cảm ơn")
	for _, c := range []struct {
		after time.Duration
		want  listeners.Class
	}{{0, ""}, {window + time.Minute, ""}, {humanWindow - window - 2*time.Minute, ""}, {2 * time.Minute, listeners.NotEligible}} {
		s.advance(c.after)
		out := listeners.Outgoing{ParentID: thanks.NativeID, ThreadKey: thanks.ThreadKey, Target: thanks.Target, Surface: thanks.Surface, Text: "Dạ vâng " + strconv.Itoa(int(c.after))}
		if verdict, _, err := reconcile(t, ch, out); verdict != listeners.Absent || err != nil { // though it was said before the message
			t.Errorf("before it was sent: %s, %v", verdict, err)
		}
		_, err := ch.(listeners.Replier).Reply(t.Context(), out)
		wantClass(t, "a message "+c.after.String()+" later", err, c.want)
		if verdict, _, err := reconcile(t, ch, out); err != nil || (verdict == listeners.Found) != (c.want == "") {
			t.Errorf("a message %s later: %s, %v", c.after, verdict, err)
		}
	}
	out.ParentID = post + "_" + late
	_, err = ch.(listeners.Replier).Reply(t.Context(), out)
	wantClass(t, "a private reply after seven days", err, listeners.NotEligible)
	out.Text = strings.Repeat("ạ", maxMessage+1)
	_, err = ch.(listeners.Replier).Reply(t.Context(), out)
	wantClass(t, "a long message", err, listeners.Invalid)
}

func reconcile(t *testing.T, ch listeners.Channel, out listeners.Outgoing) (listeners.Verdict, listeners.Sent, error) {
	t.Helper()
	return ch.(listeners.Replier).Reconcile(t.Context(), out, clock.System())
}

func wantClass(t *testing.T, what string, err error, class listeners.Class) {
	t.Helper()
	var e *listeners.Error
	if class == "" && err != nil || class != "" && (!errors.As(err, &e) || e.Class != class) {
		t.Fatalf("%s: got %v, want class %q", what, err, class)
	}
}

// TestReviewsAreAnswered below their story.
func TestReviewsAreAnswered(t *testing.T) {
	s := newStage(t, false)
	ch := s.Open(t, channeltest.Options{})
	s.say(t, map[string]any{"author": "an", "to": "saomaicafe", "kind": "review", "rating": 5, "text": "Tuyệt vời"})
	review := find(t, hear(t, ch, "").Posts, "Tuyệt vời")
	out := listeners.Outgoing{ParentID: review.NativeID, ThreadKey: review.ThreadKey, Surface: review.Surface, Text: "Cảm ơn bạn!"}
	sent, err := ch.(listeners.Replier).Reply(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	if verdict, found, err := reconcile(t, ch, out); verdict != listeners.Found || found.NativeID != sent.NativeID {
		t.Errorf("%s %+v %v", verdict, found, err)
	}
}

// TestAnswersBesideTheComment: Facebook may hang an answer to a comment's answer below the first comment,
// and it is found there.
func TestAnswersBesideTheComment(t *testing.T) {
	s := newStage(t, false)
	ch := s.Open(t, channeltest.Options{})
	post := s.say(t, map[string]any{"author": "saomaicafe", "text": "Tin mới"})
	first := s.say(t, map[string]any{"author": "an", "text": "hay quá", "in_reply_to": post})
	s.say(t, map[string]any{"author": "binh", "text": "mấy giờ?", "in_reply_to": first})
	deep := find(t, hear(t, ch, "").Posts, "mấy giờ?")
	out := listeners.Outgoing{ParentID: deep.NativeID, ThreadKey: deep.ThreadKey, Target: deep.Target, Surface: deep.Surface, Text: "7 giờ ạ"}
	if verdict, _, err := reconcile(t, ch, out); verdict != listeners.Absent || err != nil {
		t.Errorf("before: %s, %v", verdict, err)
	}
	s.say(t, map[string]any{"author": "saomaicafe", "text": "7 giờ ạ", "in_reply_to": first})
	if verdict, _, err := reconcile(t, ch, out); verdict != listeners.Found || err != nil {
		t.Errorf("after: %s, %v", verdict, err)
	}
}

// TestUsage: what Facebook lets us call is counted by Facebook: from 75 % it is called less often, from
// 95 % no more until it says so, and no reply is sent then, because its parent is not read.
func TestUsage(t *testing.T) {
	s := newStage(t, false)
	id := s.Post(t, channeltest.Post{Author: "an", Text: "@saomaicafe alô"})
	now := clock.System()
	for _, c := range []struct {
		name, header, value string
		pause               time.Duration
		stop                bool
	}{
		{"little", "X-Business-Use-Case-Usage", `{"1":[{"type":"pages","call_count":74,"total_cputime":1,"total_time":2,"estimated_time_to_regain_access":0}]}`, 0, false},
		{"three quarters", "X-Business-Use-Case-Usage", `{"1":[{"type":"pages","call_count":1,"total_cputime":75,"total_time":2,"estimated_time_to_regain_access":0}]}`, time.Minute, false},
		{"more, for the app", "X-App-Usage", `{"call_count":94,"total_time":1,"total_cputime":0}`, 10*time.Minute + 30*time.Second, false},
		{"nearly all", "X-Page-Usage", `{"call_count":1,"total_time":95,"total_cputime":0}`, 15 * time.Minute, true},
		{"all", "X-Business-Use-Case-Usage", `{"1":[{"type":"messenger","call_count":2},{"type":"pages","call_count":100,"estimated_time_to_regain_access":37}]}`, 37 * time.Minute, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			ch := s.Open(t, channeltest.Options{
				Now: func() clock.Time { return now },
				Wrap: func(next http.RoundTripper) http.RoundTripper {
					return rewriting(func(req *http.Request) (*http.Response, error) {
						calls++
						res, err := next.RoundTrip(req)
						if err == nil {
							res.Header.Del("X-Business-Use-Case-Usage")
							res.Header.Set(c.header, c.value)
						}
						return res, err
					})
				},
			})
			page, err := ch.(listeners.Fetcher).Fetch(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if got := page.NotBefore; c.pause == 0 && got != 0 || c.pause > 0 && got != now.Add(c.pause) {
				t.Errorf("not before %v, want %v after %v", got, c.pause, now)
			}
			made := calls
			_, err = ch.(listeners.Fetcher).Fetch(t.Context(), page.Next)
			_, looking := ch.(listeners.Hydrator).Hydrate(t.Context(), []string{id})
			if !c.stop {
				wantClass(t, "the next page", err, "")
				wantClass(t, "a look", looking, "")
				return
			}
			wantClass(t, "the next page", err, listeners.RateLimited)
			wantClass(t, "a look", looking, listeners.RateLimited)
			if calls != made+2 { // the look is two calls: as a comment and as a post
				if calls != made+1 {
					t.Errorf("%d calls after it was to stop", calls-made)
				}
			}
		})
	}
}

type rewriting func(*http.Request) (*http.Response, error)

func (f rewriting) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// TestRequests: the token stands in a header only, the app proves itself with every call, nothing that
// Facebook has removed is asked for, and the version is the connection's.
func TestRequests(t *testing.T) {
	s := newStage(t, false)
	id := s.Post(t, channeltest.Post{Author: "an", Text: "@saomaicafe alô"})
	var asked []*http.Request
	ch := s.Open(t, channeltest.Options{Wrap: func(next http.RoundTripper) http.RoundTripper {
		return rewriting(func(req *http.Request) (*http.Response, error) {
			asked = append(asked, req)
			return next.RoundTrip(req)
		})
	}})
	hear(t, ch, "")
	_, _ = ch.(listeners.Hydrator).Hydrate(t.Context(), []string{id})
	_, _ = ch.(listeners.Replier).Reply(t.Context(), listeners.Outgoing{ParentID: id, Text: "Dạ"})
	_, _, _ = ch.(listeners.Replier).Reconcile(t.Context(), listeners.Outgoing{ParentID: id, Text: "Dạ"}, clock.System())
	if _, err := ch.(listeners.Examiner).Examine(t.Context()); err != nil {
		t.Error(err)
	}
	if len(asked) < 10 {
		t.Fatalf("only %d calls", len(asked))
	}
	for _, req := range asked {
		if !strings.HasPrefix(req.Header.Get("Authorization"), "Bearer ") || !strings.HasPrefix(req.URL.Path, "/graph/"+defaultVersion+"/") {
			t.Errorf("%s %s without a token in the header or the version", req.Method, req.URL.Path)
		}
		for _, part := range []string{s.token, secret, url.QueryEscape(app + "|" + secret)} {
			if strings.Contains(req.URL.String(), part) {
				t.Errorf("a secret in a URL: %s", req.URL)
			}
		}
		q := req.URL.Query()
		if req.Method == http.MethodGet && q.Get("appsecret_proof") == "" {
			t.Errorf("%s without proof", req.URL.Path)
		}
		for _, gone := range []string{"access_token", "date_format", "debug", "pretty", "ids"} {
			if q.Has(gone) {
				t.Errorf("%s asks for %s", req.URL.Path, gone)
			}
		}
	}
}
