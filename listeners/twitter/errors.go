package twitter

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/g8rswimmer/go-twitter/v2"
	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

// problem is what X says about a call it refused.
type problem struct {
	text       string // all its sentences, in lower case
	messages   string // what the library drops of them
	codes      []int64
	parameters []string
}

// Codes that X has kept from its first API.
const (
	codeSuspended  = 64
	codeTooLong    = 186
	codeDuplicate  = 187
	codeLocked     = 326
	codeGone       = 385
	codeRestricted = 433
)

func readProblem(body []byte) problem {
	var p problem
	if tooDeep(body) || !gjson.ValidBytes(body) {
		return p
	}
	root := gjson.ParseBytes(body)
	var messages []string
	root.Get("errors").ForEach(func(_, e gjson.Result) bool {
		messages = append(messages, e.Get("message").Str, e.Get("detail").Str)
		p.codes = append(p.codes, e.Get("code").Int())
		e.Get("parameters").ForEach(func(name, _ gjson.Result) bool {
			p.parameters = append(p.parameters, name.Str)
			return true
		})
		return true
	})
	p.messages = cleanLine(strings.Join(messages, " "))
	p.text = strings.ToLower(strings.Join(append(messages, root.Get("title").Str, root.Get("detail").Str, root.Get("type").Str), " "))
	return p
}

func (p problem) says(any ...string) bool {
	return slices.ContainsFunc(any, func(words string) bool { return strings.Contains(p.text, words) })
}

func (p problem) parameter() string {
	named := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(p.parameters, n) || p.says(n) })
	}
	switch {
	case named("since_id"):
		return "since_id"
	case named("pagination_token", "next_token"):
		return "token"
	}
	return ""
}

// readError turns the failure of a read into an Error; nil where the answer can be decoded.
func (c *Channel) readError(doing string, call *listeners.Exchange, err error) error {
	if err == nil {
		return nil
	}
	var decoding *sdk.ResponseDecodeError
	switch class := classOf(call); {
	case errors.As(err, &decoding):
		return c.failed(doing, call, listeners.Malformed, err)
	case call.Status < 300 || class == listeners.Ambiguous && call.Status >= 408:
		return c.failed(doing, call, listeners.Transient, err) // cut short, or broken over there
	case class == listeners.Ambiguous:
		return c.failed(doing, call, listeners.Malformed, err)
	default:
		return c.failed(doing, call, class, err)
	}
}

// writeError turns the failure of a write into an Error.
func (c *Channel) writeError(doing string, call *listeners.Exchange, err error) error {
	if call.Status == 0 && !call.Sent() {
		return c.failed(doing, call, listeners.Transient, err)
	}
	return c.failed(doing, call, classOf(call), err)
}

// classOf tells what a refused call means. Ambiguous is everything that does not say for certain that
// nothing was done.
func classOf(call *listeners.Exchange) listeners.Class {
	p := readProblem(call.Body)
	switch status := call.Status; {
	case status == http.StatusUnauthorized:
		return listeners.AuthExpired
	case status == http.StatusPaymentRequired, p.says("usage-capped", "usagecapexceeded", "creditsdepleted"):
		return listeners.OverBudget
	case status == http.StatusTooManyRequests:
		return listeners.RateLimited
	case status == http.StatusNotFound, status == http.StatusGone:
		return listeners.Gone
	case status == http.StatusRequestTimeout || status < 400 || status > 499:
		return listeners.Ambiguous
	case slices.Contains(p.codes, codeDuplicate), p.says("duplicate content"):
		return listeners.Duplicate
	case slices.Contains(p.codes, codeGone), p.says("deleted or not visible", "does not exist", "no longer exists"):
		return listeners.Gone
	case slices.Contains(p.codes, codeSuspended), slices.Contains(p.codes, codeLocked),
		status == http.StatusForbidden && p.says("your account is suspended", "account is temporarily locked", "user is suspended", "account has been locked"):
		return listeners.Banned
	case status != http.StatusForbidden, slices.Contains(p.codes, codeTooLong):
		return listeners.Invalid
	case slices.Contains(p.codes, codeRestricted),
		p.says("mentioned", "summoned", "restricted who can reply", "not allowed to reply", "reply to this conversation", "not allowed because"):
		return listeners.NotEligible
	}
	return listeners.Forbidden
}

func (c *Channel) failed(doing string, call *listeners.Exchange, class listeners.Class, err error) error {
	err = fmt.Errorf("%s: %w", doing, err)
	if said := readProblem(call.Body).messages; said != "" {
		err = fmt.Errorf("%w (%s)", err, said)
	}
	e := &listeners.Error{Class: class, Status: call.Status, Err: c.scrub(err)}
	if class == listeners.RateLimited || class == listeners.OverBudget {
		e.Until = c.until(call)
	}
	return e
}

func (c *Channel) malformed(doing string, err error) error {
	return &listeners.Error{Class: listeners.Malformed, Err: c.scrub(fmt.Errorf("%s: %w", doing, err))}
}

// How long to wait where X does not say, and at most.
const (
	windowPause  = 15 * time.Minute
	creditPause  = time.Hour // somebody has to pay
	longestPause = 25 * time.Hour
)

// until is when X takes calls again. A 24-hour limit can be spent while the window has calls left, so
// every limit that has none left counts, and so does Retry-After.
func (c *Channel) until(call *listeners.Exchange) clock.Time {
	now := c.now()
	var until clock.Time
	for _, limit := range []string{"x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour"} {
		left := call.Header.Get(limit + "-remaining")
		reset, err := strconv.ParseInt(call.Header.Get(limit+"-reset"), 10, 64)
		if err == nil && (left == "0" || left == "" && limit == "x-rate-limit") {
			until = max(until, clock.At(time.Unix(reset, 0)))
		}
	}
	after := call.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil {
		until = max(until, now.Add(time.Duration(min(max(seconds, 0), int(longestPause/time.Second)))*time.Second))
	} else if at, err := http.ParseTime(after); err == nil {
		until = max(until, clock.At(at))
	}
	if until == 0 && classOf(call) == listeners.OverBudget {
		until = now.Add(creditPause)
	} else if until == 0 {
		until = now.Add(windowPause)
	}
	return min(max(until, now.Add(time.Second)), now.Add(longestPause))
}
