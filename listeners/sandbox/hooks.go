package sandbox

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// hooks brings news to those who asked for it, as a facade words and signs it. Each address has its own
// queue, so that a slow one delays no other. The weather strikes the route "HOOK": delay, drop_before
// (never sent), drop_after_act (sent, but the answer is lost, so it comes again), duplicate and reorder.
type hooks struct {
	network string
	weather *weather
	now     func() time.Time
	log     *slog.Logger
	client  *http.Client
	// Pauses before each further attempt of a delivery that was not taken; after the last it is given up.
	pauses []time.Duration

	mu    sync.Mutex
	queue map[string]*hookQueue // by address
}

// delivery is one request to be made.
type delivery struct {
	URL    string
	Header http.Header
	Body   []byte

	tries int
}

type hookQueue struct {
	waiting []delivery
	busy    bool
}

const mostWaiting = 10_000

func newHooks(network string, n *Network, pauses ...time.Duration) *hooks {
	return &hooks{
		network: network, weather: n.weather, now: n.cfg.Now, log: n.cfg.Logger, pauses: pauses,
		client: &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		queue:  make(map[string]*hookQueue),
	}
}

// send queues a delivery; it does not wait.
func (h *hooks) send(d delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.queue[d.URL]
	if q == nil {
		q = new(hookQueue)
		h.queue[d.URL] = q
	}
	if len(q.waiting) == mostWaiting {
		return
	}
	q.waiting = append(q.waiting, d)
	if !q.busy {
		q.busy = true
		go h.work(q)
	}
}

func (h *hooks) work(q *hookQueue) {
	for {
		h.mu.Lock()
		if len(q.waiting) == 0 {
			q.busy = false
			h.mu.Unlock()
			return
		}
		d := q.waiting[0]
		q.waiting = slices.Delete(q.waiting, 0, 1)
		h.mu.Unlock()
		h.bring(q, d)
	}
}

func (h *hooks) bring(q *hookQueue, d delivery) {
	again, lost := false, false
	for _, hit := range h.weather.strike(h.network, "HOOK", d.URL) {
		switch hit.kind {
		case faultDelay:
			time.Sleep(time.Duration(hit.number) * time.Millisecond)
		case faultDropBefore:
			return
		case faultDropAfter:
			lost = true
		case faultDuplicate:
			again = true
		case faultReorder:
			h.mu.Lock()
			rand.Shuffle(len(q.waiting), func(i, j int) { q.waiting[i], q.waiting[j] = q.waiting[j], q.waiting[i] })
			h.mu.Unlock()
		}
	}
	taken := h.post(d) && !lost
	if taken && again {
		h.post(d)
	}
	if taken || d.tries == len(h.pauses) {
		return
	}
	pause := h.pauses[d.tries]
	d.tries++
	time.AfterFunc(pause, func() { h.send(d) })
}

func (h *hooks) post(d delivery) bool {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return false
	}
	req.Header = d.Header.Clone()
	res, err := h.client.Do(req)
	if err != nil {
		h.log.Debug("news was not taken", "url", d.URL, "error", err)
		return false
	}
	res.Body.Close()
	return res.StatusCode >= 200 && res.StatusCode < 300
}
