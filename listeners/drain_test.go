package listeners_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/db"
)

// brings lets the network bring a body as delivery id.
func (e *ear) brings(id, body string) {
	e.t.Helper()
	h := http.Header{"X-Far-Id": {id}, "X-Far-Signature": {"far"}, "Content-Type": {"application/json"}, "Authorization": {"canary"}, "Cookie": {"canary"}, "X-Forwarded-For": {"10.0.0.1"}}
	e.do(func(ctx context.Context, tx listeners.Tx) error {
		return listeners.Take(ctx, tx, e.conn, &farChannel{}, h, []byte(body))
	})
}

func (e *ear) bringsPost(id string) {
	body, _ := json.Marshal(farPage{Posts: []farPost{{ID: id, Author: "an", Text: "brought " + id, At: e.clock.Now()}}})
	e.brings("d-"+id, string(body))
}

func (e *ear) letters() []listeners.DeadLetter {
	e.t.Helper()
	all, err := listeners.DeadLetters(e.t.Context(), e.db.Read(), e.conn.ID, 10)
	if err != nil {
		e.t.Fatal(err)
	}
	return all
}

func TestWhatIsBroughtIsHeardOnceAndErased(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		e.cost = 5000
		for i := range 100 {
			e.bringsPost(fmt.Sprint(i))
			e.bringsPost(fmt.Sprint(i)) // again
		}
		if n := e.count("SELECT COUNT(*) FROM deliveries WHERE headers LIKE '%canary%' OR headers LIKE '%ignature%' OR headers LIKE '%10.0.0.1%'"); n > 0 {
			t.Errorf("%d deliveries keep headers that are nobody's business", n)
		}
		e.Tick(t.Context())
		e.bringsPost("7") // after it was understood
		e.Tick(t.Context())
		if n, kept := e.count("SELECT COUNT(*) FROM mentions"), e.count("SELECT COUNT(*) FROM deliveries WHERE state <> 'done' OR LENGTH(body) > 0"); n != 100 || kept > 0 {
			t.Errorf("%d mentions of 100, %d bodies kept", n, kept)
		}
		if e.spent() != 100*5000 || e.now().BroughtAt == 0 {
			t.Errorf("spent %d, brought at %v", e.spent(), e.now().BroughtAt)
		}
		c.Advance(41 * time.Hour)
		if old, err := listeners.BroughtOld(t.Context(), d.Read(), c.Now()); err != nil || !old {
			t.Errorf("nothing is old: %v, %v", old, err)
		}
		e.do(func(ctx context.Context, tx listeners.Tx) error { return listeners.ForgetBrought(ctx, tx, 1000) })
		if n := e.count("SELECT COUNT(*) FROM deliveries"); n != 0 {
			t.Errorf("%d ids are kept for ever", n)
		}
	})
}

func TestPoisonHarmsOnlyItself(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		e.bringsPost("1")
		for _, poison := range []string{"panic", "poison", "unstorable"} {
			e.brings(poison, poison)
			e.bringsPost("after-" + poison)
		}
		e.Tick(t.Context())
		if n := e.count("SELECT COUNT(*) FROM mentions WHERE native_id <> 'nul'"); n != 4 {
			t.Errorf("%d of 4 neighbours are heard at once", n)
		}
		poisons := 2
		if d.IsPostgres() {
			poisons = 3 // SQLite stores a NUL
		}
		if n := len(e.letters()); n != 0 {
			t.Errorf("%d dead letters after one try", n)
		}
		for range 4 {
			c.Advance(40 * time.Minute)
			e.Tick(t.Context())
		}
		letters := e.letters()
		if len(letters) != poisons {
			t.Fatalf("%d dead letters after five tries, want %d", len(letters), poisons)
		}
		for _, l := range letters {
			if string(l.Raw) != l.NativeID || !strings.Contains(l.Headers, "X-Far-Id") || l.Reason == "" {
				t.Errorf("the letter has body %q, headers %q, reason %q", l.Raw, l.Headers, l.Reason)
			}
		}
		l := letters[len(letters)-1]
		e.do(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.RetryLetter(ctx, tx, e.conn.ID, l.ID, false)
		})
		if n := e.count("SELECT COUNT(*) FROM deliveries WHERE state = 'waiting' AND tries = 0"); n != 1 || len(e.letters()) != poisons-1 {
			t.Errorf("%d deliveries wait for another try", n)
		}
		e.do(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.DismissLetter(ctx, tx, e.conn.ID, e.letters()[0].ID)
		})
		if n := len(e.letters()); n != poisons-2 {
			t.Errorf("%d letters after one was dismissed", n)
		}
	})
}

func TestReplicasDrainWithoutDoubling(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		for i := range 200 {
			e.bringsPost(fmt.Sprint(i))
		}
		var replicas sync.WaitGroup
		for range 4 {
			replicas.Go(func() { e.poller().Tick(t.Context()) })
		}
		replicas.Wait()
		e.Tick(t.Context())
		tried := e.count("SELECT COUNT(*) FROM deliveries WHERE tries > 1")
		if n := e.count("SELECT COUNT(*) FROM mentions"); n != 200 || tried > 0 && !d.IsPostgres() {
			t.Errorf("%d mentions of 200, %d deliveries were tried twice", n, tried)
		}
	})
}

func TestAPausedConnectionKeepsWhatIsBrought(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		set := func(state listeners.ConnectionState) {
			e.do(func(ctx context.Context, tx listeners.Tx) error {
				_, err := tx.NewRaw("UPDATE connections SET state = ?", state).Exec(ctx)
				return err
			})
		}
		set(listeners.Paused)
		e.bringsPost("1")
		e.Tick(t.Context())
		if n := e.count("SELECT COUNT(*) FROM mentions"); n != 0 {
			t.Error("a paused connection is heard")
		}
		set(listeners.On)
		e.Tick(t.Context())
		if n := e.count("SELECT COUNT(*) FROM mentions"); n != 1 {
			t.Errorf("%d mentions after the pause", n)
		}
	})
}
