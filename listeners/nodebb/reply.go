package nodebb

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

var (
	errNoParent  = errors.New("a reply needs the post it answers and its topic")
	errNoReplyID = errors.New("the answer does not say which post was made")
	errHeld      = errors.New("the forum's moderators look at it first")
	errManyPosts = errors.New("too many posts to look through")
	errNotMaster = errors.New("only a master token can post under a member's own name")
	errNoQueue   = errors.New("the forum does not show what waits for its moderators")
)

// Reply posts an answer, as the brand or as a member's own user, in one attempt.
func (c *Channel) Reply(ctx context.Context, r listeners.Outgoing) (listeners.Sent, error) {
	const doing = "post a reply"
	tid := cmp.Or(r.Target, r.ThreadKey)
	if !isID(r.ParentID) || !isID(tid) {
		return listeners.Sent{}, &listeners.Error{Class: listeners.Invalid, Err: errNoParent}
	}
	as, err := c.uidOf(ctx, r.As)
	if err != nil {
		return listeners.Sent{}, err
	}
	answer, call, err := c.write(ctx, doing, http.MethodPost, "/api/v3/topics/"+url.PathEscape(tid), map[string]any{
		"content": r.Text, "toPid": idValue(r.ParentID),
	}, as)
	switch {
	case err != nil:
		return listeners.Sent{}, err
	case answer.Get("queued").Bool():
		return listeners.Sent{}, c.failed(doing, call, listeners.Held, errHeld)
	case idOr(answer.Get("pid")) == "":
		return listeners.Sent{}, c.failed(doing, call, listeners.Ambiguous, errNoReplyID)
	}
	return c.sent(answer), nil
}

func (c *Channel) sent(p gjson.Result) listeners.Sent {
	pid := idOr(p.Get("pid"))
	return listeners.Sent{NativeID: pid, URL: c.url(pid)}
}

// idValue writes an id as the forum does: its own as numbers, those of other servers as text.
func idValue(id string) any {
	if isNumber(id) {
		return json.Number(id)
	}
	return id
}

// uidOf finds the user of a name; "" is the token's own.
func (c *Channel) uidOf(ctx context.Context, name string) (string, error) {
	const doing = "find a member's own user"
	if name == "" {
		return "", nil
	}
	if !c.master {
		return "", &listeners.Error{Class: listeners.NotEligible, Err: errNotMaster}
	}
	user, call, err := c.get(ctx, doing, "/api/user/username/"+url.PathEscape(name), nil)
	var e *listeners.Error
	if errors.As(err, &e) && e.Class == listeners.Gone {
		e.Class = listeners.NotEligible // it is the member who is gone, not the post
	}
	if err != nil {
		return "", err
	}
	uid := user.Get("uid").String()
	if !isNumber(uid) || uid == "0" {
		return "", c.failed(doing, call, listeners.NotEligible, fmt.Errorf("the forum knows nobody as %q", name))
	}
	return uid, nil
}

const (
	// Posts that much older than the attempt cannot be it, whichever clock is wrong.
	clockSkew   = 10 * time.Minute
	tailPages   = 10
	queuedPages = 10
)

