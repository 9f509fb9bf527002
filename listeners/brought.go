package listeners

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Brought is a delivery of a network as it came. Its body is erased when it has been understood; its id
// stays for a while, because networks bring things again.
type Brought struct {
	bun.BaseModel `bun:"table:deliveries,alias:d"`

	ID           int64 `bun:",pk,autoincrement"`
	ConnectionID int64
	NativeID     string // as the Receiver names it
	Headers      string // those that KeptHeaders lets through, as JSON
	Body         []byte
	State        string
	Tries        int
	DueAt        clock.Time // when it is decoded; while it is, the end of the lease
	Error        string
	CreatedAt    clock.Time
}

const (
	broughtWaiting = "waiting"
	broughtDone    = "done"
)

// keepBrought is how long the ids of deliveries are known: Facebook brings for 36 hours what we did not take.
const keepBrought = 40 * time.Hour

// AtHook finds the connections whose network brings its news to an address: one, or those of one app.
func AtHook(ctx context.Context, db bun.IDB, hook string) ([]Connection, error) {
	var all []Connection
	if err := db.NewSelect().Model(&all).Where("hook = ? AND hook <> ''", hook).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("find a hook: %w", err)
	}
	return all, nil
}

// OfAccounts finds the connections, of whichever brand, to accounts on a network.
func OfAccounts(ctx context.Context, db bun.IDB, network string, nativeIDs []string) ([]Connection, error) {
	var all []Connection
	err := db.NewSelect().Model(&all).
		Where("network = ? AND native_id IN (?) AND state <> ?", network, bun.List(nativeIDs), Removed).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the connections of accounts: %w", err)
	}
	return all, nil
}

// KeptHeaders are the headers of a delivery that are stored with it: what kind of news it is, and no
// signature, no credentials and nothing of whoever stands in between.
func KeptHeaders(h http.Header) http.Header {
	kept := http.Header{}
	for name, values := range h {
		name = textproto.CanonicalMIMEHeaderKey(name)
		lower := strings.ToLower(name)
		between := strings.HasPrefix(lower, "x-forwarded") || strings.HasPrefix(lower, "x-real") || strings.HasPrefix(lower, "x-envoy") || strings.HasPrefix(lower, "x-amz")
		secret := strings.Contains(lower, "signature") || strings.Contains(lower, "token") || strings.Contains(lower, "secret") || strings.Contains(lower, "key") || strings.Contains(lower, "auth")
		if lower == "content-type" || strings.HasPrefix(lower, "x-") && !between && !secret {
			kept[name] = values
		}
	}
	return kept
}

// Take stores a delivery that its network signed, once however often it is brought.
func Take(ctx context.Context, tx Tx, c Connection, ch Receiver, h http.Header, body []byte) error {
	headers, err := json.Marshal(KeptHeaders(h))
	if err != nil {
		return err
	}
	d := Brought{
		ConnectionID: c.ID, NativeID: ch.DeliveryID(h, body), Headers: string(headers), Body: body,
		State: broughtWaiting, DueAt: tx.Now(), CreatedAt: tx.Now(),
	}
	if d.NativeID == "" || len(d.NativeID) > mostSaid {
		sum := sha256.Sum256(body)
		d.NativeID = hex.EncodeToString(sum[:])
	}
	if _, err := tx.NewInsert().Model(&d).On("CONFLICT (connection_id, native_id) DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("store what was brought to connection %d: %w", c.ID, err)
	}
	return nil
}

// Undecoded is what a network has brought and nobody has understood yet.
type Undecoded struct {
	Waiting int
	Failing int        // tried, and to be tried again
	Since   clock.Time // when the oldest was brought; 0: none waits
}

// UndecodedOf counts what waits of a connection to be understood.
func UndecodedOf(ctx context.Context, db bun.IDB, connectionID int64) (u Undecoded, err error) {
	err = db.NewSelect().Table("deliveries").
		ColumnExpr("COUNT(*) AS waiting, COALESCE(SUM(CASE WHEN error <> '' THEN 1 ELSE 0 END), 0) AS failing, COALESCE(MIN(created_at), 0) AS since").
		Where("connection_id = ? AND state = 'waiting'", connectionID).Scan(ctx, &u)
	if err != nil {
		return u, fmt.Errorf("count what was brought to connection %d: %w", connectionID, err)
	}
	return u, nil
}

// ForgetBrought deletes ids of deliveries and dead letters that nobody needs any more, at most most of
// each.
func ForgetBrought(ctx context.Context, tx Tx, most int) error {
	for _, old := range []struct {
		table, where string
		before       clock.Time
	}{
		{"deliveries", "state = 'done' AND created_at < ?", tx.Now().Add(-keepBrought)},
		{"dead_letters", "created_at < ?", tx.Now().Add(-keepLetters)},
	} {
		some := tx.NewSelect().Table(old.table).Column("id").Where(old.where, old.before).Limit(int64(most))
		if _, err := tx.NewDelete().Table(old.table).Where("id IN (?)", some).Exec(ctx); err != nil {
			return fmt.Errorf("forget old %s: %w", old.table, err)
		}
	}
	return nil
}

// BroughtOld tells without writing whether ForgetBrought has anything to do.
func BroughtOld(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	old, err := db.NewSelect().Table("deliveries").Where("state = 'done' AND created_at < ?", now.Add(-keepBrought)).Exists(ctx)
	if err != nil || old {
		return old, err
	}
	return db.NewSelect().Table("dead_letters").Where("created_at < ?", now.Add(-keepLetters)).Exists(ctx)
}
