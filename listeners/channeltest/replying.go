package channeltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

func canReply(_ *Network, ch listeners.Channel) bool { _, ok := ch.(listeners.Replier); return ok }

var replying = []testCase{
	{"C40", "a reply stands under the post it answers", happyReply, canReply},
	{"C41", "lengths are counted as the network counts them", lengths, canReply},
	{"C42", "who did not ask cannot be answered by API", notSummoned, canReply},
	{"C43", "the same reply again is a duplicate and is found", duplicates, canReply},
	{"C44", "a lost answer is found by reading back", lostAnswer, canReply},
	{"C45", "a lost request is known to be absent", lostRequest, canReply},
	{"C46", "a server error after acting is found by reading back", errorAfterActing, canReply},
	{"C48", "a rate limit says until when", rateLimits, canReply},
	{"C55", "a 2xx that is not the usual one is done, without an id it is doubtful", oddSuccess, canReply},
	{"C56", "no secret is in an error", secrets, canReply},
	{"gone", "an answer to a deleted post is refused as gone", goneParent, canReply},
	{"links", "a reply with links, entities and names in front is found again", reconcileTexts, canReply},
}

func question(t *testing.T, n *Network) listeners.Outgoing {
	t.Helper()
	return answer(t, n, n.Post(t, mention(n, 0)), "Xin lỗi bạn, we are looking into it.")
}

func happyReply(t *testing.T, n *Network) {
	out := question(t, n)
	sent, _ := reply(t, n.Open(t, Options{}), out, "")
	all := answers(t, n, out.ParentID)
	if len(all) != 1 || all[0].ID != sent.NativeID || all[0].Text != out.Text || !strings.Contains(sent.URL, sent.NativeID) {
		t.Errorf("sent %+v, the network has %+v", sent, all)
	}
	posts, _ := round(t, n, Options{}, "")
	if p := find(t, posts, sent.NativeID); p.URL != sent.URL || p.ParentID != out.ParentID {
		t.Errorf("heard again as %+v, sent as %+v", p, sent)
	}
}

func lengths(t *testing.T, n *Network) {
	ch := n.Open(t, Options{})
	limit := ch.(listeners.Replier).Measure("").Limit
	for _, unit := range []string{"a", "ế", "咖", "👩‍👩‍👧‍👦", "https://example.com/a/long/way "} {
		one := ch.(listeners.Replier).Measure("a"+strings.TrimSpace(unit)).Used - 1
		count := (limit - 1) / (one + len(unit) - len(strings.TrimSpace(unit)))
		text := strings.TrimSpace(strings.Repeat(unit, count))
		if one == 0 || count == 0 {
			t.Errorf("%q weighs nothing", unit)
			continue
		}
		used := ch.(listeners.Replier).Measure(text).Used
		text += " " + strings.Repeat("a", max(limit-used-1, 0))
		for extra, class := range map[int]listeners.Class{0: "", 1: listeners.Invalid} {
			out := question(t, n)
			out.Text = text + strings.Repeat("a", extra)
			if got := ch.(listeners.Replier).Measure(out.Text).Used; got != limit+extra {
				t.Errorf("%q: measured %d, want %d", unit, got, limit+extra)
			}
			reply(t, ch, out, class)
		}
		if over := ch.(listeners.Replier).Measure(text[:len(text)-1]).Used; over != limit-1 {
			t.Errorf("%q: measured %d, want %d", unit, over, limit-1)
		}
	}
	out := question(t, n)
	out.Text = ""
	reply(t, ch, out, listeners.Invalid)
}

