package sandbox

import (
	"bytes"
	"embed"
	"fmt"
	"hash/fnv"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	pageThreads  = 25  // threads on the front page
	pageTeaser   = 4   // replies shown under a post on the front page
	pagePosts    = 300 // posts shown of one thread
	pageBrands   = 8   // brands offered to be played or written to
	pageMaxBody  = 1 << 20
	pageMaxRunes = 4000 // shown of one text
)

//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page/*.html"))

// pagePlace is a network as the page lets people play it.
type pagePlace struct {
	Network, Name string
	Shows         []string    // what there is to see and to write, the first on the front page
	Routes        [][2]string // of the weather: the route and the name of its words
}

// What a network's page shows.
const (
	showPosts    = "posts"
	showReviews  = "reviews"
	showMessages = "messages"
	showHeld     = "held" // what waits for moderators
)

var pagePlaces = []pagePlace{
	{"x", "X", []string{showPosts}, [][2]string{{"/mentions", "mentions"}, {"POST /2/tweets", "reply"}, {"/search", "search"}, {"HOOK", "news"}}},
	{"facebook", "Facebook", []string{showPosts, showReviews, showMessages}, [][2]string{{"GET /", "read"}, {"POST /", "reply"}, {"HOOK", "news"}}},
	{"discourse", "Discourse", []string{showPosts, showHeld}, [][2]string{{"GET /", "read"}, {"POST /posts", "reply"}, {"GET /search", "search"}, {"HOOK", "news"}}},
	{"nodebb", "NodeBB", []string{showPosts, showHeld}, [][2]string{{"GET /api/", "read"}, {"POST /api/v3/topics", "reply"}}},
	{"feed", "RSS", []string{showPosts}, [][2]string{{"GET /posts", "read"}}},
}

// placeOf finds a network; the first for what is none.
func placeOf(network string) pagePlace {
	at := slices.IndexFunc(pagePlaces, func(p pagePlace) bool { return p.Network == network })
	return pagePlaces[max(at, 0)]
}

// path is where a part of a network's page is.
func (p pagePlace) path(show string) string {
	path := "/on/" + p.Network
	if p.Network == pagePlaces[0].Network {
		path = "/"
	}
	if show != p.Shows[0] {
		path += "?show=" + show
	}
	return path
}

func (n *Network) pageRoutes() http.Handler {
	static, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", n.pageTimeline)
	mux.HandleFunc("GET /on/{network}", n.pageTimeline)
	mux.HandleFunc("GET /post/{id}", n.pageThread)
	mux.HandleFunc("POST /say", n.pageSay)
	mux.HandleFunc("POST /edit", n.pageEdit)
	mux.HandleFunc("POST /delete", n.pageDelete)
	mux.HandleFunc("POST /decide", n.pageDecide)
	mux.HandleFunc("POST /moderate", n.pageModerate)
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
	Network, Show     string
	Query             template.URL // of the page, for links to itself
	Networks, Shows   []tab
	Me                personView
	People, Brands    []personView
	Rules             []string
	Faults, Routes    []choice
	Threads           []threadView
	Thread            bool   // one conversation only
	ReplyTo           string // id of the post that the form answers
	Edit              string // id of the post that the form changes
	To                string // handle that the form writes to
	Prompt, Draft     string
	Placeholder       string
	Problem           string
	Closed            bool // nothing can be written here
	Rated, Addressed  bool // the form asks for stars, and for whom it is to
	Moderated         []moderated
	place             pagePlace
}

type choice struct{ Value, Label string }

// tab leads to a network, or to a part of one.
type tab struct {
	URL, Label string
	Current    bool
	Count      int
}

type moderated struct {
	Handle string
	On     bool
}

type personView struct {
	Handle, Name, Initial string
	Hue                   uint32
	Current, Brand        bool
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

// view prepares what all pages of a network have in common.
func (n *Network) view(w http.ResponseWriter, r *http.Request, network string) *pageView {
	lang := pageLanguage(r)
	if r.URL.Query().Get("lang") != "" {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: lang, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	place := placeOf(network)
	v := &pageView{T: pageLanguages[lang], Lang: lang, Network: place.Network, place: place}
	v.look(place.Shows[0])
	for _, p := range pagePlaces {
		v.Networks = append(v.Networks, tab{URL: p.path(p.Shows[0]), Label: p.Name, Current: p.Network == place.Network})
	}
	n.people(v, r)
	v.Placeholder = v.T.Placeholders[place.Network]
	for _, f := range pageFaultList {
		v.Faults = append(v.Faults, choice{f, v.T.FaultNames[f]})
	}
	v.Routes = []choice{{"", v.T.AnyRoute}}
	for _, route := range place.Routes {
		v.Routes = append(v.Routes, choice{route[0], v.T.RouteNames[route[1]]})
	}
	for _, rule := range n.weather.list() {
		if rule.Network == "" || rule.Network == place.Network {
			v.Rules = append(v.Rules, ruleLine(rule, v))
		}
	}
	return v
}

// look turns to a part of the network's page.
func (v *pageView) look(show string) {
	v.Show, v.Back = show, v.place.path(show)
	if v.Query = ""; show != v.place.Shows[0] {
		v.Query = template.URL("show=" + show + "&") // one of our own words
	}
	v.Title = v.T.Shows[show] + " · " + v.place.Name
	v.Rated, v.Addressed = show == showReviews, v.place.Network == "facebook"
}

// people offers who may be played: the customers, and the brands of the network.
func (n *Network) people(v *pageView, r *http.Request) {
	n.world.mu.RLock()
	for _, a := range n.world.joined {
		if a.Brand && a.Network == v.Network && len(v.Brands) < pageBrands {
			p := person(a.Handle, a.Name)
			p.Brand = true
			v.Brands = append(v.Brands, p)
			v.Moderated = append(v.Moderated, moderated{a.Handle, a.Moderated})
		}
	}
	n.world.mu.RUnlock()
	for _, c := range customers {
		v.People = append(v.People, person(c.Handle, c.Name))
	}
	v.People = append(v.People, v.Brands...)
	me := ""
	if c, err := r.Cookie("as"); err == nil {
		me = c.Value
	}
	if as := r.PostFormValue("as"); r.Method == http.MethodPost && as != "" {
		me = as
	}
	at := max(slices.IndexFunc(v.People, func(p personView) bool { return p.Handle == me }), 0)
	v.People[at].Current = true
	v.Me = v.People[at]
	v.Prompt = fmt.Sprintf(v.T.Write, v.Me.Name)
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
