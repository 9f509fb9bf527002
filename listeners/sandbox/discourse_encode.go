package sandbox

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const discourseAvatar = "/letter_avatar_proxy/v4/letter/a/bbce88/{size}.png"

func discourseTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// fields puts the same value under every name of a list.
func fields(into map[string]any, value any, names string) {
	for _, name := range strings.Fields(names) {
		into[name] = value
	}
}

// raw is a post as its author wrote it.
func (d *discourseFacade) raw(p *post) string {
	if raw, ok := d.raws[p.ID]; ok && visible(raw) == p.Text {
		return raw
	}
	return p.Text
}

// number is the place of a post in its topic, which no other post of it ever had.
func (d *discourseFacade) number(p *post) int {
	if n := d.numbers[p.ID]; n > 0 {
		return n
	}
	n := 1
	if p.ID != p.RootID {
		n = max(d.last[p.RootID], 1) + 1
		d.last[p.RootID] = n
	}
	d.numbers[p.ID] = n
	return n
}

// answered is the number of the post that a post answers; nil where it answers the topic.
func (d *discourseFacade) answered(p *post) any {
	if parent := d.world.posts[p.ParentID]; parent != nil && parent.RootID == p.RootID {
		return d.number(parent)
	}
	if n := d.numbers[p.ParentID]; n > 0 && p.ParentAuthor != nil {
		return n
	}
	return nil
}

// updated is when a post was last changed; of two changes in one millisecond, the later one.
func (d *discourseFacade) updated(p *post) time.Time {
	at := p.CreatedAt.Add(time.Duration(p.Edits) * time.Millisecond)
	if p.EditedAt.After(at) {
		at = p.EditedAt
	}
	return at
}

// post is what every answer of a forum says about a post; by is who asks.
func (d *discourseFacade) post(p *post, by discourseCaller) map[string]any {
	top := d.world.top(p)
	slug, mine := discourseSlug(discourseTitle(top)), by.account == p.Author
	m := map[string]any{
		"id": p.ID, "name": p.Author.Name, "username": p.Author.Handle, "display_username": p.Author.Name, "avatar_template": discourseAvatar,
		"user_id": p.Author.ID, "created_at": discourseTime(p.CreatedAt), "updated_at": discourseTime(d.updated(p)),
		"cooked": discourseCook(p.Text), "post_number": d.number(p), "post_type": 1, "posts_count": max(d.last[p.RootID], 1),
		"reply_count": p.replyCount(), "reply_to_post_number": d.answered(p), "topic_id": p.RootID, "topic_slug": slug,
		"version": p.Edits + 1, "hidden": p.Hidden, "trust_level": 1, "score": 0, "yours": mine,
		"can_edit": mine || by.staff, "can_delete": mine || by.staff, "staff": d.staff[strings.ToLower(p.Author.Handle)],
		"actions_summary": []any{}, "post_url": "/t/" + slug + "/" + formatID(p.RootID) + "/" + strconv.Itoa(d.number(p)),
	}
	if p.Hidden && !by.staff && !mine {
		m["cooked"] = "<p>This post was flagged by the community and is temporarily hidden.</p>"
	}
	fields(m, 0, "quote_count incoming_link_count reads readers_count reviewable_score_count reviewable_score_pending_count")
	fields(m, false, "can_recover can_see_hidden_post can_wiki bookmarked moderator admin user_deleted can_view_edit_history wiki")
	fields(m, nil, "primary_group_name flair_name flair_url flair_bg_color flair_color flair_group_id user_title deleted_at edit_reason reviewable_id")
	if p.ParentAuthor != nil {
		m["reply_to_user"] = map[string]any{"id": p.ParentAuthor.ID, "username": p.ParentAuthor.Handle, "name": p.ParentAuthor.Name, "avatar_template": discourseAvatar}
	}
	return m
}

// inTopic is a post as a list of a topic's posts shows it.
func (d *discourseFacade) inTopic(p *post, by discourseCaller) map[string]any {
	m := d.post(p, by)
	for _, name := range []string{"posts_count", "flair_group_id", "post_url"} {
		delete(m, name)
	}
	m["reviewable_id"], m["link_counts"], m["read"] = 0, []any{}, true
	return m
}

