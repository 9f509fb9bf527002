package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// graphHookFields are the fields of a Page that an app may ask to hear of and that this sandbox tells.
var graphHookFields = map[string]bool{
	"feed": true, "mention": true, "ratings": true, "messages": true, "message_echoes": true, "message_edits": true,
	"messaging_postbacks": true, "messaging_referrals": true, "message_deliveries": true, "message_reads": true,
}

// graphSubscription is where an app hears of Pages.
type graphSubscription struct {
	URL    string
	Fields []string
}

// subscribe sets where an app hears of Pages, after asking the address whether it wants to.
func (g *graph) subscribe(c *graphCall) (any, error) {
	if c.path[0] != c.as.App || c.as.Account != nil {
		return nil, graphDenied("An app's own token is required")
	}
	to, fields := c.params.Get("callback_url"), graphNames(c.params.Get("fields"))
	if c.params.Get("object") != "page" || to == "" || len(fields) == 0 {
		return nil, graphInvalid("Params object, callback_url and fields are required")
	}
	challenge := rand.Text()
	q := url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {challenge}, "hub.verify_token": {c.params.Get("verify_token")}}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	failed := &graphError{Code: 2200, Type: "OAuthException", Message: "(#2200) Callback verification failed"}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to+"?"+q.Encode(), nil)
	if err != nil {
		return nil, failed
	}
	res, err := g.hooks.client.Do(req)
	if err != nil {
		return nil, failed
	}
	defer res.Body.Close()
	if answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<10)); err != nil || res.StatusCode != http.StatusOK || string(answer) != challenge {
		return nil, failed
	}
	g.world.mu.Lock()
	defer g.world.mu.Unlock()
	g.apps[c.as.App] = &graphSubscription{to, fields}
	return map[string]any{"success": true}, nil
}

// news tells of an event to every app that a Page concerned has installed. The lock is held.
func (g *graph) news(e event) {
	p := e.Post
	if p.Network != "facebook" || p.Held {
		return
	}
	for _, page := range g.concerned(p) {
		field, entry := g.entry(page, e)
		if field == "" {
			continue
		}
		entry["id"], entry["time"] = formatID(page.ID), g.cfg.Now().Unix()
		body := graphJSON(map[string]any{"object": "page", "entry": []any{entry}})
		for app, fields := range g.pages[page.ID] {
			s := g.apps[app]
			if s == nil || !slices.Contains(fields, field) || !slices.Contains(s.Fields, field) {
				continue
			}
			mac := hmac.New(sha256.New, []byte(graphSecret(app)))
			mac.Write(body)
			g.hooks.send(delivery{URL: s.URL, Body: body, Header: http.Header{
				"Content-Type":        {"application/json"},
				"X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac.Sum(nil))},
			}})
		}
	}
}

// concerned are the Pages that a post stands on, names, or is a message of.
func (g *graph) concerned(p *post) []*account {
	var pages []*account
	add := func(a *account) {
		if a != nil && a.Brand && !slices.Contains(pages, a) {
			pages = append(pages, a)
		}
	}
	if p.Kind == kindMessage {
		add(p.Author)
		add(p.To)
		return pages
	}
	add(graphOwner(g.world.top(p)))
	for _, h := range p.mentions {
		add(g.world.accounts[keyOf("facebook", h)])
	}
	return pages
}

var graphVerbs = map[eventKind]string{created: "add", edited: "edited", deleted: "remove", hidden: "hide", unhidden: "unhide"}

// entry words an event for a Page; no field where Facebook tells nothing of it.
func (g *graph) entry(page *account, e event) (field string, entry map[string]any) {
	p, verb := e.Post, graphVerbs[e.Kind]
	if verb == "" {
		return "", nil
	}
	switch p.Kind {
	case kindMessage:
		return g.messaging(page, e)
	case kindReview:
		if verb == "edited" {
			verb = "edit"
		}
		return "ratings", graphChange("ratings", map[string]any{
			"item": "rating", "verb": verb,
			"reviewer_id": formatID(p.Author.ID), "reviewer_name": p.Author.Name, "open_graph_story_id": g.graphID(p), "rating": p.Rating,
			"review_text": p.Text, "recommendation_type": map[bool]string{true: "positive", false: "negative"}[p.Rating > 3],
			"created_time": p.CreatedAt.Unix(),
		})
	}
	top := g.world.top(p)
	value := map[string]any{"verb": verb, "created_time": p.CreatedAt.Unix(), "post_id": g.graphID(top)}
	comment := p.ParentID != 0
	if comment {
		value["comment_id"] = g.graphID(p)
	}
	if verb != "remove" {
		value["message"] = p.Text
	}
	if graphOwner(top) == page {
		value["item"], value["from"] = "status", map[string]any{"id": formatID(p.Author.ID), "name": p.Author.Name}
		if comment {
			value["item"] = "comment"
			value["parent_id"] = g.graphID(top)
			if parent := g.world.posts[p.ParentID]; parent != nil {
				value["parent_id"] = g.graphID(parent)
			}
		}
		return "feed", graphChange("feed", value)
	}
	value["item"], value["sender_id"], value["sender_name"] = "post", formatID(p.Author.ID), p.Author.Name
	if comment {
		value["item"] = "comment"
	}
	return "mention", graphChange("mention", value)
}

func graphChange(field string, value map[string]any) map[string]any {
	return map[string]any{"changes": []any{map[string]any{"field": field, "value": value}}}
}

// messaging words a message: what the Page itself wrote is an echo.
func (g *graph) messaging(page *account, e event) (field string, entry map[string]any) {
	p := e.Post
	item := map[string]any{
		"sender": map[string]any{"id": formatID(p.Author.ID)}, "recipient": map[string]any{"id": formatID(p.To.ID)},
		"timestamp": p.CreatedAt.UnixMilli(),
	}
	switch {
	case e.Kind == edited:
		item["timestamp"] = p.EditedAt.UnixMilli()
		item["message_edit"] = map[string]any{"mid": g.graphID(p), "text": p.Text, "num_edit": p.Edits}
		field = "message_edits"
	case e.Kind != created:
		return "", nil
	case p.Author == page:
		item["message"] = map[string]any{"mid": g.graphID(p), "text": p.Text, "is_echo": true}
		field = "message_echoes"
	default:
		item["message"] = map[string]any{"mid": g.graphID(p), "text": p.Text}
		field = "messages"
	}
	return field, map[string]any{"messaging": []any{item}}
}
