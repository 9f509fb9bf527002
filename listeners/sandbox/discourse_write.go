package sandbox

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	discourseMaxBody = 4 << 20
	// discourseRepeat is how long nobody may post the same text, wherever.
	discourseRepeat = 5 * time.Minute
	// discourseMemory is how long a call with the forum's key that is made again, to the letter, gets the
	// answer of the first and does nothing.
	discourseMemory = 2 * time.Minute
)

// discourseMade is what a call made.
type discourseMade struct {
	at     time.Time
	answer map[string]any
}

// discourseRefused is a held post that a moderator did not want.
type discourseRefused struct {
	id     int64
	author *account
	raw    string
	topic  int64
	at     time.Time
}

type discourseDraft struct {
	Raw   string `json:"raw"`
	Topic int64  `json:"topic_id"`
	Reply int    `json:"reply_to_post_number"`
	Title string `json:"title"`
}

func discourseBody(r *http.Request, into any) *discourseProblem {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, discourseMaxBody))
	if err != nil {
		return &discourseProblem{Status: http.StatusRequestEntityTooLarge, Errors: []string{"The request is too large."}}
	}
	if len(body) > 0 && json.Unmarshal(body, into) != nil {
		return &discourseProblem{Status: http.StatusBadRequest, Errors: []string{"You supplied invalid parameters to the request"}, Type: "invalid_parameters"}
	}
	return nil
}

func (d *discourseFacade) create(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	var in discourseDraft
	if p := discourseBody(r, &in); p != nil {
		return p
	}
	in.Raw = strings.TrimRight(strings.ReplaceAll(in.Raw, "\x00", ""), " \t\r\n")
	now := d.cfg.Now()
	key := fmt.Sprintf("%x", sha256.Sum256([]byte(fmt.Sprint(by.account.ID, in))))
	if made, ok := d.made[key]; by.forum && ok && now.Sub(made.at) < discourseMemory {
		adminAnswer(w, http.StatusOK, made.answer)
		return nil
	}
	drafted, p := d.draft(in, by)
	if p == nil {
		p = d.repeated(in.Raw, by, now)
	}
	if p != nil {
		return p
	}
	drafted.Held = by.account.Moderated || !by.staff && d.settings["approve_post_count"] > 0
	// The text of the world is what people see; the watchers hear of it before its raw text is known.
	id := d.world.newID(now, true)
	drafted.ID, d.raws[id] = id, in.Raw
	posts, err := d.world.add([]draft{*drafted})
	if err != nil {
		delete(d.raws, id)
		return discourseUnprocessable(err.Error())
	}
	answer := d.post(posts[0], by)
	answer["raw"], answer["draft_sequence"] = in.Raw, 0
	if drafted.Held {
		answer = map[string]any{"action": "enqueued", "success": true, "pending_count": len(d.held(by.account)), "pending_post": d.pendingPost(posts[0])}
	}
	maps.DeleteFunc(d.made, func(_ string, m discourseMade) bool { return now.Sub(m.at) >= discourseMemory })
	d.made[key] = discourseMade{now, answer}
	adminAnswer(w, http.StatusOK, answer)
	return nil
}

// draft checks a new post and says where it goes.
func (d *discourseFacade) draft(in discourseDraft, by discourseCaller) (*draft, *discourseProblem) {
	if p := d.fits(in.Raw); p != nil {
		return nil, p
	}
	made := &draft{Network: "discourse", Author: by.account.Handle, Text: visible(in.Raw), Verbatim: true}
	if in.Topic == 0 {
		if strings.TrimSpace(in.Title) == "" {
			return nil, discourseUnprocessable("Title can't be blank")
		}
		made.Text = in.Title + "\n\n" + made.Text
		return made, nil
	}
	top := d.seen(in.Topic, by)
	if top == nil || top.ID != top.RootID || d.closed[top.ID] && !by.staff {
		return nil, discourseUnprocessable("Something has gone wrong. Perhaps this topic was closed or deleted while you were looking at it?")
	}
	parent := top
	if in.Reply > 0 {
		if p := d.numbered(top.ID, in.Reply, by); p != nil {
			parent = p
		}
	}
	made.ParentID = parent.ID
	if top.Kind == kindMessage {
		made.Kind, made.To = kindMessage, top.Author.Handle
		if top.Author == by.account && top.To != nil {
			made.To = top.To.Handle
		}
	}
	return made, nil
}

// fits checks a raw text as the forum's settings want it.
func (d *discourseFacade) fits(raw string) *discourseProblem {
	n := utf8.RuneCountInString(strings.TrimSpace(discourseComment.ReplaceAllString(raw, "")))
	switch {
	case n == 0:
		return discourseUnprocessable("Body can't be blank")
	case n < d.settings["min_post_length"]:
		return discourseUnprocessable(fmt.Sprintf("Body is too short (minimum is %d characters)", d.settings["min_post_length"]))
	case n > d.settings["max_post_length"]:
		return discourseUnprocessable(fmt.Sprintf("Body is limited to %d characters; you entered %d.", d.settings["max_post_length"], n))
	}
	return nil
}

func (d *discourseFacade) repeated(raw string, by discourseCaller, now time.Time) *discourseProblem {
	own := by.account.posts.posts
	for i := len(own) - 1; i >= 0 && !by.staff && own[i].CreatedAt.After(now.Add(-discourseRepeat)); i-- {
		if d.raw(own[i]) == raw {
			return discourseUnprocessable("Body is too similar to what you recently posted")
		}
	}
	return nil
}

