package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	discoursePage   = 50 // posts
	discourseChunk  = 20 // of a topic
	discourseNotice = 60
)

// seen is a post that a caller may see: messages are for those who wrote or got them.
func (d *discourseFacade) seen(id int64, by discourseCaller) *post {
	p := d.world.posts[id]
	switch {
	case p == nil || p.Network != "discourse" || p.Held:
		return nil
	case p.Kind == kindMessage && !by.admin && by.account != p.Author && by.account != p.To:
		return nil
	}
	return p
}

// pathID is the id in a path, with or without ".json".
func pathID(r *http.Request, name string) int64 {
	id, _ := strconv.ParseInt(strings.TrimSuffix(r.PathValue(name), ".json"), 10, 64)
	return id
}

func (d *discourseFacade) current(w http.ResponseWriter, _ *http.Request, by discourseCaller) *discourseProblem {
	adminAnswer(w, http.StatusOK, map[string]any{"current_user": map[string]any{
		"id": by.account.ID, "username": by.account.Handle, "name": by.account.Name, "avatar_template": discourseAvatar,
		"unread_notifications": 0, "admin": by.admin, "moderator": by.staff, "staff": by.staff, "trust_level": 1,
		"can_create_topic": true, "can_review": by.staff,
	}})
	return nil
}

func (d *discourseFacade) latestPosts(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	faults := pageFaultsOf(r.Context())
	// A forum before 2025 gives what is public among the next fifty ids, which may be nothing; whoever goes on
	// below them gets the next posts.
	hollow := faults.empty && d.world.posts[before] != nil
	if faults.empty && before > 0 && !hollow {
		before += discoursePage
	}
	posts, _ := d.world.feeds["discourse"].take(window{Before: max(before, 0), Match: func(p *post) bool { return !p.Hidden }}, discoursePage)
	if hollow {
		posts = nil
	}
	if faults.twice && len(posts) > 0 {
		posts = append(posts, posts[0])
	}
	if faults.shuffle != nil {
		faults.shuffle(posts)
	}
	list := []any{}
	for _, p := range posts {
		m := d.post(p, by)
		title := discourseTitle(d.world.top(p))
		m["raw"], m["excerpt"], m["truncated"] = d.raw(p), discourseExcerpt(p.Text, 220), len(p.Text) > 220
		m["topic_title"], m["topic_html_title"], m["category_id"], m["badges_granted"] = title, title, 1, []any{}
		list = append(list, m)
	}
	adminAnswer(w, http.StatusOK, map[string]any{"latest_posts": list})
	return nil
}

func (d *discourseFacade) onePost(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	return d.show(w, d.seen(pathID(r, "id"), by), by)
}

func (d *discourseFacade) byNumber(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	return d.show(w, d.numbered(pathID(r, "topic"), int(pathID(r, "number")), by), by)
}

// numbered is the post with a number in a topic.
func (d *discourseFacade) numbered(topic int64, number int, by discourseCaller) *post {
	for _, p := range d.posts(d.first(topic)) {
		if d.number(p) == number {
			return d.seen(p.ID, by)
		}
	}
	return nil
}

// first is the first post of a topic, also where it is deleted; an empty topic for one that never was.
func (d *discourseFacade) first(topic int64) *post {
	for _, p := range []*post{d.world.posts[topic], d.world.gone[topic]} {
		if p != nil && p.Network == "discourse" {
			return p
		}
	}
	return &post{gone: true}
}

func (d *discourseFacade) show(w http.ResponseWriter, p *post, by discourseCaller) *discourseProblem {
	if p == nil {
		return discourseNotFound
	}
	m := d.post(p, by)
	m["raw"] = d.raw(p)
	adminAnswer(w, http.StatusOK, m)
	return nil
}

func (d *discourseFacade) replies(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	p := d.seen(pathID(r, "id"), by)
	if p == nil {
		return discourseNotFound
	}
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	below := slices.DeleteFunc(slices.Clone(p.replies), func(p *post) bool { return p.gone || p.Held || p.Hidden || d.number(p) <= max(after, 1) })
	slices.SortFunc(below, func(p, q *post) int { return cmp.Compare(d.number(p), d.number(q)) })
	list := []any{}
	for _, reply := range below[:min(len(below), discourseChunk)] {
		list = append(list, d.post(reply, by))
	}
	adminAnswer(w, http.StatusOK, list)
	return nil
}

func (d *discourseFacade) topic(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	top := d.seen(pathID(r, "id"), by)
	if top == nil || top.ID != top.RootID {
		return discourseNotFound
	}
	all := d.posts(top)
	adminAnswer(w, http.StatusOK, d.whole(top, all[:min(len(all), discourseChunk)], by))
	return nil
}

func (d *discourseFacade) topicPosts(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	top := d.seen(pathID(r, "id"), by)
	if top == nil || top.ID != top.RootID {
		return discourseNotFound
	}
	list := []any{}
	for _, p := range d.posts(top) {
		if slices.Contains(r.URL.Query()["post_ids[]"], formatID(p.ID)) && len(list) < discourseChunk {
			list = append(list, d.inTopic(p, by))
		}
	}
	adminAnswer(w, http.StatusOK, map[string]any{"id": top.ID, "post_stream": map[string]any{"posts": list}})
	return nil
}

