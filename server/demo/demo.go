// Package demo runs the whole product for somebody who wants to try it: an invented coffee brand, its
// people, a sandbox network on which to be a customer, and a past.
//
// The script is the past as embedded text: the cast, and conversations made of steps. A stage is a
// sandbox network from the side on which customers are played. On an empty database the script is
// played: each step happens at its own time, on a network and in the product, through the same code as
// any other day. The network lives in memory, so at every start it is told again what the database knows.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/sandbox"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/access"
)

// Config is what a demo is started with.
type Config struct {
	Server        server.Config // Clock, Step and AllowHost are set by Run
	SandboxListen string        // address of the sandbox network
	ManualClock   bool          // the product's time can be moved by hand
}

// Ready is what somebody needs to begin.
type Ready struct {
	URL     string // of the product
	Sandbox string // of the network
	SignIn  []SignIn
}

// SignIn is a link that signs one of the demo's roles in, once.
type SignIn struct{ Email, URL string }

// roles are the members to try, in the order in which they are shown.
var roles = []string{"huy@example.com", "lan@example.com", "minh@example.com", "admin@example.com"}

const (
	// linkLife outlasts what somebody who tries the demo moves the clock by.
	linkLife = 30 * 24 * time.Hour
	// pollEvery is how often the network is heard: what is posted shows within two seconds.
	pollEvery = "1s"
	// inThePast marks a connection while the script is played.
	inThePast = "past"
)

// ErrUnfinished means that the process died while the past was written.
var ErrUnfinished = errors.New("an earlier demo was stopped before its data was complete; delete its data folder and start again")

// ErrAddress means that one of the two addresses cannot be listened on. Its text names the flag.
type ErrAddress struct {
	Flag string
	Err  error
}

// Error says which flag to change.
func (e *ErrAddress) Error() string {
	return fmt.Sprintf("%v; choose another address with %s", e.Err, e.Flag)
}

// Unwrap is what the system said.
func (e *ErrAddress) Unwrap() error { return e.Err }

// Run serves product and network until ctx ends, then lets what is under way finish. ready is called
// once both are served. *ErrAddress if an address is taken, ErrUnfinished if the data is not usable.
func Run(ctx context.Context, cfg Config, log *slog.Logger, ready func(Ready)) (err error) {
	hands := clock.NewManual(clock.System)
	if cfg.ManualClock {
		cfg.Server.Step = hands.Advance
	}
	network, stop, err := serve(ctx, cfg.SandboxListen, hands.Now)
	if err != nil {
		return addressError("--sandbox-listen", err)
	}
	defer func() { err = errors.Join(err, stop()) }()
	app, err := open(ctx, cfg.Server, hands, network, log)
	if err != nil && ctx.Err() != nil {
		return nil // stopped before it began
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	links, err := signIn(ctx, app)
	if err != nil {
		return err
	}
	return addressError("--listen", app.Serve(ctx, func(url string) {
		for i := range links { // the port may have been chosen by the system
			links[i].URL = strings.Replace(links[i].URL, "http://"+cfg.Server.Listen, url, 1)
		}
		ready(Ready{URL: url, Sandbox: network, SignIn: links})
	}))
}

// addressError names the flag if err is about an address that cannot be listened on.
func addressError(flag string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "listen" {
		return &ErrAddress{flag, err}
	}
	return err
}

// serve serves a network in the background and returns where, and what stops it.
func serve(ctx context.Context, address string, now clock.Func) (network string, stop func() error, err error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the product, which finishes its replies
	place := sandbox.New(sandbox.Config{Now: func() time.Time { return now().Std() }})
	served, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- server.ServeUntil(ctx, address, place, func(url string) { served <- url }) }()
	select {
	case network = <-served:
		return network, func() error { cancel(); return <-ended }, nil
	case err = <-ended:
		cancel()
		return "", nil, err
	}
}