func (d *discourseFacade) update(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	var in struct {
		Post struct {
			Raw string `json:"raw"`
		} `json:"post"`
	}
	if p := discourseBody(r, &in); p != nil {
		return p
	}
	p := d.seen(pathID(r, "id"), by)
	if p == nil {
		return discourseNotFound
	}
	if p.Author != by.account && !by.staff {
		return discourseForbidden("You are not permitted to view the requested resource.")
	}
	raw := strings.TrimRight(in.Post.Raw, " \t\r\n")
	if problem := d.fits(raw); problem != nil {
		return problem
	}
	d.raws[p.ID] = raw
	if _, err := d.world.edit(p.ID, visible(raw), false); err != nil {
		return discourseUnprocessable(err.Error())
	}
	answer := d.post(p, by)
	answer["raw"], answer["draft_sequence"] = raw, 0
	adminAnswer(w, http.StatusOK, map[string]any{"post": answer})
	return nil
}

func (d *discourseFacade) destroy(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	p := d.seen(pathID(r, "id"), by)
	if p == nil {
		return discourseNotFound
	}
	if p.Author != by.account && !by.staff {
		return discourseForbidden("You are not permitted to view the requested resource.")
	}
	if d.world.remove(p.ID) != nil {
		return discourseNotFound
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// held are the posts of an account that wait for a moderator.
func (d *discourseFacade) held(a *account) []any {
	list := []any{}
	for _, p := range a.posts.posts {
		if p.Held {
			list = append(list, d.pendingPost(p))
		}
	}
	return list
}

func (d *discourseFacade) pendingPost(p *post) map[string]any {
	top := d.world.top(p)
	return map[string]any{
		"id": p.ID, "avatar_template": discourseAvatar, "category_id": 1, "created_at": discourseTime(p.CreatedAt), "created_by_id": p.Author.ID,
		"name": p.Author.Name, "raw_text": d.raw(p), "title": discourseTitle(top), "topic_id": p.RootID,
		"topic_url": "/t/" + discourseSlug(discourseTitle(top)) + "/" + formatID(p.RootID), "username": p.Author.Handle,
	}
}

func (d *discourseFacade) pending(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	of := d.world.accounts[keyOf("discourse", r.PathValue("name"))]
	if of == nil || of != by.account && !by.staff {
		return discourseNotFound
	}
	adminAnswer(w, http.StatusOK, map[string]any{"pending_posts": d.held(of)})
	return nil
}

// review shows moderators what they decided about held posts.
func (d *discourseFacade) review(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	if !by.staff {
		return discourseNotFound
	}
	q := r.URL.Query()
	list := []any{}
	for _, x := range d.refused {
		if q.Get("status") == "rejected" && (q.Get("username") == "" || strings.EqualFold(q.Get("username"), x.author.Handle)) {
			list = append(list, map[string]any{
				"id": x.id, "type": "ReviewableQueuedPost", "status": 2, "topic_id": x.topic, "created_at": discourseTime(x.at),
				"target_created_by_id": x.author.ID, "payload": map[string]any{"raw": x.raw},
			})
		}
	}
	adminAnswer(w, http.StatusOK, map[string]any{"reviewables": list, "meta": map[string]any{"total_rows_reviewables": len(list)}})
	return nil
}

// flag tells the forum's moderators of a post.
func (d *discourseFacade) flag(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	var in struct {
		ID   int64 `json:"id"`
		Kind int   `json:"post_action_type_id"`
	}
	if p := discourseBody(r, &in); p != nil {
		return p
	}
	p := d.seen(in.ID, by)
	if p == nil || in.Kind == 0 {
		return discourseNotFound
	}
	answer := d.post(p, by)
	answer["badges_granted"] = []any{}
	answer["actions_summary"] = []any{map[string]any{"id": in.Kind, "count": 1, "acted": true, "can_undo": true}}
	adminAnswer(w, http.StatusOK, answer)
	return nil
}

func (d *discourseFacade) topicStatus(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	var in struct {
		Status  string `json:"status"`
		Enabled string `json:"enabled"`
	}
	if p := discourseBody(r, &in); p != nil {
		return p
	}
	top := d.seen(pathID(r, "id"), by)
	switch {
	case top == nil:
		return discourseNotFound
	case !by.staff:
		return discourseForbidden("You are not permitted to view the requested resource.")
	case in.Status != "closed":
		return &discourseProblem{Status: http.StatusBadRequest, Errors: []string{"You supplied invalid parameters to the request: status"}, Type: "invalid_parameters"}
	}
	d.closed[top.ID] = in.Enabled == "true"
	adminAnswer(w, http.StatusOK, map[string]any{"success": "OK", "topic_status_update": nil})
	return nil
}

// setSetting changes a setting of the forum: min_post_length, max_post_length, or approve_post_count, with
// which posts of everybody but moderators are held.
func (d *discourseFacade) setSetting(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	name := strings.TrimSuffix(r.PathValue("name"), ".json")
	if _, known := d.settings[name]; !by.admin || !known {
		return discourseNotFound
	}
	value, err := strconv.Atoi(r.FormValue(name))
	if err != nil || value < 0 {
		return discourseUnprocessable(name + " is no number")
	}
	d.settings[name] = value
	w.WriteHeader(http.StatusOK)
	return nil
}

func (d *discourseFacade) makeModerator(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	a := d.world.accountIDs[pathID(r, "id")]
	if !by.admin || a == nil || a.Network != "discourse" {
		return discourseNotFound
	}
	d.staff[strings.ToLower(a.Handle)] = true
	adminAnswer(w, http.StatusOK, map[string]any{"success": "OK"})
	return nil
}