func notSummoned(t *testing.T, n *Network) {
	o := Options{Listen: "espresso"}
	id := n.Post(t, Post{Author: "hieu", Text: "worst espresso in town"})
	posts, _ := round(t, n, o, "")
	p := find(t, posts, id)
	want := listeners.Delivery{Mode: listeners.Assisted, Why: "not_summoned"}
	if p.Reason != listeners.Keyword || p.Delivery != want {
		t.Errorf("got reason %s, delivery %v, want %s, %v", p.Reason, p.Delivery, listeners.Keyword, want)
	}
	reply(t, n.Open(t, o), answer(t, n, id, "sorry"), listeners.NotEligible)
	wantAnswers(t, n, id, 0)
}

func duplicates(t *testing.T, n *Network) {
	out, ch := question(t, n), n.Open(t, Options{})
	sent, _ := reply(t, ch, out, "")
	_, err := reply(t, ch, out, listeners.Duplicate)
	if found := reconcile(t, ch, out, clock.System(), listeners.Found); found.NativeID != sent.NativeID || found.URL != sent.URL {
		t.Errorf("found %v, sent %v (%v)", found, sent, err)
	}
	wantAnswers(t, n, out.ParentID, 1)
}

func lostAnswer(t *testing.T, n *Network) {
	for _, fault := range []string{"drop_after_act", "truncate"} {
		doubtful(t, n, fault, listeners.Found)
	}
}

func errorAfterActing(t *testing.T, n *Network) {
	for _, fault := range []string{"status_after:500", "status_after:503"} {
		doubtful(t, n, fault, listeners.Found)
	}
}

// doubtful replies under a fault that leaves open whether the post was made.
func doubtful(t *testing.T, n *Network, fault string, truth listeners.Verdict) {
	t.Helper()
	out, ch := question(t, n), n.Open(t, Options{})
	out.Text += " " + fault
	started := clock.System()
	n.Weather(t, n.ReplyRoute, fault, 1)
	reply(t, ch, out, listeners.Ambiguous)
	reconcile(t, ch, out, started, truth)
	if truth == listeners.Absent {
		reply(t, ch, out, "")
	}
	wantAnswers(t, n, out.ParentID, 1)
}

