package discourse

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

var (
	errGuest    = errors.New("the forum takes us for a guest: the key or the user's name is wrong")
	errNotForum = errors.New("this address does not answer as a Discourse forum does")
)

// problem is what the forum says about a call it refused. Its sentences are in the language of the
// forum, so that only few of them tell us anything.
type problem struct {
	kind string // a code: rate_limit, invalid_access, read_only, …
	said string
	wait float64 // seconds
}

func readProblem(body []byte) problem {
	root, err := listeners.ReadJSON(body)
	if err != nil {
		return problem{}
	}
	var all []string
	root.Get("errors").ForEach(func(_, e gjson.Result) bool { all = append(all, e.Str); return len(all) < 10 })
	return problem{
		kind: root.Get("error_type").Str, said: listeners.CleanLine(strings.Join(all, " ")), wait: root.Get("extras.wait_seconds").Float(),
	}
}

// blamesKey tells whether a 403 is about our key, not about what we wanted: the word is the same in every
// language of the forum.
func (p problem) blamesKey() bool { return strings.Contains(strings.ToUpper(p.said), "API") }

// repeats tells whether a refusal says in so many words that the same was posted lately.
func (p problem) repeats() bool {
	said := strings.ToLower(p.said)
	return strings.Contains(said, "too similar") || strings.Contains(said, "quá giống")
}

// readError turns the failure of a read into an Error; nil where the answer can be decoded.
func (c *Channel) readError(doing string, call *listeners.Exchange, err error) error {
	p := readProblem(call.Body)
	switch status := call.Status; {
	case err != nil: // no answer, or it was cut short
		return c.failed(doing, call, listeners.Transient, err)
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests:
		return c.failed(doing, call, listeners.RateLimited, nil)
	case status == http.StatusUnauthorized:
		return c.failed(doing, call, listeners.AuthExpired, nil)
	case status == http.StatusForbidden && p.blamesKey():
		return c.failed(doing, call, listeners.AuthRevoked, nil)
	case status == http.StatusForbidden:
		return c.failed(doing, call, listeners.Forbidden, nil)
	case status == http.StatusNotFound, status == http.StatusGone:
		return c.failed(doing, call, listeners.Gone, nil)
	case status == http.StatusRequestTimeout, status >= 500:
		return c.failed(doing, call, listeners.Transient, nil)
	case status >= 400:
		return c.failed(doing, call, listeners.Invalid, nil)
	default:
		return c.failed(doing, call, listeners.Malformed, errNotForum)
	}
}

// writeError turns the failure of a write into an Error; nil where the forum says that it is done.
func (c *Channel) writeError(doing string, call *listeners.Exchange, err error) error {
	p := readProblem(call.Body)
	switch status := call.Status; {
	case err != nil && status == 0 && !call.Sent():
		return c.failed(doing, call, listeners.Transient, err)
	case err != nil:
		return c.failed(doing, call, listeners.Ambiguous, err)
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusServiceUnavailable && p.kind == "read_only":
		return c.failed(doing, call, listeners.Transient, nil)
	case status == http.StatusRequestTimeout || status < 400 || status > 499:
		return c.failed(doing, call, listeners.Ambiguous, nil)
	case status == http.StatusUnprocessableEntity && p.repeats():
		return c.failed(doing, call, listeners.Duplicate, nil)
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound,
		status == http.StatusGone, status == http.StatusTooManyRequests:
		return c.readError(doing, call, nil)
	default:
		return c.failed(doing, call, listeners.Invalid, nil)
	}
}

func (c *Channel) failed(doing string, call *listeners.Exchange, class listeners.Class, err error) error {
	p := readProblem(call.Body)
	if err == nil {
		err = errors.New(http.StatusText(call.Status))
	}
	if p.said != "" {
		err = fmt.Errorf("%w (%s)", err, p.said)
	}
	e := c.failure(class, call.Status, doing, err)
	if class == listeners.RateLimited {
		e.Until = c.until(call, p)
	}
	return e
}

func (c *Channel) failure(class listeners.Class, status int, doing string, err error) *listeners.Error {
	return &listeners.Error{Class: class, Status: status, Err: c.scrub(fmt.Errorf("%s: %w", doing, err))}
}

func (c *Channel) malformed(doing string, err error) error {
	return c.failure(listeners.Malformed, 0, doing, err)
}

// How long to wait where the forum does not say, and at most.
const (
	usualPause   = time.Minute
	longestPause = 25 * time.Hour
)

// until is when the forum takes calls again: the longer of what its header and its answer say.
func (c *Channel) until(call *listeners.Exchange, p problem) clock.Time {
	now := c.now()
	wait := time.Duration(min(max(p.wait, 0), longestPause.Seconds()) * float64(time.Second))
	after := call.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil {
		wait = max(wait, time.Duration(min(max(seconds, 0), int(longestPause/time.Second)))*time.Second)
	} else if at, err := http.ParseTime(after); err == nil {
		wait = max(wait, clock.At(at).Sub(now))
	}
	if wait == 0 {
		wait = usualPause
	}
	return now.Add(min(max(wait, time.Second), longestPause))
}

func isClass(err error, class listeners.Class) bool {
	e, ok := errors.AsType[*listeners.Error](err)
	return ok && e.Class == class
}
