package sandbox

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// graph shows the network "facebook" as the Graph API. Accounts that are brands are Pages; the others are
// people. Ids are written as Facebook writes them, and the number after the last underscore is the
// world's: OWNER_POST for a post, POST_COMMENT for a comment, m_MESSAGE, t_PERSON for a conversation; a
// review is known by the bare number of its story.
//
// Any number is the id of an app, and graphSecret tells its secret. Tokens that the admin API hands out
// belong to the app 1000.
type graph struct {
	world *world
	cfg   Config
	hooks *hooks
	usage graphUsage

	// Guarded by the world's lock.
	tokens  map[string]graphToken
	codes   map[string]graphCode
	revoked map[string]bool               // by app and person
	apps    map[string]*graphSubscription // what each app wants to hear of, and where
	pages   map[int64]map[string][]string // fields of each app that a Page has installed
	private map[int64]bool                // comments that were answered by a message
}

func newGraph(n *Network) *graph {
	g := &graph{
		world: n.world, cfg: n.cfg, usage: newGraphUsage(n.cfg),
		hooks:  newHooks("facebook", n, 500*time.Millisecond, 5*time.Second, time.Minute, 10*time.Minute),
		tokens: make(map[string]graphToken), codes: make(map[string]graphCode), revoked: make(map[string]bool),
		apps: make(map[string]*graphSubscription), pages: make(map[int64]map[string][]string), private: make(map[int64]bool),
	}
	g.world.watch(g.news)
	return g
}

// graphCall is one call, wherever it came from.
type graphCall struct {
	method string
	path   []string
	params url.Values
	as     graphToken
	base   string // address of this facade with the version, for links to further pages
	faults pageFaults
}

const graphMaxBody = 4 << 20

var graphVersion = regexp.MustCompile(`^v([0-9]{1,3})\.[0-9]$`)

const graphOldest = 21 // the oldest version that Facebook still serves

func (g *graph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, graphMaxBody)
	prefix, _, _ := strings.Cut(r.RequestURI, "?")
	prefix = strings.TrimSuffix(prefix, r.URL.Path)
	c := &graphCall{method: r.Method, base: "http://" + r.Host + prefix, faults: pageFaultsOf(r.Context())}
	if err := g.read(r, c); err != nil {
		g.refuse(w, err)
		return
	}
	if len(c.path) == 2 && c.path[0] == "dialog" && c.path[1] == "oauth" {
		g.dialog(w, r)
		return
	}
	answer, err := g.admit(w, r, c)
	if err != nil {
		g.refuse(w, err)
		return
	}
	g.write(w, http.StatusOK, answer)
}

// read takes a request apart: version, path, parameters of the query and the body, the true method.
func (g *graph) read(r *http.Request, c *graphCall) error {
	err := r.ParseMultipartForm(graphMaxBody)
	if err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return graphInvalid("the body cannot be read")
	}
	c.params = r.Form
	for _, part := range strings.Split(r.URL.Path, "/") {
		if part != "" {
			c.path = append(c.path, part)
		}
	}
	if len(c.path) > 0 {
		if m := graphVersion.FindStringSubmatch(c.path[0]); m != nil {
			if n, _ := strconv.Atoi(m[1]); n < graphOldest {
				return &graphError{Code: 2635, Message: "(#2635) You are calling a deprecated version of the Graph API.", Type: "OAuthException"}
			}
			c.base, c.path = c.base+"/"+c.path[0], c.path[1:]
		}
	}
	if override := c.params.Get("method"); override != "" && r.Method == http.MethodPost {
		c.method = strings.ToUpper(override)
	}
	for _, gone := range []string{"date_format", "debug", "pretty"} {
		if c.params.Has(gone) {
			return graphInvalid("the parameter " + gone + " is no longer supported")
		}
	}
	if len(c.path) == 0 && c.params.Has("ids") {
		return graphInvalid("the parameter ids is no longer supported")
	}
	return nil
}