// open opens the product on a clock that runs with hands, writes the past into an empty database, and
// connects the brand to the network, which then knows what the database knows.
func open(ctx context.Context, cfg server.Config, hands *clock.Manual, network string, log *slog.Logger) (*server.App, error) {
	script, err := readScript()
	if err != nil {
		return nil, err
	}
	cfg.Clock, cfg.AllowHost = hands.Now, append(cfg.AllowHost, host(network))
	app, err := server.Open(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	if err := begin(ctx, app, script, hands, stage{network}); err != nil {
		return nil, errors.Join(err, app.Close())
	}
	return app, nil
}

func begin(ctx context.Context, app *server.App, script *script, hands *clock.Manual, st stage) error {
	brand, err := community.FindBrand(ctx, app.DB.Read(), script.Brand.Slug)
	if errors.Is(err, community.ErrUnknownBrand) {
		// Half a past is of no use, so it is not stopped in the middle.
		if err := play(context.WithoutCancel(ctx), app.Config, script, hands.Now(), app.Log); err != nil {
			return fmt.Errorf("write the demo's past: %w", err)
		}
		brand, err = community.FindBrand(ctx, app.DB.Read(), script.Brand.Slug)
	}
	if err != nil {
		return err
	}
	if err := finished(ctx, app, brand); err != nil {
		return err
	}
	if err := catchUp(ctx, app, hands); err != nil {
		return err
	}
	if err := st.retell(ctx, app, brand); err != nil {
		return fmt.Errorf("tell the network what happened on it: %w", err)
	}
	all, err := listeners.Connections(ctx, app.DB.Read(), brand.ID)
	if err != nil {
		return err
	}
	connected := map[string]int64{}
	for _, c := range all {
		connected[c.Network] = c.ID
	}
	for _, network := range slices.Sorted(maps.Keys(places)) {
		if err := connect(ctx, app, brand, script, st, network, connected[network], nil); err != nil {
			return err
		}
	}
	return nil
}

// place is a network of the sandbox and how the brand connects to it.
type place struct {
	path     string
	settings func(handle string) listeners.Settings
	secrets  func(token string) map[string]string
}

// places are the networks that the demo's brand is on. Its past is on X.
var places = map[string]place{
	"x": {
		"/x", func(string) listeners.Settings { return nil },
		func(token string) map[string]string { return map[string]string{"token": token} },
	},
	"facebook": {
		"/graph", func(string) listeners.Settings { return listeners.Settings{"app_id": "1000"} },
		func(token string) map[string]string {
			return map[string]string{"token": token, "app_secret": "sandbox-secret-1000"}
		},
	},
	"discourse": {
		"/discourse", func(handle string) listeners.Settings { return listeners.Settings{"user": handle} },
		func(token string) map[string]string { return map[string]string{"key": token} },
	},
}

// connect makes the brand's account on a network, or finds it, and connects it. The network may have
// another address than when the connection that is renewed was made; 0: none is.
func connect(ctx context.Context, app *server.App, brand community.Brand, script *script, st stage, network string, renews int64, more listeners.Settings) error {
	at := places[network]
	token, err := st.account(ctx, network, script.Brand.Handle, script.Brand.Name, true)
	if err != nil {
		return err
	}
	settings := listeners.Settings{"host": st.url + at.path, "poll": pollEvery, "training": "allowed"}
	maps.Copy(settings, at.settings(script.Brand.Handle))
	maps.Copy(settings, more)
	_, err = app.Connector.Connect(ctx, listeners.Form{BrandID: brand.ID, Network: network, Settings: settings, Secrets: at.secrets(token), Renews: renews}, nil)
	return err
}

// finished looks whether the past was written to its end.
func finished(ctx context.Context, app *server.App, brand community.Brand) error {
	all, err := listeners.Connections(ctx, app.DB.Read(), brand.ID)
	if err != nil {
		return err
	}
	if len(all) == 0 || all[0].Settings[inThePast] != "" {
		return ErrUnfinished
	}
	return nil
}

// catchUp moves the clock to the last thing that happened: an earlier run may have moved it ahead, and
// time does not run backwards.
func catchUp(ctx context.Context, app *server.App, hands *clock.Manual) error {
	last, err := community.LastActivity(ctx, app.DB.Read())
	if err != nil {
		return err
	}
	tail, err := community.Tail(ctx, app.DB.Read(), last-1, 1)
	if err != nil {
		return err
	}
	for _, a := range tail {
		if ahead := a.CreatedAt.Sub(hands.Now()); ahead > 0 {
			hands.Advance(ahead)
		}
	}
	return nil
}

// signIn makes a link for each of the roles.
func signIn(ctx context.Context, app *server.App) ([]SignIn, error) {
	var links []SignIn
	err := app.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
		links = nil
		for _, email := range roles {
			p, err := access.FindPerson(ctx, tx, email)
			if err != nil {
				return err
			}
			secret, err := access.AddLink(ctx, tx, access.Link{PersonID: p.ID, Life: linkLife, Newest: true})
			if err != nil {
				return err
			}
			links = append(links, SignIn{email, app.SignInURL(secret)})
		}
		return nil
	})
	return links, err
}

// host is the host and port of a URL that this package made.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
