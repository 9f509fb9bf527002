package web

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/uuid"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	rss "github.com/kith-social/kith/listeners/feed"
	"github.com/kith-social/kith/listeners/pasted"
	"github.com/kith-social/kith/listeners/twitter"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

// cafe is the app over a real database, with a brand, its people and customers who write.
type cafe struct {
	*App
	t       *testing.T
	clock   *clock.Manual
	server  *httptest.Server
	brand   community.Brand
	conn    listeners.Connection
	persons map[string]access.Person
	members map[string]*community.Member
	posts   int
	far     listeners.Channel   // the network, nil where it cannot be reached
	guests  map[string]*visitor // who stays for many looks, by name
}

const cafePassword = "một ly cà phê sữa đá"

// cafeStart is nine in the morning in Vietnam.
var cafeStart = clock.At(time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC))

// credentialKey signs badges; making one takes a while.
var credentialKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newCafe(t *testing.T) *cafe {
	t.Helper()
	t.Setenv("KITH_TEST_POSTGRES", "")
	hands := clock.NewManual(func() clock.Time { return cafeStart })
	d := dbtest.New(t, dbtest.Clock(hands.Now), dbtest.Options(func(o *db.Options) { o.Readers = 1 }))
	c := &cafe{t: t, clock: hands, persons: map[string]access.Person{}, members: map[string]*community.Member{}}
	c.App = &App{
		DB:     d,
		Intake: &moderation.Intake{Read: d.Read(), Rules: moderation.DefaultRules},
		Desk: &moderation.Desk{
			Network: func(string) listeners.Network {
				return listeners.Network{Link: c.readLink, Measure: func(text string) listeners.Length { return listeners.Length{Used: len([]rune(text)), Limit: 280} }}
			},
			Undo:  10 * time.Second,
			NewID: func() string { return uuid.Must(uuid.NewV7()).String() },
		},
		Deliverer: &listeners.Deliverer{
			Read: d.Read(), Done: community.Done, Now: hands.Now, Open: func(listeners.Connection) (listeners.Channel, error) {
				if c.far == nil {
					return nil, errors.New("no network here")
				}
				return c.far, nil
			},
		},
		Told: func() int64 { return 0 },
		Connector: &listeners.Connector{
			Networks: map[string]listeners.Network{"x": twitter.Network, "feed": rss.Network, "pasted": pasted.Network}, Read: d.Read(), Now: hands.Now,
			Outside: listeners.Guard(nil, "test"), Secret: rand.Text, PublicURL: "http://kith.test",
		},
		Doctor:        &listeners.Doctor{Read: d.Read(), Now: hands.Now, Outside: listeners.Guard(nil, "test"), PublicURL: "http://kith.test"},
		Now:           hands.Now,
		CredentialKey: func(context.Context) (*rsa.PrivateKey, error) { return credentialKey() },
		Listen: func(w http.ResponseWriter, r *http.Request, m community.Member, still func(context.Context) bool) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = fmt.Fprintf(w, ": %s %v\n\n", m.PublicName, still(r.Context()))
		},
	}
	c.Connector.Transact, c.Connector.Open, c.Doctor.Open = c.transact, c.open, c.open
	c.Paster = &moderation.Paster{
		Poller:    &listeners.Poller{Transact: c.transact, Read: d.Read(), Open: c.open, Sink: c.Intake.Sink, Now: hands.Now},
		Connector: c.Connector,
	}
	guard, err := access.New(access.Config{
		Read: d.Read(), Transact: c.transact, Now: hands.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Refuse: c.Refuse,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Guard = guard
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.ClientIPFromRemoteAddr)
	pages := r.With(guard.ByCookie, c.See, Protect)
	pages.NotFound(c.NotFound)
	if err := errors.Join(guard.Mount(r, Files(), ServiceWorker()), guard.Mount(pages, c.Routes()...)); err != nil {
		t.Fatal(err)
	}
	c.server = httptest.NewServer(r)
	t.Cleanup(func() {
		c.server.CloseClientConnections() // a browser's tab may still be asking for the stream
		c.server.Close()
	})
	c.do(c.settle)
	return c
}

func (c *cafe) readLink(_ listeners.Settings, link string) string {
	if _, id, ok := strings.Cut(link, "/status/"); ok {
		return id
	}
	return ""
}

// settle opens the place: Sao Mai with its account on X and its people, all of them named by their
// first names.
func (c *cafe) settle(ctx context.Context, tx listeners.Tx) (err error) {
	c.brand, err = community.AddBrand(ctx, tx, community.Brand{Slug: "saomai", Name: "Cà phê Sao Mai", Language: "vi", ReviewSeed: "seed"},
		[]community.Topic{{Name: "Giao hàng", Keywords: []string{"giao hàng", "ship"}}})
	if err != nil {
		return err
	}
	for _, p := range []struct {
		name  string
		role  community.Role
		trust int
	}{{"huy", community.Advocate, 1}, {"lan", community.Advocate, 3}, {"minh", community.Moderator, 0}, {"mai", community.Moderator, 0}, {"an", community.Admin, 0}} {
		person, err := access.AddPerson(ctx, tx, access.Person{Email: p.name + "@example.com", Name: strings.ToUpper(p.name[:1]) + p.name[1:], Language: "vi"})
		if err != nil {
			return err
		}
		m, err := community.AddMember(ctx, tx, community.Member{
			BrandID: c.brand.ID, PersonID: person.ID, Role: p.role, Trust: p.trust, PublicName: person.Name, Languages: []string{"vi", "en"}, Topics: []int64{1},
		})
		if err != nil {
			return err
		}
		c.persons[p.name], c.members[p.name] = person, &m
	}
	line, err := listeners.NewKeyLine("k1", rand0{})
	if err != nil {
		return err
	}
	if c.Connector.Keys, err = listeners.ParseKeyring(line, rand.Reader); err != nil {
		return err
	}
	c.conn, err = listeners.Connect(ctx, tx, c.Connector.Keys, listeners.Connection{BrandID: c.brand.ID, Network: "x", NativeID: "100", Handle: "saomaicafe"}, map[string]string{"token": "t"})
	return err
}

