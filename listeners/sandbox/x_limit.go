package sandbox

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	xWindow    = 15 * time.Minute
	xPostSpell = 3 * time.Hour
	xDay       = 24 * time.Hour
	// Posts one account may make, beside the limit of the window.
	xPostsPerSpell = 300
	xPostsPerDay   = 10_000
)

// xLimit is how often an endpoint may be called in a window, by an account and
// by an application. An App of 0 means that applications may not call it.
type xLimit struct {
	Name      string
	User, App int
}

var xCreateLimit = xLimit{"tweets create", 100, 0}

// xLimits counts calls. Switched off it still sends the headers, always full.
type xLimits struct {
	on  bool
	now func() time.Time

	mu   sync.Mutex
	used map[xLimitKey]*xSpent
}

type xLimitKey struct {
	endpoint string
	account  int64 // 0: the application
	span     time.Duration
}

// xSpent is a window, which starts with its first call. Calls that are refused
// do not count.
type xSpent struct {
	since time.Time
	span  time.Duration
	most  int
	calls int
}

func newXLimits(cfg Config) *xLimits {
	return &xLimits{on: cfg.Limits, now: cfg.Now, used: make(map[xLimitKey]*xSpent)}
}

// spend counts one call, writes the headers and reports whether the call is
// within every limit.
func (l *xLimits) spend(h http.Header, limit xLimit, g grant) bool {
	most, account := limit.App, int64(0)
	if g.Account != nil {
		most, account = limit.User, g.Account.ID
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	windows := []*xSpent{l.window(xLimitKey{limit.Name, account, xWindow}, most)}
	if limit == xCreateLimit {
		windows = append(windows,
			l.window(xLimitKey{limit.Name, account, xPostSpell}, xPostsPerSpell),
			l.window(xLimitKey{limit.Name, account, xDay}, xPostsPerDay))
	}
	shown, ok := windows[0], true
	for _, s := range windows {
		if s.calls < s.most {
			continue
		}
		if ok && s.span < xDay {
			shown = s
		}
		ok = false
	}
	if ok && l.on {
		for _, s := range windows {
			s.calls++
		}
	}
	shown.headers(h, "x-rate-limit-")
	if limit == xCreateLimit {
		windows[2].headers(h, "x-user-limit-24hour-")
	}
	return ok
}

// window finds the running window of a key, or starts one.
func (l *xLimits) window(key xLimitKey, most int) *xSpent {
	now := l.now()
	s := l.used[key]
	if s == nil || now.Before(s.since) || !now.Before(s.since.Add(key.span)) {
		s = &xSpent{since: now, span: key.span, most: most}
		l.used[key] = s
	}
	return s
}

func (s *xSpent) headers(h http.Header, prefix string) {
	h.Set(prefix+"limit", strconv.Itoa(s.most))
	h.Set(prefix+"remaining", strconv.Itoa(s.most-s.calls))
	h.Set(prefix+"reset", strconv.FormatInt(ceilUnix(s.since.Add(s.span)), 10))
}
