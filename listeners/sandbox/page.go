package sandbox

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	pageNetwork  = "x" // the network that customers are played on
	pageThreads  = 25  // threads on the front page
	pageTeaser   = 4   // replies shown under a post on the front page
	pagePosts    = 300 // posts shown of one thread
	pageMaxBody  = 1 << 20
	pageMaxRunes = 4000 // shown of one text
)

//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page/page.html"))

func (n *Network) pageRoutes() http.Handler {
	static, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", n.pageTimeline)
	mux.HandleFunc("GET /post/{id}", n.pageThread)
	mux.HandleFunc("POST /say", n.pageSay)
	mux.HandleFunc("POST /delete", n.pageDelete)
	mux.HandleFunc("POST /as", n.pageSwitch)
	mux.HandleFunc("POST /weather", n.pageWeather)
	files := http.StripPrefix("/static/", http.FileServerFS(static))
	mux.Handle("GET /static/style.css", files)
	mux.Handle("GET /static/refresh.js", files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, pageMaxBody)
		mux.ServeHTTP(w, r)
	})
}

// pageView is what the template shows.
type pageView struct {
	T                 *pageWords
	Lang, Title, Back string
	Me                personView
	Customers         []personView
	Brands, Rules     []string
	Faults, Routes    []choice
	Threads           []threadView
	Thread            bool   // one conversation only
	ReplyTo           string // id of the post that the form answers
	Prompt, Draft     string
	Problem           string
}

type choice struct{ Value, Label string }

type personView struct {
	Handle, Name, Initial string
	Hue                   uint32
	Current               bool
}

type threadView struct {
	ID       string
	RootGone bool
	Posts    []postView
	Hidden   int
	More     string
}

type postView struct {
	personView
	T          *pageWords
	ID, To     string
	Ago, Exact string
	Back       string
	Brand      bool
	Mine       bool
	Depth      int
	Replies    int
	Parts      []textPart
}

// textPart is a piece of a text; marked are mentions, hashtags and links.
type textPart struct {
	Text   string
	Marked bool
}

func person(handle, name string) personView {
	h := fnv.New32a()
	h.Write([]byte(strings.ToLower(handle)))
	initial, _ := utf8.DecodeRuneInString(name)
	if words := strings.Fields(name); len(words) > 0 {
		initial, _ = utf8.DecodeRuneInString(words[len(words)-1])
	}
	return personView{Handle: handle, Name: name, Initial: strings.ToUpper(string(initial)), Hue: h.Sum32() % 10}
}