// admit finds out who calls, counts the call and lets it through.
func (g *graph) admit(w http.ResponseWriter, r *http.Request, c *graphCall) (any, error) {
	if len(c.path) == 2 && c.path[0] == "oauth" && c.path[1] == "access_token" {
		return g.accessToken(c)
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		token = c.params.Get("access_token")
	}
	g.world.mu.RLock()
	as, err := g.token(token)
	g.world.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	if proof := c.params.Get("appsecret_proof"); proof != "" {
		mac := hmac.New(sha256.New, []byte(graphSecret(as.App)))
		mac.Write([]byte(token))
		if !hmac.Equal([]byte(proof), []byte(hex.EncodeToString(mac.Sum(nil)))) {
			return nil, &graphError{Code: 100, Message: "Invalid appsecret_proof provided in the API argument", Type: "GraphMethodException"}
		}
	}
	c.as = as
	if err := g.usage.spend(w.Header(), as); err != nil {
		return nil, err
	}
	if len(c.path) == 0 && c.method == http.MethodPost && c.params.Has("batch") {
		return g.batch(r, c, token)
	}
	return g.do(c)
}

// do carries out an admitted call.
func (g *graph) do(c *graphCall) (any, error) {
	if len(c.path) == 2 && c.path[1] == "subscriptions" && c.method == http.MethodPost {
		return g.subscribe(c) // asks the address, which must not happen under the lock
	}
	g.world.mu.Lock()
	defer g.world.mu.Unlock()
	switch {
	case len(c.path) == 1 && c.path[0] == "debug_token":
		return g.debugToken(c)
	case len(c.path) == 0 || len(c.path) > 2:
		return nil, graphUnknown("")
	case len(c.path) == 1:
		return g.node(c, c.path[0])
	}
	return g.edge(c, c.path[0], c.path[1])
}

// batch carries out up to 50 calls. Where the weather hides a page, the last of them is not answered.
func (g *graph) batch(r *http.Request, c *graphCall, token string) (any, error) {
	var calls []struct {
		Method string `json:"method"`
		URL    string `json:"relative_url"`
		Body   string `json:"body"`
	}
	if err := json.Unmarshal([]byte(c.params.Get("batch")), &calls); err != nil || len(calls) == 0 || len(calls) > 50 {
		return nil, graphInvalid("batch must be an array of 1 to 50 calls")
	}
	answers := make([]any, len(calls))
	for i, one := range calls {
		inner, err := http.NewRequest(one.Method, "/"+strings.TrimPrefix(one.URL, "/"), strings.NewReader(one.Body))
		if err != nil {
			return nil, graphInvalid("call " + strconv.Itoa(i) + " of the batch is no call")
		}
		inner.Host, inner.RequestURI = r.Host, r.RequestURI+inner.URL.Path
		inner.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		inner.Header.Set("Authorization", "Bearer "+token)
		held := &heldAnswer{header: make(http.Header)}
		g.ServeHTTP(held, inner)
		answers[i] = map[string]any{"code": max(held.status, 200), "body": held.body.String()}
	}
	if c.faults.empty {
		answers[len(answers)-1] = nil
	}
	return answers, nil
}

// graphError is Facebook's error body.
type graphError struct {
	Status    int    `json:"-"`
	Message   string `json:"message"`
	Type      string `json:"type"`
	Code      int    `json:"code"`
	Subcode   int    `json:"error_subcode,omitempty"`
	Transient bool   `json:"is_transient,omitempty"`
	Trace     string `json:"fbtrace_id"`

	regain int // minutes until calls are welcome again
}

func (e *graphError) Error() string { return e.Message }

func graphInvalid(why string) *graphError {
	return &graphError{Code: 100, Message: "(#100) " + why, Type: "OAuthException"}
}

func graphDenied(why string) *graphError {
	return &graphError{Code: 200, Status: http.StatusForbidden, Message: "(#200) " + why, Type: "OAuthException"}
}

// graphUnknown is what Facebook says of what does not exist, or not for this caller.
func graphUnknown(id string) *graphError {
	return &graphError{
		Code: 100, Subcode: 33, Type: "GraphMethodException",
		Message: "Unsupported get request. Object with ID '" + id + "' does not exist, cannot be loaded due to missing permissions, or does not support this operation.",
	}
}

