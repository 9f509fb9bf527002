package listeners_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/db"
)

// far is the far side of a small network that exists only for tests: its posts are numbered, its tokens
// end, its reads cost money, and it is asked over HTTP.
type far struct {
	url string

	mu       sync.Mutex
	posts    []farPost
	gone     []string
	token    string
	refresh  string
	renewals int
	refused  bool // no token is ever good again
	reads    int
	status   int           // of every read, where it is not 0
	slow     time.Duration // of every renewal
	per      int           // posts a page
}

type farPost struct {
	ID, Author, Text string
	At               clock.Time
	Version          int64
}

type farPage struct {
	Posts []farPost
	Gone  []string
	Next  int
	More  bool
}

func newFar(t *testing.T) *far {
	f := &far{token: "token-1", refresh: "refresh-1", per: 2}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	f.url = srv.URL
	return f
}

func (f *far) write(text string, at clock.Time) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := strconv.Itoa(len(f.posts) + 1)
	f.posts = append(f.posts, farPost{ID: id, Author: "an", Text: text, At: at})
	return id
}

// do changes the far side, or looks at it.
func (f *far) do(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		f.renew(w, r)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	switch {
	case f.refused || r.Header.Get("Authorization") != f.token:
		w.WriteHeader(http.StatusUnauthorized)
		return
	case f.status != 0:
		w.WriteHeader(f.status)
		return
	}
	var page farPage
	q := r.URL.Query()
	from, _ := strconv.Atoi(q.Get("after"))
	since, _ := strconv.ParseInt(q.Get("since"), 10, 64)
	until, _ := strconv.ParseInt(q.Get("until"), 10, 64)
	for i, p := range f.posts {
		asked := len(q["id"]) == 0 && i >= from || slices.Contains(q["id"], p.ID)
		if until != 0 {
			asked = i >= from && int64(p.At) >= since && int64(p.At) < until
		}
		switch {
		case !asked:
		case slices.Contains(f.gone, p.ID):
			page.Gone = append(page.Gone, p.ID)
		case len(page.Posts) == f.per && len(q["id"]) == 0:
			page.More = true
		default:
			page.Posts, page.Next = append(page.Posts, p), i+1
		}
	}
	page.Next = max(page.Next, from)
	_ = json.NewEncoder(w).Encode(page)
}

func (f *far) renew(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	time.Sleep(f.slow)
	if string(body) != f.refresh || f.refused {
		w.WriteHeader(http.StatusBadRequest) // a refresh token is good for one time
		return
	}
	f.renewals++
	f.token, f.refresh = fmt.Sprintf("token-%d", f.renewals+1), fmt.Sprintf("refresh-%d", f.renewals+1)
	_ = json.NewEncoder(w).Encode(map[string]string{"token": f.token, "refresh": f.refresh})
}

// farChannel is its adapter.
type farChannel struct {
	a    listeners.Access
	caps listeners.Capabilities
	cost listeners.MicroUSD // of one post
}

func (c *farChannel) Capabilities() listeners.Capabilities { return c.caps }

func (c *farChannel) Check(context.Context) (listeners.Identity, error) {
	return listeners.Identity{NativeID: "1", Handle: "far"}, nil
}

func (c *farChannel) Fetch(ctx context.Context, after listeners.Cursor) (listeners.Page, error) {
	return c.get(ctx, "after="+string(after))
}

func (c *farChannel) Backfill(ctx context.Context, from, to clock.Time, after listeners.Cursor) (listeners.Page, error) {
	return c.get(ctx, fmt.Sprintf("after=%s&since=%d&until=%d", after, from, to))
}

func (c *farChannel) Hydrate(ctx context.Context, ids []string) (listeners.Page, error) {
	var q string
	for _, id := range ids {
		q += "&id=" + id
	}
	return c.get(ctx, q)
}

func (c *farChannel) Expires() clock.Time {
	at, _ := strconv.ParseInt(c.a.Secrets["expires"], 10, 64)
	return clock.Time(at)
}