// view prepares what all pages have in common.
func (n *Network) view(w http.ResponseWriter, r *http.Request) *pageView {
	lang := pageLanguage(r)
	if r.URL.Query().Get("lang") != "" {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: lang, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	t := pageLanguages[lang]
	v := &pageView{T: t, Lang: lang, Back: "/"}
	me := customers[0].Handle
	if c, err := r.Cookie("as"); err == nil {
		me = c.Value
	}
	if as := r.PostFormValue("as"); r.Method == http.MethodPost && as != "" {
		me = as
	}
	for _, c := range customers {
		p := person(c.Handle, c.Name)
		p.Current = c.Handle == me
		if p.Current {
			v.Me = p
		}
		v.Customers = append(v.Customers, p)
	}
	if v.Me.Handle == "" {
		v.Customers[0].Current = true
		v.Me = v.Customers[0]
	}
	v.Prompt = fmt.Sprintf(t.Write, v.Me.Name)
	for _, f := range pageFaultList {
		v.Faults = append(v.Faults, choice{f, t.FaultNames[f]})
	}
	v.Routes = []choice{{"", t.AnyRoute}, {"/mentions", t.MentionRoute}, {"POST /2/tweets", t.ReplyRoute}, {"/search", t.SearchRoute}}
	for _, rule := range n.weather.list() {
		v.Rules = append(v.Rules, ruleLine(rule, v))
	}
	n.world.mu.RLock()
	for _, a := range n.world.joined {
		if a.Brand && a.Network == pageNetwork && len(v.Brands) < 5 {
			v.Brands = append(v.Brands, a.Handle)
		}
	}
	n.world.mu.RUnlock()
	return v
}

// ruleLine describes one fault: what, where, how often.
func ruleLine(r rule, v *pageView) string {
	name := v.T.FaultNames[r.Fault]
	if name == "" {
		name = r.Fault
	}
	where := r.Route
	for _, c := range v.Routes {
		if c.Value == r.Route {
			where = c.Label
		}
	}
	line := name + " · " + where
	if r.Rate != nil && *r.Rate < 1 {
		line += fmt.Sprintf(" · %g %%", *r.Rate*100)
	}
	if r.Count > 0 {
		line += fmt.Sprintf(" · %d×", r.Count)
	}
	return line
}

func (v *pageView) show(w http.ResponseWriter, status int) {
	var b bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&b, "page", v); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

func (n *Network) pageTimeline(w http.ResponseWriter, r *http.Request) {
	v := n.view(w, r)
	if to := r.URL.Query().Get("to"); to != "" {
		v.Draft = "@" + to + " "
	}
	n.timelineInto(v)
	v.show(w, http.StatusOK)
}

// timelineInto fills in the threads that somebody wrote in last.
func (n *Network) timelineInto(v *pageView) {
	v.Title = v.T.Timeline
	n.world.mu.RLock()
	defer n.world.mu.RUnlock()
	seen := make(map[int64]bool)
	newest, _ := n.world.feeds[pageNetwork].take(window{Match: func(p *post) bool {
		again := seen[p.RootID]
		seen[p.RootID] = true
		return !again
	}}, pageThreads)
	for _, p := range newest {
		v.Threads = append(v.Threads, n.threadView(v, p, pageTeaser))
	}
}

func (n *Network) pageThread(w http.ResponseWriter, r *http.Request) {
	v := n.view(w, r)
	v.Draft = r.URL.Query().Get("text")
	if id, err := strconv.ParseInt(r.PathValue("id"), 10, 64); err == nil && n.threadInto(v, id) {
		v.show(w, http.StatusOK)
		return
	}
	v.Problem = v.T.Refused[errNoPost]
	n.timelineInto(v)
	v.show(w, http.StatusNotFound)
}

// threadInto fills in the conversation around a post and a form to answer it.
func (n *Network) threadInto(v *pageView, id int64) bool {
	n.world.mu.RLock()
	defer n.world.mu.RUnlock()
	p := n.world.posts[id]
	if p == nil || p.Network != pageNetwork {
		return false
	}
	v.Title, v.Thread, v.Back = v.T.Thread, true, "/post/"+formatID(id)
	v.ReplyTo = formatID(id)
	v.Prompt = fmt.Sprintf(v.T.Answer, v.Me.Name) + " @" + p.Author.Handle
	v.Threads = []threadView{n.threadView(v, p, pagePosts)}
	return true
}

// threadView shows the thread of a post: its first post and the last of the
// replies, oldest first.
func (n *Network) threadView(v *pageView, p *post, replies int) threadView {
	top := n.world.top(p)
	var below []*post
	for todo := slices.Clone(top.replies); len(todo) > 0; todo = todo[1:] {
		below = append(below, todo[0])
		todo = append(todo, todo[0].replies...)
	}
	below = slices.DeleteFunc(below, func(p *post) bool { return p.gone })
	slices.SortFunc(below, byID)
	hidden := max(0, len(below)-replies)
	t := threadView{ID: formatID(p.ID), RootGone: top.gone, Hidden: hidden, More: fmt.Sprintf(v.T.More, hidden)}
	if !top.gone {
		t.Posts = append(t.Posts, n.postView(v, top, 0))
	}
	for _, p := range below[hidden:] {
		t.Posts = append(t.Posts, n.postView(v, p, 1))
	}
	return t
}

func (n *Network) postView(v *pageView, p *post, depth int) postView {
	view := postView{
		personView: person(p.Author.Handle, p.Author.Name), T: v.T, ID: formatID(p.ID), Back: v.Back,
		Ago: v.T.ago(n.cfg.Now().Sub(p.CreatedAt)), Exact: p.CreatedAt.Format(time.RFC3339),
		Brand: p.Author.Brand, Mine: p.Author.Handle == v.Me.Handle, Depth: depth, Replies: p.replyCount(), Parts: textParts(p.Text),
	}
	if p.ParentAuthor != nil {
		view.To = p.ParentAuthor.Handle
	}
	return view
}

func textParts(text string) []textPart {
	if runes := []rune(text); len(runes) > pageMaxRunes {
		text = string(runes[:pageMaxRunes]) + "…"
	}
	var parts []textPart
	last := 0
	spans(text, func(s span) {
		parts = append(parts, textPart{Text: text[last:s.Start]}, textPart{text[s.Start:s.End], true})
		last = s.End
	})
	return append(parts, textPart{Text: text[last:]})
}

func (n *Network) pageSay(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		v := n.view(w, r)
		v.Problem = v.T.TooLong
		n.timelineInto(v)
		v.show(w, http.StatusRequestEntityTooLarge)
		return
	}
	v := n.view(w, r)
	parent, _ := strconv.ParseInt(r.PostFormValue("in_reply_to"), 10, 64)
	err := n.say(v.Me.Handle, r.PostFormValue("text"), parent)
	n.pageDone(w, r, v, err)
}

