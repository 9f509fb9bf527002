package twitter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

func detail(text string) string {
	return fmt.Sprintf(`{"title":"Forbidden","type":"about:blank","status":403,"detail":%q}`, text)
}

func TestClassOfRefusal(t *testing.T) {
	for _, c := range []struct {
		name        string
		status      int
		body        string
		write, read listeners.Class
	}{
		{"token refused", 401, detail("Unauthorized"), listeners.AuthExpired, listeners.AuthExpired},
		{"out of credits", 402, detail("CreditsDepleted"), listeners.OverBudget, listeners.OverBudget},
		{"the month's cap is reached", 429, `{"title":"UsageCapExceeded","period":"Monthly","scope":"Product","type":"https://api.twitter.com/2/problems/usage-capped"}`, listeners.OverBudget, listeners.OverBudget},
		{"suspended", 403, detail("Your account is suspended and is not permitted to access this feature."), listeners.Banned, listeners.Banned},
		{"suspended by code", 403, `{"errors":[{"code":64,"message":"x"}]}`, listeners.Banned, listeners.Banned},
		{"locked by code", 403, `{"errors":[{"code":326,"message":"To protect our users from spam"}]}`, listeners.Banned, listeners.Banned},
		{"duplicate", 403, detail("You are not allowed to create a Tweet with duplicate content."), listeners.Duplicate, listeners.Duplicate},
		{"duplicate by code", 403, `{"errors":[{"code":187,"message":"Status is a duplicate."}]}`, listeners.Duplicate, listeners.Duplicate},
		{"not summoned", 403, detail("Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to."), listeners.NotEligible, listeners.NotEligible},
		{"replies restricted by code", 403, `{"errors":[{"code":433,"message":"The original Tweet author restricted who can reply to this Tweet."}]}`, listeners.NotEligible, listeners.NotEligible},
		{"parent deleted", 403, detail("You attempted to reply to a Tweet that is deleted or not visible to you."), listeners.Gone, listeners.Gone},
		{"parent deleted by code", 403, `{"errors":[{"code":385,"message":"x"}]}`, listeners.Gone, listeners.Gone},
		{"parent deleted, as a bad request", 400, detail("The Tweet you reply to does not exist."), listeners.Gone, listeners.Gone},
		{"forbidden", 403, detail("You are not permitted to perform this action."), listeners.Forbidden, listeners.Forbidden},
		{"forbidden without a body", 403, "", listeners.Forbidden, listeners.Forbidden},
		{"too long by code", 403, `{"errors":[{"code":186,"message":"Tweet needs to be a bit shorter."}]}`, listeners.Invalid, listeners.Invalid},
		{"invalid", 400, detail("Your Tweet text is too long"), listeners.Invalid, listeners.Invalid},
		{"not found", 404, "<html>", listeners.Gone, listeners.Gone},
		{"a teapot", 418, "", listeners.Invalid, listeners.Invalid},
		{"request timeout", 408, "", listeners.Ambiguous, listeners.Transient},
		{"server error", 500, "<html>", listeners.Ambiguous, listeners.Transient},
		{"unavailable", 503, detail("Service Unavailable"), listeners.Ambiguous, listeners.Transient},
		{"redirect", 302, "", listeners.Ambiguous, listeners.Malformed},
		{"created without an id", 201, `{"data":{}}`, listeners.Ambiguous, ""},
		{"created with a bad id", 201, `{"data":{"id":"../1"}}`, listeners.Ambiguous, ""},
		{"created, no JSON", 201, `{"data":{"id":"12"}`, listeners.Ambiguous, ""},
		{"no content", 204, ``, listeners.Ambiguous, ""},
		{"created with 200", 200, `{"data":{"id":"12","text":"x"}}`, "", ""},
		{"created with 202", 202, `{"data":{"id":"12","text":"x"}}`, "", ""},
		{"created", 201, `{"data":{"id":"12","text":"x"}}`, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			wire := &answering{status: c.status, body: c.body}
			ch := open(t, wire, nil)
			sent, err := ch.Reply(context.Background(), listeners.Outgoing{ParentID: "11", Text: "x"})
			if got := classIn(err); got != c.write {
				t.Errorf("write: got class %q, want %q: %v", got, c.write, err)
			}
			if want := (listeners.Sent{NativeID: "12", URL: "https://x.com/saomaicafe/status/12", Spend: []listeners.Spend{{Unit: "reply", N: 1, Cost: 10_000}}}); c.write == "" && !reflect.DeepEqual(sent, want) {
				t.Errorf("sent %v, want %v", sent, want)
			}
			if wire.calls != 1 {
				t.Errorf("%d calls for one attempt", wire.calls)
			}
			if c.read == "" {
				return
			}
			_, err = ch.Fetch(context.Background(), "")
			if got := classIn(err); got != c.read {
				t.Errorf("read: got class %q, want %q: %v", got, c.read, err)
			}
		})
	}
}

func classIn(err error) listeners.Class {
	var e *listeners.Error
	if errors.As(err, &e) {
		return e.Class
	}
	if err != nil {
		return listeners.Class("no class: " + err.Error())
	}
	return ""
}