// Reconcile looks for r at the end of its topic: by the same user, to the same post, and the same text as
// the forum keeps it. What waits for the moderators is neither there nor absent.
func (c *Channel) Reconcile(ctx context.Context, r listeners.Outgoing, since clock.Time) (listeners.Verdict, listeners.Sent, error) {
	const doing = "look for a reply"
	tid := cmp.Or(r.Target, r.ThreadKey)
	uid, err := c.uidOf(ctx, r.As)
	if err != nil {
		return listeners.Unknown, listeners.Sent{}, err
	}
	uid = cmp.Or(uid, c.id)
	floor := int64(since.Add(-clockSkew)) / 1000
	for n := 1; ; n++ {
		if n > tailPages {
			return listeners.Unknown, listeners.Sent{}, &listeners.Error{Class: listeners.Transient, Err: fmt.Errorf("%s: %w", doing, errManyPosts)}
		}
		t, err := c.topic(ctx, doing, tid, n)
		if err != nil {
			return listeners.Unknown, listeners.Sent{}, err
		}
		found, oldest, err := c.among(ctx, t, r, uid, floor)
		switch {
		case err != nil:
			return listeners.Unknown, listeners.Sent{}, err
		case found.Exists():
			return listeners.Found, c.sent(found), nil
		}
		if oldest <= floor || int64(n) >= t.Get("pagination.pageCount").Int() {
			break
		}
	}
	waits, err := c.queued(ctx, r, uid)
	if err != nil || waits {
		return listeners.Unknown, listeners.Sent{}, err
	}
	return listeners.Absent, listeners.Sent{}, nil
}

// among looks for a reply on one page of its topic. What the page shows is no longer what was written, so
// whatever may be it is read as it was.
func (c *Channel) among(ctx context.Context, t gjson.Result, r listeners.Outgoing, uid string, floor int64) (found gjson.Result, oldest int64, err error) {
	oldest = 1 << 62
	mainPid := t.Get("mainPid").String()
	for _, p := range t.Get("posts").Array() {
		pid, at := idOr(p.Get("pid")), p.Get("timestamp").Int()
		if pid != mainPid && at > 0 {
			oldest = min(oldest, at)
		}
		if pid == "" || at < floor || p.Get("uid").String() != uid || p.Get("toPid").String() != r.ParentID || p.Get("deleted").Bool() {
			continue
		}
		kept, _, err := c.raw(ctx, "look for a reply", pid)
		var e *listeners.Error
		if errors.As(err, &e) && e.Class == listeners.Gone {
			continue
		}
		if err != nil {
			return found, oldest, err
		}
		if same(cmp.Or(kept.Get("sourceContent").Str, kept.Get("content").Str), r.Text) {
			return p, oldest, nil
		}
	}
	return found, oldest, nil
}

// queued tells whether a reply waits for the moderators. Forums show the queue to those who have one.
func (c *Channel) queued(ctx context.Context, r listeners.Outgoing, uid string) (bool, error) {
	const doing = "look for a reply in the queue"
	for n := 1; n <= queuedPages; n++ {
		queue, call, err := c.get(ctx, doing, "/api/post-queue", url.Values{"page": {fmt.Sprint(n)}})
		var e *listeners.Error
		if errors.As(err, &e) && (e.Class == listeners.Gone || e.Class == listeners.Forbidden) {
			return false, c.failed(doing, call, listeners.Transient, errNoQueue)
		}
		if err != nil {
			return false, err
		}
		for _, q := range queue.Get("posts").Array() {
			data := q.Get("data")
			if q.Get("uid").String() == uid && data.Get("toPid").String() == r.ParentID &&
				same(html.UnescapeString(data.Get("rawContent").Str), r.Text) {
				return true, nil
			}
		}
		if int64(n) >= queue.Get("pagination.pageCount").Int() {
			break
		}
	}
	return false, nil
}

// same tells whether two texts are one: forums trim what they keep.
func same(kept, sent string) bool { return strings.TrimSpace(kept) == strings.TrimSpace(sent) }

// Edit changes a post of ours.
func (c *Channel) Edit(ctx context.Context, nativeID, text string) error {
	_, _, err := c.write(ctx, "edit a reply", http.MethodPut, "/api/v3/posts/"+url.PathEscape(nativeID), map[string]any{"content": text}, "")
	return err
}

// Delete takes a post of ours from sight; the forum's moderators can bring it back.
func (c *Channel) Delete(ctx context.Context, nativeID string) error {
	_, _, err := c.write(ctx, "delete a reply", http.MethodDelete, "/api/v3/posts/"+url.PathEscape(nativeID)+"/state", nil, "")
	return err
}
