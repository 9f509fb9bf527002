package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

const (
	nodebbPage      = 20 // topics and posts on a page
	nodebbMinLength = 8  // of a post, in UTF-16 units
	nodebbMaxLength = 32_767
	nodebbDelay     = 10 * time.Second // between two posts of a new user, where limits are on
	nodebbCategory  = 1
)

// nodebbFacade shows the network "nodebb" as a NodeBB forum: its read API and the part of its write API
// v3 that programs answer with. A bearer token is a user's own. The refresh token of a brand serves as
// the forum's master token, which acts as the user named by _uid. A wrong token makes a guest of the
// caller where guests may read.
type nodebbFacade struct {
	world *world
	cfg   Config
	mux   *http.ServeMux
}

func newNodeBB(w *world, cfg Config) *nodebbFacade {
	f := &nodebbFacade{world: w, cfg: cfg, mux: http.NewServeMux()}
	read := func(pattern string, h nodebbHandler) { f.mux.HandleFunc(pattern, f.as(h, false)) }
	write := func(pattern string, h nodebbHandler) { f.mux.HandleFunc(pattern, f.as(h, true)) }
	read("GET /api/self", f.self)
	read("GET /api/recent", f.recent)
	read("GET /api/topic/{tid}", f.topic)
	read("GET /api/topic/{tid}/{slug}", f.topic)
	read("GET /api/user/username/{name}", f.userByName)
	read("GET /api/post-queue", f.queue)
	write("GET /api/v3/posts/{pid}", f.post)
	write("GET /api/v3/posts/{pid}/summary", f.summary)
	write("PUT /api/v3/posts/{pid}", f.edit)
	write("DELETE /api/v3/posts/{pid}", f.remove)
	write("DELETE /api/v3/posts/{pid}/state", f.remove)
	write("POST /api/v3/topics", f.begin)
	write("POST /api/v3/topics/{tid}", f.reply)
	f.mux.HandleFunc("GET /post/{pid}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/post/"+r.PathValue("pid"), http.StatusFound)
	})
	f.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { nodebbError{404, "not-found", "Not found"}.write(w) })
	return f
}

func (f *nodebbFacade) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.mux.ServeHTTP(w, r) }

// nodebbHandler answers one call, with the world's lock held; by is nil for a guest.
type nodebbHandler func(r *http.Request, by *account, in nodebbBody) (any, error)

// nodebbBody is what a write may say.
type nodebbBody struct {
	UID     json.Number `json:"_uid"`
	Content string      `json:"content"`
	Title   string      `json:"title"`
	Cid     json.Number `json:"cid"`
	ToPid   json.Number `json:"toPid"`
}

// nodebbError is a refusal in the forum's words.
type nodebbError struct {
	status        int
	code, message string
}

func (e nodebbError) Error() string { return e.message }

func (e nodebbError) write(w http.ResponseWriter) {
	nodebbWrite(w, e.status, map[string]any{"status": map[string]string{"code": e.code, "message": e.message}, "response": struct{}{}})
}

var (
	errNodeBBToken  = nodebbError{401, "not-authorised", "A valid login session was not found. Please log in and try again."}
	errNodeBBNobody = nodebbError{403, "forbidden", "You do not have enough privileges for this action."}
	errNodeBBTopic  = nodebbError{404, "not-found", "Topic does not exist"}
	errNodeBBPost   = nodebbError{404, "not-found", "Post does not exist"}
	errNodeBBParent = nodebbError{400, "bad-request", "Invalid Post ID"}
)

func nodebbBad(format string, args ...any) nodebbError {
	return nodebbError{400, "bad-request", fmt.Sprintf(format, args...)}
}

// nodebbAccepted is an answer that waits for the moderators.
type nodebbAccepted struct{ body any }

// as finds out who calls. The read API answers guests, and says that they are; the write API does not.
func (f *nodebbFacade) as(h nodebbHandler, write bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in nodebbBody
		if r.ContentLength != 0 {
			if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, pageMaxBody)).Decode(&in); err != nil {
				nodebbBad("Invalid data").write(w)
				return
			}
		}
		answer, by, err := f.answer(r, in, h, write)
		var refusal nodebbError
		switch accepted, held := answer.(nodebbAccepted); {
		case errors.As(err, &refusal):
			refusal.write(w)
		case err != nil:
			nodebbBad("%s", err).write(w)
		case held:
			nodebbWrite(w, http.StatusAccepted, map[string]any{"status": map[string]string{"code": "accepted", "message": "Accepted"}, "response": accepted.body})
		case write:
			nodebbWrite(w, http.StatusOK, map[string]any{"status": map[string]string{"code": "ok", "message": "OK"}, "response": answer})
		default:
			if page, ok := answer.(map[string]any); ok {
				page["loggedIn"] = by != nil
			}
			nodebbWrite(w, http.StatusOK, answer)
		}
	}
}