func TestReplyWithoutParent(t *testing.T) {
	for _, parent := range []string{"", "x", "1/2"} {
		wire := &answering{}
		_, err := open(t, wire, nil).Reply(context.Background(), listeners.Outgoing{ParentID: parent, Text: "x"})
		if classIn(err) != listeners.Invalid || wire.calls != 0 {
			t.Errorf("parent %q: got %v after %d calls", parent, err, wire.calls)
		}
	}
}

func TestUntil(t *testing.T) {
	in := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Std().Unix()) }
	header := func(pairs ...string) http.Header {
		h := make(http.Header)
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	for _, c := range []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"nothing said", nil, windowPause},
		{"window", header("x-rate-limit-remaining", "0", "x-rate-limit-reset", in(9*time.Minute)), 9 * time.Minute},
		{"window without what is left", header("x-rate-limit-reset", in(9*time.Minute)), 9 * time.Minute},
		{
			"the day is spent, the window is not",
			header("x-rate-limit-remaining", "99", "x-rate-limit-reset", in(9*time.Minute), "x-user-limit-24hour-remaining", "0", "x-user-limit-24hour-reset", in(7*time.Hour)),
			7 * time.Hour,
		},
		{
			"the window is spent, the day is not",
			header("x-rate-limit-remaining", "0", "x-rate-limit-reset", in(9*time.Minute), "x-app-limit-24hour-remaining", "5", "x-app-limit-24hour-reset", in(7*time.Hour)),
			9 * time.Minute,
		},
		{"retry after seconds", header("Retry-After", "120"), 2 * time.Minute},
		{"retry after a date", header("Retry-After", now.Add(3*time.Minute).Std().Format(http.TimeFormat)), 3 * time.Minute},
		{"reset in the past", header("x-rate-limit-remaining", "0", "x-rate-limit-reset", in(-5*time.Minute)), time.Second},
		{"reset in a thousand years", header("x-rate-limit-remaining", "0", "x-rate-limit-reset", "33302534400"), longestPause},
		{"absurd numbers", header("x-rate-limit-reset", "9223372036854775807", "Retry-After", "9223372036854775807"), longestPause},
		{"nonsense", header("x-rate-limit-reset", "soon", "Retry-After", "-"), windowPause},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := open(t, &answering{status: 429, header: c.header, body: "{}"}, nil).Reply(context.Background(), listeners.Outgoing{ParentID: "11", Text: "x"})
			var e *listeners.Error
			if !errors.As(err, &e) || e.Class != listeners.RateLimited {
				t.Fatalf("got %v", err)
			}
			if got := e.Until.Sub(now); got != c.want {
				t.Errorf("wait for %v, want %v", got, c.want)
			}
		})
	}
}

// own is a page of the account's posts; the text of each is its number, its parent is 11.
func own(next string, at clock.Time, texts ...string) answering {
	a := answering{status: 200}
	for i, text := range texts {
		if i > 0 {
			a.body += ","
		}
		a.body += fmt.Sprintf(`{"id":"%d","author_id":"1000","text":%q,"created_at":%q,"referenced_tweets":[{"type":"replied_to","id":"11"}]}`, 20+i, text, at.Std().Format(time.RFC3339))
	}
	a.body = fmt.Sprintf(`{"data":[%s],"meta":{"next_token":%q}}`, a.body, next)
	return a
}

func TestReconcile(t *testing.T) {
	recent, old := now.Add(-time.Second), now.Add(-time.Hour)
	var endless []answering
	for range maxPages {
		endless = append(endless, own("more", recent, "a"))
	}
	for _, c := range []struct {
		name    string
		answers []answering
		want    listeners.Verdict
		failed  bool
	}{
		{"on the first page", []answering{own("p2", recent, "a", "@an_nguyen the answer")}, listeners.Found, false},
		{"on the last page", []answering{own("p2", recent, "a"), own("p3", recent), own("", recent, "the answer")}, listeners.Found, false},
		{"nowhere", []answering{own("p2", recent, "a"), own("", recent, "b")}, listeners.Absent, false},
		{"nothing at all", []answering{own("", recent)}, listeners.Absent, false},
		{"pages that are too old are not read", []answering{own("p2", recent, "a"), own("p3", old, "b")}, listeners.Absent, false},
		{"a page fails", []answering{own("p2", recent, "a"), {status: 503}}, listeners.Unknown, true},
		{"a post cannot be read", []answering{own("", recent, "a"), {status: 200, body: `{"data":[{"id":7}]}`}}, listeners.Absent, false},
		{"a post in the way cannot be read", []answering{{status: 200, body: `{"data":[{"id":7}]}`}}, listeners.Unknown, true},
		{"too many pages", endless, listeners.Unknown, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			wire := &script{answers: c.answers}
			verdict, sent, err := open(t, wire, nil).Reconcile(context.Background(), listeners.Outgoing{ParentID: "11", Text: "the answer"}, now)
			if verdict != c.want || (err != nil) != c.failed || (verdict == listeners.Found) != (sent.NativeID != "") {
				t.Errorf("got %s, %v, %v, want %s", verdict, sent, err, c.want)
			}
			if since := wire.asked[0].Query().Get("since_id"); since != "11" {
				t.Errorf("asked since %q, want everything after the parent", since)
			}
		})
	}
}
