package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// xHookView is a webhook as X shows it.
type xHookView struct {
	CreatedAt string `json:"created_at"`
	ID        string `json:"id"`
	URL       string `json:"url"`
	Valid     bool   `json:"valid"`
}

func (k *xHook) view() xHookView {
	return xHookView{k.CreatedAt.UTC().Format(time.RFC3339), k.ID, k.URL, k.Valid}
}

func xSend(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(w).Encode(v)
}

func xRead(w http.ResponseWriter, r *http.Request, into any) error {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return xInvalid("body", "", "The body does not fit the schema: "+err.Error())
	}
	return nil
}

func (h *xHooks) list(w http.ResponseWriter, _ *http.Request, g grant) error {
	h.mu.Lock()
	views := []xHookView{}
	for _, k := range h.urls {
		if k.App == g.App {
			views = append(views, k.view())
		}
	}
	h.mu.Unlock()
	return xSend(w, map[string]any{"data": views, "meta": map[string]int{"result_count": len(views)}})
}

// create takes an address that proves to be the application's. Unlike X it takes http and ports.
func (h *xHooks) create(w http.ResponseWriter, r *http.Request, g grant) error {
	var in struct {
		URL string `json:"url"`
	}
	if err := xRead(w, r, &in); err != nil {
		return err
	}
	u, err := url.Parse(in.URL)
	if err != nil || u.Host == "" || len(in.URL) > 200 {
		return xInvalid("url", in.URL, "The url is not valid")
	}
	h.mu.Lock()
	known := slices.ContainsFunc(h.urls, func(k *xHook) bool { return k.App == g.App && k.URL == in.URL })
	k := &xHook{ID: h.newID(), URL: in.URL, App: g.App, Valid: true, CreatedAt: h.x.cfg.Now()}
	h.mu.Unlock()
	if known {
		return xInvalid("url", in.URL, "DuplicateUrlFailed: this webhook exists already")
	}
	if !h.crc(k) {
		return xInvalid("url", in.URL, "CrcValidationFailed: the address did not answer the challenge as it should")
	}
	h.mu.Lock()
	h.urls = append(h.urls, k)
	view := k.view()
	h.mu.Unlock()
	return xSend(w, map[string]any{"data": view})
}

func (h *xHooks) find(r *http.Request, g grant) (*xHook, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := slices.IndexFunc(h.urls, func(k *xHook) bool { return k.App == g.App && k.ID == r.PathValue("id") })
	if at < 0 {
		return nil, xNotFound("webhook", "webhook_id", r.PathValue("id"))
	}
	return h.urls[at], nil
}

// validate asks an address again whether it is the application's.
func (h *xHooks) validate(w http.ResponseWriter, r *http.Request, g grant) error {
	k, err := h.find(r, g)
	if err != nil {
		return err
	}
	valid := h.crc(k)
	h.mu.Lock()
	k.Valid = valid
	h.mu.Unlock()
	return xSend(w, map[string]any{"data": map[string]bool{"valid": valid}})
}

func (h *xHooks) remove(w http.ResponseWriter, r *http.Request, g grant) error {
	k, err := h.find(r, g)
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.urls = slices.DeleteFunc(h.urls, func(other *xHook) bool { return other == k })
	h.subs = slices.DeleteFunc(h.subs, func(s *xSubscription) bool { return s.Hook == k })
	h.mu.Unlock()
	return xSend(w, map[string]any{"data": map[string]bool{"deleted": true}})
}

