package sandbox

import (
	"cmp"
	"encoding/json"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// postWith finds a post that everybody can see.
func (f *nodebbFacade) postWith(pid string) *post {
	id, _ := strconv.ParseInt(pid, 10, 64)
	if p := f.world.posts[id]; p != nil && nodebbShown(p) {
		return p
	}
	return nil
}

func nodebbShown(p *post) bool {
	return p.Network == "nodebb" && p.Kind == kindPost && !p.Held && !p.Hidden && !p.gone
}

// topicWith finds the first post of a topic, which may be deleted.
func (f *nodebbFacade) topicWith(tid string) *post {
	id, _ := strconv.ParseInt(tid, 10, 64)
	top := f.world.posts[id]
	if top == nil {
		top = f.world.gone[id]
	}
	if top == nil || top.Network != "nodebb" || len(f.postsOf(top)) == 0 {
		return nil
	}
	return top
}

// postsOf lists what stands in a topic, oldest first.
func (f *nodebbFacade) postsOf(top *post) []*post {
	var all []*post
	for todo := []*post{top}; len(todo) > 0; todo = todo[1:] {
		if nodebbShown(todo[0]) {
			all = append(all, todo[0])
		}
		todo = append(todo, todo[0].replies...)
	}
	slices.SortFunc(all, func(p, q *post) int { return cmp.Or(p.CreatedAt.Compare(q.CreatedAt), byID(p, q)) })
	return all
}

func (f *nodebbFacade) self(_ *http.Request, by *account, _ nodebbBody) (any, error) {
	if by == nil {
		return nil, errNodeBBToken
	}
	return nodebbUser(by), nil
}

func (f *nodebbFacade) userByName(r *http.Request, _ *account, _ nodebbBody) (any, error) {
	if a := f.world.accounts[keyOf("nodebb", r.PathValue("name"))]; a != nil {
		return nodebbUser(a), nil
	}
	return nil, nodebbError{404, "not-found", "User does not exist"}
}

func nodebbUser(a *account) map[string]any {
	return map[string]any{
		"uid": a.ID, "username": a.Handle, "userslug": strings.ToLower(a.Handle), "displayname": a.Name, "fullname": a.Name,
		"picture": nil, "banned": a.Suspended, "isLocal": true,
	}
}

// recent lists topics by who was written in last.
func (f *nodebbFacade) recent(r *http.Request, _ *account, _ nodebbBody) (any, error) {
	seen := make(map[int64]bool)
	newest, _ := f.world.feeds["nodebb"].take(window{Match: func(p *post) bool {
		again := seen[p.RootID]
		seen[p.RootID] = again || nodebbShown(p)
		return !again && nodebbShown(p)
	}}, 1<<30)
	slices.SortStableFunc(newest, func(p, q *post) int { return q.CreatedAt.Compare(p.CreatedAt) })
	shown, pages := nodebbPart(r, newest)
	topics := []any{}
	for _, p := range shown {
		t := f.topicLine(f.world.top(p))
		t["lastposttime"], t["lastposttimeISO"] = p.CreatedAt.UnixMilli(), feedTime(p.CreatedAt)
		topics = append(topics, t)
	}
	return map[string]any{"topics": topics, "topicCount": len(newest), "pagination": pages, "title": "[[recent:title]]"}, nil
}

// nodebbPart cuts out the page that was asked for.
func nodebbPart(r *http.Request, all []*post) (part []*post, pagination map[string]any) {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	page = max(page, 1)
	count := max(1, (len(all)+nodebbPage-1)/nodebbPage)
	faults := pageFaultsOf(r.Context())
	start := (page - 1) * nodebbPage
	if faults.empty { // every page comes one later, and the first has nothing
		start -= nodebbPage
		count++
	}
	if start >= 0 && start < len(all) {
		part = slices.Clone(all[start:min(len(all), start+nodebbPage)])
	}
	if faults.shuffle != nil {
		faults.shuffle(part)
	}
	if faults.twice {
		part = append(part, part...)
	}
	return part, map[string]any{"currentPage": page, "pageCount": count}
}

func (f *nodebbFacade) topic(r *http.Request, _ *account, _ nodebbBody) (any, error) {
	top := f.topicWith(r.PathValue("tid"))
	if top == nil {
		return nil, errNodeBBTopic
	}
	all := f.postsOf(top)
	if r.URL.Query().Get("sort") == "newest_to_oldest" {
		slices.Reverse(all)
	}
	part, pages := nodebbPart(r, all)
	posts := []any{}
	if all[len(all)-1] == top && !slices.Contains(part, top) && !pageFaultsOf(r.Context()).empty {
		posts = append(posts, f.full(top)) // the main post stands on every page
	}
	for _, p := range part {
		posts = append(posts, f.full(p))
	}
	t := f.topicLine(top)
	t["posts"], t["pagination"] = posts, pages
	return t, nil
}

// topicLine is a topic in a list.
func (f *nodebbFacade) topicLine(top *post) map[string]any {
	title := nodebbTitle(top.Text)
	return map[string]any{
		"tid": top.ID, "uid": top.Author.ID, "cid": nodebbCategory, "title": html.EscapeString(title), "titleRaw": title,
		"slug": formatID(top.ID) + "/topic", "mainPid": top.ID, "postcount": len(f.postsOf(top)), "deleted": 0, "locked": 0, "pinned": 0,
		"timestamp": top.CreatedAt.UnixMilli(), "user": nodebbUser(top.Author),
	}
}

// nodebbTitle is the first line of a text: people here write no titles.
func nodebbTitle(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if r := []rune(strings.Join(strings.Fields(line), " ")); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return strings.Join(strings.Fields(line), " ")
}

// line is a post as lists and answers have it.
func (f *nodebbFacade) line(p *post) map[string]any {
	return map[string]any{
		"pid": p.ID, "tid": p.RootID, "toPid": nodebbParent(p), "uid": p.Author.ID, "content": markup(p.Text),
		"timestamp": p.CreatedAt.UnixMilli(), "timestampISO": feedTime(p.CreatedAt), "deleted": false, "upvotes": 0, "downvotes": 0,
		"votes": 0, "replies": p.replyCount(), "user": nodebbUser(p.Author), "topic": f.topicLine(f.world.top(p)), "isMainPost": p.ID == p.RootID,
	}
}

func nodebbParent(p *post) any {
	if p.ParentID == 0 {
		return nil
	}
	return p.ParentID
}

// full is a post as its topic shows it.
func (f *nodebbFacade) full(p *post) map[string]any {
	full := f.line(p)
	delete(full, "topic")
	full["deleted"], full["edited"], full["editedISO"] = 0, nodebbEdited(p), ""
	if !p.EditedAt.IsZero() {
		full["editedISO"] = feedTime(p.EditedAt)
	}
	if p.ParentAuthor != nil {
		full["parent"] = map[string]any{"uid": p.ParentAuthor.ID, "pid": p.ParentID, "user": nodebbUser(p.ParentAuthor)}
	}
	return full
}

func nodebbEdited(p *post) int64 {
	if p.EditedAt.IsZero() {
		return 0
	}
	return p.EditedAt.UnixMilli()
}

// post is a post as the forum keeps it.
func (f *nodebbFacade) post(r *http.Request, _ *account, _ nodebbBody) (any, error) {
	p := f.postWith(r.PathValue("pid"))
	if p == nil {
		return nil, errNodeBBPost
	}
	return map[string]any{
		"pid": p.ID, "tid": p.RootID, "toPid": nodebbParent(p), "uid": p.Author.ID, "content": p.Text, "timestamp": p.CreatedAt.UnixMilli(),
		"timestampISO": feedTime(p.CreatedAt), "edited": nodebbEdited(p), "deleted": 0, "upvotes": 0, "downvotes": 0, "votes": 0, "bookmarks": 0,
	}, nil
}

func (f *nodebbFacade) summary(r *http.Request, _ *account, _ nodebbBody) (any, error) {
	p := f.postWith(r.PathValue("pid"))
	if p == nil {
		return nil, errNodeBBPost
	}
	return f.line(p), nil
}

// queue lists what waits for the moderators, to everybody their own.
func (f *nodebbFacade) queue(r *http.Request, by *account, _ nodebbBody) (any, error) {
	if by == nil {
		return nil, errNodeBBNobody
	}
	var held []*post
	for _, p := range by.posts.posts {
		if p.Held {
			held = append(held, p)
		}
	}
	part, pages := nodebbPart(r, held)
	posts := []any{}
	for _, p := range part {
		posts = append(posts, map[string]any{
			"id": "reply-" + formatID(p.ID), "uid": by.ID, "type": "reply", "user": nodebbUser(by),
			"data": map[string]any{
				"content": markup(p.Text), "rawContent": html.EscapeString(p.Text), "tid": json.Number(formatID(p.RootID)), "toPid": nodebbParent(p),
				"uid": by.ID, "timestamp": p.CreatedAt.UnixMilli(), "timestampISO": p.CreatedAt.UTC().Format(time.RFC3339),
			},
		})
	}
	return map[string]any{"posts": posts, "pagination": pages, "title": "[[pages:post-queue]]"}, nil
}