func (g *graph) refuse(w http.ResponseWriter, err error) {
	var e *graphError
	if !errors.As(err, &e) {
		e = graphInvalid(err.Error())
	}
	if e.regain > 0 {
		w.Header().Set("X-Business-Use-Case-Usage", graphUsageHeader("0", 100, e.regain))
	}
	e.Trace = "sandbox"
	g.write(w, max(e.Status, http.StatusBadRequest), map[string]any{"error": e})
}

func (g *graph) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	w.Write(graphJSON(v))
}

// graphJSON writes JSON as Facebook does: in ASCII, slashes escaped.
func graphJSON(v any) []byte {
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // texts, numbers, maps and lists: it cannot fail
	}
	var b bytes.Buffer
	for _, r := range strings.TrimSuffix(plain.String(), "\n") {
		switch {
		case r == '/':
			b.WriteString(`\/`)
		case r < 0x80:
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	return b.Bytes()
}

// fail answers as Facebook does when something breaks on its side.
func (g *graph) fail(w http.ResponseWriter, status int, reset time.Time) {
	switch {
	case status == http.StatusTooManyRequests:
		wait := reset.Sub(g.cfg.Now())
		g.refuse(w, graphTooMany(int((wait+time.Minute-1)/time.Minute)))
	case status < 400 || status == http.StatusInternalServerError:
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(status)
		io.WriteString(w, "{}")
	case status == http.StatusUnauthorized:
		g.refuse(w, &graphError{Code: 190, Subcode: 463, Status: status, Type: "OAuthException", Message: "Error validating access token: Session has expired."})
	case status == http.StatusForbidden:
		g.refuse(w, graphDenied("Permissions error"))
	case status == http.StatusNotFound:
		g.refuse(w, graphUnknown("0"))
	case status < 500:
		g.refuse(w, graphInvalid("Invalid parameter"))
	default:
		g.refuse(w, &graphError{Code: 2, Status: status, Transient: true, Type: "OAuthException", Message: "An unexpected error has occurred. Please retry your request later."})
	}
}

// graphID is a post's id as Facebook writes it.
func (g *graph) graphID(p *post) string {
	switch {
	case p.Kind == kindMessage:
		return "m_" + formatID(p.ID)
	case p.Kind == kindReview:
		return formatID(p.ID)
	case p.ParentID != 0:
		return formatID(p.RootID) + "_" + formatID(p.ID)
	}
	return formatID(graphOwner(p).ID) + "_" + formatID(p.ID)
}

// graphOwner is on whose timeline a post stands.
func graphOwner(p *post) *account {
	if p.To != nil {
		return p.To
	}
	return p.Author
}

// find is the post with an id; nil where nobody sees one. A comment goes with the post it stands under.
func (g *graph) find(id string) *post {
	n, err := strconv.ParseInt(id[strings.LastIndexByte(id, '_')+1:], 10, 64)
	p := g.world.posts[n]
	if err != nil || p == nil || p.Network != "facebook" || p.Held || p.Author.Suspended || g.graphID(p) != id {
		return nil
	}
	if p.ParentID != 0 && g.world.posts[p.RootID] == nil {
		return nil
	}
	return p
}

// account is the Page or person with an id; "me" is whose token it is.
func (g *graph) account(c *graphCall, id string) *account {
	if id == "me" {
		return c.as.Account
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if a := g.world.accountIDs[n]; err == nil && a != nil && a.Network == "facebook" {
		return a
	}
	return nil
}

// page is the Page with an id, if the caller acts as it.
func (g *graph) page(c *graphCall, id string) (*account, error) {
	a := g.account(c, id)
	switch {
	case a == nil || !a.Brand:
		return nil, graphUnknown(id)
	case c.as.Account != a:
		return nil, &graphError{Code: 190, Subcode: 2069032, Type: "OAuthException", Message: "User Access Token Is Not Supported: a Page access token is required for this call"}
	}
	return a, nil
}

func graphTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-0700") }

// graphNames splits a list of names that is written with commas or as JSON.
func graphNames(s string) []string {
	var names []string
	if json.Unmarshal([]byte(s), &names) != nil {
		names = strings.Split(s, ",")
	}
	return slices.DeleteFunc(names, func(n string) bool { return strings.TrimSpace(n) == "" })
}