// replay brings again what was brought between two minutes.
func (h *xHooks) replay(w http.ResponseWriter, r *http.Request, g grant) error {
	var in struct {
		Hook string `json:"webhook_id"`
		From string `json:"from_date"`
		To   string `json:"to_date"`
	}
	if err := xRead(w, r, &in); err != nil {
		return err
	}
	const minutes = "200601021504"
	from, err := time.Parse(minutes, in.From)
	if err != nil {
		return xInvalid("from_date", in.From, "from_date is YYYYMMDDhhmm")
	}
	to, err := time.Parse(minutes, in.To)
	if err != nil {
		return xInvalid("to_date", in.To, "to_date is YYYYMMDDhhmm")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.ContainsFunc(h.urls, func(k *xHook) bool { return k.App == g.App && k.ID == in.Hook }) {
		return xNotFound("webhook", "webhook_id", in.Hook)
	}
	for _, e := range h.kept {
		if e.hook.ID == in.Hook && !e.at.Before(from) && e.at.Before(to) {
			h.sender.send(e.what)
		}
	}
	return xSend(w, map[string]any{"data": map[string]string{"created_at": h.x.cfg.Now().UTC().Format(time.RFC3339), "job_id": h.newID()}})
}

// xSubscriptionView is a subscription as X shows it.
type xSubscriptionView struct {
	CreatedAt string            `json:"created_at"`
	Event     string            `json:"event_type"`
	Filter    map[string]string `json:"filter"`
	ID        string            `json:"subscription_id"`
	Tag       string            `json:"tag,omitempty"`
	UpdatedAt string            `json:"updated_at"`
	Hook      string            `json:"webhook_id"`
}

func (s *xSubscription) view() xSubscriptionView {
	at := s.CreatedAt.UTC().Format(time.RFC3339)
	return xSubscriptionView{at, s.Event, map[string]string{"user_id": s.UserID}, s.ID, s.Tag, at, s.Hook.ID}
}

func (h *xHooks) subscriptions(w http.ResponseWriter, _ *http.Request, _ grant) error {
	h.mu.Lock()
	views := []xSubscriptionView{}
	for _, s := range h.subs {
		views = append(views, s.view())
	}
	h.mu.Unlock()
	return xSend(w, map[string]any{"data": views})
}

func (h *xHooks) subscribe(w http.ResponseWriter, r *http.Request, g grant) error {
	var in struct {
		Event  string `json:"event_type"`
		Filter struct {
			UserID    string `json:"user_id"`
			Keyword   string `json:"keyword"`
			Direction string `json:"direction"`
		} `json:"filter"`
		Tag  string `json:"tag"`
		Hook string `json:"webhook_id"`
	}
	if err := xRead(w, r, &in); err != nil {
		return err
	}
	if !slices.Contains(xEvents, in.Event) {
		return xInvalid("event_type", in.Event, "The event_type is not known")
	}
	if id, err := strconv.ParseInt(in.Filter.UserID, 10, 64); err != nil || g.Account != nil && g.Account.ID != id {
		return xInvalid("filter.user_id", in.Filter.UserID, "The user_id is not that of the account that asks")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	at := slices.IndexFunc(h.urls, func(k *xHook) bool { return k.ID == in.Hook })
	if at < 0 {
		return xInvalid("webhook_id", in.Hook, "The webhook_id is not known")
	}
	if slices.ContainsFunc(h.subs, func(s *xSubscription) bool {
		return s.Event == in.Event && s.UserID == in.Filter.UserID && s.Hook == h.urls[at]
	}) {
		return xInvalid("event_type", in.Event, "DuplicateSubscription: this subscription exists already")
	}
	s := &xSubscription{ID: h.newID(), Event: in.Event, UserID: in.Filter.UserID, Tag: in.Tag, Hook: h.urls[at], CreatedAt: h.x.cfg.Now()}
	h.subs = append(h.subs, s)
	return xSend(w, map[string]any{"data": map[string]any{"subscription": s.view()}})
}

func (h *xHooks) unsubscribe(w http.ResponseWriter, r *http.Request, _ grant) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := slices.IndexFunc(h.subs, func(s *xSubscription) bool { return s.ID == r.PathValue("id") })
	if at < 0 {
		return xNotFound("subscription", "subscription_id", r.PathValue("id"))
	}
	h.subs = slices.Delete(h.subs, at, at+1)
	return xSend(w, map[string]any{"data": map[string]bool{"deleted": true}})
}
