package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// MemberAccount is the name that a member has on the network of a connection, a forum's user name for
// instance, under which they answer there. Employees set it, because the brand's key posts under it.
type MemberAccount struct {
	bun.BaseModel `bun:"table:member_accounts,alias:account"`

	MemberID     int64 `bun:",pk"`
	ConnectionID int64 `bun:",pk"`
	Name         string
	SetBy        int64
	CreatedAt    clock.Time
}

const longestAccount = 100

// AccountName is the name under which a member answers through a connection; "" for the brand's.
func AccountName(ctx context.Context, db bun.IDB, memberID, connectionID int64) (string, error) {
	var a MemberAccount
	err := db.NewSelect().Model(&a).Where("member_id = ? AND connection_id = ?", memberID, connectionID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the name of member %d at connection %d: %w", memberID, connectionID, err)
	}
	return a.Name, nil
}

// MemberAccounts reads the names of a member, by connection.
func MemberAccounts(ctx context.Context, db bun.IDB, memberID int64) (map[int64]string, error) {
	var all []MemberAccount
	if err := db.NewSelect().Model(&all).Where("member_id = ?", memberID).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the names of member %d: %w", memberID, err)
	}
	names := make(map[int64]string, len(all))
	for _, a := range all {
		names[a.ConnectionID] = a.Name
	}
	return names, nil
}

// NameAccount sets the name under which a member answers through a connection, "" for the brand's again.
func NameAccount(ctx context.Context, tx Tx, by *Member, memberID, connectionID int64, name string) error {
	if !by.Role.Employee() {
		return ErrNotAllowed
	}
	member, err := findMember(ctx, tx, memberID)
	if err != nil {
		return err
	}
	if member.BrandID != by.BrandID {
		return fmt.Errorf("find member %d: %w", memberID, sql.ErrNoRows)
	}
	conn, err := listeners.FindConnection(ctx, tx, connectionID)
	if errors.Is(err, sql.ErrNoRows) || err == nil && conn.BrandID != by.BrandID {
		return &Invalid{"connection", "there is no such choice"}
	}
	if err != nil {
		return err
	}
	name = strings.TrimPrefix(strings.TrimSpace(name), "@")
	if len(name) > longestAccount || !Storable(name) || strings.ContainsAny(name, " \t\r\n/") {
		return &Invalid{"name", "this is not a name that somebody can have there"}
	}
	before, err := AccountName(ctx, tx, memberID, connectionID)
	if err != nil || before == name {
		return err
	}
	if name == "" {
		_, err = tx.NewDelete().Model((*MemberAccount)(nil)).Where("member_id = ? AND connection_id = ?", memberID, connectionID).Exec(ctx)
	} else {
		a := MemberAccount{MemberID: memberID, ConnectionID: connectionID, Name: name, SetBy: by.ID, CreatedAt: tx.Now()}
		_, err = tx.NewInsert().Model(&a).On("CONFLICT (member_id, connection_id) DO UPDATE").
			Set("name = EXCLUDED.name, set_by = EXCLUDED.set_by, created_at = EXCLUDED.created_at").Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("name member %d at connection %d: %w", memberID, connectionID, err)
	}
	return record(ctx, tx, Activity{
		BrandID: by.BrandID, ActorID: by.ID, Kind: AccountNamed, Lane: Staff,
		Detail: Detail{Member: memberID, Before: before, Text: name, Rule: conn.Network},
	})
}
