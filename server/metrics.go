package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/kith-social/kith/clock"
)

// metrics are what an operator watches: requests, the outbox, connections, and the process.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMetrics(a *App) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "kith_http_request_seconds", Help: "Time to answer a request.", Buckets: []float64{.001, .005, .02, .05, .1, .5, 2, 10},
		}, []string{"method", "route", "status"}),
	}
	m.registry.MustRegister(m.requests, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), states{a})
	return m
}

// watch measures a request under its route's pattern, never its path, which may hold ids.
func (m *metrics) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := clock.System()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		next.ServeHTTP(ww, r)
		route := chi.RouteContext(r.Context()).RoutePattern()
		if route == "" {
			route = "none"
		}
		m.requests.WithLabelValues(r.Method, route, strconv.Itoa(max(ww.Status(), 200))).Observe(clock.System().Sub(start).Seconds())
	})
}

// states counts rows by state at each scrape, from partial indexes that hold only what is unfinished.
type states struct{ app *App }

var (
	outbox      = prometheus.NewDesc("kith_replies", "Replies that have not ended, by state.", []string{"state"}, nil)
	connections = prometheus.NewDesc("kith_connections", "Connections by network and state.", []string{"network", "state"}, nil)
	lag         = prometheus.NewDesc("kith_connection_silence_seconds", "Time since a connection that is on was last heard.", []string{"network", "connection"}, nil)
	buried      = prometheus.NewDesc("kith_dead_letters", "Posts that could not be read.", nil, nil)
)

// Describe names what is collected.
func (s states) Describe(out chan<- *prometheus.Desc) {
	out <- outbox
	out <- connections
	out <- lag
	out <- buried
}

// Collect counts.
func (s states) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var replies []struct {
		State string
		N     int
	}
	err := s.app.DB.Read().NewRaw(`SELECT state, COUNT(*) AS n FROM replies
		WHERE state IN ('waiting', 'queued', 'sending', 'retry', 'ambiguous', 'ask_human', 'held', 'by_hand') GROUP BY state`).Scan(ctx, &replies)
	for _, r := range replies {
		out <- prometheus.MustNewConstMetric(outbox, prometheus.GaugeValue, float64(r.N), r.State)
	}
	var conns []struct {
		ID             int64
		Network, State string
		HeardAt        clock.Time
	}
	if err == nil {
		err = s.app.DB.Read().NewRaw(`SELECT id, network, state, COALESCE(heard_at, created_at) AS heard_at FROM connections`).Scan(ctx, &conns)
	}
	byState := map[[2]string]float64{}
	for _, c := range conns {
		byState[[2]string{c.Network, c.State}]++
		if c.State == "on" {
			silence := s.app.Now().Sub(c.HeardAt).Seconds()
			out <- prometheus.MustNewConstMetric(lag, prometheus.GaugeValue, silence, c.Network, strconv.FormatInt(c.ID, 10))
		}
	}
	for k, n := range byState {
		out <- prometheus.MustNewConstMetric(connections, prometheus.GaugeValue, n, k[0], k[1])
	}
	var letters int
	if err == nil {
		err = s.app.DB.Read().NewRaw("SELECT COUNT(*) FROM dead_letters").Scan(ctx, &letters)
		out <- prometheus.MustNewConstMetric(buried, prometheus.GaugeValue, float64(letters))
	}
	if err != nil {
		s.app.Log.Error("metrics cannot be read", "error", err)
	}
}