func lostRequest(t *testing.T, n *Network) {
	doubtful(t, n, "drop_before", listeners.Absent)
	doubtful(t, n, "status:502", listeners.Absent)

	out := question(t, n)
	refused := errors.New("connection refused")
	unreachable := Options{Wrap: func(http.RoundTripper) http.RoundTripper {
		return failing{refused}
	}}
	_, err := reply(t, n.Open(t, unreachable), out, listeners.Transient)
	if !errors.Is(err, refused) {
		t.Errorf("the cause is lost: %v", err)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	_, err = n.Open(t, Options{}).(listeners.Replier).Reply(stopped, out)
	wantClass(t, "reply with a context that has ended", err, listeners.Transient)
	wantAnswers(t, n, out.ParentID, 0)

	n.Weather(t, "", "status:503", 0)
	verdict, _, err := n.Open(t, Options{}).(listeners.Replier).Reconcile(context.Background(), out, clock.System())
	if verdict != listeners.Unknown || err == nil {
		t.Errorf("reconcile while the network is down: got %s, %v, want %s and why", verdict, err, listeners.Unknown)
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func rateLimits(t *testing.T, n *Network) {
	out, ch := question(t, n), n.Open(t, Options{})
	n.Weather(t, "", "rate_limit:120", 0)
	_, posting := reply(t, ch, out, listeners.RateLimited)
	_, reading := ch.(listeners.Fetcher).Fetch(context.Background(), "")
	for what, err := range map[string]error{"reply": posting, "fetch": reading} {
		wantClass(t, what, err, listeners.RateLimited)
		var e *listeners.Error
		errors.As(err, &e)
		if wait := e.Until.Sub(clock.System()); wait < 115*time.Second || wait > 125*time.Second {
			t.Errorf("%s: wait for %v, want 2 minutes", what, wait)
		}
	}
	n.Weather(t, "", "", 0)
	reply(t, ch, out, "")
	wantAnswers(t, n, out.ParentID, 1)
}

func oddSuccess(t *testing.T, n *Network) {
	out := question(t, n)
	ok := Options{Wrap: func(next http.RoundTripper) http.RoundTripper {
		return rewrite{next, func(req *http.Request, res *http.Response) {
			if req.Method == http.MethodPost && res.StatusCode < 300 {
				res.StatusCode, res.Status = http.StatusOK, "200 OK"
			}
		}}
	}}
	sent, _ := reply(t, n.Open(t, ok), out, "")
	if all := answers(t, n, out.ParentID); len(all) != 1 || all[0].ID != sent.NativeID {
		t.Errorf("sent %v, the network has %v", sent, all)
	}
	doubtful(t, n, "status_after:200", listeners.Found)
	doubtful(t, n, "status_after:201", listeners.Found)
	doubtful(t, n, "status_after:204", listeners.Found)
}

func secrets(t *testing.T, n *Network) {
	out := question(t, n)
	said := strings.Join(n.Secrets, " and ")
	for _, status := range []int{200, 201, 302, 400, 401, 403, 404, 418, 429, 500} {
		for _, body := range []string{said, fmt.Sprintf(`{"title":%q,"detail":%q,"errors":[{"message":%q}]}`, said, said, said)} {
			ch := n.Open(t, Options{Wrap: func(next http.RoundTripper) http.RoundTripper {
				return rewrite{next, func(_ *http.Request, res *http.Response) {
					res.StatusCode, res.Status = status, fmt.Sprint(status, " ", said)
					res.Header.Set("Location", "/?token="+said)
					res.Body, res.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
				}}
			}})
			_, posting := ch.(listeners.Replier).Reply(context.Background(), out)
			_, checking := ch.Check(context.Background())
			_, reading := ch.(listeners.Fetcher).Fetch(context.Background(), "")
			_, hydrating := ch.(listeners.Hydrator).Hydrate(context.Background(), []string{out.ParentID})
			_, _, reconciling := ch.(listeners.Replier).Reconcile(context.Background(), out, clock.System())
			for what, err := range map[string]error{"reply": posting, "check": checking, "fetch": reading, "hydrate": hydrating, "reconcile": reconciling} {
				noSecret(t, n, what, err)
			}
			noSecret(t, n, "channel", ch)
		}
	}
}

// noSecret looks at everything printing shows of v.
func noSecret(t *testing.T, n *Network, what string, v any) {
	t.Helper()
	for _, secret := range n.Secrets {
		if text := fmt.Sprintf("%v %+v %#v", v, v, v); strings.Contains(text, secret) {
			t.Errorf("%s shows a secret: %s", what, text)
		}
		for err, _ := v.(error); err != nil; err = errors.Unwrap(err) {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: a wrapped error shows a secret: %v", what, err)
			}
		}
	}
}

func goneParent(t *testing.T, n *Network) {
	out := question(t, n)
	n.Delete(t, out.ParentID)
	reply(t, n.Open(t, Options{}), out, listeners.Gone)
}

func reconcileTexts(t *testing.T, n *Network) {
	ch := n.Open(t, Options{})
	for _, text := range []string{
		"see https://example.com/help?a=1&b=2 & tell us", "1 < 2 && 2 > 1", "@customer0 it is \"fixed\"",
		"  spaces   around\nand lines ", "Cà phê ☕️ " + "e\u0302\u0301",
	} {
		sibling, out := question(t, n), question(t, n)
		other := answer(t, n, out.ParentID, text+" now")
		out.Text, sibling.Text = text, text
		started := clock.System()
		sent, _ := reply(t, ch, out, "")
		if found := reconcile(t, ch, out, started, listeners.Found); found.NativeID != sent.NativeID || found.URL != sent.URL {
			t.Errorf("%q: found %v, sent %v", text, found, sent)
		}
		reconcile(t, ch, other, started, listeners.Absent)
		reconcile(t, ch, sibling, started, listeners.Absent)
	}
}
