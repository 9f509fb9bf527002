package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// xFacade shows the network "x" as the X API v2.
type xFacade struct {
	world  *world
	cfg    Config
	limits *xLimits
	hooks  *xHooks
	codes  map[string]xCode // that a person came back with; under the world's lock
	mux    *http.ServeMux
}

func newX(n *Network) *xFacade {
	x := &xFacade{world: n.world, cfg: n.cfg, limits: newXLimits(n.cfg), codes: make(map[string]xCode), mux: http.NewServeMux()}
	x.hooks = newXHooks(x, n)
	x.mux.HandleFunc("GET /i/oauth2/authorize", x.authorize)
	x.mux.HandleFunc("POST /i/oauth2/authorize", x.allow)
	x.mux.HandleFunc("GET /developer/{client}", x.developer)
	x.mux.HandleFunc("POST /2/oauth2/token", x.token)
	x.mux.HandleFunc("POST /2/oauth2/revoke", x.revoke)
	x.handle("GET /2/users/me", xLimit{"users/me", 75, 0}, x.me)
	x.handle("GET /2/users", xLimit{"users", 900, 300}, x.usersByID)
	x.handle("GET /2/users/by", xLimit{"users/by", 900, 300}, x.usersByName)
	x.handle("GET /2/users/by/username/{username}", xLimit{"users/by/username", 900, 300}, x.userByName)
	x.handle("GET /2/users/{id}", xLimit{"users/:id", 900, 300}, x.userByID)
	x.handle("GET /2/users/{id}/mentions", xLimit{"users/:id/mentions", 300, 450}, x.mentions)
	x.handle("GET /2/users/{id}/tweets", xLimit{"users/:id/tweets", 900, 10_000}, x.tweetsOf)
	x.handle("GET /2/tweets", xLimit{"tweets", 5000, 3500}, x.tweetsByID)
	x.handle("GET /2/tweets/{id}", xLimit{"tweets/:id", 900, 450}, x.tweetByID)
	x.handle("GET /2/tweets/search/recent", xLimit{"tweets/search/recent", 300, 450}, x.search)
	x.handle("GET /2/tweets/counts/recent", xLimit{"tweets/counts/recent", 300, 300}, x.counts)
	x.handle("POST /2/tweets", xCreateLimit, x.create)
	x.handle("PUT /2/tweets/{id}/hidden", xLimit{"tweets/:id/hidden", 50, 0}, x.hide)
	x.handle("GET /2/usage/tweets", xLimit{"usage/tweets", 0, 50}, x.usage)
	x.handle("GET /2/webhooks", xLimit{"webhooks", 0, 450}, x.hooks.list)
	x.handle("POST /2/webhooks", xLimit{"webhooks create", 0, 450}, x.hooks.create)
	x.handle("PUT /2/webhooks/{id}", xLimit{"webhooks/:id", 0, 450}, x.hooks.validate)
	x.handle("DELETE /2/webhooks/{id}", xLimit{"webhooks/:id delete", 0, 450}, x.hooks.remove)
	x.handle("POST /2/webhooks/replay", xLimit{"webhooks/replay", 0, 100}, x.hooks.replay)
	x.handle("GET /2/activity/subscriptions", xLimit{"activity/subscriptions", 500, 500}, x.hooks.subscriptions)
	x.handle("POST /2/activity/subscriptions", xLimit{"activity/subscriptions create", 500, 500}, x.hooks.subscribe)
	x.handle("DELETE /2/activity/subscriptions/{id}", xLimit{"activity/subscriptions/:id", 0, 500}, x.hooks.unsubscribe)
	x.handle("DELETE /2/tweets/{id}", xLimit{"tweets/:id delete", 50, 0}, x.deleteTweet)
	x.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		xNotFound("url", "path", r.URL.Path).write(w)
	})
	return x
}

func (x *xFacade) ServeHTTP(w http.ResponseWriter, r *http.Request) { x.mux.ServeHTTP(w, r) }

// xHandler answers one call of an authenticated caller. A problem it returns
// is written as X writes it.
type xHandler func(w http.ResponseWriter, r *http.Request, g grant) error

func (x *xFacade) handle(pattern string, limit xLimit, h xHandler) {
	x.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		err := x.admit(w, r, limit, h)
		var p *xProblem
		if errors.As(err, &p) {
			p.write(w)
		} else if err != nil {
			x.fail(w, http.StatusInternalServerError, time.Time{})
		}
	})
}

