package twitter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	sdk "github.com/g8rswimmer/go-twitter/v2"
	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

var (
	errNoParent   = errors.New("a reply needs the id of the post it answers")
	errNoReplyID  = errors.New("the answer does not say which post was made")
	errManyPosts  = errors.New("too many posts to look through")
	errUnreadable = errors.New("one of the posts could not be read")
)

// Reply posts an answer as the brand, in one attempt.
func (c *Channel) Reply(ctx context.Context, r listeners.Outgoing) (listeners.Sent, error) {
	const doing = "post a reply"
	if !isID(r.ParentID) {
		return listeners.Sent{}, &listeners.Error{Class: listeners.Invalid, Err: errNoParent}
	}
	return c.create(ctx, doing, sdk.CreateTweetRequest{
		Text: r.Text, Reply: &sdk.CreateTweetReply{InReplyToTweetID: cmp.Or(idOr(r.Target), r.ParentID)},
	})
}

// Announce posts something that answers nobody, in one attempt.
func (c *Channel) Announce(ctx context.Context, o listeners.Outgoing) (listeners.Sent, error) {
	return c.create(ctx, "post a statement", sdk.CreateTweetRequest{Text: o.Text})
}

func (c *Channel) create(ctx context.Context, doing string, post sdk.CreateTweetRequest) (listeners.Sent, error) {
	ctx, call := listeners.Record(ctx, nil)
	_, err := c.client.CreateTweet(ctx, post)
	if errors.Is(err, sdk.ErrParameter) { // refused before any call
		return listeners.Sent{}, &listeners.Error{Class: listeners.Invalid, Err: fmt.Errorf("%s: %w", doing, err)}
	}
	if call.Status >= 200 && call.Status < 300 {
		// The library takes every status but 201 for a failure, although the post was made.
		if id := gjson.GetBytes(call.Body, "data.id").Str; isID(id) && gjson.ValidBytes(call.Body) {
			sent := c.sent(id)
			sent.Spend = []listeners.Spend{{Unit: listeners.ReplyUnit, N: 1, Cost: c.Measure(post.Text).Cost}}
			return sent, nil
		}
		if err == nil {
			err = errNoReplyID
		}
	}
	return listeners.Sent{}, c.writeError(doing, call, err)
}

func (c *Channel) sent(id string) listeners.Sent {
	return listeners.Sent{NativeID: id, URL: c.url(c.handle, id)}
}

const (
	// The newest posts come first, so what we look for is near the front. Posts that much older than
	// the attempt cannot be it, whichever clock is wrong.
	clockSkew = 10 * time.Minute
	maxPages  = 10
)

// Reconcile looks for r among the account's own posts. A reply is always younger than its parent, so
// the search never depends on the two clocks; since only tells when to stop.
func (c *Channel) Reconcile(ctx context.Context, r listeners.Outgoing, since clock.Time) (listeners.Verdict, listeners.Sent, error) {
	return c.find(ctx, "look for a reply", r, since, func(p *post) bool {
		return p.parent != "" && (p.parent == r.ParentID || p.parent == r.Target)
	})
}

// Announced looks for o among the account's own posts that answer nobody.
func (c *Channel) Announced(ctx context.Context, o listeners.Outgoing, since clock.Time) (listeners.Verdict, listeners.Sent, error) {
	return c.find(ctx, "look for a statement", o, since, func(p *post) bool {
		at, err := createdAt(p)
		return p.parent == "" && err == nil && at >= since.Add(-clockSkew) // the same may have been said in another incident
	})
}

// find looks among the account's own posts for one that says what r does.
func (c *Channel) find(ctx context.Context, doing string, r listeners.Outgoing, since clock.Time, fits func(*post) bool) (listeners.Verdict, listeners.Sent, error) {
	want := canonical(r.Text)
	m := mark{Since: idOr(r.ParentID)}
	var spent []listeners.Spend
	for range maxPages {
		ctx, call := listeners.Record(ctx, emptyAnswer)
		if err := c.readError(doing, call, c.readOwn(ctx, call, m, times{})); err != nil {
			return listeners.Unknown, listeners.Sent{Spend: spent}, err
		}
		a, err := decode(call.Body)
		if err != nil {
			return listeners.Unknown, listeners.Sent{Spend: spent}, c.malformed(doing, err)
		}
		spent = append(spent, c.owned().spend(a, all)...)
		for i := range a.posts {
			if p := &a.posts[i]; fits(p) && canonical(p.whole()) == want {
				sent := c.sent(p.id)
				sent.Spend = spent
				return listeners.Found, sent, nil
			}
		}
		if len(a.rejected) > 0 {
			return listeners.Unknown, listeners.Sent{Spend: spent}, c.malformed(doing, errUnreadable)
		}
		if a.next == "" || a.before(since.Add(-clockSkew)) {
			return listeners.Absent, listeners.Sent{Spend: spent}, nil
		}
		m.Token = a.next
	}
	return listeners.Unknown, listeners.Sent{Spend: spent}, &listeners.Error{Class: listeners.Transient, Err: fmt.Errorf("%s: %w", doing, errManyPosts)}
}

// before tells whether every post of a page is older than t. Of an empty page nobody can say.
func (a *answer) before(t clock.Time) bool {
	for i := range a.posts {
		if at, err := createdAt(&a.posts[i]); err != nil || at >= t {
			return false
		}
	}
	return len(a.posts) > 0
}

// canonical is the part of a text that a network leaves as it was written: X puts the people answered
// in front, wraps links, escapes, and trims.
func canonical(text string) string {
	text = clean(text)
	var b strings.Builder
	last := 0
	for _, l := range links(text) {
		b.WriteString(text[last:l.start])
		b.WriteString("\x00") // no text has one
		last = l.end
	}
	b.WriteString(text[last:])
	words := strings.Fields(b.String())
	for len(words) > 0 && strings.HasPrefix(words[0], "@") {
		words = words[1:]
	}
	return strings.Join(words, " ")
}
