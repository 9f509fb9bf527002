package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/sandbox"
)

// place is a network that can be simulated and how the brand connects to it.
type place struct {
	path     string
	settings listeners.Settings
	secret   string // what the account's token is called
}

// places are the networks that a scenario may be on.
var places = map[string]place{
	"x":         {"/x", listeners.Settings{}, "token"},
	"discourse": {"/discourse", listeners.Settings{"user": handle}, "key"},
}

const (
	handle = "brand"               // the brand's account
	host   = "http://sandbox.test" // is never looked up
)

// errKilled is what a process that was killed would have said.
var errKilled = errors.New("the process was killed")

// errLost is a connection that broke.
var errLost = errors.New("the connection was lost")

// wire is the way to the networks: calls are served in this process, and fail as the trouble asks.
type wire struct {
	net   *sandbox.Network
	hands *clock.Manual
	fault func(*http.Request) fault // what happens to a call
	kill  func() bool               // draws whether the process is killed here

	mu   sync.Mutex
	dead bool
}

// fault is what happens to a call.
type fault int

const (
	fine fault = iota
	tooMany
	broken      // 503 before anything was done
	brokenAfter // 503 although it was done
	lostBefore
	lostAfter
	late // the answer takes long
)

// lateBy is how long a late call takes.
const lateBy = 12 * time.Second

// RoundTrip implements http.RoundTripper. Reading goes on while pages are stored, so that what happens to it must
// not hang on which of both comes first: it is not what kills a process.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	posting := req.Method != http.MethodGet
	if posting && (w.dead || w.kill()) {
		w.dead = true
		return nil, errKilled
	}
	f := w.fault(req)
	switch f {
	case lostBefore:
		return nil, errLost
	case tooMany:
		return refused(req, http.StatusTooManyRequests, "60"), nil
	case broken:
		return refused(req, http.StatusServiceUnavailable, ""), nil
	case late:
		if posting {
			w.hands.Advance(lateBy)
		}
	}
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders() // from here on nobody can say that it was not done
	}
	served := serve(w.net, incoming(req))
	switch {
	case posting && w.kill():
		w.dead = true
		return nil, errKilled
	case f == lostAfter:
		return nil, errLost
	case f == brokenAfter && posting:
		return refused(req, http.StatusServiceUnavailable, ""), nil
	}
	return served.response(req), nil
}

// incoming is a request as the server that it reaches sees it.
func incoming(req *http.Request) *http.Request {
	in := req.Clone(req.Context())
	in.RequestURI, in.Host, in.RemoteAddr = req.URL.RequestURI(), req.URL.Host, "192.0.2.1:1234"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	return in
}

// served is the answer of a handler that was called without a socket.
type served struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func serve(h http.Handler, req *http.Request) *served {
	s := &served{status: http.StatusOK, header: http.Header{}}
	h.ServeHTTP(s, req)
	return s
}

// Header implements http.ResponseWriter.
func (s *served) Header() http.Header { return s.header }

// WriteHeader implements http.ResponseWriter.
func (s *served) WriteHeader(status int) { s.status = status }

// Write implements http.ResponseWriter.
func (s *served) Write(b []byte) (int, error) { return s.body.Write(b) }

func (s *served) response(req *http.Request) *http.Response {
	return &http.Response{
		StatusCode: s.status, Status: http.StatusText(s.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: s.header, Body: io.NopCloser(&s.body), ContentLength: int64(s.body.Len()), Request: req,
	}
}

// refused is the answer of a network that does not do what it is asked.
func refused(req *http.Request, status int, retryAfter string) *http.Response {
	s := &served{status: status, header: http.Header{"Content-Type": {"application/json"}}}
	s.body.WriteString("{}")
	if retryAfter != "" {
		s.header.Set("Retry-After", retryAfter)
	}
	return s.response(req)
}

// stage is the network from the side on which customers are played: nothing goes wrong there.
type stage struct{ net *sandbox.Network }

// posted is a line of the network's own ledger.
type posted struct {
	ID        string    `json:"id"`
	Author    string    `json:"author"`
	Text      string    `json:"text"`
	InReplyTo string    `json:"in_reply_to"`
	CreatedAt time.Time `json:"created_at"`
}

func (s stage) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, host+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	said := serve(s.net, incoming(req))
	if said.status >= 300 {
		return fmt.Errorf("sandbox network: %s %s: %s", method, path, bytes.TrimSpace(said.body.Bytes()))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(said.body.Bytes(), out)
}

func (s stage) say(ctx context.Context, network, author, text, inReplyTo string) (id string, err error) {
	var made struct{ ID string }
	err = s.call(ctx, http.MethodPost, "/admin/posts", map[string]string{"network": network, "author": author, "text": text, "in_reply_to": inReplyTo}, &made)
	return made.ID, err
}

func (s stage) account(ctx context.Context, network string) (token string, err error) {
	var made struct{ Token string }
	err = s.call(ctx, http.MethodPost, "/admin/accounts", map[string]any{"network": network, "handle": handle, "name": "Brand", "brand": true}, &made)
	return made.Token, err
}

func (s stage) remove(ctx context.Context, id string) error {
	return s.call(ctx, http.MethodDelete, "/admin/posts/"+id, nil, nil)
}

// ledger is what is on the network after a post, oldest first.
func (s stage) ledger(ctx context.Context, network, since string) ([]posted, error) {
	var list struct{ Items []posted }
	err := s.call(ctx, http.MethodGet, "/admin/posts?network="+network+"&since="+since, nil, &list)
	return list.Items, err
}

// number is the sandbox's own number of a post: networks write it in their own ways.
func number(nativeID string) string { return nativeID[strings.LastIndexAny(nativeID, "_/")+1:] }