func (c *farChannel) Renew(ctx context.Context) (map[string]string, error) {
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, c.a.Settings["host"]+"/token", bytes.NewBufferString(c.a.Secrets["refresh"]))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, &listeners.Error{Class: listeners.Transient, Err: err}
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, &listeners.Error{Class: listeners.AuthRevoked, Status: res.StatusCode, Err: fmt.Errorf("connect anew")}
	}
	var secrets map[string]string
	return secrets, json.NewDecoder(res.Body).Decode(&secrets)
}

func (c *farChannel) get(ctx context.Context, query string) (listeners.Page, error) {
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, c.a.Settings["host"]+"/posts?"+query, nil)
	req.Header.Set("Authorization", c.a.Secrets["token"])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return listeners.Page{}, &listeners.Error{Class: listeners.Transient, Err: err}
	}
	defer res.Body.Close()
	class := map[int]listeners.Class{401: listeners.AuthExpired, 429: listeners.RateLimited, 503: listeners.Transient}[res.StatusCode]
	if class != "" {
		return listeners.Page{}, &listeners.Error{Class: class, Status: res.StatusCode, Err: fmt.Errorf("refused")}
	}
	var got farPage
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		return listeners.Page{}, &listeners.Error{Class: listeners.Malformed, Err: err}
	}
	return pageOf(got, c.cost), nil
}

func pageOf(got farPage, cost listeners.MicroUSD) listeners.Page {
	page := listeners.Page{Next: listeners.Cursor(strconv.Itoa(got.Next)), More: got.More}
	for _, p := range got.Posts {
		page.Posts = append(page.Posts, listeners.Post{
			NativeID: p.ID, ThreadKey: p.ID, Author: listeners.Author{NativeID: p.Author, Handle: p.Author}, Reason: listeners.Mentioned,
			Text: p.Text, Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: p.At, Version: p.Version,
		})
	}
	for _, id := range got.Gone {
		page.Gone = append(page.Gone, listeners.Removal{NativeID: id, Why: listeners.Deleted})
	}
	if len(got.Posts) > 0 && cost > 0 {
		page.Spend = []listeners.Spend{{Unit: "post_read", N: len(got.Posts), Cost: cost * listeners.MicroUSD(len(got.Posts))}}
	}
	return page
}

// The far side brings news as farPage, signed by a header.
func (c *farChannel) Challenge(r *http.Request, _ []byte) ([]byte, string, bool, error) {
	return []byte(r.URL.Query().Get("challenge")), "text/plain", r.URL.Query().Get("challenge") != "", nil
}

func (c *farChannel) Verify(h http.Header, _ []byte) error {
	if h.Get("X-Far-Signature") != "far" {
		return listeners.ErrSignature
	}
	return nil
}

func (c *farChannel) DeliveryID(h http.Header, _ []byte) string { return h.Get("X-Far-Id") }

func (c *farChannel) Decode(_ context.Context, h http.Header, body []byte) (listeners.Page, error) {
	if h.Get("X-Far-Signature") != "" {
		return listeners.Page{}, fmt.Errorf("a signature was kept")
	}
	switch string(body) {
	case "panic":
		panic("a body that nobody thought of")
	case "poison":
		return listeners.Page{}, fmt.Errorf("not what we know")
	case "unstorable":
		return listeners.Page{Posts: []listeners.Post{{NativeID: "nul", Author: listeners.Author{NativeID: "an"}, Text: "a\x00b\xff"}}}, nil
	}
	var got farPage
	if err := json.Unmarshal(body, &got); err != nil {
		return listeners.Page{}, err
	}
	return pageOf(got, c.cost), nil
}

// ear hears the far side with a database.
type ear struct {
	*listeners.Poller
	t       *testing.T
	far     *far
	db      *db.DB
	keys    *listeners.Keyring
	clock   *clock.Manual
	renewer *listeners.Renewer
	conn    listeners.Connection
	caps    listeners.Capabilities
	cost    listeners.MicroUSD
}