// say posts as a customer on the page's network.
func (n *Network) say(as, text string, parent int64) error {
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	if parent != 0 && n.world.posts[parent] == nil {
		return errNoPost
	}
	_, err := n.world.add([]draft{{Network: pageNetwork, Author: as, Text: text, ParentID: parent}})
	return err
}

var errNotYours = errors.New("only the author may delete a post here")

func (n *Network) pageDelete(w http.ResponseWriter, r *http.Request) {
	v := n.view(w, r)
	id, _ := strconv.ParseInt(r.PostFormValue("id"), 10, 64)
	err := n.takeBack(v.Me.Handle, id)
	n.pageDone(w, r, v, err)
}

func (n *Network) takeBack(as string, id int64) error {
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	if p := n.world.posts[id]; p != nil && p.Author.Handle != as {
		return errNotYours
	}
	return n.world.remove(id)
}

func (n *Network) pageSwitch(w http.ResponseWriter, r *http.Request) {
	v := n.view(w, r)
	http.SetCookie(w, &http.Cookie{Name: "as", Value: v.Me.Handle, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	n.pageDone(w, r, v, nil)
}

func (n *Network) pageWeather(w http.ResponseWriter, r *http.Request) {
	v := n.view(w, r)
	one := rule{Network: pageNetwork, Route: r.PostFormValue("route"), Fault: r.PostFormValue("fault")}
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
	back := "/"
	id, isPost := strings.CutPrefix(r.PostFormValue("back"), "/post/")
	number, parseErr := strconv.ParseInt(id, 10, 64)
	if isPost && parseErr == nil {
		back = "/post/" + formatID(number)
	}
	if err == nil {
		n.world.mu.RLock()
		if back != "/" && n.world.posts[number] == nil {
			back = "/"
		}
		n.world.mu.RUnlock()
		http.Redirect(w, r, back, http.StatusSeeOther)
		return
	}
	n.cfg.Logger.Debug("the page refuses", slog.Any("error", err))
	for known, words := range v.T.Refused {
		if errors.Is(err, known) {
			v.Problem = words
		}
	}
	v.Draft = r.PostFormValue("text")
	if back == "/" || !n.threadInto(v, number) {
		n.timelineInto(v)
	}
	v.show(w, http.StatusUnprocessableEntity)
}
