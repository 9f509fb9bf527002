package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	xMaxBody = 2 << 20
	// xDuplicateSpell is how long an author may not say the same to the same post.
	xDuplicateSpell = 24 * time.Hour
)

// xDraft is the body of POST /2/tweets. X refuses members it does not know.
type xDraft struct {
	Text  string `json:"text"`
	Reply *struct {
		InReplyTo    string          `json:"in_reply_to_tweet_id"`
		Exclude      []string        `json:"exclude_reply_user_ids"`
		AutoPopulate json.RawMessage `json:"auto_populate_reply_metadata"`
	} `json:"reply"`
	Quotes string `json:"quote_tweet_id"`
	Edit   *struct {
		Previous string `json:"previous_post_id"`
	} `json:"edit_options"`

	// Taken and ignored.
	CardURI        json.RawMessage `json:"card_uri"`
	Community      json.RawMessage `json:"community_id"`
	DeepLink       json.RawMessage `json:"direct_message_deep_link"`
	SuperFollowers json.RawMessage `json:"for_super_followers_only"`
	Geo            json.RawMessage `json:"geo"`
	MadeWithAI     json.RawMessage `json:"made_with_ai"`
	Media          json.RawMessage `json:"media"`
	Nullcast       json.RawMessage `json:"nullcast"`
	Partnership    json.RawMessage `json:"paid_partnership"`
	Poll           json.RawMessage `json:"poll"`
	ReplySettings  json.RawMessage `json:"reply_settings"`
	Share          json.RawMessage `json:"share_with_followers"`
}

