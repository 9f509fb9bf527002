package web

import (
	"strings"

	"github.com/a-h/templ"
)

// Frame is the layout of one page: what stands in its panes, and what a phone, which has room for one
// pane only, shows of them.
type Frame struct {
	Title   string          // of the browser's tab and of the phone's top bar
	Nav     string          // id of the navigation item this page belongs to
	List    templ.Component // may be nil
	Work    templ.Component
	Context templ.Component // may be nil; a drawer on tablets, a sheet on phones
	Wide    bool            // Work holds a table rather than text
	Open    bool            // a phone shows Work although there is a List
	Back    string          // where a phone's back arrow leads, or ""
}

func (f Frame) panes() string {
	names := []string{"list", "work", "context"}
	if f.Context == nil {
		names = names[:2]
	}
	if f.List == nil {
		names = names[1:]
	}
	return strings.Join(names, " ")
}

func (f Frame) show() string {
	if f.List != nil && !f.Open {
		return "list"
	}
	return "work"
}

// navItem is one way from the rail or bottom bar; key is what follows g on the keyboard.
type navItem struct{ id, href, icon, text, key string }

var (
	navFeed   = navItem{"feed", "/feed", "inbox", "nav.feed", "g f"}
	navMine   = navItem{"mine", "/mine", "pencil-line", "nav.mine", "g m"}
	navReview = navItem{"review", "/review", "check-check", "nav.review", "g r"}
	navPoints = navItem{"points", "/points", "sparkles", "nav.points", "g p"}

	navSettings = navItem{"settings", "/settings", "sliders-horizontal", "nav.settings", "g s"}
)

func (u *User) nav() []navItem {
	if u.Role == "" { // who applied
		return []navItem{navApplication, navLearn}
	}
	items := []navItem{navFeed, navMine}
	if u.Reviews {
		items = append(items, navReview)
	}
	if !u.People {
		items = append(items, navLearn)
	}
	items = append(items, navPoints)
	if u.People {
		items = append(items, navPeople)
	}
	if u.Settings {
		items = append(items, navSettings)
	}
	return items
}
