package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const maxAdminBody = 64 << 20

// postInput is a post as POST /admin/posts takes it, singly or in an array.
type postInput struct {
	Network   string     `json:"network"`
	ID        decimal    `json:"id"`
	Author    string     `json:"author"`
	Text      string     `json:"text"`
	InReplyTo decimal    `json:"in_reply_to"`
	Quotes    decimal    `json:"quotes"`
	CreatedAt *time.Time `json:"created_at"`
	Lang      string     `json:"lang"`
	Kind      string     `json:"kind"`   // "", review or message
	To        string     `json:"to"`     // handle
	Rating    int        `json:"rating"` // of a review
	Held      bool       `json:"held"`   // until PATCH approves it
}

func (in postInput) draft() draft {
	d := draft{
		ID: int64(in.ID), Network: in.Network, Author: in.Author, Text: in.Text,
		ParentID: int64(in.InReplyTo), QuoteID: int64(in.Quotes), Lang: in.Lang,
		Kind: in.Kind, To: in.To, Rating: in.Rating, Held: in.Held,
	}
	if in.CreatedAt != nil {
		d.At = *in.CreatedAt
	}
	return d
}

var errDecimal = errors.New("an id is a whole number above zero, as a string")

// decimal is an id: a JSON string of digits, or a number. Empty and null are 0.
type decimal int64

func (d *decimal) UnmarshalJSON(b []byte) error {
	s := string(bytes.Trim(b, `"`))
	if s == "" || s == "null" {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return errDecimal
	}
	*d = decimal(n)
	return nil
}

func (n *Network) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /admin/posts", n.adminCreatePosts)
	mux.HandleFunc("GET /admin/posts", n.adminListPosts)
	mux.HandleFunc("DELETE /admin/posts/{id}", n.adminDeletePost)
	mux.HandleFunc("PATCH /admin/posts/{id}", n.adminChangePost)
	mux.HandleFunc("POST /admin/accounts", n.adminOpenAccount)
	mux.HandleFunc("GET /admin/accounts", n.adminListAccounts)
	mux.HandleFunc("PUT /admin/weather", n.adminSetWeather)
	mux.HandleFunc("GET /admin/weather", n.adminListWeather)
	mux.HandleFunc("POST /admin/reset", func(w http.ResponseWriter, r *http.Request) {
		n.reset()
		adminAnswer(w, http.StatusOK, struct{}{})
	})
	return mux
}

// reset empties the world and clears the weather. Accounts opened through the
// admin API keep their ids and tokens.
func (n *Network) reset() {
	n.weather.clear()
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	n.world.clear()
}

func (n *Network) adminCreatePosts(w http.ResponseWriter, r *http.Request) {
	body, ok := adminBody(w, r)
	if !ok {
		return
	}
	many := bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("["))
	inputs := make([]postInput, 1)
	into := any(&inputs[0])
	if many {
		into = &inputs
	}
	if err := json.Unmarshal(body, into); err != nil {
		adminRefuse(w, http.StatusBadRequest, fmt.Errorf("the body is not a post or an array of posts: %w", err))
		return
	}
	drafts := make([]draft, len(inputs))
	for i, in := range inputs {
		drafts[i] = in.draft()
	}
	n.world.mu.Lock()
	made, err := n.world.add(drafts)
	n.world.mu.Unlock()
	if err != nil {
		status := http.StatusUnprocessableEntity
		if errors.Is(err, errTaken) {
			status = http.StatusConflict
		}
		adminRefuse(w, status, err)
		return
	}
	type item struct {
		ID string `json:"id"`
	}
	items := make([]item, len(made))
	for i, p := range made {
		items[i].ID = strconv.FormatInt(p.ID, 10)
	}
	if many {
		adminAnswer(w, http.StatusCreated, map[string]any{"items": items})
		return
	}
	adminAnswer(w, http.StatusCreated, items[0])
}

