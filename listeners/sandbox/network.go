// Package sandbox is a small social network that lives in memory and speaks
// the wire protocols of the real ones, so that their unmodified client
// libraries run against it. Demos, tests and benchmarks play on it.
//
// The words used here:
//
//   - a network is one named place ("x", later "facebook", "discourse"); all
//     networks share one world, and every account and post belongs to one;
//   - an account has a handle and writes posts; a brand account is one that a
//     company connects to, the others are customers;
//   - a post may answer another post; a post without a known parent is a root,
//     and a thread is a root with everything below it;
//   - a feed is a list of posts ordered by id, such as the posts that name an
//     account, and is what timelines are served from;
//   - a facade is an http.Handler that shows the world in one network's
//     protocol, mounted under the network's prefix;
//   - the weather is the set of faults that facades suffer: slow answers, lost
//     answers, wrong answers;
//   - the ledger is the world as GET /admin/posts lists it: who posted what,
//     the proof that nothing was lost or doubled.
//
// The package imports nothing of the product and trusts nobody.
package sandbox

import (
	"log/slog"
	"net/http"
	"time"
)

// Config says how a network behaves. The zero value is a network without
// limits on the real clock.
type Config struct {
	// Now is the network's clock: the time of new posts, rate windows and
	// token lives. Nil means the machine's clock.
	Now func() time.Time
	// Limits switches on what the networks themselves limit: rate windows,
	// the depth of timelines, the days a search looks back. Rules about
	// content (length, duplicates, who may be answered) always hold.
	Limits bool
	// Seed fixes the weather's dice, and the tokens and ids of accounts.
	Seed uint64
	// Logger receives one debug line for each fault. Nil means no log.
	Logger *slog.Logger
}

// Network is the whole sandbox: the world, its weather, the facades, the
// admin API and the page on which a person plays a customer.
type Network struct {
	cfg     Config
	world   *world
	weather *weather
	mux     *http.ServeMux
}

// New makes an empty network.
func New(cfg Config) *Network {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	n := &Network{
		cfg:     cfg,
		world:   newWorld(cfg.Now, cfg.Seed),
		weather: newWeather(cfg.Seed),
		mux:     http.NewServeMux(),
	}
	n.mount("x", "/x", newX(n))
	n.mount("feed", "/feed", newFeed(n.world, cfg))
	n.mount("discourse", "/discourse", newDiscourse(n))
	n.mount("nodebb", "/nodebb", newNodeBB(n.world, cfg))
	n.mount("facebook", "/graph", newGraph(n))
	// Browsers may change things only from the sandbox's own pages.
	sameOrigin := http.NewCrossOriginProtection()
	n.mux.Handle("/admin/", sameOrigin.Handler(n.adminRoutes()))
	n.mux.Handle("/", sameOrigin.Handler(n.pageRoutes()))
	return n
}

func (n *Network) mount(network, prefix string, f facade) {
	n.mux.Handle(prefix+"/", http.StripPrefix(prefix, n.underWeather(network, f)))
}

// ServeHTTP serves the facades under their prefixes (/x/…), the admin API
// under /admin/ and the customers' page at /.
func (n *Network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mux.ServeHTTP(w, r)
}
