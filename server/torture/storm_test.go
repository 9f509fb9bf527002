package torture

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/db"
)

// gale is a storm over a server: usual posts a minute, then more with every second, then the height of it.
type gale struct {
	usual, height      float64 // posts a minute
	calm, rises, lasts time.Duration
	readers            int // members who look at their list every two seconds
}

// rate is how many posts a minute come at a time of the storm.
func (g gale) rate(at time.Duration) float64 {
	risen := float64(at-g.calm) / float64(g.rises)
	return g.usual + (g.height-g.usual)*min(1, max(0, risen))
}

func (g gale) whole() time.Duration { return g.calm + g.rises + g.lasts }

// complaints come in a storm, each with a number so that no two are the same.
var complaints = []string{
	"my order #%d has not come and nobody answers, this is a scandal!!!",
	"đơn %d đâu rồi shop, chờ 3 ngày, quá tệ, lừa đảo à???",
	"the app is down AGAIN (error %d), worst service ever, I am furious",
	"app sập hoài luôn lỗi %d, tức điên người, bực mình quá trời",
	"is it only me or does the app show error %d for everybody?",
	"cho mình hỏi bao giờ app chạy lại vậy ạ, lỗi %d",
}

// TestTortureStorm lets the posts of an outage arrive at the running server while members look on: every post has a
// case, one alert calls, and the server needs no more memory at the end than at the height. The long storm goes from
// 57 posts a minute to 1,000, for half an hour; its waits are measured from outside, by what a reader of the database sees.
func TestTortureStorm(t *testing.T) {
	g := gale{usual: 1, height: 1000, calm: time.Second, rises: 5 * time.Second, lasts: 15 * time.Second, readers: 8}
	if long {
		g.usual, g.calm, g.rises, g.lasts, g.readers = 57, 2*time.Minute, 3*time.Minute, 25*time.Minute, 20
	}
	tr, crowd := open(t, seedOf(t), plan{networks: []place{onX}, replicas: 1, posts: 1, settle: time.Minute})
	d, err := db.Open(t.Context(), tr.database, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	accustom(t, d, g.usual)
	server, err := tr.live(0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, over := context.WithCancel(t.Context())
	defer over()
	var around sync.WaitGroup
	for i := range g.readers {
		reader := crowd[i%len(crowd)]
		around.Go(func() {
			for ctx.Err() == nil {
				if status := reader.ask(ctx, "GET", "/cases?limit=50", nil, nil); status != 200 && ctx.Err() == nil {
					t.Errorf("a list of cases: %d", status)
				}
				wait(ctx, 2*time.Second)
			}
		})
	}
	offers := &offers{posted: map[string]time.Time{}, seen: map[string]time.Time{}}
	around.Go(func() { offers.watch(ctx, t, d) })

	var memory []int // MiB, each second
	began, spent := time.Now(), server.cpu(t)
	for sent, second := 0.0, time.Duration(0); second < g.whole(); second += time.Second {
		sent += g.rate(second) / 60
		tr.outcry(offers, int(sent))
		memory = append(memory, server.memory(t))
		wait(ctx, time.Until(began.Add(second+time.Second)))
	}
	took := time.Since(began)
	spent = server.cpu(t) - spent
	for deadline := time.Now().Add(tr.plan.settle); offers.missing() > 0 && time.Now().Before(deadline); {
		wait(ctx, 100*time.Millisecond)
	}
	if missing := offers.missing(); missing > 0 {
		t.Errorf("%d of %d posts have no case", missing, len(offers.posted))
	}
	tr.until(t, d, "SELECT COUNT(*) > 0 FROM alerts WHERE kind = 'storm'")
	over()
	around.Wait()

	var alerts int
	if err := d.Read().NewRaw("SELECT COUNT(*) FROM alerts WHERE kind = 'storm'").Scan(t.Context(), &alerts); err != nil || alerts != 1 {
		t.Errorf("%d alerts of a storm, want 1 (%v)", alerts, err)
	}
	if bad := tr.log.bad; len(bad) > 0 {
		t.Errorf("%d errors in the log:\n%s", len(bad), summary(bad))
	}
	highest := slices.Max(memory[:len(memory)*2/3])
	last := slices.Max(memory[len(memory)*2/3:])
	if long && last > highest*12/10 {
		t.Errorf("memory grew from %d MiB in the first two thirds to %d", highest, last)
	}
	waits := offers.waits()
	at := func(share float64) time.Duration {
		return waits[int(share*float64(len(waits)-1))].Round(time.Millisecond)
	}
	t.Logf("%d posts in %s (%.0f a minute at the height), %d readers: offered after p50 %s, p95 %s, p99 %s, most %s; %.0f %% of a core; memory %d MiB at most in the first two thirds, %d in the last",
		len(waits), took.Round(time.Second), g.height, g.readers, at(0.5), at(0.95), at(0.99), at(1), 100*spent.Seconds()/took.Seconds(), highest, last)
}

// accustom gives the brand four weeks of usual posts, each seventh of them angry.
func accustom(t *testing.T, d *db.DB, perMinute float64) {
	const slot = 5 * time.Minute
	posts := int(5 * perMinute)
	var slots []moderation.HeardSlot
	var brand int64
	if err := d.Read().NewRaw("SELECT id FROM brands").Scan(t.Context(), &brand); err != nil {
		t.Fatal(err)
	}
	for last, back := time.Now().UnixMicro()/slot.Microseconds(), int64(1); back <= int64(28*24*time.Hour/slot); back++ {
		slots = append(slots, moderation.HeardSlot{BrandID: brand, Slot: last - back, Posts: posts, Angry: posts / 7})
	}
	err := d.Transact(t.Context(), db.Full, func(ctx context.Context, tx listeners.Tx) error {
		for some := range slices.Chunk(slots, 2000) {
			if _, err := tx.NewInsert().Model(&some).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// outcry posts what is missing to a number of posts.
func (tr *trial) outcry(o *offers, number int) {
	var posts []map[string]any
	for n := len(o.posted); n < number; n++ {
		text := fmt.Sprintf(complaints[n%len(complaints)], n)
		posts = append(posts, map[string]any{"network": "x", "author": fmt.Sprintf("customer%d", n), "text": "@" + brandHandle + " " + text})
	}
	if len(posts) == 0 {
		return
	}
	var made struct{ Items []struct{ ID string } }
	at := time.Now()
	tr.admin("POST", "/admin/posts", posts, &made)
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range made.Items {
		o.posted[p.ID] = at
	}
}

// offers are posts by their ids on the network: when they were written, and when a case of them could be seen.
type offers struct {
	mu           sync.Mutex
	posted, seen map[string]time.Time
}

func (o *offers) watch(ctx context.Context, t *testing.T, d *db.DB) {
	last := int64(0)
	for ctx.Err() == nil {
		var fresh []struct {
			ID       int64
			NativeID string
		}
		err := d.Read().NewSelect().TableExpr("mentions AS m").ColumnExpr("m.id, m.native_id").Join("JOIN cases AS c ON c.id = m.case_id").
			Where("m.id > ? AND c.lane <> 'none'", last).Order("m.id").Scan(ctx, &fresh)
		if err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		now := time.Now()
		o.mu.Lock()
		for _, m := range fresh {
			o.seen[m.NativeID], last = now, m.ID
		}
		o.mu.Unlock()
		wait(ctx, 50*time.Millisecond)
	}
}

func (o *offers) missing() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for id := range o.posted {
		if _, ok := o.seen[id]; !ok {
			n++
		}
	}
	return n
}

// waits are the times from a post to its case, shortest first.
func (o *offers) waits() (waits []time.Duration) {
	for id, at := range o.posted {
		if seen, ok := o.seen[id]; ok {
			waits = append(waits, seen.Sub(at))
		}
	}
	slices.Sort(waits)
	return waits
}

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// memory is what the process holds now, in MiB.
func (p *process) memory(t *testing.T) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	found := resident.FindSubmatch(status)
	if err != nil || found == nil {
		t.Skip("this system does not tell what a process holds")
	}
	kib, _ := strconv.Atoi(string(found[1])) // digits
	return kib / 1024
}

// cpu is the time that the process has computed.
func (p *process) cpu(t *testing.T) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // the third field is the first of them
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // a hundredth of a second each
}