func (d *discourseFacade) latestTopics(w http.ResponseWriter, _ *http.Request, by discourseCaller) *discourseProblem {
	seen := make(map[int64]bool)
	newest, _ := d.world.feeds["discourse"].take(window{Match: func(p *post) bool {
		again := seen[p.RootID] || d.world.posts[p.RootID] == nil
		seen[p.RootID] = true
		return !again
	}}, 30)
	topics, users := []any{}, []any{}
	for _, p := range newest {
		top := d.world.posts[p.RootID]
		topics = append(topics, d.listed(top))
		users = append(users, map[string]any{"id": top.Author.ID, "username": top.Author.Handle, "name": top.Author.Name, "avatar_template": discourseAvatar})
	}
	adminAnswer(w, http.StatusOK, map[string]any{"users": users, "primary_groups": []any{}, "topic_list": map[string]any{
		"can_create_topic": by.account != nil, "draft": nil, "draft_key": "new_topic", "draft_sequence": 0, "per_page": 30, "topics": topics,
	}})
	return nil
}

// search finds public posts that hold every word of a query. Of the forum's own grammar it knows after:,
// before:, order: (always the latest first), @ for an author and quotation marks.
func (d *discourseFacade) search(w http.ResponseWriter, r *http.Request, _ discourseCaller) *discourseProblem {
	q := r.URL.Query()
	page, _ := strconv.Atoi(q.Get("page"))
	page = max(page, 1)
	match, v := discourseQuery(q.Get("q"))
	v.Match = func(p *post) bool { return !p.Hidden && match(p) }
	found, _ := d.world.feeds["discourse"].take(v, discoursePage*page+1)
	more := len(found) > discoursePage*page
	found = found[min(len(found), discoursePage*(page-1)):min(len(found), discoursePage*page)]
	posts, ids := []any{}, []any{}
	for _, p := range found {
		ids = append(ids, p.ID)
		posts = append(posts, map[string]any{
			"id": p.ID, "name": p.Author.Name, "username": p.Author.Handle, "avatar_template": discourseAvatar,
			"created_at": discourseTime(p.CreatedAt), "like_count": 0, "blurb": discourseExcerpt(p.Text, 200),
			"post_number": d.number(p), "topic_title_headline": discourseTitle(d.world.top(p)), "topic_id": p.RootID,
		})
	}
	answer := map[string]any{"posts": posts}
	fields(answer, []any{}, "users categories tags groups")
	grouped := map[string]any{"term": q.Get("q"), "search_log_id": 1, "can_create_topic": true, "post_ids": ids, "extra": map[string]any{}, "more_full_page_results": nil}
	if more {
		grouped["more_full_page_results"] = true
	}
	fields(grouped, nil, "more_posts more_users more_categories error")
	fields(grouped, []any{}, "user_ids category_ids tag_ids group_ids")
	answer["grouped_search_result"] = grouped
	adminAnswer(w, http.StatusOK, answer)
	return nil
}

func discourseQuery(q string) (func(*post) bool, window) {
	var v window
	var words, authors []string
	for i, part := range strings.Split(strings.ToLower(q), `"`) {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		for _, word := range strings.Fields(part) {
			name, value, named := strings.Cut(word, ":")
			at, err := time.Parse(time.DateOnly, value)
			switch {
			case named && name == "after" && err == nil:
				v.From = at
			case named && name == "before" && err == nil:
				v.To = at
			case named && (name == "order" || name == "in" || name == "status"):
			case word[0] == '@':
				authors = append(authors, word[1:])
			default:
				words = append(words, word)
			}
		}
	}
	return func(p *post) bool {
		text := strings.ToLower(p.Text)
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) }) &&
			(len(authors) == 0 || slices.Contains(authors, strings.ToLower(p.Author.Handle)))
	}, v
}

// notifications tells an account of posts that name it, answer it or are for it alone, newest first.
func (d *discourseFacade) notifications(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	const mentioned, replied, privately = 1, 2, 6
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > discourseNotice {
		limit = discourseNotice
	}
	offset = max(offset, 0)
	byOthers := window{Match: func(p *post) bool { return p.Author != by.account }}
	named, _ := d.world.mentions[keyOf("discourse", by.account.Handle)].take(byOthers, 10_000)
	private, _ := d.world.inboxes[by.account.ID].take(byOthers, 10_000)
	all := append(named, private...)
	slices.SortFunc(all, func(p, q *post) int { return byID(q, p) })
	list := []any{}
	for _, p := range all[min(offset, len(all)):min(offset+limit, len(all))] {
		kind := mentioned
		switch {
		case p.Kind == kindMessage:
			kind = privately
		case p.ParentAuthor == by.account:
			kind = replied
		}
		title := discourseTitle(d.world.top(p))
		list = append(list, map[string]any{
			"id": p.ID, "user_id": by.account.ID, "notification_type": kind, "read": false, "high_priority": kind == privately,
			"created_at": discourseTime(p.CreatedAt), "post_number": d.number(p), "topic_id": p.RootID, "slug": discourseSlug(title), "fancy_title": title,
			"data": map[string]any{
				"topic_title": title, "original_post_id": p.ID, "original_post_type": 1, "original_username": p.Author.Handle,
				"revision_number": nil, "display_username": p.Author.Handle,
			},
		})
	}
	adminAnswer(w, http.StatusOK, map[string]any{
		"notifications": list, "total_rows_notifications": len(all), "seen_notification_id": 0,
		"load_more_notifications": "/notifications?limit=" + strconv.Itoa(limit) + "&offset=" + strconv.Itoa(offset+limit) + "&username=" + by.account.Handle,
	})
	return nil
}

func (d *discourseFacade) shortLink(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/post/"+formatID(pathID(r, "id")), http.StatusFound)
}

func (d *discourseFacade) longLink(w http.ResponseWriter, r *http.Request) {
	d.world.mu.Lock()
	p := d.numbered(pathID(r, "topic"), int(pathID(r, "number")), discourseCaller{})
	d.world.mu.Unlock()
	if p == nil {
		discourseNotFound.write(w)
		return
	}
	http.Redirect(w, r, "/post/"+formatID(p.ID), http.StatusFound)
}
