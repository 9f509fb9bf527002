package torture

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

// long tells whether the trials may take their time.
var long = os.Getenv("KITH_TORTURE") != ""

var everywhere = []place{onX, onFacebook, onDiscourse}

// TestCrash kills the only process of an embedded database while posts arrive and answers go out.
func TestCrash(t *testing.T) {
	p := plan{networks: everywhere, replicas: 1, kills: 50, posts: 2000, enough: 800, least: 400, settle: 2 * time.Minute}
	if long {
		p.kills, p.posts, p.enough, p.settle = 300, 9000, 4000, 10*time.Minute
	}
	torture(t, p)
}

// TestCrashInBadWeather does the same on a network that loses requests, answers and patience.
func TestCrashInBadWeather(t *testing.T) {
	p := plan{networks: everywhere, replicas: 1, kills: 10, posts: 300, least: 80, settle: 2 * time.Minute}
	if long {
		p.kills, p.posts, p.enough, p.least, p.settle = 200, 4000, 2000, 1000, 10*time.Minute
	}
	p.weather = storms(p.networks)
	torture(t, p)
}

// TestTortureReplicas kills two processes that share one PostgreSQL, in bad weather too.
func TestTortureReplicas(t *testing.T) {
	if !long {
		t.Skip("long: set KITH_TORTURE=1")
	}
	p := plan{networks: everywhere, replicas: 2, kills: 200, posts: 4000, enough: 2000, least: 1000, settle: 10 * time.Minute}
	p.database, p.weather = dbtest.NewPostgres(t, dbtest.Postgres(t), ""), storms(p.networks)
	torture(t, p)
}

// TestRestartTakesOver kills a process while a page is being heard and replies are being sent. The next
// one does not wait for the ends of the leases, half a minute and a minute.
func TestRestartTakesOver(t *testing.T) {
	tr, crowd := open(t, seedOf(t), plan{networks: []place{onX}, replicas: 1, kills: 1, posts: 20, settle: 15 * time.Second})
	first, err := tr.live(0)
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), tr.database, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, over := context.WithCancel(t.Context())
	var playing sync.WaitGroup
	for _, c := range crowd {
		playing.Go(func() { c.play(ctx) })
	}
	defer playing.Wait()
	defer over()
	stuck := []map[string]any{{"network": "x", "route": "POST /2/tweets", "fault": "delay:60000"}}
	tr.admin("PUT", "/admin/weather", stuck, nil)
	tr.burst(tr.chance(streamCustomers), nil, tr.posts)
	tr.until(t, d, "SELECT COUNT(*) >= 5 FROM replies WHERE state = 'sending'")
	tr.admin("PUT", "/admin/weather", append(stuck, map[string]any{"network": "x", "route": "GET /2/users", "fault": "delay:60000"}), nil)
	tr.until(t, d, "SELECT COUNT(*) = 1 FROM connections WHERE lease_until IS NOT NULL")
	tr.serves(0, "")
	first.kill()
	tr.admin("PUT", "/admin/weather", []string{}, nil)
	if _, err := tr.live(0); err != nil {
		t.Fatal(err)
	}
	if err := tr.settle(t.Context(), d); err != nil {
		t.Error(err)
	}
	over()
	playing.Wait()
	s, err := read(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if wrong := tr.check(s); len(wrong) > 0 {
		t.Errorf("%d contradictions:\n%s", len(wrong), summary(wrong))
	}
}

// seedOf is the trial's seed: KITH_SEED, or another one each time.
func seedOf(t *testing.T) uint64 {
	if text := os.Getenv("KITH_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("KITH_SEED: %v", err)
		}
		return seed
	}
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return uint64(binary.BigEndian.Uint32(b[:]))
}

// torture is the whole story of a trial.
func torture(t *testing.T, p plan) {
	seed := seedOf(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again: KITH_SEED=%d go test ./server/torture -run %s", seed, t.Name())
		}
	})
	began := time.Now()
	tr, crowd := open(t, seed, p)
	if len(p.weather) > 0 {
		tr.admin("PUT", "/admin/weather", p.weather, nil)
	}

	// The crowd plays while replicas live and die.
	ctx, over := context.WithCancel(t.Context())
	defer over()
	var playing, posting, dying sync.WaitGroup
	for _, c := range crowd {
		playing.Go(func() { c.play(ctx) })
	}
	defer playing.Wait()
	defer over()
	lives := make(chan struct{}, p.kills+p.replicas)
	posting.Go(func() { tr.customers(ctx, lives) })
	for replica := range p.replicas {
		dying.Go(func() {
			if err := tr.haunt(ctx, replica, func() { lives <- struct{}{} }); err != nil {
				t.Error(err)
			}
		})
	}
	dying.Wait()
	close(lives)
	killed := time.Since(began)

	// Then all replicas live on in good weather until everything has ended.
	tr.admin("PUT", "/admin/weather", []string{}, nil)
	var last []*process
	for replica := range p.replicas {
		server, err := tr.live(replica)
		if err != nil {
			t.Fatal(err)
		}
		last = append(last, server)
	}
	posting.Wait()
	d, err := db.Open(ctx, tr.database, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := tr.settle(ctx, d); err != nil {
		t.Error(err)
	}
	settled := time.Since(began) - killed
	over()
	playing.Wait()
	for _, server := range last {
		if took, err := server.stop(); err != nil || took > 10*time.Second {
			t.Errorf("stopping took %s: %v", took, err)
		}
	}

	// And everything is counted.
	s, err := read(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if wrong := tr.check(s); len(wrong) > 0 {
		t.Errorf("%d contradictions:\n%s", len(wrong), summary(wrong))
	}
	if again := tr.wire.doubled; len(again) > 0 {
		t.Errorf("%d requests for replies that were on the network; only its rule against repetition stopped doubles:\n%s", len(again), summary(again))
	}
	tr.run("", "points", "verify")
	if bad := tr.log.bad; len(bad) > 0 {
		t.Errorf("%d errors in the log:\n%s", len(bad), summary(bad))
	}
	if tr.wire.made < p.least {
		t.Errorf("only %d replies left, want %d at least", tr.wire.made, p.least)
	}
	slices.Sort(tr.book.lives)
	at := func(share float64) time.Duration {
		return tr.book.lives[int(share*float64(len(tr.book.lives)-1))].Round(time.Millisecond)
	}
	t.Logf("seed %d, %s: %d kills in %s, settled %s later; %d posts, %d texts written, %d replies made, %d requests, %d of them unanswered; ready again after p50 %s, p99 %s",
		seed, tr.database[:strings.Index(tr.database, ":")], p.kills, killed.Round(time.Second), settled.Round(100*time.Millisecond),
		len(tr.book.posts), len(tr.book.answers), tr.wire.made, tr.book.asked, tr.book.unsure, at(0.5), at(0.99))
}
