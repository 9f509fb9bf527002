package listeners

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// grantLife is how long somebody may stay on a network's own pages.
const grantLife = time.Hour

// grant is a row of one attempt. Only its owner, a text that the caller makes of the person and the
// browser, can go on with it.
type grant struct {
	bun.BaseModel `bun:"table:grants,alias:g"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	Network   string
	Owner     string
	Renews    int64
	State     string // hash of what the network sends back with the person; a new one for each try
	Sealed    []byte
	Returned  bool // the accounts are there to choose from
	ExpiresAt clock.Time
	CreatedAt clock.Time
}

// attempt is what a grant keeps sealed.
type attempt struct {
	Settings Settings
	Secrets  map[string]string
	State    string
	Verifier string
	Accounts []Granted
}

func (g *grant) form(a attempt) Form {
	return Form{BrandID: g.BrandID, Network: g.Network, Settings: a.Settings, Secrets: a.Secrets, Renews: g.Renews}
}

// bound ties what is sealed to the attempt it belongs to, which keeps its end through every try.
func (g *grant) bound() string {
	return fmt.Sprintf("grants/%d/%s/%s/%d", g.BrandID, g.Network, g.Owner, g.ExpiresAt)
}

func hashState(state string) string {
	sum := sha256.Sum256([]byte(state))
	return hex.EncodeToString(sum[:])
}

// Begin keeps a form for the time that somebody is on the network's own pages, and gives the id of the
// attempt. *FieldFault where the form cannot be used.
func (k *Connector) Begin(ctx context.Context, owner string, f Form) (id int64, err error) {
	f, err = k.complete(ctx, f)
	if err != nil {
		return 0, err
	}
	err = k.Transact(ctx, func(ctx context.Context, tx Tx) error {
		if _, err := tx.NewDelete().Model((*grant)(nil)).Where("expires_at <= ?", tx.Now()).Exec(ctx); err != nil {
			return fmt.Errorf("tidy attempts to connect: %w", err)
		}
		g := grant{BrandID: f.BrandID, Network: f.Network, Owner: owner, Renews: f.Renews, ExpiresAt: tx.Now().Add(grantLife), CreatedAt: tx.Now()}
		if err := k.arm(&g, attempt{Settings: f.Settings, Secrets: f.Secrets}); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&g).Exec(ctx)
		id = g.ID
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("begin to connect: %w", err)
	}
	return id, nil
}

// arm makes the attempt ready for one try, with a state and a verifier that nobody has seen.
func (k *Connector) arm(g *grant, a attempt) error {
	a.State, a.Verifier = k.Secret(), k.Secret()+k.Secret() // PKCE wants 43 to 128 characters
	g.State = hashState(a.State)
	return k.seal(g, a)
}

func (k *Connector) seal(g *grant, a attempt) error {
	plain, err := json.Marshal(a)
	if err != nil {
		return err
	}
	g.Sealed, err = k.Keys.Seal(plain, g.bound())
	return err
}

func (k *Connector) unseal(g grant) (a attempt, err error) {
	plain, err := k.Keys.Open(g.Sealed, g.bound())
	if err == nil {
		err = json.Unmarshal(plain, &a)
	}
	return a, err
}

// find reads an owner's attempt that is not over.
func (k *Connector) find(ctx context.Context, db bun.IDB, owner string, which func(*bun.SelectQuery) *bun.SelectQuery) (g grant, a attempt, err error) {
	err = db.NewSelect().Model(&g).Where("owner = ? AND expires_at > ?", owner, k.Now()).Apply(which).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return g, a, ErrGrantOver
	}
	if err != nil {
		return g, a, fmt.Errorf("find an attempt to connect: %w", err)
	}
	a, err = k.unseal(g)
	return g, a, err
}

func byID(id int64) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("id = ?", id) }
}

// RedirectURL is where networks send a person back to; it is registered with a brand's own app.
func (k *Connector) RedirectURL() string { return k.PublicURL + "/connections/callback" }

func (k *Connector) asks(a attempt) Grant {
	return Grant{Settings: a.Settings, Secrets: a.Secrets, Redirect: k.RedirectURL(), State: a.State, Verifier: a.Verifier}
}

// Standing is how an attempt to connect stands.
type Standing struct {
	Network  string
	Renews   int64
	URL      string     // of the network's own page
	Accounts []Identity // what it opened; none before the person has come back
}

// Standing tells how an owner's attempt stands; ErrGrantOver where there is none, or none any more.
func (k *Connector) Standing(ctx context.Context, owner string, id int64) (s Standing, err error) {
	g, a, err := k.find(ctx, k.Read, owner, byID(id))
	if err != nil {
		return s, err
	}
	n, err := k.Network(g.Network)
	if err != nil {
		return s, err
	}
	s.Network, s.Renews = g.Network, g.Renews
	for _, account := range a.Accounts {
		s.Accounts = append(s.Accounts, account.Identity)
	}
	s.URL, err = n.Grant.URL(k.asks(a))
	return s, err
}

// Return takes what the network sent back with the person: it spends the code for the accounts that it
// opens, and keeps them until the person has chosen. A state works once. denied says that the person, or
// the network, said no. The id is that of the attempt, also where it failed, so that it can be tried again.
func (k *Connector) Return(ctx context.Context, owner, state, code string, denied bool) (id int64, err error) {
	var g grant
	var a attempt
	err = k.Transact(ctx, func(ctx context.Context, tx Tx) error {
		g, a, err = k.find(ctx, tx, owner, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("state = ?", hashState(state)) })
		if err != nil {
			return err
		}
		next := g
		if err := k.arm(&next, a); err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model(&next).Column("state", "sealed").WherePK().Where("state = ?", g.State).Exec(ctx)
		if err != nil {
			return fmt.Errorf("take what the network sent back: %w", err)
		}
		if rows, err := res.RowsAffected(); err != nil || rows == 0 {
			return ErrGrantOver
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if denied || code == "" {
		return g.ID, ErrGrantDenied
	}
	asking, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	accounts, err := k.Networks[g.Network].Grant.Exchange(asking, k.asks(a), code, k.Outside)
	if err != nil {
		e := *classify(err, Transient)
		e.Err = Scrub(fmt.Errorf("spend the code of %s: %w", g.Network, e.Err), map[string]string{"code": code, "verifier": a.Verifier})
		return g.ID, &e
	}
	if len(accounts) == 0 {
		return g.ID, ErrNoAccount
	}
	return g.ID, k.Transact(ctx, func(ctx context.Context, tx Tx) error {
		now, fresh, err := k.find(ctx, tx, owner, byID(g.ID))
		if err != nil {
			return err
		}
		fresh.Accounts, now.Returned = accounts, true
		if err := k.seal(&now, fresh); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model(&now).Column("sealed", "returned").WherePK().Exec(ctx)
		return err
	})
}

// Choose connects the accounts with these native ids of those that an attempt opened, each checked with
// the network first, and ends the attempt. What was connected before one failed stays connected.
func (k *Connector) Choose(ctx context.Context, owner string, id int64, nativeIDs []string, note Note) ([]Connection, error) {
	g, a, err := k.find(ctx, k.Read, owner, byID(id))
	if err != nil {
		return nil, err
	}
	var connected []Connection
	for _, account := range a.Accounts {
		if !slices.Contains(nativeIDs, account.NativeID) {
			continue
		}
		account.Settings, account.Secrets = keep(account.Settings, a.Settings), keep(account.Secrets, a.Secrets)
		c, err := k.take(ctx, g.form(a), account, note)
		if err != nil {
			return connected, err
		}
		connected = append(connected, c)
	}
	if len(connected) == 0 {
		return nil, ErrNoAccount
	}
	return connected, k.Transact(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.NewDelete().Model(&g).WherePK().Exec(ctx)
		return err
	})
}