func (x *xFacade) create(w http.ResponseWriter, r *http.Request, g grant) error {
	if g.Scope != "" && !slices.Contains(strings.Fields(g.Scope), "tweet.write") {
		return xForbidden("Your client app is not configured with the appropriate oauth2 scopes for this endpoint.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, xMaxBody))
	if err != nil {
		return &xProblem{Status: http.StatusRequestEntityTooLarge, Title: "Payload Too Large", Type: "about:blank", Detail: "Payload Too Large"}
	}
	var in xDraft
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return xInvalid("body", "", "The body does not fit the schema: "+err.Error())
	}
	d := draft{Network: "x", Author: g.Account.Handle, Text: in.Text}
	if strings.TrimSpace(in.Text) == "" || strings.ContainsRune(in.Text, 0) {
		return xInvalid("text", "", "The text of a Tweet must not be empty and must not hold control characters")
	}
	if in.Reply != nil {
		if d.ParentID, err = parseID("reply.in_reply_to_tweet_id", in.Reply.InReplyTo); err != nil {
			return err
		}
	}
	if in.Quotes != "" {
		if d.QuoteID, err = parseID("quote_tweet_id", in.Quotes); err != nil {
			return err
		}
	}
	if most := x.longest(g.Account); xLength(d.Text, d.ParentID != 0, most) > most {
		return xInvalid("text", "", "Your Tweet text is too long")
	}
	a, err := x.publish(d, in, g.Account)
	if err != nil {
		return err
	}
	a.send(w, http.StatusCreated)
	return nil
}

// longest is the weight of the longest post of an account.
func (x *xFacade) longest(a *account) int {
	x.world.mu.RLock()
	defer x.world.mu.RUnlock()
	if a.Premium {
		return xLongWeight
	}
	return xMaxWeight
}

// publish adds a post if the rules allow it, and builds the answer.
func (x *xFacade) publish(d draft, in xDraft, author *account) (*xAnswer, error) {
	x.world.mu.Lock()
	defer x.world.mu.Unlock()
	if in.Edit != nil {
		return x.edit(in.Edit.Previous, d.Text, author)
	}
	if err := x.mayPost(&d, author); err != nil {
		return nil, err
	}
	if in.Reply != nil {
		// Whoever is excluded is not named in front of the reply.
		d.Verbatim = slices.Contains(in.Reply.Exclude, formatID(x.world.posts[d.ParentID].Author.ID))
	}
	made, err := x.world.add([]draft{d})
	if err != nil {
		return nil, err
	}
	a := x.answer(xShape{xDialect: xTweetDialect})
	a.key("data")
	a.tweet(made[0])
	return a, nil
}

// edit makes a new version of an own post. Answers to others stay as they are.
func (x *xFacade) edit(previous, text string, author *account) (*xAnswer, error) {
	id, err := parseID("edit_options.previous_post_id", previous)
	if err != nil {
		return nil, err
	}
	p := x.tweetWithID(id)
	if p == nil || p.Author != author || p.ParentID != 0 || p.Edits >= 5 || x.cfg.Now().Sub(p.CreatedAt) > time.Hour {
		return nil, xForbidden("You are not permitted to edit this Tweet.")
	}
	if p, err = x.world.edit(p.ID, text, true); err != nil {
		return nil, err
	}
	a := x.answer(xShape{xDialect: xTweetDialect})
	a.key("data")
	a.tweet(p)
	return a, nil
}

// mayPost holds X's rules about content: whom a post by API may answer, and
// that nobody repeats himself.
func (x *xFacade) mayPost(d *draft, author *account) error {
	rivals := author.posts.posts
	if d.ParentID != 0 {
		parent := x.tweetWithID(d.ParentID)
		if parent == nil {
			return xForbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
		}
		if parent.Author.Protected || parent.Author.Suspended {
			return xForbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
		}
		if !x.summoned(author, parent) {
			return xForbidden("Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.")
		}
		rivals = parent.replies
	}
	if d.QuoteID != 0 && x.tweetWithID(d.QuoteID) == nil {
		return xForbidden("You attempted to quote a Tweet that is deleted or not visible to you.")
	}
	from := x.cfg.Now().Add(-xDuplicateSpell)
	for i := len(rivals) - 1; i >= 0; i-- {
		p := rivals[i]
		if !p.gone && p.Author == author && p.ParentID == d.ParentID && p.Text == d.Text && p.CreatedAt.After(from) {
			return xForbidden("You are not allowed to create a Tweet with duplicate content.")
		}
	}
	return nil
}

// summoned reports whether an account may answer a post by API: its author
// named the account in it or quoted the account, or is the account itself.
func (x *xFacade) summoned(by *account, parent *post) bool {
	if parent.Author == by || parent.names(by) {
		return true
	}
	quoted := x.tweetWithID(parent.QuoteID)
	return quoted != nil && quoted.Author == by
}

func (x *xFacade) deleteTweet(w http.ResponseWriter, r *http.Request, g grant) error {
	id, err := parseID("id", r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := x.unpublish(id, g.Account); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write([]byte(`{"data":{"deleted":true}}`))
	return nil
}

func (x *xFacade) unpublish(id int64, by *account) error {
	x.world.mu.Lock()
	defer x.world.mu.Unlock()
	p := x.tweetWithID(id)
	if p == nil {
		return xNotFound("tweet", "id", formatID(id))
	}
	if p.Author != by {
		return xForbidden("You are not authorized to delete this Tweet.")
	}
	return x.world.remove(p.ID)
}

// hide hides an answer in a conversation that the caller began, or shows it again.
func (x *xFacade) hide(w http.ResponseWriter, r *http.Request, g grant) error {
	id, err := parseID("tweet_id", r.PathValue("id"))
	if err != nil {
		return err
	}
	var in struct {
		Hidden *bool `json:"hidden"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&in); err != nil || in.Hidden == nil {
		return xInvalid("hidden", "", "hidden is true or false")
	}
	x.world.mu.Lock()
	p := x.tweetWithID(id)
	mine := p != nil && p.ParentID != 0 && x.world.top(p).Author == g.Account
	if mine {
		err = x.world.hide(p.ID, *in.Hidden)
	}
	x.world.mu.Unlock()
	switch {
	case p == nil:
		return xNotFound("tweet", "id", r.PathValue("id"))
	case !mine:
		return xForbidden("You are not allowed to hide this reply: the conversation is not yours.")
	case err != nil:
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(w).Encode(map[string]any{"data": map[string]bool{"hidden": *in.Hidden}})
}