func (f *nodebbFacade) answer(r *http.Request, in nodebbBody, h nodebbHandler, write bool) (any, *account, error) {
	f.world.mu.Lock()
	defer f.world.mu.Unlock()
	by, err := f.caller(r, in)
	if err != nil {
		return nil, nil, err
	}
	if write && by == nil {
		return nil, nil, errNodeBBToken
	}
	answer, err := h(r, by, in)
	return answer, by, err
}

func (f *nodebbFacade) caller(r *http.Request, in nodebbBody) (*account, error) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if g, ok := f.world.granted(token); ok && g.Account != nil && g.Account.Network == "nodebb" {
		return g.Account, nil
	}
	if master := f.world.refresh[token]; master == nil || !master.Brand || master.Network != "nodebb" {
		return nil, nil
	}
	uid := in.UID.String()
	if uid == "" {
		uid = r.URL.Query().Get("_uid")
	}
	id, err := strconv.ParseInt(uid, 10, 64)
	if err != nil {
		return nil, nodebbBad("Master tokens require a corresponding `_uid` in the request body")
	}
	if a := f.world.accountIDs[id]; a != nil && a.Network == "nodebb" {
		return a, nil
	}
	return nil, errNodeBBToken
}

func nodebbWrite(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func (f *nodebbFacade) fail(w http.ResponseWriter, status int, reset time.Time) {
	switch {
	case status < 400:
		w.WriteHeader(status)
	case status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(reset.Sub(f.cfg.Now()).Round(time.Second).Seconds()))))
		fallthrough
	default:
		nodebbError{status, "internal-server-error", http.StatusText(status)}.write(w)
	}
}

// begin opens a topic.
func (f *nodebbFacade) begin(_ *http.Request, by *account, in nodebbBody) (any, error) {
	if len([]rune(strings.TrimSpace(in.Title))) < 3 {
		return nil, nodebbBad("Please enter a longer title. Titles should contain at least 3 character(s).")
	}
	p, err := f.publish(draft{Author: by.Handle, Text: in.Title + "\n\n" + in.Content}, in.Content, by)
	if err != nil {
		return nil, err
	}
	if p.Held {
		return f.heldBack(p), nil
	}
	return f.topicLine(p), nil
}

// reply answers a topic, or one of its posts.
func (f *nodebbFacade) reply(r *http.Request, by *account, in nodebbBody) (any, error) {
	top := f.topicWith(r.PathValue("tid"))
	if top == nil {
		return nil, errNodeBBTopic
	}
	d := draft{Author: by.Handle, Text: strings.TrimRight(in.Content, " \t\r\n"), ParentID: top.ID}
	if to := in.ToPid.String(); to != "" {
		parent := f.postWith(to)
		if parent == nil || f.world.top(parent) != top {
			return nil, errNodeBBParent
		}
		d.ParentID = parent.ID
	} else if top.gone {
		return nil, errNodeBBTopic
	}
	p, err := f.publish(d, d.Text, by)
	if err != nil {
		return nil, err
	}
	if p.Held {
		return f.heldBack(p), nil
	}
	return f.line(p), nil
}

func (f *nodebbFacade) heldBack(p *post) nodebbAccepted {
	return nodebbAccepted{map[string]any{"id": "reply-" + formatID(p.ID), "type": "reply", "queued": true, "message": "Your post has been queued for review."}}
}

// publish holds the forum's rules about length and haste.
func (f *nodebbFacade) publish(d draft, content string, by *account) (*post, error) {
	switch n := len(utf16.Encode([]rune(strings.TrimSpace(content)))); {
	case n < nodebbMinLength:
		return nil, nodebbBad("Please enter a longer post. Posts should contain at least %d character(s).", nodebbMinLength)
	case n > nodebbMaxLength:
		return nil, nodebbBad("Please enter a shorter post. Posts can't be longer than %d character(s).", nodebbMaxLength)
	}
	if mine := by.posts.posts; f.cfg.Limits && len(mine) > 0 && f.cfg.Now().Sub(mine[len(mine)-1].CreatedAt) < nodebbDelay {
		return nil, nodebbBad("As a new user, you can only post once every %d second(s) until you have earned 3 reputation - please wait before posting again", int(nodebbDelay.Seconds()))
	}
	d.Network, d.Held = "nodebb", by.Moderated
	made, err := f.world.add([]draft{d})
	if err != nil {
		return nil, err
	}
	return made[0], nil
}

func (f *nodebbFacade) edit(r *http.Request, by *account, in nodebbBody) (any, error) {
	p := f.postWith(r.PathValue("pid"))
	switch {
	case p == nil:
		return nil, errNodeBBPost
	case p.Author != by:
		return nil, errNodeBBNobody
	}
	p, err := f.world.edit(p.ID, in.Content, false)
	if err != nil {
		return nil, err
	}
	return f.line(p), nil
}

func (f *nodebbFacade) remove(r *http.Request, by *account, _ nodebbBody) (any, error) {
	p := f.postWith(r.PathValue("pid"))
	switch {
	case p == nil:
		return nil, errNodeBBPost
	case p.Author != by:
		return nil, errNodeBBNobody
	}
	return struct{}{}, f.world.remove(p.ID)
}
