package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
)

// A session ends when nobody used it for a week, and a month after the sign-in in any case.
const (
	idleLife    = 7 * 24 * time.Hour
	sessionLife = 30 * 24 * time.Hour
	keptWithin  = time.Hour // how exactly the last use is known; noting each would write at every read
)

// What a session holds.
const (
	sessionPerson = "person"
	sessionEpoch  = "epoch"
	sessionBrand  = "brand" // the brand chosen; 0 or none = the first
	sessionBegan  = "began"
)

// newSessions does not use scs.New, which starts a goroutine for a store of its own that never ends.
func (g *Guard) newSessions(https bool) *scs.SessionManager {
	cookie := scs.SessionCookie{Name: "kith", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Persist: true}
	if https {
		cookie.Name, cookie.Secure = "__Host-kith", true
	}
	return &scs.SessionManager{
		Lifetime: sessionLife, // of the cookie; what counts is sessionBegan
		Store:    sessionStore{g}, HashTokenInStore: true, Codec: scs.GobCodec{}, Cookie: cookie, ErrorFunc: g.refuse,
	}
}

// SignIn signs the browser of ctx in by password; ErrCredentials tells nothing of which was wrong.
func (g *Guard) SignIn(ctx context.Context, email, password string) (Person, error) {
	p, err := FindPerson(ctx, g.Read, email)
	if err != nil && Explain(err).Status >= http.StatusInternalServerError {
		return Person{}, err
	}
	ok, err := g.checkPassword(ctx, p.PasswordHash, password)
	if err != nil {
		return Person{}, fmt.Errorf("check a password: %w", err)
	}
	if !ok {
		return Person{}, ErrCredentials
	}
	return p, g.begin(ctx, p)
}

// SignInByLink signs the browser of ctx in and uses the link up; ErrLink if it does not work.
func (g *Guard) SignInByLink(ctx context.Context, secret string) (p Person, err error) {
	err = g.Transact(ctx, func(ctx context.Context, tx Tx) error {
		p, err = useLink(ctx, tx, secret)
		return err
	})
	if err != nil {
		return Person{}, err
	}
	return p, g.begin(ctx, p)
}

// begin makes the session of ctx the person's, under a new token, so that one planted before is worth nothing.
func (g *Guard) begin(ctx context.Context, p Person) error {
	if err := g.sessions.Clear(ctx); err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	if err := g.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	g.sessions.Put(ctx, sessionPerson, p.ID)
	g.sessions.Put(ctx, sessionEpoch, p.Epoch)
	g.sessions.Put(ctx, sessionBegan, int64(g.Now()))
	return nil
}

// SignOut ends the session of ctx.
func (g *Guard) SignOut(ctx context.Context) error {
	if err := g.sessions.Destroy(ctx); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// Owner names who asks in which browser, for what only they may finish there: it tells nothing of either,
// and is another one after the next sign-in. "" for nobody.
func (g *Guard) Owner(ctx context.Context) string {
	id, token := From(ctx), g.sessions.Token(ctx)
	if id == nil || id.Member == nil || token == "" {
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "owner/%d/%s", id.Member.ID, token))
	return hex.EncodeToString(sum[:])
}

// ChooseBrand makes the person act for another brand from the next request on; the token is renewed,
// because what they may do changes. community.ErrUnknownBrand if they are no member of it.
func (g *Guard) ChooseBrand(ctx context.Context, slug string) error {
	id := From(ctx)
	if id == nil {
		return ErrSignedOut
	}
	for _, m := range id.Members {
		if id.Brands[m.BrandID].Slug != slug {
			continue
		}
		if err := g.sessions.RenewToken(ctx); err != nil {
			return fmt.Errorf("choose a brand: %w", err)
		}
		g.sessions.Put(ctx, sessionBrand, m.BrandID)
		return nil
	}
	return community.ErrUnknownBrand
}

// sessionStore keeps sessions in the table sessions, by hashed token, and lives by the product's
// clock. Every commit has a fresh token, so that it never brings an ended session back.
type sessionStore struct{ g *Guard }

var errNeedsContext = errors.New("a session store is used with a context")

type sessionRow struct {
	Data      []byte
	ExpiresAt clock.Time
}

func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var rows []sessionRow
	now := s.g.Now()
	err := s.g.Read.NewSelect().Table("sessions").Column("data", "expires_at").
		Where("token = ? AND expires_at > ?", token, now).Scan(ctx, &rows)
	if err != nil {
		return nil, false, fmt.Errorf("find a session: %w", err)
	}
	if len(rows) == 0 {
		return nil, false, nil
	}
	if keep := now.Add(idleLife); keep.Sub(rows[0].ExpiresAt) >= keptWithin {
		err = s.g.Transact(ctx, func(ctx context.Context, tx Tx) error {
			_, err := tx.NewRaw("UPDATE sessions SET expires_at = ? WHERE token = ?", keep, token).Exec(ctx)
			return err
		})
	}
	return rows[0].Data, true, err
}

func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, _ time.Time) error {
	return s.g.Transact(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.NewRaw("INSERT INTO sessions (token, data, expires_at) VALUES (?, ?, ?)", token, data, s.g.Now().Add(idleLife)).Exec(ctx)
		return err
	})
}

func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.g.Transact(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.NewRaw("DELETE FROM sessions WHERE token = ?", token).Exec(ctx)
		return err
	})
}

func (sessionStore) Find(string) ([]byte, bool, error)      { return nil, false, errNeedsContext }
func (sessionStore) Commit(string, []byte, time.Time) error { return errNeedsContext }
func (sessionStore) Delete(string) error                    { return errNeedsContext }

// Tidy removes sessions and links that are over.
func Tidy(ctx context.Context, tx Tx) error {
	for _, table := range []string{"sessions", "sign_in_links"} {
		if _, err := tx.NewDelete().Table(table).Where("expires_at <= ?", tx.Now()).Exec(ctx); err != nil {
			return fmt.Errorf("tidy %s: %w", table, err)
		}
	}
	return nil
}
