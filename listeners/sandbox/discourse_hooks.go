package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
)

// discourseWebhook is an address that wants to hear of every post.
type discourseWebhook struct {
	id     int
	url    string
	secret string
}

// happened tells every webhook what became of a post, and numbers new posts. It runs with the lock held.
func (d *discourseFacade) happened(e event) {
	if e.Post.Network != "discourse" {
		return
	}
	if e.Kind == rejected {
		d.refused = append(d.refused, discourseRefused{e.Post.ID, e.Post.Author, d.raw(e.Post), e.Post.RootID, d.cfg.Now()})
	}
	if e.Post.Held {
		return
	}
	d.number(e.Post)
	name := map[eventKind]string{
		created: "post_created", approved: "post_created", edited: "post_edited", deleted: "post_destroyed",
		hidden: "post_edited", unhidden: "post_edited",
	}[e.Kind]
	if name == "" || len(d.webhooks) == 0 {
		return
	}
	m := d.brought(e.Post)
	if e.Kind == deleted {
		m["deleted_at"] = discourseTime(d.cfg.Now())
	}
	d.bring("post", name, map[string]any{"post": m})
}

// bring sends an event to every webhook. Each delivery has its own number, and keeps it when it is tried
// again.
func (d *discourseFacade) bring(kind, name string, body map[string]any) {
	b, err := json.Marshal(body)
	if err != nil {
		return
	}
	for _, hook := range d.webhooks {
		d.hooks.send(delivery{URL: hook.url, Header: d.headers(hook, kind, name, b), Body: b})
	}
}

func (d *discourseFacade) headers(hook *discourseWebhook, kind, name string, body []byte) http.Header {
	d.events++
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "Discourse/2026.11.0")
	h.Set("X-Discourse-Instance", "http://forum.sandbox")
	h.Set("X-Discourse-Event-Id", strconv.Itoa(d.events))
	h.Set("X-Discourse-Event-Type", kind)
	h.Set("X-Discourse-Event", name)
	if hook.secret != "" {
		mac := hmac.New(sha256.New, []byte(hook.secret))
		mac.Write(body)
		h.Set("X-Discourse-Event-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	return h
}

func (hook *discourseWebhook) view() map[string]any {
	return map[string]any{
		"id": hook.id, "payload_url": hook.url, "content_type": 1, "last_delivery_status": 1, "secret": hook.secret,
		"wildcard_web_hook": false, "verify_certificate": true, "active": true, "web_hook_event_types": []any{map[string]any{"id": 201, "name": "post_created"}},
	}
}

func (d *discourseFacade) listWebhooks(w http.ResponseWriter, _ *http.Request, by discourseCaller) *discourseProblem {
	if !by.admin {
		return discourseNotFound
	}
	list := []any{}
	for _, hook := range d.webhooks {
		list = append(list, hook.view())
	}
	adminAnswer(w, http.StatusOK, map[string]any{"web_hooks": list, "total_rows_web_hooks": len(list)})
	return nil
}

func (d *discourseFacade) addWebhook(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	var in struct {
		Hook struct {
			URL    string `json:"payload_url"`
			Secret string `json:"secret"`
		} `json:"web_hook"`
	}
	if p := discourseBody(r, &in); p != nil {
		return p
	}
	switch {
	case !by.admin:
		return discourseNotFound
	case in.Hook.URL == "":
		return discourseUnprocessable("Payload URL can't be blank")
	case len(in.Hook.Secret) < 12:
		return discourseUnprocessable("Secret is too short (minimum is 12 characters)")
	}
	hook := &discourseWebhook{len(d.webhooks) + 1, in.Hook.URL, in.Hook.Secret}
	d.webhooks = append(d.webhooks, hook)
	adminAnswer(w, http.StatusOK, map[string]any{"web_hook": hook.view()})
	return nil
}

func (d *discourseFacade) pingWebhook(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	id := int(pathID(r, "id"))
	if !by.admin || id < 1 || id > len(d.webhooks) {
		return discourseNotFound
	}
	body := []byte(`{"ping":"OK"}`)
	hook := d.webhooks[id-1]
	d.hooks.send(delivery{URL: hook.url, Header: d.headers(hook, "ping", "ping", body), Body: body})
	adminAnswer(w, http.StatusOK, map[string]any{"success": "OK"})
	return nil
}
