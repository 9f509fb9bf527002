package sandbox

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// pageForm reads a form and prepares the page that it came from.
func (n *Network) pageForm(w http.ResponseWriter, r *http.Request) (v *pageView, ok bool) {
	if err := r.ParseForm(); err != nil {
		v = n.view(w, r, "")
		v.Problem = v.T.TooLong
		n.timelineInto(v)
		v.show(w, http.StatusRequestEntityTooLarge)
		return nil, false
	}
	return n.view(w, r, r.PostFormValue("network")), true
}

func (n *Network) pageSay(w http.ResponseWriter, r *http.Request) {
	v, ok := n.pageForm(w, r)
	if !ok {
		return
	}
	d := draft{Network: v.Network, Author: v.Me.Handle, Text: r.PostFormValue("text")}
	d.ParentID, _ = strconv.ParseInt(r.PostFormValue("in_reply_to"), 10, 64)
	if d.ParentID == 0 {
		d.To = r.PostFormValue("to")
		d.Rating, _ = strconv.Atoi(r.PostFormValue("rating"))
		d.Kind = map[string]string{showReviews: kindReview, showMessages: kindMessage}[r.PostFormValue("show")]
	}
	n.pageDone(w, r, v, n.say(d))
}

// say posts as somebody on a network.
func (n *Network) say(d draft) error {
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	if d.ParentID != 0 {
		parent := n.world.newest(d.ParentID)
		if parent == nil || parent.Network != d.Network {
			return errNoPost
		}
		d.ParentID = parent.ID
	}
	if a := n.world.accounts[keyOf(d.Network, d.Author)]; a != nil {
		d.Held = a.Moderated && d.Kind == kindPost
	}
	_, err := n.world.add([]draft{d})
	return err
}

var (
	errNotYours  = errors.New("only the author may delete a post here")
	errNotEdited = errors.New("only the author may change a post here")
)

func (n *Network) pageEdit(w http.ResponseWriter, r *http.Request) {
	n.pageOwn(w, r, errNotEdited, func(p *post) error {
		_, err := n.world.edit(p.ID, r.PostFormValue("text"), p.Network == "x")
		return err
	})
}

func (n *Network) pageDelete(w http.ResponseWriter, r *http.Request) {
	n.pageOwn(w, r, errNotYours, func(p *post) error { return n.world.remove(p.ID) })
}

// pageOwn changes a post of the player's own; one of somebody else is refused.
func (n *Network) pageOwn(w http.ResponseWriter, r *http.Request, refused error, do func(*post) error) {
	v, ok := n.pageForm(w, r)
	if !ok {
		return
	}
	id, _ := strconv.ParseInt(r.PostFormValue("id"), 10, 64)
	err := n.change(id, func(p *post) error {
		if p.Author.Handle != v.Me.Handle {
			return refused
		}
		return do(p)
	})
	n.pageDone(w, r, v, err)
}

// pageDecide lets a held post through, or refuses it.
func (n *Network) pageDecide(w http.ResponseWriter, r *http.Request) {
	v, ok := n.pageForm(w, r)
	if !ok {
		return
	}
	id, _ := strconv.ParseInt(r.PostFormValue("id"), 10, 64)
	err := n.change(id, func(p *post) error { return n.world.decide(p.ID, r.PostFormValue("approve") == "yes") })
	n.pageDone(w, r, v, err)
}

// change does something with a post that is there.
func (n *Network) change(id int64, do func(*post) error) error {
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	if p := n.world.newest(id); p != nil {
		return do(p)
	}
	return errNoPost
}

// pageModerate makes the network hold what an account writes, or stop that.
func (n *Network) pageModerate(w http.ResponseWriter, r *http.Request) {
	v, ok := n.pageForm(w, r)
	if !ok {
		return
	}
	n.world.mu.Lock()
	if a := n.world.accounts[keyOf(v.Network, r.PostFormValue("handle"))]; a != nil && slices.Contains(v.place.Shows, showHeld) {
		a.Moderated = r.PostFormValue("on") == "yes"
	}
	n.world.mu.Unlock()
	n.pageDone(w, r, v, nil)
}

func (n *Network) pageSwitch(w http.ResponseWriter, r *http.Request) {
	v, ok := n.pageForm(w, r)
	if !ok {
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "as", Value: v.Me.Handle, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	n.pageDone(w, r, v, nil)
}

func (n *Network) pageWeather(w http.ResponseWriter, r *http.Request) {
	v, ok := n.pageForm(w, r)
	if !ok {
		return
	}
	one := rule{Network: v.Network, Route: r.PostFormValue("route"), Fault: r.PostFormValue("fault")}
	var err error
	if s := r.PostFormValue("rate"); s != "" {
		rate, parseErr := strconv.ParseFloat(s, 64)
		one.Rate = &rate
		if parseErr != nil {
			err = errRate
		}
	}
	if s := r.PostFormValue("count"); s != "" {
		if one.Count, err = strconv.Atoi(s); err != nil {
			err = errCount
		}
	}
	if err == nil {
		err = n.weather.set(one)
	}
	n.pageDone(w, r, v, err)
}

// pageDone leads back to where the form was, or shows what went wrong there
// with the text kept.
func (n *Network) pageDone(w http.ResponseWriter, r *http.Request, v *pageView, err error) {
	thread := n.backTo(v, r.PostFormValue("back"))
	if err == nil {
		back := v.Back
		if thread != 0 {
			back = "/post/" + formatID(thread)
		}
		http.Redirect(w, r, back, http.StatusSeeOther)
		return
	}
	n.cfg.Logger.Debug("the page refuses", slog.Any("error", err))
	for known, words := range v.T.Refused {
		if errors.Is(err, known) {
			v.Problem = words
		}
	}
	if thread == 0 || !n.threadInto(v, thread) {
		n.timelineInto(v)
	}
	v.Draft = r.PostFormValue("text")
	v.show(w, http.StatusUnprocessableEntity)
}

// backTo turns v to the part of the page that a form came from. Where that was a post which is still
// there, it returns its id.
func (n *Network) backTo(v *pageView, back string) (thread int64) {
	if id, isPost := strings.CutPrefix(back, "/post/"); isPost {
		number, _ := strconv.ParseInt(id, 10, 64)
		n.world.mu.RLock()
		defer n.world.mu.RUnlock()
		if p := n.world.newest(number); p != nil {
			return p.ID
		}
		return 0
	}
	if u, err := url.Parse(back); err == nil && slices.Contains(v.place.Shows, u.Query().Get("show")) {
		v.look(u.Query().Get("show"))
	}
	return 0
}
