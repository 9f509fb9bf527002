package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	graphMaxComment = 8000
	graphMaxMessage = 2000
	// How long after a person's last message a Page may write: any text, or as a human agent.
	graphWindow      = 24 * time.Hour
	graphHumanWindow = 7 * 24 * time.Hour
)

func graphText(text string, most int) error {
	switch {
	case strings.TrimSpace(text) == "":
		return graphInvalid("A message or an attachment is required")
	case utf8.RuneCountInString(text) > most:
		return graphInvalid("Length of param message must be less than or equal to " + strconv.Itoa(most))
	}
	return nil
}

// comment writes under a post or a comment.
func (g *graph) comment(c *graphCall, parent *post) (any, error) {
	if c.as.Account == nil {
		return nil, graphDenied("An app cannot comment")
	}
	text := c.params.Get("message")
	if err := graphText(text, graphMaxComment); err != nil {
		return nil, err
	}
	for _, r := range parent.replies {
		if !r.gone && r.Author == c.as.Account && r.Text == text && r.Kind == kindPost {
			return nil, &graphError{Code: 506, Type: "OAuthException", Message: "(#506) Duplicate status message"}
		}
	}
	return g.add(draft{Author: c.as.Account.Handle, Text: text, ParentID: parent.ID})
}

// publish writes on a Page.
func (g *graph) publish(c *graphCall, page *account) (any, error) {
	text := c.params.Get("message")
	if err := graphText(text, graphMaxComment); err != nil {
		return nil, err
	}
	return g.add(draft{Author: page.Handle, Text: text})
}

func (g *graph) add(d draft) (any, error) {
	d.Network = "facebook"
	made, err := g.world.add([]draft{d})
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": g.graphID(made[0])}, nil
}

// send writes a message: to a person who wrote within the window, or once to who wrote a comment.
func (g *graph) send(c *graphCall, page *account) (any, error) {
	var to struct {
		ID        string `json:"id"`
		CommentID string `json:"comment_id"`
	}
	var message struct{ Text string }
	if json.Unmarshal([]byte(c.params.Get("recipient")), &to) != nil || json.Unmarshal([]byte(c.params.Get("message")), &message) != nil {
		return nil, graphInvalid("Params recipient and message must be objects")
	}
	if err := graphText(message.Text, graphMaxMessage); err != nil {
		return nil, err
	}
	now := g.cfg.Now()
	var with *account
	var answered *post
	if to.CommentID != "" {
		answered = g.find(to.CommentID)
		switch {
		case answered == nil:
			return nil, graphUnknown(to.CommentID)
		case g.private[answered.ID]:
			return nil, &graphError{Code: 10900, Type: "OAuthException", Message: "(#10900) Activity already replied to"}
		case !g.mayReplyPrivately(answered):
			return nil, &graphError{Code: 10903, Type: "OAuthException", Message: "(#10903) This user can't reply to this activity"}
		}
		with = answered.Author
	} else {
		with = g.account(c, to.ID)
		v := g.conversation(page, with)
		if v == nil {
			return nil, &graphError{Code: 551, Subcode: 1545041, Type: "OAuthException", Message: "(#551) This person isn't available right now."}
		}
		window := graphWindow
		if c.params.Get("messaging_type") == "MESSAGE_TAG" && c.params.Get("tag") == "HUMAN_AGENT" {
			window = graphHumanWindow
		}
		var heard time.Time
		for _, p := range v.posts {
			if p.Author == with {
				heard = p.CreatedAt
			}
		}
		if !now.Before(heard.Add(window)) {
			return nil, &graphError{Code: 10, Subcode: 2018278, Type: "OAuthException", Message: "(#10) This message is sent outside of allowed window."}
		}
	}
	made, err := g.world.add([]draft{{Network: "facebook", Author: page.Handle, Text: message.Text, Kind: kindMessage, To: with.Handle}})
	if err != nil {
		return nil, err
	}
	if answered != nil {
		g.private[answered.ID] = true
	}
	return map[string]any{"recipient_id": formatID(with.ID), "message_id": g.graphID(made[0])}, nil
}

// mayChange tells whether the caller rules over a post: its own, or what stands on its Page.
func (g *graph) mayChange(c *graphCall, p *post) bool {
	a := c.as.Account
	return a != nil && (p.Author == a || graphOwner(g.world.top(p)) == a || g.world.top(p).names(a)) && p.Kind != kindMessage
}

func (g *graph) deletePost(c *graphCall, p *post) (any, error) {
	if !g.mayChange(c, p) {
		return nil, graphDenied("Permissions error")
	}
	if err := g.world.remove(p.ID); err != nil {
		return nil, graphUnknown(g.graphID(p))
	}
	return map[string]any{"success": true}, nil
}

// change edits or hides.
func (g *graph) change(c *graphCall, p *post) (any, error) {
	if !g.mayChange(c, p) {
		return nil, graphDenied("Permissions error")
	}
	if hidden := c.params.Get("is_hidden"); hidden != "" {
		away, err := strconv.ParseBool(hidden)
		switch {
		case err != nil:
			return nil, graphInvalid("Param is_hidden must be a boolean")
		case p.Author == c.as.Account:
			return nil, graphInvalid("A Page cannot hide what it wrote itself")
		}
		if err := g.world.hide(p.ID, away); err != nil {
			return nil, graphUnknown(g.graphID(p))
		}
	}
	if c.params.Has("message") {
		if p.Author != c.as.Account {
			return nil, graphDenied("Only its author can edit this")
		}
		if err := graphText(c.params.Get("message"), graphMaxComment); err != nil {
			return nil, err
		}
		if _, err := g.world.edit(p.ID, c.params.Get("message"), false); err != nil {
			return nil, err
		}
	}
	return map[string]any{"success": true}, nil
}

// install makes a Page tell an app of what happens on it, lists whom it tells, or stops.
func (g *graph) install(c *graphCall, page *account) (any, error) {
	apps := g.pages[page.ID]
	switch c.method {
	case http.MethodPost:
		fields := graphNames(c.params.Get("subscribed_fields"))
		for _, f := range fields {
			if !graphHookFields[f] {
				return nil, graphInvalid("Param subscribed_fields[0] must be one of the fields of a Page, got " + strconv.Quote(f))
			}
		}
		if len(fields) == 0 {
			return nil, graphInvalid("Param subscribed_fields is required")
		}
		if apps == nil {
			apps = make(map[string][]string)
			g.pages[page.ID] = apps
		}
		apps[c.as.App] = fields
		return map[string]any{"success": true}, nil
	case http.MethodDelete:
		delete(apps, c.as.App)
		return map[string]any{"success": true}, nil
	}
	data := []any{}
	for app, fields := range apps {
		data = append(data, map[string]any{"id": app, "name": "App " + app, "link": "https://www.facebook.com/games/?app_id=" + app, "subscribed_fields": fields})
	}
	return map[string]any{"data": data}, nil
}
