package facebook

import (
	"net/url"
	"strings"

	"github.com/kith-social/kith/listeners"
)

const web = "https://www.facebook.com/"

// url is where a person sees a post, or a comment of the post thread. On a sandbox the number after the
// last underscore names it, and id tells which one it is.
func (c *Channel) url(thread, id string) string {
	if c.sandbox != "" {
		return c.sandbox + last(id) + "?id=" + url.QueryEscape(id)
	}
	if thread == id || thread == "" {
		return web + url.PathEscape(id)
	}
	return web + url.PathEscape(thread) + "?comment_id=" + url.QueryEscape(id)
}

// inbox is where a person of the Page's team sees its messages.
func (c *Channel) inbox(id string) string {
	if c.sandbox != "" {
		return c.sandbox + last(id) + "?id=" + url.QueryEscape(id)
	}
	return "https://business.facebook.com/latest/inbox/messenger?asset_id=" + url.QueryEscape(c.id)
}

func last(id string) string { return id[strings.LastIndexByte(id, '_')+1:] }

// Link reads a link to a post or comment on Facebook. Links that hide the post's number behind a pfbid
// name nothing that the Graph API knows.
func Link(_ listeners.Settings, link string) (nativeID string) {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	q := u.Query()
	if id := q.Get("id"); strings.HasPrefix(u.Path, "/post/") && isID(id) && last(id) == strings.TrimPrefix(u.Path, "/post/") {
		return id // of a sandbox
	}
	if host := strings.ToLower(u.Hostname()); host != "facebook.com" && !strings.HasSuffix(host, ".facebook.com") {
		return ""
	}
	owner, post := where(strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' }), q)
	for _, name := range []string{"reply_comment_id", "comment_id"} {
		comment := q.Get(name)
		switch {
		case strings.Contains(comment, "_") && isID(comment):
			return comment
		case isNumber(comment) && post != "":
			return post + "_" + comment
		}
	}
	if owner == "" || post == "" {
		return ""
	}
	return owner + "_" + post
}

// where reads the owner and the number of a post out of the forms that links to posts have. A name
// instead of the owner's number leaves the owner open.
func where(path []string, q url.Values) (owner, post string) {
	number := func(s string) string {
		if !isNumber(s) {
			return ""
		}
		return s
	}
	if len(path) == 0 {
		return "", ""
	}
	if a, b, both := strings.Cut(path[0], "_"); both && len(path) == 1 {
		return number(a), number(b)
	}
	switch path[len(path)-1] {
	case "permalink.php", "story.php":
		return number(q.Get("id")), number(q.Get("story_fbid"))
	case "photo.php", "photo", "watch":
		for _, name := range []string{"fbid", "v"} {
			if id := number(q.Get(name)); id != "" {
				return "", id
			}
		}
	}
	if len(path) >= 3 && (path[1] == "posts" || path[1] == "videos" || path[1] == "photos") {
		return number(path[0]), number(path[len(path)-1])
	}
	if len(path) == 2 {
		return number(path[0]), number(path[1])
	}
	return "", ""
}

func isNumber(s string) bool {
	return s != "" && len(s) < 25 && strings.Trim(s, "0123456789") == ""
}
