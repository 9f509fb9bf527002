// Package api is the JSON API for programs: the same domain functions as the pages, under /api/v1,
// described at /openapi.json.
//
// Each operation parses, makes one call into the domain and renders what came of it. A program shows
// a token and never a cookie. Ids are opaque texts, times are RFC 3339, errors are problems (RFC
// 9457), and input that is not described is refused.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/db"
)

// Config is what the API needs.
type Config struct {
	DB      *db.DB
	Desk    *moderation.Desk
	Guard   *access.Guard
	Now     clock.Func
	Version string // of the product, for the description

	Deliverer *listeners.Deliverer
	Paster    *moderation.Paster
}

type api struct {
	Config
	huma huma.API
}

// Mount adds the API's routes and its description to a router. It fails if the policy forgot one.
func Mount(r chi.Router, c Config) error {
	router := &router{guard: c.Guard}
	router.Router = r.With(c.Guard.ByToken)
	hc := huma.DefaultConfig("Kith", c.Version)
	hc.OpenAPIPath, hc.DocsPath, hc.SchemasPath, hc.CreateHooks = "", "", "", nil
	hc.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[clock.Time](), reflect.TypeFor[time.Time]())
	hc.RejectUnknownQueryParameters = true
	hc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	hc.Security = []map[string][]string{{"token": {}}}
	a := &api{Config: c, huma: huma.NewAPI(hc, router)}
	a.cases()
	a.answers()
	a.members()
	a.sending()
	if err := errors.Join(router.failed...); err != nil {
		return err
	}
	description, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		return fmt.Errorf("describe the API: %w", err)
	}
	return c.Guard.Mount(router.Router, access.Route{
		Method: http.MethodGet, Pattern: "/openapi.json", Object: "openapi", Action: "read",
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/openapi+json")
			_, _ = w.Write(description) // nobody is left to tell
		}),
	})
}

// router hands huma's operations to the guard, so that none is mounted past it.
type router struct {
	chi.Router
	guard  *access.Guard
	failed []error
}

const (
	objectKey = "object"
	actionKey = "action"
)

// Handle implements huma.Adapter.
func (r *router) Handle(op *huma.Operation, handler func(huma.Context)) {
	route := access.Route{
		Method: op.Method, Pattern: op.Path,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { handler(humachi.NewContext(op, req, w)) }),
	}
	route.Object, _ = op.Metadata[objectKey].(string)
	route.Action, _ = op.Metadata[actionKey].(string)
	if err := r.guard.Mount(r.Router, route); err != nil {
		r.failed = append(r.failed, err)
	}
}

// largestBody bounds a request: the longest text, escaped as badly as JSON allows.
const largestBody = 64 << 10

// operation describes one operation: "GET /cases/{id}", what the policy must allow, and what it does.
func operation(route, object, action, summary string) huma.Operation {
	method, path, _ := strings.Cut(route, " ")
	return huma.Operation{
		OperationID: strings.ToLower(method) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(path),
		Method:      method, Path: "/api/v1" + path, Summary: summary, Tags: []string{object}, MaxBodyBytes: largestBody,
		Errors:   []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
		Metadata: map[string]any{objectKey: object, actionKey: action},
	}
}

// out is a response with a body.
type out[B any] struct{ Body B }

// list is a page of things and where the next one begins, "" after the last.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next" doc:"The cursor of the next page, empty after the last"`
}

// serve registers an operation whose errors are explained by the one table.
func serve[I, B any](a *api, op huma.Operation, f func(context.Context, *I) (B, error)) {
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*out[B], error) {
		body, err := f(ctx, in)
		if err != nil {
			return nil, &problem{Problem: a.Guard.Tell(ctx, err).Problem()}
		}
		return &out[B]{body}, nil
	})
}

// write runs one domain call in a transaction that is on disk when it returns.
func (a *api) write(ctx context.Context, f func(ctx context.Context, tx db.Tx, m *community.Member) error) error {
	return a.DB.Transact(ctx, db.Full, func(ctx context.Context, tx db.Tx) error { return f(ctx, tx, access.From(ctx).Member) })
}

// read runs f on one unchanging view of the database.
func (a *api) read(ctx context.Context, f func(ctx context.Context, read bun.IDB, m *community.Member) error) error {
	return a.DB.ReadTx(ctx, func(ctx context.Context, read bun.IDB) error { return f(ctx, read, access.From(ctx).Member) })
}

// ForBrand is what every operation takes to know for which brand a member of several acts.
type ForBrand struct {
	Brand  string `query:"brand" maxLength:"39" doc:"Short name of the brand to act for; the first of yours if empty"`
	Header string `header:"Kith-Brand" maxLength:"39" doc:"The same as a header"`
}

// One is the input of an operation on one thing.
type One struct {
	ForBrand
	ID id `path:"id" maxLength:"40"`
}

// id is an opaque text outside and a number inside; a text that is none of ours names nothing, as 0 does.
type id string

func (t id) int64() int64 {
	n, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != string(t) {
		return 0
	}
	return n
}

func idOf(n int64) string { return strconv.FormatInt(n, 10) }

// orNull is nil for zero, which becomes null.
func orNull(t clock.Time) *clock.Time {
	if t == 0 {
		return nil
	}
	return &t
}
