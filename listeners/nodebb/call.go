package nodebb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

var (
	errGuest  = errors.New("the forum takes us for a guest: the token is wrong or was taken away")
	errStatus = errors.New("the forum refused")
)

// get reads something; the answer is that of a user, not of a guest.
func (c *Channel) get(ctx context.Context, doing, path string, query url.Values) (gjson.Result, *listeners.Exchange, error) {
	if c.master {
		if query == nil {
			query = url.Values{}
		}
		query.Set("_uid", c.id)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	call, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil || call.Status != http.StatusOK {
		return gjson.Result{}, call, c.readError(doing, call, err)
	}
	answer, err := listeners.ReadJSON(call.Body)
	if err != nil {
		return answer, call, c.failed(doing, call, listeners.Malformed, err)
	}
	if in := answer.Get("loggedIn"); in.Exists() && !in.Bool() {
		return answer, call, c.failed(doing, call, listeners.AuthExpired, errGuest)
	}
	if answer.Get("status.code").Exists() { // what v3 wraps its answers in
		answer = answer.Get("response")
	}
	return answer, call, nil
}

// write changes something in one attempt.
func (c *Channel) write(ctx context.Context, doing, method, path string, body map[string]any, as string) (gjson.Result, *listeners.Exchange, error) {
	if as == "" && c.master {
		as = c.id
	}
	if body == nil {
		body = make(map[string]any)
	}
	if as != "" {
		body["_uid"] = json.Number(as)
	}
	call, err := c.do(ctx, method, path, body)
	if err != nil || call.Status < 200 || call.Status > 299 {
		return gjson.Result{}, call, c.writeError(doing, call, err)
	}
	answer, err := listeners.ReadJSON(call.Body)
	if err != nil {
		return answer, call, c.failed(doing, call, listeners.Ambiguous, err)
	}
	return answer.Get("response"), call, nil
}

func (c *Channel) do(ctx context.Context, method, path string, body map[string]any) (*listeners.Exchange, error) {
	ctx, call := listeners.Record(ctx, nil)
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return call, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, bytes.NewReader(b))
	if err != nil {
		return call, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	c.sign(req)
	res, err := c.client.Do(req)
	if err != nil {
		return call, err
	}
	return call, res.Body.Close()
}

func (c *Channel) readError(doing string, call *listeners.Exchange, err error) error {
	class := c.classOf(call)
	if err != nil || class == listeners.Ambiguous && call.Status >= 400 {
		class = listeners.Transient
	} else if class == listeners.Ambiguous {
		class = listeners.Malformed
	}
	return c.failed(doing, call, class, err)
}

func (c *Channel) writeError(doing string, call *listeners.Exchange, err error) error {
	class := c.classOf(call)
	switch {
	case call.Status == 0 && !call.Sent():
		class = listeners.Transient
	case err != nil:
		class = listeners.Ambiguous
	}
	return c.failed(doing, call, class, err)
}

// What a forum says when it refuses, as a key or in English.
var (
	saysTooSoon = regexp.MustCompile(`too-many-posts|already-posting|(?i)once every \d+|already posting`)
	saysGone    = regexp.MustCompile(`no-topic|no-post|invalid-pid|invalid-tid|topic-deleted|post-deleted|(?i)(post|topic) (does not exist|ID)|has been deleted`)
	saysLocked  = regexp.MustCompile(`topic-locked|(?i)topic (is |has been )?locked`)
	saysBanned  = regexp.MustCompile(`user-banned|(?i)(has|have) been banned|user banned`)
	seconds     = regexp.MustCompile(`(?:too-many-posts(?:-newbie)?,|(?i:once every)) *(\d{1,5})`)
)

// classOf tells what a refusal means. Ambiguous is everything that does not say for certain that nothing
// was done.
func (c *Channel) classOf(call *listeners.Exchange) listeners.Class {
	said := message(call)
	switch status := call.Status; {
	case status == http.StatusUnauthorized:
		return listeners.AuthExpired
	case status == http.StatusTooManyRequests:
		return listeners.RateLimited
	case status == http.StatusNotFound, status == http.StatusGone:
		return listeners.Gone
	case status == http.StatusRequestTimeout || status < 400 || status > 499:
		return listeners.Ambiguous
	case saysBanned.MatchString(said):
		return listeners.Banned
	case saysTooSoon.MatchString(said):
		return listeners.RateLimited
	case saysGone.MatchString(said):
		return listeners.Gone
	case saysLocked.MatchString(said):
		return listeners.NotEligible
	case status == http.StatusForbidden:
		return listeners.Forbidden
	}
	return listeners.Invalid
}

// message is why the forum refused, in its own words.
func message(call *listeners.Exchange) string {
	answer, err := listeners.ReadJSON(call.Body)
	if err != nil {
		return ""
	}
	return listeners.CleanLine(answer.Get("status.message").Str + " " + answer.Get("error").Str)
}

func (c *Channel) failed(doing string, call *listeners.Exchange, class listeners.Class, err error) error {
	var address *url.Error
	if errors.As(err, &address) {
		err = address.Err // the address holds who is asked as
	}
	if err == nil {
		err = errStatus
	}
	err = fmt.Errorf("%s: %w", doing, err)
	if said := strings.TrimSpace(message(call)); said != "" && call.Status >= 400 {
		err = fmt.Errorf("%w (%s)", err, said)
	}
	e := &listeners.Error{Class: class, Status: call.Status, Err: c.scrub(err)}
	if class == listeners.RateLimited {
		e.Until = c.until(call)
	}
	return e
}

const longestPause = 24 * time.Hour

// until is when the forum takes calls again.
func (c *Channel) until(call *listeners.Exchange) clock.Time {
	now := c.now()
	wait := newbiePause
	if m := seconds.FindStringSubmatch(message(call)); m != nil {
		n, _ := strconv.Atoi(m[1])
		wait = time.Duration(n) * time.Second
	}
	after := call.Header.Get("Retry-After")
	if n, err := strconv.Atoi(after); err == nil {
		wait = time.Duration(min(max(n, 0), int(longestPause/time.Second))) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		wait = clock.At(at).Sub(now)
	}
	return now.Add(min(max(wait, time.Second), longestPause))
}
