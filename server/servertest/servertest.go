// Package servertest runs the whole product for a test: a sandbox network, a database of either
// engine, a brand with its people, and the product served over HTTP on a clock that also moves by
// hand. A test plays customers on the network and members over the JSON API, and waits, up to a
// limit, for what it wants to see.
//
// A world is all of that together. Its product can be stopped and started again on the same database,
// and a second product, a replica, can be started beside it.
package servertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/sandbox"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/db/dbtest"
)

// Soon is how long something may take that happens by itself at once.
const Soon = time.Minute

// World is a network, a brand with its people, and the product between them.
type World struct {
	*Product

	T       testing.TB
	Clock   *clock.Manual
	Network *sandbox.Network
	Net     string        // address of the network
	Config  server.Config // what products are started with
	Brand   community.Brand
	Tokens  map[string]string // API tokens, by the name of the member
	// Settings of accounts that are connected from now on; "poll" is how often they are heard.
	Settings listeners.Settings

	leave  func()
	logged *countingLog
}

// Product is one running process.
type Product struct {
	App *server.App
	URL string

	stop  func()
	ended chan error
	once  sync.Once
	err   error
}

// Cast is who takes part in every world: two advocates, one of them new and one trusted, and two
// moderators.
var Cast = []community.Member{
	{PublicName: "huy", Role: community.Advocate, Trust: 1},
	{PublicName: "lan", Role: community.Advocate, Trust: 3},
	{PublicName: "minh", Role: community.Moderator},
	{PublicName: "mai", Role: community.Moderator},
}

// Handle is the brand's account on the network.
const Handle = "saomaicafe"

// Each tells a story on both engines, as subtests "sqlite" and "postgres".
func Each(t *testing.T, story func(*testing.T, *World), change ...func(*server.Config)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { story(t, Start(t, dbtest.SQLite(t), change...)) })
	t.Run("postgres", func(t *testing.T) { story(t, Start(t, dbtest.PostgreSQL(t), change...)) })
}

// Empty is the address of a new database of an engine, not even migrated.
func Empty(t testing.TB, engine string) string {
	if engine == "postgres" {
		return dbtest.NewPostgres(t, dbtest.Postgres(t), "")
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "kith.db")
}

// Undo makes replies wait so long before they leave.
func Undo(wait time.Duration) func(*server.Config) {
	return func(c *server.Config) { c.Undo = wait }
}

// New makes a world whose product is open on a database but does not serve yet.
func New(t testing.TB, database string, change ...func(*server.Config)) *World {
	t.Helper()
	w := &World{T: t, logged: newCountingLog(t), Clock: clock.NewManual(nil), Tokens: map[string]string{}, Settings: listeners.Settings{"poll": "50ms"}}
	w.Network = sandbox.New(sandbox.Config{Now: func() time.Time { return w.Clock.Now().Std() }})
	net := httptest.NewServer(w.Network)
	w.leave = sync.OnceFunc(func() { net.Close(); http.DefaultClient.CloseIdleConnections() })
	t.Cleanup(w.leave)
	w.Net = net.URL
	key := filepath.Join(t.TempDir(), "secret.key")
	line, err := listeners.NewKeyLine("k1", rand.Reader)
	w.must(err)
	w.must(os.WriteFile(key, []byte(line), 0o600))
	w.Config = server.Config{
		DB: database, SecretKeyFile: key, AllowHost: []string{hostOf(t, net.URL)}, Listen: "127.0.0.1:0",
		Roles: []string{"web", "listen", "work"}, Clock: w.Clock.Now, Step: w.Clock.Advance,
	}
	for _, c := range change {
		c(&w.Config)
	}
	w.Product = w.Open()
	w.settle()
	return w
}

// Start makes a world, connects the brand's account and serves the product.
func Start(t testing.TB, database string, change ...func(*server.Config)) *World {
	t.Helper()
	w := New(t, database, change...)
	w.Connect(Handle)
	w.Serve(w.Product)
	return w
}

