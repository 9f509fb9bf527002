package feed

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// place is what a Cursor holds: how the feed proves that it has not changed, and what was in it.
type place struct {
	Version  int    `json:"v"`
	Tag      string `json:"tag,omitempty"`      // ETag
	Modified string `json:"modified,omitempty"` // Last-Modified
	Seen     string `json:"seen,omitempty"`     // fingerprints of items, newest first
}

const (
	placeVersion = 1
	maxMark      = 256 // bytes of a header that is kept
	// A fingerprint is 4 characters for what an item is and 4 for what it says.
	printSize = 8
	maxSeen   = 400 // fingerprints; items beyond them are given again whenever the feed changes
)

func readPlace(cur listeners.Cursor) (place, error) {
	if cur == "" {
		return place{Version: placeVersion}, nil
	}
	var p place
	if err := json.Unmarshal([]byte(cur), &p); err != nil || p.Version != placeVersion || len(p.Seen)%printSize != 0 {
		return p, listeners.ErrPlace
	}
	return p, nil
}

func (p place) cursor() listeners.Cursor {
	b, _ := json.Marshal(p) // strings and a number: it cannot fail
	return listeners.Cursor(b)
}

// fingerprint of an item: two that are equal are the same item saying the same.
func fingerprint(p listeners.Post) string {
	hash := func(parts ...string) string {
		sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
		return base64.RawURLEncoding.EncodeToString(sum[:3])
	}
	return hash(p.NativeID) + hash(p.Text, p.URL, p.Author.Name)
}

// seen tells whether an item was in the feed the last time, and whether it said something else.
func (p place) seen(print string) (before, changed bool) {
	for i := 0; i < len(p.Seen); i += printSize {
		if old := p.Seen[i : i+printSize]; old[:printSize/2] == print[:printSize/2] {
			if before = true; old == print {
				return true, false
			}
		}
	}
	return before, before
}

// Fetch reads the feed. What was in it the last time and has not changed is left out.
func (c *Channel) Fetch(ctx context.Context, after listeners.Cursor) (listeners.Page, error) {
	p, err := readPlace(after)
	if err != nil {
		return listeners.Page{}, err
	}
	call, err := c.get(ctx, p)
	if err != nil {
		return listeners.Page{}, err
	}
	page := listeners.Page{Next: after}
	if call.Status == http.StatusNotModified {
		page.NotBefore = c.pause(call, 0)
		return page, nil
	}
	doc, err := decode(call)
	if err != nil {
		return listeners.Page{}, c.malformed(err)
	}
	page.NotBefore, page.Rejected = c.pause(call, doc.ttl), doc.rejected
	next := place{Version: placeVersion, Tag: mark(call, "ETag"), Modified: mark(call, "Last-Modified")}
	var seen strings.Builder
	for _, item := range doc.items {
		post := c.post(doc, item)
		if post.Text == "" && post.Media == "" {
			continue // it says nothing
		}
		print := fingerprint(post)
		if seen.Len() < maxSeen*printSize {
			seen.WriteString(print)
		}
		before, changed := p.seen(print)
		if before && !changed || !c.wanted(&post) {
			continue
		}
		if changed {
			post.Version = max(post.Version, int64(c.now()))
		}
		page.Posts = append(page.Posts, post)
	}
	next.Seen = seen.String()
	page.Next = next.cursor()
	return page, nil
}

// mark is a header that says which state of the feed an answer shows. A very long one is as good as none.
func mark(call *listeners.Exchange, name string) string {
	if v := call.Header.Get(name); len(v) <= maxMark {
		return v
	}
	return ""
}

// get reads the feed unless it is as it was.
func (c *Channel) get(ctx context.Context, p place) (*listeners.Exchange, error) {
	ctx, call := listeners.Record(ctx, nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address.String(), nil)
	if err != nil {
		return nil, &listeners.Error{Class: listeners.Invalid, Err: err}
	}
	req.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, application/json;q=0.9, */*;q=0.1")
	if p.Tag != "" {
		req.Header.Set("If-None-Match", p.Tag)
	}
	if p.Modified != "" {
		req.Header.Set("If-Modified-Since", p.Modified)
	}
	res, err := c.client.Do(req)
	if err == nil {
		res.Body.Close()
	}
	return call, c.readError(call, err)
}

// readError turns a failed read into an Error; nil where there is a feed or nothing new.
func (c *Channel) readError(call *listeners.Exchange, err error) error {
	e := &listeners.Error{Status: call.Status, Err: fmt.Errorf("read the feed: %w", err)}
	if err == nil {
		e.Err = fmt.Errorf("read the feed: the website answered %d %s", call.Status, http.StatusText(call.Status))
	}
	switch status := call.Status; {
	case errors.Is(err, listeners.ErrRedirect), errors.Is(err, listeners.ErrInside):
		e.Class = listeners.Forbidden
	case err != nil:
		e.Class = listeners.Transient
	case status == http.StatusOK, status == http.StatusNotModified:
		return nil
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && call.Header.Get("Retry-After") != "":
		e.Class = listeners.RateLimited
		e.Until = max(c.retryAfter(call, defaultPause), c.now().Add(time.Second))
	case status == http.StatusGone:
		e.Class, e.Err = listeners.Gone, errGone
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusUnavailableForLegalReasons:
		e.Class = listeners.Forbidden
	default: // also 404: websites are taken away and put back
		e.Class = listeners.Transient
	}
	return e
}

var errGone = errors.New("the website says that this feed is gone for good")

func (c *Channel) malformed(err error) error {
	return &listeners.Error{Class: listeners.Malformed, Err: fmt.Errorf("read the feed: %w", err)}
}

const (
	defaultPause = 15 * time.Minute
	longestPause = 24 * time.Hour
)

// pause is until when a feed wants to be left alone: for its time to live, or as its server says.
func (c *Channel) pause(call *listeners.Exchange, ttl time.Duration) clock.Time {
	until := c.retryAfter(call, 0)
	if ttl > 0 {
		until = max(until, c.now().Add(min(ttl, longestPause)))
	}
	if until <= c.now() {
		return 0
	}
	return until
}

// retryAfter is when the server wants to be asked again, in otherwise where it does not say.
func (c *Channel) retryAfter(call *listeners.Exchange, otherwise time.Duration) clock.Time {
	now := c.now()
	wait := otherwise
	if said := call.Header.Get("Retry-After"); said == "" {
		// as it is
	} else if seconds, err := strconv.Atoi(said); err == nil {
		wait = time.Duration(min(max(seconds, 0), int(longestPause/time.Second))) * time.Second
	} else if at, err := http.ParseTime(said); err == nil {
		wait = min(clock.At(at).Sub(now), longestPause)
	}
	return now.Add(wait)
}
