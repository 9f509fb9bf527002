package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The faults a facade can suffer. Those with a number are written "name:number".
const (
	faultStatus      = "status"       // :NNN, answers so without acting
	faultStatusAfter = "status_after" // :NNN, acts, then answers so
	faultDelay       = "delay"        // :MS, waits before acting
	faultDropBefore  = "drop_before"  // closes the connection without acting
	faultDropAfter   = "drop_after_act"
	faultTruncate    = "truncate"   // acts, sends half of the answer, closes
	faultRateLimit   = "rate_limit" // 429; optionally :SECONDS until the reset
	faultEmptyPage   = "empty_page" // a page without posts that leads to the true one
	faultDuplicate   = "duplicate"  // posts come twice, within a page and across pages
	faultReorder     = "reorder"    // the posts of a page come in any order
	faultNone        = "none"       // clears
)

const (
	maxDelay         = 10 * time.Minute
	rateLimitSeconds = 5
)

var (
	errFault = errors.New("fault is one of status:NNN, status_after:NNN, delay:MS, drop_before, drop_after_act, " +
		"truncate, rate_limit, rate_limit:SECONDS, empty_page, duplicate, reorder, none")
	errRate  = errors.New("rate is a number from 0 to 1")
	errCount = errors.New("count is a whole number of times, 0 for always")
)

// rule makes one fault happen to some of the calls of one network.
type rule struct {
	Network string   `json:"network"`         // empty: every network
	Route   string   `json:"route,omitempty"` // part of "METHOD /path"; empty: every call
	Fault   string   `json:"fault"`
	Rate    *float64 `json:"rate,omitempty"`  // share of the calls; absent: all
	Count   int      `json:"count,omitempty"` // times left; 0: always

	kind   string
	number int
}

// parse reads the fault and checks the rest.
func (r *rule) parse() error {
	kind, number, numbered := strings.Cut(r.Fault, ":")
	n, err := strconv.Atoi(number)
	if numbered && (err != nil || n < 0) {
		return errFault
	}
	switch kind {
	case faultStatus, faultStatusAfter:
		if n < 200 || n > 599 {
			return errFault
		}
	case faultDelay:
		if !numbered || time.Duration(n)*time.Millisecond > maxDelay {
			return errFault
		}
	case faultRateLimit:
		if !numbered {
			n = rateLimitSeconds
		}
	case faultDropBefore, faultDropAfter, faultTruncate, faultEmptyPage, faultDuplicate, faultReorder, faultNone:
		if numbered {
			return errFault
		}
	default:
		return errFault
	}
	if r.Rate != nil && !(*r.Rate >= 0 && *r.Rate <= 1) { // NaN too
		return errRate
	}
	if r.Count < 0 {
		return errCount
	}
	if r.Network != "" && !slices.Contains(networkNames, r.Network) {
		return errNetwork
	}
	r.kind, r.number = kind, n
	return nil
}

// weather holds the rules and the dice.
type weather struct {
	mu    sync.Mutex
	seed  uint64
	dice  *rand.Rand
	rules []*rule
}

func newWeather(seed uint64) *weather {
	w := &weather{seed: seed}
	w.clear()
	return w
}

// clear brings back the sun, and the dice to their seed.
func (w *weather) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules = nil
	w.dice = rand.New(rand.NewPCG(w.seed, 0x5EA50))
}