// brought is a post as a webhook brings it.
func (d *discourseFacade) brought(p *post) map[string]any {
	m := d.post(p, discourseCaller{staff: true})
	for _, name := range []string{
		"can_edit", "can_delete", "can_recover", "can_see_hidden_post", "can_wiki", "actions_summary",
		"can_view_edit_history", "yours", "flair_url", "flair_bg_color", "flair_color", "readers_count",
	} {
		delete(m, name)
	}
	m["raw"], m["topic_title"], m["category_id"], m["category_slug"] = d.raw(p), discourseTitle(d.world.top(p)), 1, "general"
	m["topic_posts_count"], m["topic_filtered_posts_count"], m["topic_archetype"] = m["posts_count"], m["posts_count"], discourseArchetype(p)
	return m
}

func discourseArchetype(p *post) string {
	if p.Kind == kindMessage {
		return "private_message"
	}
	return "regular"
}

// posts are those of a topic that can be seen, by their numbers. top is its first post.
func (d *discourseFacade) posts(top *post) []*post {
	var all []*post
	for todo := []*post{top}; len(todo) > 0; {
		p := todo[len(todo)-1]
		todo = append(todo[:len(todo)-1], p.replies...)
		if !p.gone && !p.Held {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(p, q *post) int { return cmp.Compare(d.number(p), d.number(q)) })
	return all
}

func (d *discourseFacade) listed(top *post) map[string]any {
	all := d.posts(top)
	newest := all[len(all)-1]
	title := discourseTitle(top)
	m := map[string]any{
		"id": top.ID, "title": title, "fancy_title": title, "slug": discourseSlug(title), "posts_count": len(all), "reply_count": max(len(all)-1, 0),
		"highest_post_number": max(d.last[top.ID], 1), "created_at": discourseTime(top.CreatedAt), "last_posted_at": discourseTime(newest.CreatedAt),
		"bumped": true, "bumped_at": discourseTime(newest.CreatedAt), "archetype": discourseArchetype(top), "visible": true, "category_id": 1,
		"closed": d.closed[top.ID], "last_poster_username": newest.Author.Handle,
		"posters":   []any{map[string]any{"extras": "latest", "description": "Original Poster", "user_id": top.Author.ID, "primary_group_id": nil}},
		"image_url": "",
	}
	fields(m, false, "unseen pinned archived bookmarked liked has_summary pinned_globally")
	fields(m, 0, "views like_count op_like_count")
	fields(m, nil, "unpinned featured_link")
	return m
}

// topic is a topic with some of its posts.
func (d *discourseFacade) whole(top *post, some []*post, by discourseCaller) map[string]any {
	all := d.posts(top)
	stream, posts := make([]int64, len(all)), make([]any, len(some))
	for i, p := range all {
		stream[i] = p.ID
	}
	for i, p := range some {
		posts[i] = d.inTopic(p, by)
	}
	m := d.listed(top)
	for _, name := range []string{"bumped", "bumped_at", "unseen", "liked", "op_like_count", "posters", "last_poster_username"} {
		delete(m, name)
	}
	person := func(a *account) map[string]any {
		return map[string]any{"id": a.ID, "username": a.Handle, "name": a.Name, "avatar_template": discourseAvatar}
	}
	details := map[string]any{"notification_level": 1, "can_create_post": !d.closed[top.ID], "can_remove_self_id": 0, "created_by": person(top.Author), "last_poster": person(all[len(all)-1].Author)}
	fields(details, by.staff, "can_edit can_move_posts can_delete can_remove_allowed_users can_reply_as_new_topic can_convert_topic can_review_topic "+
		"can_close_topic can_archive_topic can_split_merge_topic can_edit_staff_notes can_toggle_topic_visibility can_pin_unpin_topic can_moderate_category")
	m["post_stream"] = map[string]any{"posts": posts, "stream": stream}
	m["details"], m["user_id"], m["draft_key"], m["chunk_size"], m["participant_count"] = details, top.Author.ID, "topic_"+formatID(top.ID), 20, 1
	fields(m, []any{}, "timeline_lookup suggested_topics tags actions_summary bookmarks")
	m["tags_descriptions"], m["image_url"] = map[string]any{}, nil
	fields(m, 0, "word_count slow_mode_seconds draft_sequence message_bus_last_id")
	fields(m, nil, "deleted_at pinned_at pinned_until draft deleted_by topic_timer thumbnails slow_mode_enabled_until")
	fields(m, false, "has_deleted show_read_indicator")
	return m
}