// Open opens a product on the world's database. It is closed when the test ends.
func (w *World) Open() *Product {
	w.T.Helper()
	app, err := server.Open(w.T.Context(), w.Config, slog.New(w.logged))
	w.must(err)
	p := &Product{App: app, stop: func() {}, ended: make(chan error, 1)}
	p.ended <- nil
	w.T.Cleanup(func() { w.must(p.Stop()) })
	return p
}

// Serve lets an open product serve.
func (w *World) Serve(p *Product) {
	w.T.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(w.T.Context()))
	p.stop = stop
	ready := make(chan string, 1)
	<-p.ended
	go func() { p.ended <- p.App.Serve(ctx, func(url string) { ready <- url }) }()
	select {
	case p.URL = <-ready:
	case err := <-p.ended:
		w.T.Fatalf("the product does not serve: %v", err)
	}
}

// Restart stops the product and serves a new one on the same database.
func (w *World) Restart() {
	w.T.Helper()
	w.must(w.Stop())
	w.Product = w.Open()
	w.Serve(w.Product)
}

// Stop ends a product as a signal would and closes its database.
func (p *Product) Stop() error {
	p.once.Do(func() {
		p.stop()
		p.err = errors.Join(<-p.ended, p.App.Close())
	})
	return p.err
}

// Leave ends the network and the test's own connections, as the end of the test does.
func (w *World) Leave() { w.leave() }

func (w *World) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// settle adds the brand and its people.
func (w *World) settle() {
	w.T.Helper()
	topics := []community.Topic{{Name: "Giao hàng", Keywords: []string{"giao hàng", "ship", "delivery"}}}
	w.Write(func(ctx context.Context, tx listeners.Tx) (err error) {
		w.Brand, err = community.AddBrand(ctx, tx, community.Brand{Slug: "saomai", Name: "Sao Mai", Language: "vi", ReviewSeed: "seed"}, topics)
		return err
	})
	for _, m := range Cast {
		w.Join(m)
	}
}

// Join makes somebody a member of the brand, with a token; the public name is also what the test
// calls them.
func (w *World) Join(m community.Member) {
	w.T.Helper()
	m.BrandID, m.Languages, m.Topics = w.Brand.ID, []string{"vi", "en"}, []int64{1}
	w.Write(func(ctx context.Context, tx listeners.Tx) error {
		p, err := access.AddPerson(ctx, tx, access.Person{Email: m.PublicName + "@example.com", Name: m.PublicName, Language: "vi"})
		if err != nil {
			return err
		}
		m.PersonID = p.ID
		if _, err := community.AddMember(ctx, tx, m); err != nil {
			return err
		}
		w.Tokens[m.PublicName], _, err = access.AddToken(ctx, tx, access.Token{PersonID: p.ID, Name: "test", Scopes: []access.Scope{access.Read, access.Write}})
		return err
	})
}

// Connect makes or finds an account on the network and connects it to the brand.
func (w *World) Connect(handle string) listeners.Connection {
	w.T.Helper()
	return w.ConnectAt(w.Net+"/x", w.Account(handle))
}

// ConnectAt connects the account that a token belongs to on the network at an address.
func (w *World) ConnectAt(host, token string) listeners.Connection {
	w.T.Helper()
	settings := maps.Clone(w.Settings)
	settings["host"] = host
	c, err := w.App.Connect(w.T.Context(), w.Brand.ID, "x", settings, map[string]string{"token": token})
	w.must(err)
	return c
}

// Write runs f in a transaction.
func (w *World) Write(f func(context.Context, listeners.Tx) error) {
	w.T.Helper()
	w.must(w.App.Write(w.T.Context(), f))
}

// Count asks the database for one number.
func (w *World) Count(query string, args ...any) int {
	w.T.Helper()
	var n int
	w.must(w.App.DB.Read().NewRaw(query, args...).Scan(w.T.Context(), &n))
	return n
}

// Advance moves the product's and the network's time over the wire.
func (w *World) Advance(by time.Duration) {
	w.T.Helper()
	if status := w.call(http.MethodPut, w.URL+"/demo/clock", "", map[string]string{"advance": by.String()}, nil); status != http.StatusOK {
		w.T.Fatalf("PUT /demo/clock: status %d", status)
	}
}

