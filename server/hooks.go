package server

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httprate"

	"github.com/kith-social/kith/listeners"
)

const (
	largestNews = 4 << 20 // bytes of one delivery
	newsAMinute = 6000    // deliveries of one connection
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

func (h *hooks) take(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), newsTime)
	defer cancel()
	c, err := listeners.FindHook(ctx, h.app.DB.Read(), chi.URLParam(r, "hook"))
	if errors.Is(err, sql.ErrNoRows) {
		http.Error(w, "nothing is expected here", http.StatusNotFound)
		return
	}
	if err != nil {
		h.fail(w, "a hook cannot be found", 0, err)
		return
	}
	if h.rate.RespondOnLimit(w, r, strconv.FormatInt(c.ID, 10)) {
		return
	}
	ch, err := h.app.OpenChannel(c)
	if err != nil {
		h.fail(w, "a hook's connection cannot be opened", c.ID, err)
		return
	}
	receiver, ok := ch.(listeners.Receiver)
	if !ok {
		http.Error(w, "nothing is expected here", http.StatusNotFound)
		return
	}
	h.receive(ctx, w, r, c, receiver)
}

// receive answers a network's challenge, or stores what it brings.
func (h *hooks) receive(ctx context.Context, w http.ResponseWriter, r *http.Request, c listeners.Connection, ch listeners.Receiver) {
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
	answer, kind, asked, err := ch.Challenge(r, body)
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
	if err := ch.Verify(r.Header, body); err != nil {
		http.Error(w, listeners.ErrSignature.Error(), http.StatusForbidden)
		return
	}
	err = h.app.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
		return listeners.Take(ctx, tx, c, ch, r.Header, body)
	})
	if err != nil {
		h.fail(w, "what was brought cannot be stored", c.ID, err)
		return
	}
	w.WriteHeader(http.StatusOK)
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
