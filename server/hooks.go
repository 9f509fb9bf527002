package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httprate"

	"github.com/kith-social/kith/listeners"
)

const (
	largestNews = 4 << 20 // bytes of one delivery
	newsAMinute = 6000    // deliveries to one address
	newsTime    = 10 * time.Second
)

// hooks are the addresses that networks bring their news to. They have no session and no form token: who
// knocks is known by the signature. News is stored as it came and understood later.
type hooks struct {
	app  *App
	rate *httprate.RateLimiter
}

// Hooks serves the addresses that networks bring their news to.
func (a *App) Hooks() http.Handler {
	h := &hooks{app: a, rate: httprate.NewRateLimiter(newsAMinute, time.Minute)}
	r := chi.NewRouter()
	r.Get("/hooks/{hook}", h.take)
	r.Post("/hooks/{hook}", h.take)
	return r
}

// door is one connection that a request may be for.
type door struct {
	listeners.Connection
	ch listeners.Receiver
}

func (h *hooks) take(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), newsTime)
	defer cancel()
	hook := chi.URLParam(r, "hook")
	all, err := listeners.AtHook(ctx, h.app.DB.Read(), hook)
	if err != nil {
		h.fail(w, "a hook cannot be found", 0, err)
		return
	}
	if len(all) > 0 && h.rate.RespondOnLimit(w, r, hook) {
		return
	}
	doors, err := h.doors(all)
	switch {
	case len(doors) > 0:
		h.receive(ctx, w, r, doors)
	case err != nil:
		h.fail(w, "a hook's connection cannot be opened", all[0].ID, err)
	default:
		http.Error(w, "nothing is expected here", http.StatusNotFound)
	}
}

// doors opens connections, as far as they can be opened and are brought anything.
func (h *hooks) doors(all []listeners.Connection) (doors []door, err error) {
	for _, c := range all {
		ch, failed := h.app.OpenChannel(c)
		if failed != nil {
			err = failed
			continue
		}
		if receiver, ok := ch.(listeners.Receiver); ok {
			doors = append(doors, door{c, receiver})
		}
	}
	return doors, err
}

// challenged answers a network that asks whether the address is ours, as one of the connections there would.
func challenged(r *http.Request, body []byte, doors []door) (answer []byte, kind string, asked bool, err error) {
	for _, d := range doors {
		if answer, kind, asked, err = d.ch.Challenge(r, body); asked && err == nil {
			return answer, kind, true, nil
		}
	}
	return nil, "", false, err
}

// signed are the doors whose own secrets prove that the network wrote a body.
func signed(h http.Header, body []byte, doors []door) (proven []door) {
	for _, d := range doors {
		if d.ch.Verify(h, body) == nil {
			proven = append(proven, d)
		}
	}
	return proven
}

// receive answers a network's challenge, or stores what it brings.
func (h *hooks) receive(ctx context.Context, w http.ResponseWriter, r *http.Request, doors []door) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestNews))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		http.Error(w, "this is larger than 4 MiB", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the body did not arrive", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer, kind, asked, err := challenged(r, body, doors)
	switch {
	case err != nil:
		http.Error(w, listeners.ErrSignature.Error(), http.StatusForbidden)
		return
	case asked:
		w.Header().Set("Content-Type", kind)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(answer)
		return
	case r.Method != http.MethodPost:
		http.Error(w, "nothing is expected here", http.StatusNotFound)
		return
	case !newsType(r.Header.Get("Content-Type")):
		http.Error(w, "send JSON, a form or XML", http.StatusUnsupportedMediaType)
		return
	}
	proven := signed(r.Header, body, doors)
	if len(proven) == 0 {
		http.Error(w, listeners.ErrSignature.Error(), http.StatusForbidden)
		return
	}
	concerned, err := h.concerned(ctx, r.Header, body, proven)
	if err == nil && len(concerned) > 0 {
		err = h.app.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
			for _, d := range concerned {
				if err := listeners.Take(ctx, tx, d.Connection, d.ch, r.Header, body); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		h.fail(w, "what was brought cannot be stored", proven[0].ID, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// concerned are the connections that a body is for. A network with one address for all accounts of an app
// brings what is about any of them there, also about those whose connection has another address; each
// must have a secret of the app.
func (h *hooks) concerned(ctx context.Context, header http.Header, body []byte, proven []door) ([]door, error) {
	sharer, ok := proven[0].ch.(listeners.Sharer)
	if !ok {
		return proven, nil
	}
	accounts := sharer.Accounts(body)
	if len(accounts) == 0 {
		return proven, nil
	}
	all, err := listeners.OfAccounts(ctx, h.app.DB.Read(), proven[0].Network, accounts)
	if err != nil {
		return nil, err
	}
	doors, err := h.doors(all)
	if err != nil { // the others need not wait for it; its own poll will find what it missed
		h.app.Log.Warn("a connection that is brought news cannot be opened", "network", proven[0].Network, "error", err)
	}
	return signed(header, body, doors), nil
}

// fail lets the network bring it again.
func (h *hooks) fail(w http.ResponseWriter, what string, connection int64, err error) {
	h.app.Log.Error(what, "connection", connection, "error", err)
	w.Header().Set("Retry-After", "30")
	http.Error(w, "try again later", http.StatusServiceUnavailable)
}

// newsType tells whether a Content-Type is one that networks send.
func newsType(header string) bool {
	kind, _, err := mime.ParseMediaType(header)
	if err != nil {
		return false
	}
	switch kind {
	case "application/json", "application/x-www-form-urlencoded", "application/xml", "text/xml", "application/atom+xml", "application/rss+xml":
		return true
	}
	return false
}