func newKeys(t *testing.T) *listeners.Keyring {
	t.Helper()
	line, err := listeners.NewKeyLine("k1", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := listeners.ParseKeyring(line, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// listen connects the far side to a brand. secrets are added to those that are good.
func listen(t *testing.T, d *db.DB, c *clock.Manual, secrets map[string]string) *ear {
	t.Helper()
	e := &ear{t: t, far: newFar(t), db: d, keys: newKeys(t), clock: c}
	e.renewer = &listeners.Renewer{Transact: e.transact, Read: d.Read(), Keys: e.keys, Open: e.open, Log: slog.New(slog.DiscardHandler)}
	e.Poller = e.poller()
	all := map[string]string{"token": "token-1", "refresh": "refresh-1"}
	for name, secret := range secrets {
		all[name] = secret
	}
	e.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		if _, err = tx.NewRaw("INSERT INTO brands (slug, name, language, review_seed, created_at) VALUES ('b', 'B', 'vi', 's', 0)").Exec(ctx); err != nil {
			return err
		}
		e.conn, err = listeners.Connect(ctx, tx, e.keys, listeners.Connection{
			BrandID: 1, Network: "far", NativeID: "1", Handle: "far", Settings: listeners.Settings{"host": e.far.url},
		}, all)
		return err
	})
	return e
}

func (e *ear) poller() *listeners.Poller {
	return &listeners.Poller{
		Transact: e.transact, Read: e.db.Read(), Open: e.open, Renew: e.renewer.Renew, Sink: e.sink, Gone: gone, Now: e.clock.Now,
		Jitter: func() float64 { return 0 }, Log: slog.New(slog.DiscardHandler), Period: time.Millisecond, Interval: 5 * time.Second, Lease: time.Minute, AtOnce: 4,
	}
}

func gone(ctx context.Context, tx listeners.Tx, c listeners.Connection, removals []listeners.Removal) error {
	_, err := listeners.Remove(ctx, tx, c, removals)
	return err
}

func (e *ear) transact(ctx context.Context, f func(context.Context, listeners.Tx) error) error {
	return e.db.Transact(ctx, db.Full, f)
}

func (e *ear) do(f func(context.Context, listeners.Tx) error) {
	e.t.Helper()
	if err := e.transact(e.t.Context(), f); err != nil {
		e.t.Fatal(err)
	}
}

func (e *ear) open(c listeners.Connection) (listeners.Channel, error) {
	a, err := c.Open(e.keys, e.clock.Now)
	return &farChannel{a: a, caps: e.caps, cost: e.cost}, err
}

// sink stores posts without triage.
func (e *ear) sink(c listeners.Connection, posts []listeners.Post) func(context.Context, listeners.Tx) error {
	return func(ctx context.Context, tx listeners.Tx) error {
		news, err := listeners.Fresh(ctx, tx, c, posts)
		if err != nil || len(news.Fresh) == 0 {
			return err
		}
		fresh := news.Fresh
		accounts, err := listeners.Accounts(ctx, tx, c, fresh)
		if err != nil {
			return err
		}
		ids, err := tx.NextIDs(ctx, "mentions", len(fresh))
		if err != nil {
			return err
		}
		mentions := make([]listeners.Mention, len(fresh))
		for i, p := range fresh {
			mentions[i] = listeners.Mention{
				ID: ids[i], BrandID: c.BrandID, ConnectionID: c.ID, AccountID: accounts[p.Author.NativeID].ID, Network: c.Network, NativeID: p.NativeID,
				ThreadKey: p.ThreadKey, Text: p.Text, CreatedAt: p.CreatedAt, SeenAt: tx.Now(), Version: p.Version,
			}
		}
		return listeners.Insert(ctx, tx, mentions)
	}
}

// now is the connection as it is stored.
func (e *ear) now() listeners.Connection {
	e.t.Helper()
	c, err := listeners.FindConnection(e.t.Context(), e.db.Read(), e.conn.ID)
	if err != nil {
		e.t.Fatal(err)
	}
	return c
}

func (e *ear) count(query string, args ...any) (n int) {
	e.t.Helper()
	if err := e.db.Read().NewRaw(query, args...).Scan(e.t.Context(), &n); err != nil {
		e.t.Fatal(err)
	}
	return n
}

// hear waits until the connection is due and hears it.
func (e *ear) hear() {
	e.t.Helper()
	if wait := e.now().FetchAt.Sub(e.clock.Now()); wait > 0 {
		e.clock.Advance(wait)
	}
	e.Tick(e.t.Context())
}