func (x *xFacade) admit(w http.ResponseWriter, r *http.Request, limit xLimit, h xHandler) error {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	x.world.mu.RLock()
	g, ok := x.world.granted(token)
	x.world.mu.RUnlock()
	if !bearer || !ok || g.Account != nil && g.Account.Network != "x" {
		return &xProblem{Status: http.StatusUnauthorized, Title: "Unauthorized", Type: "about:blank", Detail: "Unauthorized"}
	}
	if g.Account != nil && limit.User == 0 {
		return &xProblem{
			Status: http.StatusForbidden, Title: "Unsupported Authentication", Type: xProblems + "unsupported-authentication",
			Detail: "Authenticating with OAuth 2.0 User Context is forbidden for this endpoint.  Supported authentication types are [OAuth 2.0 Application-Only].",
		}
	}
	if g.Account == nil && limit.User > 0 && limit.App == 0 {
		return &xProblem{
			Status: http.StatusForbidden, Title: "Unsupported Authentication", Type: xProblems + "unsupported-authentication",
			Detail: "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].",
		}
	}
	if !x.limits.spend(w.Header(), limit, g) {
		return xTooMany
	}
	return h(w, r, g)
}

const xProblems = "https://api.x.com/2/problems/"

// xProblem is X's error body.
type xProblem struct {
	Type         string          `json:"type"`
	Title        string          `json:"title"`
	Status       int             `json:"status,omitempty"`
	Detail       string          `json:"detail"`
	ResourceType string          `json:"resource_type,omitempty"`
	ResourceID   string          `json:"resource_id,omitempty"`
	Parameter    string          `json:"parameter,omitempty"`
	Value        string          `json:"value,omitempty"`
	Errors       []xInvalidParam `json:"errors,omitempty"`
}

// xInvalidParam names a parameter that X does not take.
type xInvalidParam struct {
	Message    string              `json:"message"`
	Parameters map[string][]string `json:"parameters"`
}

func (p *xProblem) Error() string { return p.Title + ": " + p.Detail }

func (p *xProblem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p)
}

var xTooMany = &xProblem{Status: http.StatusTooManyRequests, Title: "Too Many Requests", Type: "about:blank", Detail: "Too Many Requests"}

func xForbidden(detail string) *xProblem {
	return &xProblem{Status: http.StatusForbidden, Title: "Forbidden", Type: "about:blank", Detail: detail}
}

func xInvalid(parameter, value, message string) *xProblem {
	return &xProblem{
		Status: http.StatusBadRequest, Title: "Invalid Request", Type: xProblems + "invalid-request",
		Detail: "One or more parameters to your request was invalid.",
		Errors: []xInvalidParam{{Message: message, Parameters: map[string][]string{parameter: {value}}}},
	}
}

// xNotFound is a partial error: X sends it with status 200 beside what it
// found, or with 404 for an unknown path.
func xNotFound(kind, parameter, value string) *xProblem {
	return &xProblem{
		Status: http.StatusNotFound, Title: "Not Found Error", Type: xProblems + "resource-not-found",
		Detail:       fmt.Sprintf("Could not find %s with %s: [%s].", kind, parameter, value),
		ResourceType: kind, ResourceID: value, Parameter: parameter, Value: value,
	}
}

// xNotShown is a partial error about a post that is there, but not for everybody.
func xNotShown(p *post, parameter, value string) *xProblem {
	if p.Author.Suspended {
		return &xProblem{
			Status: http.StatusForbidden, Title: "Forbidden", Type: xProblems + "resource-unavailable",
			Detail: "User has been suspended: [" + formatID(p.Author.ID) + "].", ResourceType: "tweet", ResourceID: value,
		}
	}
	return &xProblem{
		Status: http.StatusForbidden, Title: "Authorization Error", Type: xProblems + "not-authorized-for-resource",
		Detail:       "Sorry, you are not authorized to see the Tweet with " + parameter + ": [" + value + "].",
		ResourceType: "tweet", ResourceID: value, Parameter: parameter, Value: value,
	}
}

// fail answers as X does when something breaks on its side.
func (x *xFacade) fail(w http.ResponseWriter, status int, reset time.Time) {
	if status < 400 {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		w.Write([]byte("{}"))
		return
	}
	p := &xProblem{Status: status, Title: http.StatusText(status), Type: "about:blank", Detail: http.StatusText(status)}
	if status == http.StatusTooManyRequests {
		p = xTooMany
		w.Header().Set("x-rate-limit-limit", "300")
		w.Header().Set("x-rate-limit-remaining", "0")
		w.Header().Set("x-rate-limit-reset", strconv.FormatInt(ceilUnix(reset), 10))
	}
	p.write(w)
}

// ceilUnix is the first whole second that is not before t.
func ceilUnix(t time.Time) int64 {
	return t.Add(time.Second - 1).Unix()
}
