package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
)

// Identity is who a request comes from.
type Identity struct {
	Person  Person
	Members []community.Member        // the person's active memberships, oldest first
	Member  *community.Member         // who they act as now; nil for who is no member of anything
	Brand   community.Brand           // that Member acts for
	Brands  map[int64]community.Brand // of Members, by id
	Token   bool                      // a program acts for the person
	Scopes  []Scope                   // of the token
}

// request is what the guard knows of a request.
type request struct {
	identity *Identity
	program  bool // came in by ByToken: is told problems, not pages
}

type requestKey struct{}

func known(ctx context.Context) request {
	r, _ := ctx.Value(requestKey{}).(request)
	return r
}

// From gives who a request comes from; nil for nobody.
func From(ctx context.Context) *Identity { return known(ctx).identity }

// ByCookie is the middleware of pages: it refuses writes that another site sent, and finds the
// browser's session.
func (g *Guard) ByCookie(next http.Handler) http.Handler {
	return g.origin.Handler(g.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := g.signedIn(r.Context())
		if err != nil {
			g.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, request{identity: id})))
	})))
}

// signedIn reads who the session of ctx belongs to; nil if to nobody, or nobody any more.
func (g *Guard) signedIn(ctx context.Context) (*Identity, error) {
	personID := g.sessions.GetInt64(ctx, sessionPerson)
	began := clock.Time(g.sessions.GetInt64(ctx, sessionBegan))
	if personID == 0 || g.Now().Sub(began) >= sessionLife {
		return nil, nil
	}
	id, err := g.identify(ctx, personID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case id.Person.Epoch != g.sessions.GetInt64(ctx, sessionEpoch):
		return nil, nil
	}
	brand := g.sessions.GetInt64(ctx, sessionBrand)
	id.actFor(func(b community.Brand) bool { return brand == 0 || b.ID == brand })
	if id.Member == nil { // no longer a member of the brand chosen
		id.actFor(func(community.Brand) bool { return true })
	}
	return id, nil
}

// ByToken is the middleware of the API: it finds the bearer of a token and the brand that the query
// "brand" or the header Kith-Brand names. Cookies mean nothing to it.
func (g *Guard) ByToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		id, err := g.bearer(r)
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, request{identity: id, program: true}))
		if err != nil {
			g.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (g *Guard) bearer(r *http.Request) (*Identity, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return nil, nil
	}
	scheme, shown, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, ErrToken
	}
	t, err := g.findToken(r.Context(), strings.TrimSpace(shown))
	if err != nil {
		return nil, err
	}
	id, err := g.identify(r.Context(), t.PersonID)
	if err != nil {
		return nil, err
	}
	id.Token, id.Scopes = true, t.Scopes
	slug := r.URL.Query().Get("brand")
	if slug == "" {
		slug = r.Header.Get("Kith-Brand")
	}
	id.actFor(func(b community.Brand) bool { return slug == "" || b.Slug == slug })
	if id.Member == nil && slug != "" {
		return nil, community.ErrUnknownBrand
	}
	return id, nil
}

// AdminToken tells whether a request carries the token of a person who is an admin of some brand; for
// what concerns the whole installation.
func (g *Guard) AdminToken(r *http.Request) bool {
	id, err := g.bearer(r)
	return err == nil && id != nil && slices.ContainsFunc(id.Members, func(m community.Member) bool { return m.Role == community.Admin })
}

// identify reads a person with what they are a member of now.
func (g *Guard) identify(ctx context.Context, personID int64) (*Identity, error) {
	p, err := PersonByID(ctx, g.Read, personID)
	if err != nil {
		return nil, err
	}
	id := &Identity{Person: p}
	members, err := community.MembersOf(ctx, g.Read, p.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if m.State == community.Active {
			id.Members = append(id.Members, m)
		}
	}
	if len(id.Members) == 0 {
		return id, nil
	}
	all, err := community.Brands(ctx, g.Read)
	if err != nil {
		return nil, err
	}
	id.Brands = make(map[int64]community.Brand, len(id.Members))
	for _, m := range id.Members {
		id.Brands[m.BrandID] = all[m.BrandID]
	}
	return id, nil
}

// actFor picks the first membership whose brand is wanted.
func (id *Identity) actFor(wanted func(community.Brand) bool) {
	for i, m := range id.Members {
		if b := id.Brands[m.BrandID]; wanted(b) {
			id.Member, id.Brand = &id.Members[i], b
			return
		}
	}
}

// Still tells whether a long-lived connection may go on: nil while the person is signed in and the
// member active, else ErrSignedOut. It reads the database; ask about once a second.
func (g *Guard) Still(ctx context.Context, id *Identity) error {
	if id == nil {
		return ErrSignedOut
	}
	now, err := g.identify(ctx, id.Person.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrSignedOut
	}
	if err != nil {
		return fmt.Errorf("look whether person %d is still signed in: %w", id.Person.ID, err)
	}
	if now.Person.Epoch != id.Person.Epoch {
		return ErrSignedOut
	}
	if id.Member == nil {
		return nil
	}
	for _, m := range now.Members {
		if m.ID == id.Member.ID && m.Role == id.Member.Role {
			return nil
		}
	}
	return ErrSignedOut
}
