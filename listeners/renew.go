package listeners

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Renewer gives connections new secrets. However many processes ask, one of them asks the network, and
// the others wait for what it stored.
type Renewer struct {
	Transact Transact
	Read     bun.IDB
	Keys     *Keyring
	Open     func(Connection) (Channel, error)
	Log      *slog.Logger
}

const (
	renewTime  = time.Minute            // how long one process may take to renew
	renewLook  = 100 * time.Millisecond // between two looks whether another process has renewed
	renewAhead = 5 * time.Minute        // how long before their end secrets are renewed
)

// errRenewing is what a Renewer waits out: another process is at it.
var errRenewing = errors.New("the secrets are being renewed")

// Renew spends the secrets of a connection for new ones and returns it with them. c has the secrets that
// the network refused or that end soon; where they are not the stored ones any more somebody was faster,
// and the connection is returned as it is now. A network that gives no new ones breaks the connection, and
// the error is of class AuthRevoked; of class AuthExpired where its Channel cannot renew at all.
func (r *Renewer) Renew(ctx context.Context, c Connection) (Connection, error) {
	wait := time.NewTicker(renewLook)
	defer wait.Stop()
	for {
		now, mine, err := r.begin(ctx, c)
		if !errors.Is(err, errRenewing) {
			if err != nil || !mine {
				return now, err
			}
			return r.spend(context.WithoutCancel(ctx), now)
		}
		select {
		case <-wait.C:
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}

// begin takes the lease on a connection's secrets if they are still those of c.
func (r *Renewer) begin(ctx context.Context, c Connection) (now Connection, mine bool, err error) {
	if now, err = FindConnection(ctx, r.Read, c.ID); err != nil || now.SecretsVersion != c.SecretsVersion {
		return now, false, err
	}
	if now.State == Broken {
		return now, false, &Error{Class: AuthRevoked, Err: errors.New(now.Error)}
	}
	err = r.Transact(ctx, func(ctx context.Context, tx Tx) error {
		res, err := tx.NewUpdate().Model((*Connection)(nil)).Set("renewing_until = ?", tx.Now().Add(renewTime)).
			Where("id = ? AND secrets_version = ?", c.ID, c.SecretsVersion).
			Where("renewing_until IS NULL OR renewing_until <= ?", tx.Now()).Exec(ctx)
		if err != nil {
			return fmt.Errorf("begin to renew connection %d: %w", c.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errRenewing
		}
		return nil
	})
	return now, err == nil, err
}

// spend asks the network and stores what it gives before anybody uses it.
func (r *Renewer) spend(ctx context.Context, c Connection) (Connection, error) {
	ctx, cancel := context.WithTimeout(ctx, renewTime)
	defer cancel()
	secrets, err := r.ask(ctx, c)
	if err != nil {
		return c, errors.Join(err, r.giveUp(ctx, c, err))
	}
	plain, err := json.Marshal(secrets)
	if err != nil {
		return c, err
	}
	sealed, err := r.Keys.Seal(plain, c.bound())
	if err != nil {
		return c, err
	}
	err = r.Transact(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.NewUpdate().Model((*Connection)(nil)).
			Set("secrets = ?, secrets_version = secrets_version + 1, renewing_until = NULL", sealed).
			Where("id = ? AND secrets_version = ?", c.ID, c.SecretsVersion).Exec(ctx)
		if err != nil {
			return fmt.Errorf("store the renewed secrets of connection %d: %w", c.ID, err)
		}
		return nil
	})
	if err != nil {
		return c, err
	}
	r.Log.Info("secrets renewed", "connection", c.ID, "network", c.Network)
	return FindConnection(ctx, r.Read, c.ID)
}

func (r *Renewer) ask(ctx context.Context, c Connection) (map[string]string, error) {
	ch, err := r.Open(c)
	if err != nil {
		return nil, err
	}
	keeper, ok := ch.(AuthKeeper)
	if !ok {
		return nil, &Error{Class: AuthExpired, Err: fmt.Errorf("the secrets of network %s cannot be renewed", c.Network)}
	}
	return keeper.Renew(ctx)
}

// giveUp lets others try, or breaks the connection where only a person can go on.
func (r *Renewer) giveUp(ctx context.Context, c Connection, why error) error {
	return r.Transact(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.NewUpdate().Model((*Connection)(nil)).Set("renewing_until = NULL").
			Where("id = ? AND secrets_version = ?", c.ID, c.SecretsVersion).Exec(ctx)
		if err != nil {
			return fmt.Errorf("give connection %d back: %w", c.ID, err)
		}
		if e := classify(why, Transient); e.Class == AuthRevoked {
			return Break(ctx, tx, c.ID, printable(e.Error()))
		}
		return nil
	})
}

// endsSoon tells whether a Channel's secrets are to be renewed before they are used.
func endsSoon(ch Channel, now clock.Time) bool {
	keeper, ok := ch.(AuthKeeper)
	if !ok {
		return false
	}
	ends := keeper.Expires()
	return ends != 0 && ends <= now.Add(renewAhead)
}