// pasting is a network whose token is pasted, and not granted on the network's own pages.
func pasting(n listeners.Network) listeners.Network {
	n.Grant, n.Fields = nil, []listeners.Field{{Name: "token", Kind: "token", Secret: true}, {Name: "host", Kind: "url", Optional: true}}
	return n
}

// open makes the channel of a connection.
func (c *cafe) open(conn listeners.Connection) (listeners.Channel, error) {
	opened, err := conn.Open(c.Connector.Keys, c.clock.Now)
	if err != nil {
		return nil, err
	}
	return c.Connector.Networks[conn.Network].Open(opened, c.Connector.Outside)
}

type rand0 struct{}

func (rand0) Read(p []byte) (int, error) { return len(p), nil }

func (c *cafe) transact(ctx context.Context, f func(context.Context, listeners.Tx) error) error {
	return c.DB.Transact(ctx, db.Full, f)
}

func (c *cafe) do(f func(context.Context, listeners.Tx) error) {
	c.t.Helper()
	if err := c.transact(c.t.Context(), f); err != nil {
		c.t.Fatal(err)
	}
}

// writes lets a customer post, in a thread or in a new one (""), and gives the case.
func (c *cafe) writes(author, text, thread string) community.Case {
	c.t.Helper()
	c.posts++
	id := fmt.Sprint(1000 + c.posts)
	post := listeners.Post{
		NativeID: id, ThreadKey: thread, ParentID: thread, Author: listeners.Author{NativeID: author, Handle: author, Name: author},
		Reason: listeners.Mentioned, Text: text, URL: "https://x.com/" + author + "/status/" + id,
		Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: c.clock.Now(),
	}
	if thread == "" {
		post.ThreadKey = id
	}
	c.do(c.Intake.Sink(c.conn, []listeners.Post{post}))
	var found community.Case
	if err := c.DB.Read().NewSelect().Model(&found).Where("c.thread_key = ?", post.ThreadKey).Scan(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	return found
}

// answers lets a member claim a case and answer it.
func (c *cafe) answers(who string, k community.Case, text string) community.Answer {
	c.t.Helper()
	var a community.Answer
	c.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		if _, err = community.ClaimCase(ctx, tx, c.members[who], k.ID); err != nil {
			return err
		}
		a, err = c.Desk.Submit(ctx, tx, c.members[who], k.ID, 0, text)
		return err
	})
	return a
}

// waiting lets huy, whose answers are reviewed, answer a new question.
func (c *cafe) waiting(question, text string) community.Answer {
	c.t.Helper()
	return c.answers("huy", c.writes("lananh", question, ""), text)
}

// visitor is a browser without scripts.
type visitor struct {
	c      *cafe
	client *http.Client
	lang   string
}

// stranger is a browser that nobody signed in with, in a language.
func (c *cafe) stranger(lang string) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return &visitor{c: c, client: &http.Client{Jar: jar}, lang: lang}
}

// visits signs somebody in with a link.
func (c *cafe) visits(who, lang string) *visitor {
	c.t.Helper()
	v := c.stranger(lang)
	if page := v.post("/sign-in/"+c.link(who), nil); page.path == "/sign-in" {
		c.t.Fatalf("%s could not sign in: %d", who, page.status)
	}
	return v
}

func (c *cafe) link(who string) string {
	var secret string
	c.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		secret, err = access.AddLink(ctx, tx, access.Link{PersonID: c.persons[who].ID})
		return err
	})
	return secret
}

// session is what the browser shows to be known again.
func (v *visitor) session() string {
	at, err := url.Parse(v.c.server.URL)
	if err != nil {
		v.c.t.Fatal(err)
	}
	for _, cookie := range v.client.Jar.Cookies(at) {
		if cookie.Name == "kith" {
			return cookie.Value
		}
	}
	v.c.t.Fatal("nobody is signed in here")
	return ""
}

// answered is a page that came back, at the end of all redirects.
type answered struct {
	parsed
	status int
	path   string // with its query
	body   string
	header http.Header
}

func (v *visitor) get(path string) answered {
	v.c.t.Helper()
	return v.send(http.MethodGet, path, nil, nil)
}

func (v *visitor) post(path string, form url.Values) answered {
	v.c.t.Helper()
	return v.send(http.MethodPost, path, form, nil)
}

func (v *visitor) send(method, path string, form url.Values, header map[string]string) answered {
	v.c.t.Helper()
	req, err := http.NewRequestWithContext(v.c.t.Context(), method, v.c.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.c.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.lang != "" {
		req.AddCookie(&http.Cookie{Name: "kith_language", Value: v.lang})
	}
	req.Header.Set("Accept", "text/html")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.c.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.c.t.Fatal(err)
	}
	return answered{parse(v.c.t, string(body)), res.StatusCode, res.Request.URL.RequestURI(), string(body), res.Header}
}
