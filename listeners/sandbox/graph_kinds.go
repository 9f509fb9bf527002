package sandbox

import (
	"time"
)

// The kinds are filled in init, because their fields lead to each other.
var (
	graphPost         graphKind[*post]
	graphComment      graphKind[*post]
	graphReview       graphKind[*post]
	graphMessage      graphKind[*post]
	graphProfile      graphKind[*account]
	graphConversation graphKind[*conversation]
)

// plain is a field that needs nothing but the thing itself.
func plain[T any](f func(*graph, T) any) func(*graph, *graphCall, T, graphField) (any, error) {
	return func(g *graph, _ *graphCall, v T, _ graphField) (any, error) { return f(g, v), nil }
}

type graphReader = func(*graph, *graphCall, *post, graphField) (any, error)

func init() {
	id := plain(func(g *graph, p *post) any { return g.graphID(p) })
	message := plain(func(_ *graph, p *post) any { return p.Text })
	created := plain(func(_ *graph, p *post) any { return graphTime(p.CreatedAt) })
	hidden := plain(func(_ *graph, p *post) any { return p.Hidden })
	private := plain(func(g *graph, p *post) any { return g.mayReplyPrivately(p) })
	link := plain(func(g *graph, p *post) any { return "https://www.facebook.com/" + g.graphID(p) })
	var author graphReader = func(g *graph, c *graphCall, p *post, f graphField) (any, error) {
		return graphProfile.show(g, c, p.Author, f.sub)
	}
	var comments graphReader = func(g *graph, c *graphCall, p *post, f graphField) (any, error) {
		return g.comments(c, p, f.args, f.sub, pageFaults{})
	}
	tags := plain(func(g *graph, p *post) any { return g.tags(p) })

	graphPost = graphKind[*post]{"Post", []string{"created_time", "message"}, map[string]graphReader{
		"id": id, "message": message, "from": author, "created_time": created, "is_hidden": hidden, "message_tags": tags,
		"permalink_url": link, "can_reply_privately": private, "comments": comments,
		"updated_time": plain(func(g *graph, p *post) any { return graphTime(g.updated(p)) }),
		"full_picture": plain(func(*graph, *post) any { return nil }), // nothing here has a picture
		"is_published": plain(func(*graph, *post) any { return true }),
		"status_type": plain(func(_ *graph, p *post) any {
			return map[bool]string{true: "mobile_status_update", false: "wall_post"}[p.To == nil]
		}),
	}}
	graphComment = graphKind[*post]{"Comment", []string{"created_time", "from", "message"}, map[string]graphReader{
		"id": id, "message": message, "from": author, "created_time": created, "is_hidden": hidden, "message_tags": tags,
		"permalink_url": link, "can_reply_privately": private, "comments": comments,
		"attachment":    plain(func(*graph, *post) any { return nil }),
		"is_private":    plain(func(*graph, *post) any { return false }),
		"can_comment":   plain(func(*graph, *post) any { return true }),
		"can_hide":      plain(func(_ *graph, p *post) any { return !p.Author.Brand }),
		"can_remove":    plain(func(*graph, *post) any { return true }),
		"comment_count": plain(func(_ *graph, p *post) any { return p.replyCount() }),
		"like_count":    plain(func(*graph, *post) any { return 0 }),
		"object": func(g *graph, c *graphCall, p *post, f graphField) (any, error) {
			return graphPost.show(g, c, g.world.top(p), f.sub)
		},
		"parent": func(g *graph, c *graphCall, p *post, f graphField) (any, error) {
			parent := g.world.posts[p.ParentID]
			if parent == nil || parent.ParentID == 0 {
				return nil, nil
			}
			return graphComment.show(g, c, parent, f.sub)
		},
		"private_reply_conversation": func(g *graph, c *graphCall, p *post, f graphField) (any, error) {
			if !g.private[p.ID] {
				return nil, nil
			}
			return map[string]any{"id": "t_" + formatID(p.Author.ID)}, nil
		},
	}}
	graphReview = graphKind[*post]{"Recommendation", []string{"created_time", "reviewer", "rating", "review_text"}, map[string]graphReader{
		"created_time": created, "reviewer": author, "review_text": message,
		"has_rating":          plain(func(_ *graph, p *post) any { return p.Rating > 0 }),
		"has_review":          plain(func(_ *graph, p *post) any { return p.Text != "" }),
		"rating":              plain(func(_ *graph, p *post) any { return p.Rating }),
		"recommendation_type": plain(func(_ *graph, p *post) any { return map[bool]string{true: "positive", false: "negative"}[p.Rating > 3] }),
		"open_graph_story": func(g *graph, c *graphCall, p *post, f graphField) (any, error) {
			return graphPost.show(g, c, p, f.sub)
		},
	}}
	graphMessage = graphKind[*post]{"UnifiedMessage", []string{"created_time"}, map[string]graphReader{
		"id": id, "message": message, "from": author, "created_time": created,
		"sticker":     plain(func(*graph, *post) any { return nil }),
		"attachments": plain(func(*graph, *post) any { return nil }),
		"to": func(g *graph, c *graphCall, p *post, f graphField) (any, error) {
			to, err := graphProfile.show(g, c, p.To, nil)
			return map[string]any{"data": []any{to}}, err
		},
	}}
	graphProfile = graphKind[*account]{"Profile", []string{"name"}, map[string]func(*graph, *graphCall, *account, graphField) (any, error){
		"id":       plain(func(_ *graph, a *account) any { return formatID(a.ID) }),
		"name":     plain(func(_ *graph, a *account) any { return a.Name }),
		"category": plain(func(*graph, *account) any { return "Café" }),
		"tasks":    plain(func(*graph, *account) any { return []string{"MODERATE", "MESSAGING", "CREATE_CONTENT", "MANAGE"} }),
		"link":     plain(func(_ *graph, a *account) any { return "https://www.facebook.com/" + formatID(a.ID) }),
		"username": plain(func(_ *graph, a *account) any {
			if !a.Brand {
				return nil
			}
			return a.Handle
		}),
		"access_token": func(g *graph, c *graphCall, a *account, _ graphField) (any, error) {
			if !a.Brand {
				return nil, nil
			}
			return g.pageToken(c.as, a)
		},
	}}
	graphConversation = graphKind[*conversation]{"UnifiedThread", []string{"link", "updated_time"}, map[string]func(*graph, *graphCall, *conversation, graphField) (any, error){
		"id":            plain(func(_ *graph, v *conversation) any { return "t_" + formatID(v.with.ID) }),
		"updated_time":  plain(func(_ *graph, v *conversation) any { return graphTime(v.last().CreatedAt) }),
		"snippet":       plain(func(_ *graph, v *conversation) any { return v.last().Text }),
		"message_count": plain(func(_ *graph, v *conversation) any { return len(v.posts) }),
		"can_reply":     plain(func(*graph, *conversation) any { return true }),
		"link":          plain(func(_ *graph, v *conversation) any { return "/messages/" + formatID(v.with.ID) }),
		"participants": func(g *graph, c *graphCall, v *conversation, f graphField) (any, error) {
			var data []any
			for _, a := range []*account{v.with, v.page} {
				one, err := graphProfile.show(g, c, a, nil)
				if err != nil {
					return nil, err
				}
				data = append(data, one)
			}
			return map[string]any{"data": data}, nil
		},
		"messages": func(g *graph, c *graphCall, v *conversation, f graphField) (any, error) {
			return g.messages(c, v, f.args, f.sub, pageFaults{})
		},
	}}
}

// updated is when a post was made, edited or commented on last.
func (g *graph) updated(p *post) time.Time {
	last := p.CreatedAt
	if p.EditedAt.After(last) {
		last = p.EditedAt
	}
	for _, r := range g.below(p) {
		if r.CreatedAt.After(last) {
			last = r.CreatedAt
		}
	}
	return last
}

// tags are the Pages that a text names.
func (g *graph) tags(p *post) any {
	var tags []any
	for _, h := range p.mentions {
		if a := g.world.accounts[keyOf("facebook", h)]; a != nil && a.Brand {
			tags = append(tags, map[string]any{"id": formatID(a.ID), "name": a.Name, "type": "page"})
		}
	}
	if tags == nil {
		return nil
	}
	return tags
}

// mayReplyPrivately tells whether the Page may answer with a message: once, within seven days.
func (g *graph) mayReplyPrivately(p *post) bool {
	return !p.Author.Brand && !g.private[p.ID] && g.cfg.Now().Before(p.CreatedAt.Add(graphHumanWindow))
}
