package listeners

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Connection is one account on a network that a brand listens with and answers from.
type Connection struct {
	bun.BaseModel `bun:"table:connections"`

	ID         int64 `bun:",pk,autoincrement"`
	BrandID    int64
	Network    string // the kind of network: x, facebook, …
	NativeID   string // the account's id there
	Handle     string // its name there, without @
	Settings   Settings
	Secrets    []byte // sealed by a Keyring
	State      ConnectionState
	Cursor     Cursor
	FetchAt    clock.Time // when the next round is due
	LeaseUntil clock.Time `bun:",nullzero"` // until when one Poller has it
	Fence      int64      // counts the leases; a Poller whose fence is old can store nothing
	Failures   int        // rounds in a row that failed
	Error      string     // what the last failed round met, for the operator
	HeardAt    clock.Time `bun:",nullzero"` // the last round that went well
	CreatedAt  clock.Time

	SecretsVersion int64
	RenewingUntil  clock.Time `bun:",nullzero"` // until when one process renews the secrets
	Hook           string     // unguessable part of the address that the network brings news to; see Network.AppSecrets
	BroughtAt      clock.Time `bun:",nullzero"` // when it last brought some
	Budget         MicroUSD   // a calendar month (UTC); 0: no bound
	StoppedAt      clock.Time `bun:",nullzero"` // since when nothing leaves, though everything is heard
	StoppedBy      int64      `bun:",nullzero"` // the member who stopped it; 0 for the operator
	StoppedWhy     string
	SendAt         clock.Time `bun:",nullzero"` // before it nothing leaves, because the network said so
	BusyAt         clock.Time `bun:",nullzero"` // when the newest post that a look at the network found was written
	RecheckedAt    clock.Time `bun:",nullzero"` // when what is stored was last looked at again
	HidePhones     bool       // comments that hold a phone number are hidden

	// Of one round.
	caps           Capabilities
	pause          time.Duration
	newest, oldest clock.Time // of the posts it brought
	notBefore      clock.Time // the network wants no call before
	gaps           []Gap      // to be refilled
}

// ConnectionState tells whether a connection is listened to.
type ConnectionState string

// The states of a connection.
const (
	On     ConnectionState = "on"
	Paused ConnectionState = "paused" // somebody stopped it
	Broken ConnectionState = "broken" // the network refuses our credentials; somebody must renew them
)

func (c *Connection) bound() string {
	return fmt.Sprintf("connections/%d/%s/%s", c.BrandID, c.Network, c.NativeID)
}

// Title is the account's name as its network writes it.
func (c *Connection) Title() string {
	if c.Network == "x" {
		return "@" + strings.TrimPrefix(c.Handle, "@")
	}
	return cmp.Or(c.Handle, c.NativeID)
}

// Connect stores a connection with its secrets sealed; connecting the same account of a brand again
// renews settings and secrets and switches it on. Its hook is the one it had, else that of c, else a new one.
func Connect(ctx context.Context, tx Tx, keys *Keyring, c Connection, secrets map[string]string) (Connection, error) {
	plain, err := json.Marshal(secrets)
	if err != nil {
		return c, err
	}
	if c.Secrets, err = keys.Seal(plain, c.bound()); err != nil {
		return c, err
	}
	if c.Settings == nil {
		c.Settings = Settings{}
	}
	if c.Hook == "" {
		if c.Hook, err = keys.token(); err != nil {
			return c, err
		}
	}
	c.State, c.FetchAt, c.CreatedAt, c.Fence, c.SecretsVersion = On, tx.Now(), tx.Now(), 1, 1
	_, err = tx.NewInsert().Model(&c).
		On("CONFLICT (brand_id, network, native_id) DO UPDATE").
		Set("handle = EXCLUDED.handle, settings = EXCLUDED.settings, secrets = EXCLUDED.secrets").
		Set("state = EXCLUDED.state, error = '', failures = 0, fetch_at = EXCLUDED.fetch_at").
		Set("secrets_version = connection.secrets_version + 1, renewing_until = NULL").
		Set("hook = CASE WHEN connection.hook = '' THEN EXCLUDED.hook ELSE connection.hook END").
		Set("lease_until = NULL, fence = connection.fence + 1"). // whoever listened with the old secrets is done
		Returning("*").Exec(ctx)
	if err != nil {
		return c, fmt.Errorf("connect %s of %s: %w", c.Handle, c.Network, err)
	}
	return c, nil
}

// Open decrypts what its Channel is opened with.
func (c *Connection) Open(keys *Keyring, now clock.Func) (Access, error) {
	plain, err := keys.Open(c.Secrets, c.bound())
	if err != nil {
		return Access{}, fmt.Errorf("open connection %d: %w", c.ID, err)
	}
	a := Access{NativeID: c.NativeID, Handle: c.Handle, Settings: c.Settings, Now: now}
	if err := json.Unmarshal(plain, &a.Secrets); err != nil {
		return Access{}, fmt.Errorf("open connection %d: %w", c.ID, ErrSealed)
	}
	return a, nil
}

// FindConnection reads one connection.
func FindConnection(ctx context.Context, db bun.IDB, id int64) (Connection, error) {
	var c Connection
	err := db.NewSelect().Model(&c).Where("id = ?", id).Scan(ctx)
	if err != nil {
		return c, fmt.Errorf("find connection %d: %w", id, err)
	}
	return c, nil
}

// OwnAccounts are the native ids of a brand's accounts on a network: what they write is the brand's.
func OwnAccounts(ctx context.Context, db bun.IDB, brandID int64, network string) ([]string, error) {
	var ids []string
	err := db.NewSelect().Model((*Connection)(nil)).Column("native_id").Where("brand_id = ? AND network = ?", brandID, network).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("list the own accounts of brand %d: %w", brandID, err)
	}
	return ids, nil
}

// Connections reads all connections of a brand, or of every brand for brandID 0.
func Connections(ctx context.Context, db bun.IDB, brandID int64) ([]Connection, error) {
	var all []Connection
	q := db.NewSelect().Model(&all).Order("id")
	if brandID != 0 {
		q = q.Where("brand_id = ?", brandID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	return all, nil
}