// Wait polls until there is what the test waits for, and fails it after the limit.
func (w *World) Wait(limit time.Duration, what string, there func() bool) {
	w.T.Helper()
	for end := clock.System().Add(limit); !there(); time.Sleep(5 * time.Millisecond) {
		if clock.System() > end {
			w.T.Fatalf("waited %s in vain: %s", limit, what)
		}
	}
}

// Post is a line of the network's ledger.
type Post struct {
	ID        string    `json:"id"`
	Author    string    `json:"author"`
	Text      string    `json:"text"`
	InReplyTo string    `json:"in_reply_to"`
	CreatedAt time.Time `json:"created_at"`
}

// Says lets somebody post on the network and returns the post's id. parent may be "".
func (w *World) Says(author, text, parent string) string {
	w.T.Helper()
	var made struct{ ID string }
	if status := w.call(http.MethodPost, w.Net+"/admin/posts", "", map[string]string{"network": "x", "author": author, "text": text, "in_reply_to": parent}, &made); status != http.StatusCreated {
		w.T.Fatalf("%s could not post: status %d", author, status)
	}
	return made.ID
}

// Say puts posts on the network at one moment and returns their ids.
func (w *World) Say(posts []Post) []string {
	w.T.Helper()
	in := make([]map[string]string, len(posts))
	for i, p := range posts {
		in[i] = map[string]string{"network": "x", "author": p.Author, "text": p.Text, "in_reply_to": p.InReplyTo}
	}
	var made struct{ Items []struct{ ID string } }
	if status := w.call(http.MethodPost, w.Net+"/admin/posts", "", in, &made); status != http.StatusCreated {
		w.T.Fatalf("the network takes no posts: status %d", status)
	}
	ids := make([]string, len(made.Items))
	for i, m := range made.Items {
		ids[i] = m.ID
	}
	return ids
}

// Ledger is what is on the network, oldest first.
func (w *World) Ledger() []Post {
	w.T.Helper()
	var list struct{ Items []Post }
	if status := w.call(http.MethodGet, w.Net+"/admin/posts?network=x", "", nil, &list); status != http.StatusOK {
		w.T.Fatalf("the ledger gives status %d", status)
	}
	return list.Items
}

// Replies are the posts on the network that answer one.
func (w *World) Replies(parent string) []Post {
	w.T.Helper()
	var found []Post
	for _, p := range w.Ledger() {
		if p.InReplyTo == parent {
			found = append(found, p)
		}
	}
	return found
}

// Account makes or finds a brand's account on the network and returns its token.
func (w *World) Account(handle string) string {
	w.T.Helper()
	return w.AccountOn("x", handle)
}

// AccountOn is Account for any of the networks that the sandbox plays.
func (w *World) AccountOn(network, handle string) string {
	w.T.Helper()
	var made struct{ Token string }
	if status := w.call(http.MethodPost, w.Net+"/admin/accounts", "", map[string]any{"network": network, "handle": handle, "name": handle, "brand": true}, &made); status != http.StatusCreated {
		w.T.Fatalf("no account %s on %s: status %d", handle, network, status)
	}
	return made.Token
}

// Weather sets a fault on a part of the network's calls, as "POST /2/tweets"; "none" ends it.
func (w *World) Weather(route, fault string) {
	w.T.Helper()
	if status := w.call(http.MethodPut, w.Net+"/admin/weather", "", map[string]any{"network": "x", "route": route, "fault": fault}, nil); status != http.StatusOK {
		w.T.Fatalf("no weather %s: status %d", fault, status)
	}
}

// call makes one HTTP call, reads the answer into out unless that is nil, and returns the status.
func (w *World) call(method, address, token string, in, out any) int {
	w.T.Helper()
	status, err := call(w.T.Context(), method, address, token, in, out)
	w.must(err)
	return status
}

func call(ctx context.Context, method, address, token string, in, out any) (int, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if out == nil || len(text) == 0 {
		return res.StatusCode, nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return 0, fmt.Errorf("%s %s: %w in %.200q", method, address, err, text)
	}
	return res.StatusCode, nil
}

func hostOf(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}
