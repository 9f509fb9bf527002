package sandbox

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// discourseFacade shows the network "discourse" as a Discourse forum. A topic is a thread and has the id
// of its first post. Tokens are keys: that of a brand account is the forum's and good for every user of
// it, with "system" among them; that of a customer is good for this one.
type discourseFacade struct {
	world  *world
	cfg    Config
	hooks  *hooks
	mux    *http.ServeMux
	limits *discourseLimits

	// What a forum knows of posts beyond the world; guarded by the world's lock.
	raws     map[int64]string // as written, where it differs from the visible text
	numbers  map[int64]int    // of posts in their topics
	last     map[int64]int    // the highest number of a topic
	made     map[string]discourseMade
	refused  []discourseRefused
	settings map[string]int
	staff    map[string]bool // handles of moderators
	closed   map[int64]bool  // topics
	userKeys map[string]*account
	webhooks []*discourseWebhook
	events   int
}

func newDiscourse(n *Network) *discourseFacade {
	// A minute of the forum's retries (1, 5, 25 and 125 minutes) is 60 ms here.
	const minute = 60 * time.Millisecond
	d := &discourseFacade{
		world: n.world, cfg: n.cfg, mux: http.NewServeMux(), limits: newDiscourseLimits(n.cfg),
		hooks: newHooks("discourse", n, minute, 5*minute, 25*minute, 125*minute),
		raws:  make(map[int64]string), numbers: make(map[int64]int), last: make(map[int64]int),
		made:     make(map[string]discourseMade),
		settings: map[string]int{"min_post_length": 20, "max_post_length": 32_000, "approve_post_count": 0},
		staff:    make(map[string]bool), closed: make(map[int64]bool), userKeys: make(map[string]*account),
	}
	n.world.watch(d.happened)
	d.routes()
	return d
}

func (d *discourseFacade) routes() {
	d.handle("GET /session/current.json", true, d.current)
	d.handle("GET /posts.json", false, d.latestPosts)
	d.handle("POST /posts.json", true, d.create)
	d.handle("GET /posts/{id}", false, d.onePost)
	d.handle("PUT /posts/{id}", true, d.update)
	d.handle("DELETE /posts/{id}", true, d.destroy)
	d.handle("GET /posts/{id}/replies.json", false, d.replies)
	d.handle("GET /posts/{name}/pending.json", true, d.pending)
	d.handle("GET /posts/by_number/{topic}/{number}", false, d.byNumber)
	d.handle("GET /t/{id}", false, d.topic)
	d.handle("GET /t/{id}/posts.json", false, d.topicPosts)
	d.handle("PUT /t/{id}/status.json", true, d.topicStatus)
	d.handle("GET /latest.json", false, d.latestTopics)
	d.handle("GET /search.json", false, d.search)
	d.handle("GET /notifications.json", true, d.notifications)
	d.handle("GET /u/{name}", false, d.user)
	d.handle("POST /post_actions.json", true, d.flag)
	d.handle("GET /review.json", true, d.review)
	d.handle("GET /admin/api/web_hooks.json", true, d.listWebhooks)
	d.handle("POST /admin/api/web_hooks.json", true, d.addWebhook)
	d.handle("POST /admin/api/web_hooks/{id}/ping", true, d.pingWebhook)
	d.handle("PUT /admin/site_settings/{name}", true, d.setSetting)
	d.handle("PUT /admin/users/{id}/grant_moderation.json", true, d.makeModerator)
	d.mux.HandleFunc("GET /user-api-key/new", d.askForKey)
	d.mux.HandleFunc("POST /user-api-key", d.grantKey)
	d.mux.HandleFunc("GET /p/{id}", d.shortLink)
	d.mux.HandleFunc("GET /t/{slug}/{topic}/{number}", d.longLink)
	d.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { discourseNotFound.write(w) })
}

func (d *discourseFacade) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.mux.ServeHTTP(w, r) }

// discourseCaller is who makes a call; a guest has no account.
type discourseCaller struct {
	account *account
	staff   bool
	admin   bool
	forum   bool // with the forum's key, whose writes are remembered for two minutes
}

var discourseSystem = &account{ID: -1, Network: "discourse", Handle: "system", Name: "system"}

type discourseHandler func(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem

// handle serves a route with the world locked: a forum of the sandbox is small.
func (d *discourseFacade) handle(pattern string, member bool, h discourseHandler) {
	d.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		d.world.mu.Lock()
		defer d.world.mu.Unlock()
		by, p := d.caller(r)
		if p == nil && member && by.account == nil {
			p = discourseNotLoggedIn
			if strings.Contains(pattern, "/session/") {
				p = discourseNotFound // the forum shows a guest nothing there
			}
		}
		if p == nil {
			p = h(w, r, by)
		}
		if p != nil {
			p.write(w)
		}
	})
}

