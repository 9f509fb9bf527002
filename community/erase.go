package community

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// Erasure is the receipt for what was erased because a customer asked for it. It names nobody: AccountHash
// is of the network and the account's id there, so that the one who asked can be shown that it was theirs.
type Erasure struct {
	bun.BaseModel `bun:"table:erasures"`

	ID          int64 `bun:",pk,autoincrement"`
	BrandID     int64
	AccountHash string // SHA-256 in hexadecimal of "network/id"
	Network     string
	RequestedBy int64  `bun:",nullzero"` // the member who did it; 0 for the command line
	Counts      Erased `bun:"type:text"`
	CreatedAt   clock.Time
}

// Erased counts what went.
type Erased struct {
	Posts int `json:"posts"`
	Cases int `json:"cases"`
	Notes int `json:"notes"`
}

// FindAccount finds a customer's account by its id on the network, or by its name there; sql.ErrNoRows
// where the brand has not met it.
func FindAccount(ctx context.Context, db bun.IDB, brandID int64, network, idOrHandle string) (listeners.Account, error) {
	var a listeners.Account
	err := db.NewSelect().Model(&a).Where("brand_id = ? AND network = ? AND (native_id = ? OR handle = ?)", brandID, network, idOrHandle, idOrHandle).
		OrderExpr("CASE WHEN native_id = ? THEN 0 ELSE 1 END, id", idOrHandle).Limit(1).Scan(ctx)
	if err != nil {
		return a, fmt.Errorf("find the account %s of %s: %w", idOrHandle, network, err)
	}
	return a, nil
}

// Erase deletes what a brand has stored of a customer: who they are, what they wrote, and what was copied
// from it. Cases stay as numbers. What the brand itself said stands. A late copy of a post is not stored
// again; what they write from now on is heard as somebody's whom the brand has not met.
func Erase(ctx context.Context, tx Tx, account listeners.Account, by int64) (Erasure, error) {
	receipt := Erasure{
		BrandID: account.BrandID, AccountHash: listeners.Nameless(account.Network, account.NativeID), Network: account.Network, RequestedBy: by, CreatedAt: tx.Now(),
	}
	var cases []int64
	if err := tx.NewSelect().Table("cases").Column("id").Where("account_id = ?", account.ID).Order("id").Scan(ctx, &cases); err != nil {
		return receipt, fmt.Errorf("find the cases of account %d: %w", account.ID, err)
	}
	conn := listeners.Connection{BrandID: account.BrandID, Network: account.Network}
	posts, err := listeners.EraseAccount(ctx, tx, account, cases)
	if err != nil {
		return receipt, err
	}
	if err := forgetPosts(ctx, tx, conn, posts); err != nil {
		return receipt, err
	}
	receipt.Counts = Erased{Posts: len(posts), Cases: len(cases)}
	if len(cases) > 0 {
		if receipt.Counts.Notes, err = eraseCases(ctx, tx, cases); err != nil {
			return receipt, err
		}
	}
	if _, err := tx.NewInsert().Model(&receipt).Exec(ctx); err != nil {
		return receipt, fmt.Errorf("write the receipt: %w", err)
	}
	return receipt, record(ctx, tx, Activity{BrandID: account.BrandID, ActorID: by, Kind: CustomerErased, Lane: Staff, Detail: Detail{Posts: len(posts)}})
}

// CustomerErased is told of a customer whose posts were deleted on request.
const CustomerErased Kind = "customer_erased" // Posts

// eraseCases empties what stands about cases besides their posts.
func eraseCases(ctx context.Context, tx Tx, cases []int64) (notes int, err error) {
	_, err = tx.NewUpdate().Table("cases").Set("thread_key = 'erased:' || id, version = version + 1").Where("id IN (?)", bun.List(cases)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("take the threads from erased cases: %w", err)
	}
	res, err := tx.NewUpdate().Table("case_notes").Set("text = '', handover = '{}'").Where("case_id IN (?)", bun.List(cases)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("erase notes: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, err
	}
	if _, err := tx.NewUpdate().Table("notices").Set("words = ''").Where("case_id IN (?)", bun.List(cases)).Exec(ctx); err != nil {
		return 0, fmt.Errorf("erase what notices repeat: %w", err)
	}
	_, err = tx.NewUpdate().Table("activities").Set("detail = '{}'").
		Where("case_id IN (?) AND kind IN (?)", bun.List(cases), bun.List([]Kind{PostEdited, CustomerThanks, CaseSolved, PersonalRevealed, CaseElsewhere})).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("erase what the history repeats: %w", err)
	}
	return int(n), nil
}

// Erasures lists a brand's receipts, latest first.
func Erasures(ctx context.Context, db bun.IDB, brandID int64, most int) ([]Erasure, error) {
	var all []Erasure
	err := db.NewSelect().Model(&all).Where("brand_id = ?", brandID).Order("id DESC").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the erasures of brand %d: %w", brandID, err)
	}
	return all, nil
}
