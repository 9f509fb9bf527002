package facebook

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

// Subcodes that change what a code means.
const (
	subGone          = 33      // of 100: it does not exist, or not for us
	subAppRemoved    = 458     // of 190
	subPassword      = 460     // of 190: the person changed it
	subOutsideWindow = 2018278 // of 10: the customer wrote too long ago
)

// errRefused is what is said where the library takes a refusal for a success.
var errRefused = errors.New("the answer is not a success")

// readError turns the failure of a read into an Error.
func (c *Channel) readError(doing string, call *listeners.Exchange, err error) error {
	class := classOf(call)
	switch {
	case call.Status < 300 && !said(call.Body).Exists(), class == listeners.Ambiguous && (call.Status == http.StatusRequestTimeout || call.Status >= 500):
		class = listeners.Transient // cut short, or broken over there
	case class == listeners.Ambiguous && said(call.Body).Exists():
		class = listeners.Transient
	case class == listeners.Ambiguous:
		class = listeners.Malformed
	}
	return c.failed(doing, call, class, err)
}

// writeError turns the failure of a write into an Error.
func (c *Channel) writeError(doing string, call *listeners.Exchange, err error) error {
	if call.Status == 0 && !call.Sent() {
		return c.failed(doing, call, listeners.Transient, err)
	}
	return c.failed(doing, call, classOf(call), err)
}

// said is the error that an answer holds.
func said(body []byte) gjson.Result {
	v, _ := parse(body)
	return v.Get("error")
}

// classOf tells what a refused call means. Ambiguous is everything that does not say for certain that
// nothing was done.
func classOf(call *listeners.Exchange) listeners.Class {
	e := said(call.Body)
	if !e.IsObject() {
		return classOfStatus(call.Status)
	}
	return classOfError(e, call.Status)
}

func classOfStatus(status int) listeners.Class {
	switch {
	case status == http.StatusUnauthorized:
		return listeners.AuthExpired
	case status == http.StatusForbidden:
		return listeners.Forbidden
	case status == http.StatusNotFound, status == http.StatusGone:
		return listeners.Gone
	case status == http.StatusTooManyRequests:
		return listeners.RateLimited
	case status == http.StatusRequestTimeout || status < 400 || status > 499:
		return listeners.Ambiguous
	}
	return listeners.Invalid
}

func classOfError(e gjson.Result, status int) listeners.Class {
	sub := e.Get("error_subcode").Int()
	switch code := e.Get("code").Int(); {
	case code == 190 && (sub == subAppRemoved || sub == subPassword):
		return listeners.AuthRevoked
	case code == 190, code == 102, code == 2500:
		return listeners.AuthExpired
	case code == 4, code == 17, code == 32, code == 341, code == 613, code >= 80000 && code < 80100:
		return listeners.RateLimited
	case code == 368:
		return listeners.Banned
	case code == 506, code == 10900: // said again, or answered by a message before: perhaps by us
		return listeners.Duplicate
	case code == 10 && sub == subOutsideWindow, code == 551, code >= 10901 && code <= 10903:
		return listeners.NotEligible
	case code == 3, code == 10, code >= 200 && code < 300:
		return listeners.Forbidden
	case code == 100 && sub == subGone, code == 803:
		return listeners.Gone
	case code == 1, code == 2, e.Get("is_transient").Bool(), status >= 500, code == 0:
		return listeners.Ambiguous
	}
	return listeners.Invalid
}

func (c *Channel) failed(doing string, call *listeners.Exchange, class listeners.Class, err error) error {
	err = fmt.Errorf("%s: %w", doing, cmp.Or(err, errRefused))
	if e := said(call.Body); e.Get("message").Str != "" {
		err = fmt.Errorf("%w (%s, code %d.%d)", err, listeners.CleanLine(e.Get("message").Str), e.Get("code").Int(), e.Get("error_subcode").Int())
	}
	e := &listeners.Error{Class: class, Status: call.Status, Err: c.scrub(err)}
	if class == listeners.RateLimited {
		e.Until = c.until(call)
	}
	return e
}

func (c *Channel) malformed(doing string, err error) error {
	return &listeners.Error{Class: listeners.Malformed, Err: c.scrub(fmt.Errorf("%s: %w", doing, err))}
}

// From which share of what we may call, in percent, Facebook is called less often, and no more.
const (
	slowFrom = 75
	stopFrom = 95

	windowPause  = 15 * time.Minute // where Facebook does not say; its windows roll
	longestPause = 25 * time.Hour
)

// usage is how much of what we may call is used up, in percent, and in how many minutes it is free again.
func usage(h http.Header) (percent int, regain time.Duration) {
	count := func(v gjson.Result) {
		for _, name := range []string{"call_count", "total_time", "total_cputime"} {
			percent = max(percent, int(min(v.Get(name).Float(), 1000)))
		}
		minutes := min(v.Get("estimated_time_to_regain_access").Int(), int64(longestPause/time.Minute))
		regain = max(regain, time.Duration(minutes)*time.Minute)
	}
	for _, name := range []string{"X-App-Usage", "X-Page-Usage"} {
		if v, ok := parse([]byte(h.Get(name))); ok {
			count(v)
		}
	}
	if v, ok := parse([]byte(h.Get("X-Business-Use-Case-Usage"))); ok {
		v.ForEach(func(_, list gjson.Result) bool {
			list.ForEach(func(_, one gjson.Result) bool { count(one); return true })
			return true
		})
	}
	return percent, regain
}

// pause is when Facebook should be called again after an answer; 0: at will.
func (c *Channel) pause(call *listeners.Exchange) (until clock.Time, stop bool) {
	switch percent, regain := usage(call.Header); {
	case percent >= stopFrom:
		return c.now().Add(max(regain, windowPause)), true
	case percent >= slowFrom:
		return c.now().Add(time.Minute + time.Duration(percent-slowFrom)*30*time.Second), false
	}
	return 0, false
}

// until is when Facebook takes calls again.
func (c *Channel) until(call *listeners.Exchange) clock.Time {
	_, wait := usage(call.Header)
	if seconds, err := strconv.Atoi(call.Header.Get("Retry-After")); err == nil {
		wait = max(wait, time.Duration(min(max(seconds, 0), int(longestPause/time.Second)))*time.Second)
	}
	if wait == 0 {
		wait = windowPause
	}
	return c.now().Add(wait)
}