func (d *discourseFacade) caller(r *http.Request) (discourseCaller, *discourseProblem) {
	key, name, userKey := r.Header.Get("Api-Key"), r.Header.Get("Api-Username"), r.Header.Get("User-Api-Key")
	var by discourseCaller
	switch {
	case userKey != "":
		by.account = d.userKeys[userKey]
		if by.account == nil {
			return by, discourseForbidden("You are not permitted to view the requested resource.")
		}
		if wait := d.limits.spend(userKey, true); wait > 0 {
			return by, discourseTooMany(wait)
		}
	case key != "":
		g, ok := d.world.granted(key)
		if !ok || g.Account == nil || g.Account.Network != "discourse" {
			return by, discourseBadKey
		}
		switch by.account = g.Account; {
		case name == "" || strings.EqualFold(name, g.Account.Handle):
		case g.Account.Brand && name == discourseSystem.Handle:
			by.account = discourseSystem
		case g.Account.Brand:
			by.account = d.world.accounts[keyOf("discourse", name)]
		default:
			by.account = nil
		}
		if by.account == nil || by.account.Suspended {
			return by, discourseBadKey
		}
		if wait := d.limits.spend("the forum", false); wait > 0 { // one window for all its keys
			return by, discourseTooMany(wait)
		}
		by.forum = true
	default:
		return by, nil
	}
	by.admin = by.account == discourseSystem
	by.staff = by.admin || d.staff[strings.ToLower(by.account.Handle)]
	return by, nil
}

// discourseProblem is how a forum refuses.
type discourseProblem struct {
	Status int            `json:"-"`
	Action string         `json:"action,omitempty"`
	Errors []string       `json:"errors"`
	Type   string         `json:"error_type,omitempty"`
	Extras map[string]any `json:"extras,omitempty"`
}

var (
	discourseNotFound    = &discourseProblem{Status: 404, Errors: []string{"The requested URL or resource could not be found."}, Type: "not_found"}
	discourseNotLoggedIn = &discourseProblem{Status: 403, Errors: []string{"You need to be logged in to do that."}, Type: "not_logged_in"}
	discourseBadKey      = discourseForbidden("The API username or key is invalid.")
)

func discourseForbidden(said string) *discourseProblem {
	return &discourseProblem{Status: http.StatusForbidden, Errors: []string{said}, Type: "invalid_access"}
}

func discourseUnprocessable(said string) *discourseProblem {
	return &discourseProblem{Status: http.StatusUnprocessableEntity, Action: "create_post", Errors: []string{said}}
}

func discourseTooMany(wait time.Duration) *discourseProblem {
	seconds := int(math.Ceil(wait.Seconds()))
	left := strconv.Itoa(seconds) + " seconds"
	return &discourseProblem{
		Status: http.StatusTooManyRequests, Type: "rate_limit", Extras: map[string]any{"wait_seconds": seconds, "time_left": left},
		Errors: []string{"You’ve performed this action too many times, please try again later. Please wait " + left + " before trying again."},
	}
}

func (p *discourseProblem) write(w http.ResponseWriter) {
	if wait, ok := p.Extras["wait_seconds"].(int); ok {
		w.Header().Set("Retry-After", strconv.Itoa(wait))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p)
}

// fail answers as a forum does when something breaks on its side.
func (d *discourseFacade) fail(w http.ResponseWriter, status int, reset time.Time) {
	switch {
	case status == http.StatusTooManyRequests:
		discourseTooMany(max(reset.Sub(d.cfg.Now()), time.Second)).write(w)
	case status == http.StatusNoContent:
		w.WriteHeader(status)
	case status < 400:
		adminAnswer(w, status, struct{}{})
	case status >= 500:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		w.Write([]byte("<h1>Oops</h1><p>The software powering this discussion forum encountered an unexpected problem.</p>"))
	default:
		(&discourseProblem{Status: status, Errors: []string{http.StatusText(status)}}).write(w)
	}
}

// discourseLimits counts calls in windows that begin with their first call.
type discourseLimits struct {
	on  bool
	now func() time.Time

	mu   sync.Mutex
	used map[discourseSpan]*xSpent
}

type discourseSpan struct {
	key  string
	span time.Duration
}

func newDiscourseLimits(cfg Config) *discourseLimits {
	return &discourseLimits{on: cfg.Limits, now: cfg.Now, used: make(map[discourseSpan]*xSpent)}
}

// spend counts one call and says how long to wait where it is one too many. A call that is refused does
// not count.
func (l *discourseLimits) spend(key string, oneUser bool) time.Duration {
	if !l.on {
		return 0
	}
	most := map[time.Duration]int{time.Minute: 60}
	if oneUser {
		most = map[time.Duration]int{time.Minute: 20, 24 * time.Hour: 2880}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	var wait time.Duration
	var windows []*xSpent
	for span, calls := range most {
		s := l.used[discourseSpan{key, span}]
		if s == nil || !now.Before(s.since.Add(span)) {
			s = &xSpent{since: now, span: span, most: calls}
			l.used[discourseSpan{key, span}] = s
		}
		if s.calls >= s.most {
			wait = max(wait, s.since.Add(span).Sub(now))
		}
		windows = append(windows, s)
	}
	if wait == 0 {
		for _, s := range windows {
			s.calls++
		}
	}
	return wait
}