func (n *Network) adminListPosts(w http.ResponseWriter, r *http.Request) {
	network := r.URL.Query().Get("network")
	var since decimal
	if err := since.UnmarshalJSON([]byte(r.URL.Query().Get("since"))); err != nil {
		adminRefuse(w, http.StatusBadRequest, fmt.Errorf("since: %w", err))
		return
	}
	out := []byte(`{"items":[`)
	n.world.mu.RLock()
	first := true
	for p := range n.world.since(int64(since)) {
		if network != "" && p.Network != network {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = appendLedgerEntry(out, p)
	}
	n.world.mu.RUnlock()
	out = append(out, "]}\n"...)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(out)
}

func appendLedgerEntry(out []byte, p *post) []byte {
	out = append(out, `{"id":`...)
	out = appendID(out, p.ID)
	out = append(out, `,"network":`...)
	out = appendString(out, p.Network)
	out = append(out, `,"author":`...)
	out = appendString(out, p.Author.Handle)
	out = append(out, `,"text":`...)
	out = appendString(out, p.Text)
	if p.ParentID != 0 {
		out = append(out, `,"in_reply_to":`...)
		out = appendID(out, p.ParentID)
	} else {
		out = append(out, `,"in_reply_to":null`...)
	}
	out = append(out, `,"created_at":`...)
	out = appendTime(out, p.CreatedAt)
	return append(out, '}')
}

// adminChangePost edits, hides, shows, approves or rejects a post.
func (n *Network) adminChangePost(w http.ResponseWriter, r *http.Request) {
	body, ok := adminBody(w, r)
	if !ok {
		return
	}
	var change struct {
		Text     *string `json:"text"`
		Hidden   *bool   `json:"hidden"`
		Approved *bool   `json:"approved"` // of a held post
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err == nil {
		err = json.Unmarshal(body, &change)
	}
	if err != nil {
		adminRefuse(w, http.StatusBadRequest, fmt.Errorf(`the body is not {"text", "hidden", "approved"} or the id no number: %w`, err))
		return
	}
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	p := n.world.newest(id)
	err = errNoPost
	if p != nil {
		err = nil
	}
	if err == nil && change.Text != nil {
		p, err = n.world.edit(p.ID, *change.Text, p.Network == "x")
	}
	if err == nil && change.Hidden != nil {
		err = n.world.hide(p.ID, *change.Hidden)
	}
	if err == nil && change.Approved != nil {
		err = n.world.decide(p.ID, *change.Approved)
	}
	switch {
	case errors.Is(err, errNoPost):
		adminRefuse(w, http.StatusNotFound, err)
	case err != nil:
		adminRefuse(w, http.StatusUnprocessableEntity, err)
	default:
		adminAnswer(w, http.StatusOK, map[string]string{"id": formatID(p.ID)})
	}
}

func (n *Network) adminDeletePost(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err == nil {
		n.world.mu.Lock()
		err = n.world.remove(id)
		n.world.mu.Unlock()
	}
	if err != nil {
		adminRefuse(w, http.StatusNotFound, errNoPost)
		return
	}
	adminAnswer(w, http.StatusOK, struct{}{})
}

// accountView is an account as the admin API shows it.
type accountView struct {
	ID      string `json:"id"`
	Network string `json:"network"`
	Handle  string `json:"handle"`
	Name    string `json:"name"`
	Brand   bool   `json:"brand"`
	Token   string `json:"token"`
	Refresh string `json:"refresh_token"`
}

func viewOf(a *account) accountView {
	return accountView{strconv.FormatInt(a.ID, 10), a.Network, a.Handle, a.Name, a.Brand, a.Token, a.Refresh}
}

func (n *Network) adminOpenAccount(w http.ResponseWriter, r *http.Request) {
	body, ok := adminBody(w, r)
	if !ok {
		return
	}
	var in struct {
		Network, Handle, Name string
		Brand                 bool
		Protected, Suspended  *bool
		Moderated             *bool // where the network holds posts for approval
		Premium               *bool // on X
	}
	if err := json.Unmarshal(body, &in); err != nil {
		adminRefuse(w, http.StatusBadRequest, fmt.Errorf("the body is not an account: %w", err))
		return
	}
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	a, err := n.world.open(in.Network, in.Handle, in.Name, in.Brand)
	if err != nil {
		adminRefuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	if in.Protected != nil {
		a.Protected = *in.Protected
	}
	if in.Suspended != nil {
		a.Suspended = *in.Suspended
	}
	if in.Moderated != nil {
		a.Moderated = *in.Moderated
	}
	if in.Premium != nil {
		a.Premium = *in.Premium
	}
	adminAnswer(w, http.StatusCreated, viewOf(a))
}

func (n *Network) adminListAccounts(w http.ResponseWriter, r *http.Request) {
	network := r.URL.Query().Get("network")
	items := []accountView{}
	n.world.mu.RLock()
	for _, a := range n.world.joined {
		if network == "" || a.Network == network {
			items = append(items, viewOf(a))
		}
	}
	n.world.mu.RUnlock()
	adminAnswer(w, http.StatusOK, map[string]any{"items": items})
}

// adminSetWeather takes one rule, which replaces the rule of its network and
// route, or an array of rules, which replaces the whole weather. An empty body
// clears.
func (n *Network) adminSetWeather(w http.ResponseWriter, r *http.Request) {
	body, ok := adminBody(w, r)
	if !ok {
		return
	}
	body = bytes.TrimSpace(body)
	var err error
	switch {
	case len(body) == 0:
		err = n.weather.set(rule{})
	case body[0] == '[':
		var rules []rule
		if err = json.Unmarshal(body, &rules); err == nil {
			err = n.weather.replace(rules)
		}
	default:
		var one rule
		if err = json.Unmarshal(body, &one); err == nil {
			err = n.weather.set(one)
		}
	}
	if err != nil {
		adminRefuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	n.adminListWeather(w, r)
}

func (n *Network) adminListWeather(w http.ResponseWriter, _ *http.Request) {
	adminAnswer(w, http.StatusOK, map[string]any{"items": n.weather.list()})
}

func adminBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAdminBody))
	if err != nil {
		adminRefuse(w, http.StatusRequestEntityTooLarge, fmt.Errorf("the body could not be read: %w", err))
		return nil, false
	}
	return body, true
}

func adminAnswer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func adminRefuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": err.Error()})
}