// set replaces the rule of the same network and route. The fault "none" (or an
// empty one) only clears: its network and route, a whole network if it names
// no route, everything if it names neither.
func (w *weather) set(r rule) error {
	if r.Fault == "" {
		r.Fault = faultNone
	}
	if err := r.parse(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules = slices.DeleteFunc(w.rules, func(old *rule) bool {
		if r.kind == faultNone {
			return (r.Network == "" || r.Network == old.Network) && (r.Route == "" || r.Route == old.Route)
		}
		return r.Network == old.Network && r.Route == old.Route
	})
	if r.kind != faultNone {
		w.rules = append(w.rules, &r)
	}
	return nil
}

// replace makes the given rules the whole weather; several of them may strike
// the same call.
func (w *weather) replace(rules []rule) error {
	var parsed []*rule
	for i, r := range rules {
		if err := r.parse(); err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
		if r.kind != faultNone {
			parsed = append(parsed, &r)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules = parsed
	return nil
}

func (w *weather) list() []rule {
	w.mu.Lock()
	defer w.mu.Unlock()
	rules := make([]rule, len(w.rules))
	for i, r := range w.rules {
		rules[i] = *r
	}
	return rules
}

// strike draws which faults hit one call, in the order of the rules.
func (w *weather) strike(network, method, path string) []rule {
	w.mu.Lock()
	defer w.mu.Unlock()
	var hits []rule
	w.rules = slices.DeleteFunc(w.rules, func(r *rule) bool {
		if r.Network != "" && r.Network != network || !strings.Contains(method+" "+path, r.Route) {
			return false
		}
		if r.Rate != nil && w.dice.Float64() >= *r.Rate {
			return false
		}
		hits = append(hits, *r)
		if r.Count == 0 {
			return false
		}
		r.Count--
		return r.Count == 0
	})
	return hits
}

// shuffle mixes the posts of a page.
func (w *weather) shuffle(posts []*post) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dice.Shuffle(len(posts), func(i, j int) { posts[i], posts[j] = posts[j], posts[i] })
}

// facade is a network's protocol. Besides serving, it can fail in its own words.
type facade interface {
	http.Handler
	// fail answers with an error status as the network words it. With 429,
	// reset says when calls are welcome again.
	fail(w http.ResponseWriter, status int, reset time.Time)
}

// underWeather lets the network's faults strike a facade's calls.
func (n *Network) underWeather(network string, f facade) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits := n.weather.strike(network, r.Method, r.URL.Path)
		if len(hits) == 0 {
			f.ServeHTTP(w, r)
			return
		}
		var page pageFaults
		var after []rule
		for _, h := range hits {
			n.cfg.Logger.Debug("weather strikes", slog.String("fault", h.Fault), slog.String("method", r.Method), slog.String("path", r.URL.Path))
			switch h.kind {
			case faultDelay:
				select {
				case <-time.After(time.Duration(h.number) * time.Millisecond):
				case <-r.Context().Done():
					return
				}
			case faultStatus:
				f.fail(w, h.number, n.cfg.Now().Add(rateLimitSeconds*time.Second))
				return
			case faultRateLimit:
				f.fail(w, http.StatusTooManyRequests, n.cfg.Now().Add(time.Duration(h.number)*time.Second))
				return
			case faultDropBefore:
				panic(http.ErrAbortHandler)
			case faultEmptyPage:
				page.empty = true
			case faultDuplicate:
				page.twice = true
			case faultReorder:
				page.shuffle = n.weather.shuffle
			default:
				after = append(after, h)
			}
		}
		r = r.WithContext(context.WithValue(r.Context(), pageFaultsKey{}, page))
		if len(after) == 0 {
			f.ServeHTTP(w, r)
			return
		}
		held := &heldAnswer{header: make(http.Header)}
		f.ServeHTTP(held, r)
		switch h := after[0]; h.kind {
		case faultStatusAfter:
			f.fail(w, h.number, n.cfg.Now().Add(rateLimitSeconds*time.Second))
		case faultTruncate:
			held.sendHalf(w)
			panic(http.ErrAbortHandler)
		default:
			panic(http.ErrAbortHandler)
		}
	})
}

// pageFaults are the faults that only a facade can play, because they change
// what a page of posts holds.
type pageFaults struct {
	empty, twice bool
	shuffle      func([]*post) // nil: keep the order
}

type pageFaultsKey struct{}

func pageFaultsOf(ctx context.Context) pageFaults {
	f, _ := ctx.Value(pageFaultsKey{}).(pageFaults)
	return f
}

// heldAnswer keeps an answer back after the facade has acted.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header { return h.header }

func (h *heldAnswer) WriteHeader(status int) { h.status = status }

func (h *heldAnswer) Write(b []byte) (int, error) { return h.body.Write(b) }

// sendHalf promises the whole answer and sends the first half of it.
func (h *heldAnswer) sendHalf(w http.ResponseWriter) {
	for key, values := range h.header {
		w.Header()[key] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(h.body.Len()))
	if h.status != 0 {
		w.WriteHeader(h.status)
	}
	w.Write(h.body.Bytes()[:h.body.Len()/2])
	http.NewResponseController(w).Flush()
}
