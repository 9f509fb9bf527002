package sandbox

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// node reads, changes or deletes one thing.
func (g *graph) node(c *graphCall, id string) (any, error) {
	asked, err := graphFields(c.params.Get("fields"))
	if c.params.Get("fields") == "" {
		asked, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	if p := g.find(id); p != nil {
		switch c.method {
		case http.MethodDelete:
			return g.deletePost(c, p)
		case http.MethodPost:
			return g.change(c, p)
		}
		switch {
		case p.Kind == kindMessage && (p.Author == c.as.Account || p.To == c.as.Account):
			return graphMessage.show(g, c, p, asked)
		case p.Kind == kindMessage:
			return nil, graphUnknown(id)
		case p.ParentID != 0:
			return graphComment.show(g, c, p, asked)
		}
		return graphPost.show(g, c, p, asked)
	}
	if a := g.account(c, id); a != nil && c.method == http.MethodGet {
		return graphProfile.show(g, c, a, asked)
	}
	if id == c.as.App && c.method == http.MethodGet {
		return map[string]any{"id": id, "name": "App " + id}, nil
	}
	return nil, graphUnknown(id)
}

// edge reads or adds to a list below one thing.
func (g *graph) edge(c *graphCall, id, name string) (any, error) {
	if id == c.as.App && c.as.Account == nil {
		return g.appEdge(c, name)
	}
	if p := g.find(id); p != nil && name == "comments" && p.Kind != kindMessage {
		if c.method == http.MethodPost {
			return g.comment(c, p)
		}
		asked, err := graphFields(c.params.Get("fields"), graphComment.usual...)
		if err != nil {
			return nil, err
		}
		return g.comments(c, p, c.params, asked, c.faults)
	}
	if with, found := strings.CutPrefix(id, "t_"); found && name == "messages" {
		v := g.conversation(c.as.Account, g.account(c, with))
		asked, err := graphFields(c.params.Get("fields"), graphMessage.usual...)
		if v == nil || err != nil {
			return nil, graphUnknown(id)
		}
		return g.messages(c, v, c.params, asked, c.faults)
	}
	a := g.account(c, id)
	switch {
	case a != nil && name == "accounts":
		return g.managed(c)
	case a != nil && name == "permissions":
		return g.permissions(c)
	}
	page, err := g.page(c, id)
	if err != nil {
		return nil, err
	}
	return g.pageEdge(c, page, name)
}

func (g *graph) pageEdge(c *graphCall, page *account, name string) (any, error) {
	if c.method == http.MethodPost || name == "subscribed_apps" {
		switch name {
		case "feed":
			return g.publish(c, page)
		case "messages":
			return g.send(c, page)
		case "subscribed_apps":
			return g.install(c, page)
		}
		return nil, graphUnknown(name)
	}
	own := func(p *post) bool { return p.Author == page && (p.To == nil || p.To == page) }
	visiting := func(p *post) bool { return p.Author != page && p.To == page }
	tagging := func(p *post) bool { return p.Author != page && p.To != page && p.names(page) }
	var which func(*post) bool
	kind := graphPost
	switch name {
	case "feed":
		which = func(p *post) bool { return own(p) || visiting(p) }
	case "posts", "published_posts":
		which = own
	case "visitor_posts":
		which = visiting
	case "tagged":
		which = tagging
	case "ratings":
		kind = graphReview
		which = func(p *post) bool { return p.To == page }
	case "conversations":
		return g.conversations(c, page)
	default:
		return nil, graphUnknown(name)
	}
	asked, err := graphFields(c.params.Get("fields"), kind.usual...)
	if err != nil {
		return nil, err
	}
	var posts []*post
	if f := g.world.feeds["facebook"]; f != nil {
		for _, p := range f.posts {
			review := p.Kind == kindReview
			if p.ParentID == 0 && review == (name == "ratings") && !p.Author.Suspended && which(p) {
				posts = append(posts, p)
			}
		}
	}
	slices.Reverse(posts)
	return g.list(c, formatID(page.ID)+"/"+name, c.params, posts, c.faults, func(p *post) (map[string]any, error) {
		return kind.show(g, c, p, asked)
	})
}

// below is every comment under a post or comment, oldest first.
func (g *graph) below(p *post) []*post {
	var all []*post
	for todo := slices.Clone(p.replies); len(todo) > 0; {
		var r *post
		r, todo = todo[0], todo[1:]
		if !r.gone && !r.Held && !r.Author.Suspended && r.Kind == kindPost {
			all = append(all, r)
		}
		todo = append(todo, r.replies...)
	}
	slices.SortFunc(all, byID)
	return all
}

func (g *graph) comments(c *graphCall, p *post, params url.Values, asked []graphField, faults pageFaults) (any, error) {
	all := g.below(p)
	switch params.Get("filter") {
	case "stream":
	case "", "toplevel":
		all = slices.DeleteFunc(all, func(r *post) bool { return r.ParentID != p.ID })
	default:
		return nil, graphInvalid("Param filter must be one of {stream, toplevel}")
	}
	switch params.Get("order") {
	case "reverse_chronological":
		slices.Reverse(all)
	case "", "chronological":
	default:
		return nil, graphInvalid("Param order must be one of {chronological, reverse_chronological}")
	}
	return g.list(c, g.graphID(p)+"/comments", params, all, faults, func(r *post) (map[string]any, error) {
		return graphComment.show(g, c, r, asked)
	})
}

// conversation is what two accounts wrote to each other, oldest first.
type conversation struct {
	page, with *account
	posts      []*post
}

func (v *conversation) last() *post { return v.posts[len(v.posts)-1] }

func (g *graph) conversation(page, with *account) *conversation {
	if page == nil || with == nil {
		return nil
	}
	v := &conversation{page: page, with: with}
	for _, p := range g.world.inbox(page).posts {
		if p.Author == with && p.To == page || p.Author == page && p.To == with {
			v.posts = append(v.posts, p)
		}
	}
	if len(v.posts) == 0 {
		return nil
	}
	return v
}

// conversations are those of a Page, the one with the newest message first.
func (g *graph) conversations(c *graphCall, page *account) (any, error) {
	asked, err := graphFields(c.params.Get("fields"), graphConversation.usual...)
	if err != nil {
		return nil, err
	}
	var newest []*post
	by := make(map[*post]*conversation)
	seen := make(map[*account]bool)
	inbox := g.world.inbox(page).posts
	for _, p := range slices.Backward(inbox) {
		with := p.Author
		if with == page {
			with = p.To
		}
		if wanted := c.params.Get("user_id"); seen[with] || wanted != "" && wanted != formatID(with.ID) {
			continue
		}
		seen[with] = true
		newest, by[p] = append(newest, p), g.conversation(page, with)
	}
	return g.list(c, formatID(page.ID)+"/conversations", c.params, newest, c.faults, func(p *post) (map[string]any, error) {
		return graphConversation.show(g, c, by[p], asked)
	})
}

func (g *graph) messages(c *graphCall, v *conversation, params url.Values, asked []graphField, faults pageFaults) (any, error) {
	newest := slices.Clone(v.posts)
	slices.Reverse(newest)
	return g.list(c, "t_"+formatID(v.with.ID)+"/messages", params, newest, faults, func(p *post) (map[string]any, error) {
		return graphMessage.show(g, c, p, asked)
	})
}

// list is one page of what is shown in this order.
func (g *graph) list(c *graphCall, edge string, params url.Values, posts []*post, faults pageFaults, show func(*post) (map[string]any, error)) (any, error) {
	limit := 25
	if s := params.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return nil, graphInvalid("Param limit must be a whole number")
		}
		limit = min(n, 100)
	}
	for name, keep := range map[string]func(p *post, t time.Time) bool{
		"since": func(p *post, t time.Time) bool { return !p.CreatedAt.Before(t) },
		"until": func(p *post, t time.Time) bool { return p.CreatedAt.Before(t) },
	} {
		if s := params.Get(name); s != "" {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				return nil, graphInvalid("Param " + name + " must be a Unix timestamp")
			}
			posts = slices.DeleteFunc(slices.Clone(posts), func(p *post) bool { return !keep(p, time.Unix(n, 0)) })
		}
	}
	start, unveiled, ok := graphPlace(params.Get("after"), posts)
	if !ok {
		return nil, graphInvalid("Invalid cursors values")
	}
	end := min(start+limit, len(posts))
	shown, next := slices.Clone(posts[start:end]), ""
	if end < len(posts) && end > start {
		next = graphCursor(posts[end-1], false)
	}
	if len(shown) > 0 {
		if faults.twice {
			if next != "" && len(shown) > 1 {
				next = graphCursor(posts[end-2], false)
			}
			shown = append(shown, shown[0])
		}
		if faults.shuffle != nil {
			faults.shuffle(shown)
		}
		if faults.empty && !unveiled {
			shown, next = nil, "0u" // the first page again
			if start > 0 {
				next = graphCursor(posts[start-1], true)
			}
		}
	}
	data := make([]any, len(shown))
	for i, p := range shown {
		one, err := show(p)
		if err != nil {
			return nil, err
		}
		data[i] = one
	}
	paging := map[string]any{}
	if len(shown) > 0 {
		after := next
		if after == "" {
			after = graphCursor(posts[end-1], false)
		}
		paging["cursors"] = map[string]any{"before": graphCursor(shown[0], false), "after": after}
	}
	if next != "" {
		q := url.Values{}
		for name, values := range params {
			if name != "appsecret_proof" {
				q[name] = values
			}
		}
		q.Set("after", next)
		paging["next"] = c.base + "/" + edge + "?" + q.Encode()
	}
	out := map[string]any{"data": data}
	if len(paging) > 0 {
		out["paging"] = paging
	}
	return out, nil
}

// graphCursor leads to what comes after a post. unveiled marks that of a page which the weather hid.
func graphCursor(p *post, unveiled bool) string {
	s := strconv.FormatInt(p.ID, 10)
	if unveiled {
		s += "u"
	}
	return base64.RawURLEncoding.EncodeToString([]byte(s))
}

// graphPlace is where a page starts. A post that has gone since lets the list start anew.
func graphPlace(after string, posts []*post) (start int, unveiled, ok bool) {
	switch after {
	case "":
		return 0, false, true
	case "0u":
		return 0, true, true
	}
	b, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return 0, false, false
	}
	s, unveiled := strings.CutSuffix(string(b), "u")
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, false, false
	}
	ascending := len(posts) > 1 && posts[0].ID < posts[len(posts)-1].ID
	at := slices.IndexFunc(posts, func(p *post) bool { return p.ID == id })
	if at < 0 {
		at = slices.IndexFunc(posts, func(p *post) bool { return ascending && p.ID > id || !ascending && p.ID < id })
		if at < 0 {
			at = len(posts)
		}
		return at, unveiled, true
	}
	return at + 1, unveiled, true
}
