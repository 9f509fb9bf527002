package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/api"
	"github.com/kith-social/kith/server/stream"
	"github.com/kith-social/kith/web"
)

// drain is how long what is under way may take to end when the process stops.
const drain = 10 * time.Second

// Serve does what the configured roles say until ctx ends, then lets everything under way finish.
// ready hears the address once pages are served.
func (a *App) Serve(ctx context.Context, ready func(url string)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	if a.Config.does("listen") {
		running.Go(func() { a.Poller.Run(ctx) })
	}
	if a.Config.does("work") {
		running.Go(func() { a.Deliverer.Run(ctx) })
		running.Go(func() { a.runSweeps(ctx) })
		jobs, err := a.jobs()
		if err != nil {
			return err
		}
		if err := jobs.Start(context.WithoutCancel(ctx)); err != nil {
			return fmt.Errorf("start the jobs: %w", err)
		}
		running.Go(func() {
			<-ctx.Done()
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
			defer cancel()
			if err := jobs.Stop(stopping); err != nil {
				a.Log.Error("jobs did not end in time", "error", err)
			}
		})
	}
	if !a.Config.does("web") {
		ready("without pages")
		<-ctx.Done()
		return nil
	}
	hub := stream.NewHub(a.DB.Read(), a.Log)
	running.Go(func() { hub.Run(ctx) })
	var stopping atomic.Bool
	context.AfterFunc(ctx, func() { stopping.Store(true) })
	handler, _, err := a.handler(hub, &stopping)
	if err != nil {
		return err
	}
	return ServeUntil(ctx, a.Config.Listen, handler, ready)
}

// ServeUntil serves a handler on an address until ctx ends and open requests have been answered.
func ServeUntil(ctx context.Context, address string, handler http.Handler, ready func(url string)) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(listener) }()
	ready("http://" + listener.Addr().String())
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", address, err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := srv.Shutdown(stopping); err != nil {
		return errors.Join(err, srv.Close())
	}
	return nil
}

// handler is everything that is served, from the outside in, and the guard that lets requests through.
func (a *App) handler(hub *stream.Hub, stopping *atomic.Bool) (http.Handler, *access.Guard, error) {
	pages := &web.App{
		DB: a.DB, Desk: a.Desk, Assistant: a.Assistant, Intake: a.Intake, Deliverer: a.Deliverer, Connector: a.Connector, Doctor: a.Doctor, Paster: a.Paster, Now: a.Now, Listen: hub.Serve, Told: hub.Told,
		Secure: strings.HasPrefix(a.publicURL(), "https://"), Mails: a.mail != nil, Simulates: a.Config.Simulate != nil, CredentialKey: a.credentialKey,
	}
	key, err := a.pushKey(context.Background())
	if err != nil {
		return nil, nil, err
	}
	pages.PushKey = key.Public
	guard, err := access.New(access.Config{Read: a.DB.Read(), Transact: a.Write, Now: a.Now, Log: a.Log, PublicURL: a.publicURL(), Refuse: pages.Refuse})
	if err != nil {
		return nil, nil, err
	}
	pages.Guard = guard
	clientIP, err := access.ClientIP(a.Config.TrustedProxy)
	if err != nil {
		return nil, nil, err
	}
	m := newMetrics(a)
	r := chi.NewRouter()
	r.Use(middleware.RequestID, clientIP, a.logRequests, m.watch, a.recoverPanics)
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	r.Get("/readyz", func(w http.ResponseWriter, req *http.Request) { a.readyz(w, req, stopping) })
	r.Method(http.MethodGet, "/metrics", a.fromHere(guard, promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})))
	r.Handle("/hooks/{hook}", a.Hooks())
	r.Handle("/facebook/*", a.facebookCallbacks())
	if a.Config.Step != nil {
		r.Method(http.MethodPut, "/demo/clock", a.fromHere(guard, http.HandlerFunc(a.stepClock)))
	}
	if err := api.Mount(r, api.Config{DB: a.DB, Desk: a.Desk, Guard: guard, Now: a.Now, Version: Version, Deliverer: a.Deliverer, Paster: a.Paster}); err != nil {
		return nil, nil, err
	}
	if err := guard.Mount(r, web.Files(), web.ServiceWorker()); err != nil {
		return nil, nil, err
	}
	behind := r.With(guard.ByCookie, pages.See, web.Protect)
	behind.NotFound(pages.NotFound)
	return r, guard, guard.Mount(behind, pages.Routes()...)
}

// readyz tells whether requests may come: not before the schema is this version's, not while stopping.
func (a *App) readyz(w http.ResponseWriter, r *http.Request, stopping *atomic.Bool) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	pending, err := a.DB.Pending(ctx)
	switch {
	case stopping.Load():
		http.Error(w, "stopping", http.StatusServiceUnavailable)
	case err != nil:
		a.Log.Error("not ready", "error", err)
		http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
	case pending > 0:
		http.Error(w, "the database waits for kith migrate", http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "ready")
	}
}

// fromHere serves only who asks from this machine, without a proxy in between, or has an
// administrator's token.
func (a *App) fromHere(guard *access.Guard, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		local := err == nil && peer.Addr().Unmap().IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == ""
		if !local && !guard.AdminToken(r) {
			http.Error(w, "only from this machine or with an administrator's token", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// stepClock moves the product's time and does what falls due.
func (a *App) stepClock(w http.ResponseWriter, r *http.Request) {
	var step struct {
		Advance string `json:"advance"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&step)
	by, parseErr := time.ParseDuration(step.Advance)
	if err != nil || parseErr != nil || by < 0 || by > 366*24*time.Hour {
		http.Error(w, `send {"advance":"2h"}: how far to move the time forward, a year at most`, http.StatusUnprocessableEntity)
		return
	}
	now := a.Config.Step(by)
	if err := a.CatchUp(r.Context()); err != nil {
		a.Log.Error("after moving the clock", "error", err)
		http.Error(w, "the time was moved, but not everything that fell due could be done", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"now": now})
}

// CatchUp does at once what has fallen due: sweeps, posts to hear, replies to send.
func (a *App) CatchUp(ctx context.Context) error {
	if err := a.Sweep(ctx); err != nil {
		return err
	}
	a.Poller.Tick(ctx)
	a.Deliverer.Tick(ctx)
	return nil
}

// logRequests writes one line a request, without query and headers, which may hold secrets.
func (a *App) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		next.ServeHTTP(ww, r)
		route := chi.RouteContext(r.Context()).RoutePattern()
		level := a.Log.Debug
		if ww.Status() >= 500 {
			level = a.Log.Warn
		}
		level("request", "method", r.Method, "route", route, "status", ww.Status(), "bytes", ww.BytesWritten(), "id", middleware.GetReqID(r.Context()))
	})
}

// recoverPanics answers with a plain sentence and tells the operator the rest.
func (a *App) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if what := recover(); what != nil {
				if what == http.ErrAbortHandler {
					panic(what)
				}
				a.Log.Error("a request panicked", "panic", what, "method", r.Method, "route", chi.RouteContext(r.Context()).RoutePattern())
				http.Error(w, "something went wrong here; it has been written down", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// publicURL is where people reach this installation.
func (a *App) publicURL() string {
	if a.Config.PublicURL != "" {
		return strings.TrimRight(a.Config.PublicURL, "/")
	}
	return "http://" + a.Config.Listen
}

// SignInURL is where a one-time secret signs in.
func (a *App) SignInURL(secret string) string { return a.publicURL() + "/sign-in/" + secret }
