// Package stream tells open pages that something changed. It follows the tail of the activities and
// sends names of topics only ("feed", "case:12", "reviews", "mine"); a page then asks for what it
// may see over its own route, so that nothing leaks through the stream.
package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/uptrace/bun"
)

// Hub follows the activities and tells the pages that are open.
type Hub struct {
	read bun.IDB
	log  *slog.Logger

	mu    sync.Mutex
	pages map[*page]bool
	done  chan struct{}
	last  atomic.Int64 // the latest activity that pages were told of
}

// page is one open page; its topics wait until they are sent, and a slow reader only loses repetitions.
type page struct {
	member community.Member
	mu     sync.Mutex
	topics []string
	wake   chan struct{}
}

const (
	period = 100 * time.Millisecond // between two looks at the tail
	ping   = 20 * time.Second       // so that proxies keep a quiet stream open
	batch  = 500
	// overlap are the ids read again on PostgreSQL, where an activity may commit after one with a
	// higher id.
	overlap = 200
)

// NewHub returns a hub that reads from db; Run makes it follow.
func NewHub(read bun.IDB, log *slog.Logger) *Hub {
	return &Hub{read: read, log: log, pages: map[*page]bool{}, done: make(chan struct{})}
}

// Run follows the activities until ctx ends, then lets every page go.
func (h *Hub) Run(ctx context.Context) {
	defer close(h.done)
	last, err := community.LastActivity(ctx, h.read)
	if err != nil && ctx.Err() == nil {
		h.log.Error("the history cannot be followed", "error", err)
	}
	h.last.Store(last)
	seen := map[int64]bool{}
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		news, err := community.Tail(ctx, h.read, max(0, last-overlap), batch+overlap)
		if err != nil {
			if ctx.Err() == nil {
				h.log.Error("the history cannot be followed", "error", err)
			}
			continue
		}
		for _, a := range news {
			if seen[a.ID] {
				continue
			}
			seen[a.ID] = true
			h.tell(&a)
			last = max(last, a.ID)
		}
		h.last.Store(last)
		for id := range seen {
			if id < last-2*overlap {
				delete(seen, id)
			}
		}
	}
}

func (h *Hub) tell(a *community.Activity) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for p := range h.pages {
		if topics := topics(a, &p.member); len(topics) > 0 {
			p.add(topics)
		}
	}
}

// topics are what an activity means for the pages of a member who may know of it.
func topics(a *community.Activity, m *community.Member) []string {
	if a.BrandID != m.BrandID || a.Lane != "" && !slices.Contains(m.Lanes(), a.Lane) {
		return nil
	}
	of := []string{"feed"}
	if a.CaseID != 0 {
		of = append(of, fmt.Sprintf("case:%d", a.CaseID), "mine")
	}
	for _, id := range a.Detail.Cases {
		of = append(of, fmt.Sprintf("case:%d", id))
	}
	if m.MayReview() {
		of = append(of, "reviews")
	}
	return of
}

func (p *page) add(topics []string) {
	p.mu.Lock()
	for _, t := range topics {
		if len(p.topics) < batch && !slices.Contains(p.topics, t) {
			p.topics = append(p.topics, t)
		}
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *page) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	topics := p.topics
	p.topics = nil
	return topics
}

// Told is the latest activity that open pages were told of. A page that is made from now on shows at least
// that; it names it as "since" when it opens its stream, so that nothing in between is missed.
func (h *Hub) Told() int64 { return h.last.Load() }

// catchUp tells a page what happened between its making and the opening of its stream.
func (h *Hub) catchUp(r *http.Request, p *page) {
	since, err := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	if err != nil || since <= 0 {
		return
	}
	news, err := community.Tail(r.Context(), h.read, since, batch)
	if err != nil {
		return // the next change tells
	}
	for i := range news {
		if topics := topics(&news[i], &p.member); len(topics) > 0 {
			p.add(topics)
		}
	}
}

// Serve keeps one page told until it goes away, the hub ends, or still says that the member may no
// longer listen; still is asked at every ping.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, m community.Member, still func(context.Context) bool) {
	p := &page{member: m, wake: make(chan struct{}, 1)}
	h.mu.Lock()
	h.pages[p] = true
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		delete(h.pages, p)
		h.mu.Unlock()
	}()

	h.catchUp(r, p)
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	send := func(text string) bool {
		_ = out.SetWriteDeadline(clock.System().Std().Add(10 * time.Second))
		if _, err := fmt.Fprint(w, text); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	if !send("retry: 2000\n\n") {
		return
	}
	tick := time.NewTicker(ping)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-h.done:
			return
		case <-tick.C:
			if !still(r.Context()) || !send(": still here\n\n") {
				return
			}
		case <-p.wake:
			topics := p.take()
			if len(topics) == 0 {
				continue // they went with the change before
			}
			data, err := json.Marshal(map[string][]string{"topics": topics})
			if err != nil || !send("event: change\ndata: "+string(data)+"\n\n") {
				return
			}
		}
	}
}
