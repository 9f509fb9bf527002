package community

import (
	"context"
	"database/sql"
	"errors"
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
	Posts  int `json:"posts"`  // texts, with what was attached and said of them
	Cases  int `json:"cases"`  // that stay as numbers
	Drafts int `json:"drafts"` // answers that had not left
	Notes  int `json:"notes"`  // among colleagues
}

// EraseOutlook counts what Erase would take of an account, and the answers of the brand that would stay.
func EraseOutlook(ctx context.Context, db bun.IDB, account listeners.Account) (would Erased, stays int, err error) {
	const theirs = "case_id IN (SELECT id FROM cases WHERE account_id = ?)"
	var n struct{ Posts, Cases, Drafts, Notes, Stays int }
	err = db.NewRaw(`SELECT
		(SELECT COUNT(*) FROM mentions WHERE `+theirs+` AND NOT ours AND account_id = ?) AS posts,
		(SELECT COUNT(*) FROM cases WHERE account_id = ?) AS cases,
		(SELECT COUNT(*) FROM answers WHERE `+theirs+` AND `+notLeft+` AND text <> '') AS drafts,
		(SELECT COUNT(*) FROM case_notes WHERE `+theirs+`) AS notes,
		(SELECT COUNT(*) FROM answers WHERE `+theirs+` AND state = 'approved') AS stays`,
		account.ID, account.ID, account.ID, account.ID, account.ID, account.ID).Scan(ctx, &n)
	if err != nil {
		return would, 0, fmt.Errorf("count what is stored of account %d: %w", account.ID, err)
	}
	return Erased{Posts: n.Posts, Cases: n.Cases, Drafts: n.Drafts, Notes: n.Notes}, n.Stays, nil
}

// notLeft are the states of answers that are nobody's word yet.
const notLeft = "state IN ('draft', 'returned', 'submitted', 'withdrawn')"

// FindAccount finds a customer's account by its id on the network, or by its name there; sql.ErrNoRows
// where the brand has not met it.
func FindAccount(ctx context.Context, db bun.IDB, brandID int64, network, idOrHandle string) (listeners.Account, error) {
	var a listeners.Account
	find := func(column string) error {
		return db.NewSelect().Model(&a).Where("brand_id = ? AND network = ?", brandID, network).
			Where("? = ? AND ? <> ''", bun.Ident(column), idOrHandle, bun.Ident(column)).Order("id").Limit(1).Scan(ctx)
	}
	err := find("native_id")
	if errors.Is(err, sql.ErrNoRows) {
		err = find("handle")
	}
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
	would, _, err := EraseOutlook(ctx, tx, account)
	if err != nil {
		return receipt, err
	}
	conn := listeners.Connection{BrandID: account.BrandID, Network: account.Network}
	posts, err := listeners.EraseAccount(ctx, tx, account, cases)
	if err != nil {
		return receipt, err
	}
	if err := forgetPosts(ctx, tx, conn, posts); err != nil {
		return receipt, err
	}
	receipt.Counts = would
	if err := eraseCases(ctx, tx, cases); err != nil {
		return receipt, err
	}
	if err := eraseKnown(ctx, tx, account); err != nil {
		return receipt, err
	}
	if _, err := tx.NewInsert().Model(&receipt).Exec(ctx); err != nil {
		return receipt, fmt.Errorf("write the receipt: %w", err)
	}
	return receipt, record(ctx, tx, Activity{BrandID: account.BrandID, ActorID: by, Kind: CustomerErased, Lane: Staff, Detail: Detail{Posts: len(posts)}})
}

// CustomerErased is told of a customer whose posts were deleted on request.
const CustomerErased Kind = "customer_erased" // Posts

// eraseCases empties what stands about cases besides their posts.
func eraseCases(ctx context.Context, tx Tx, cases []int64) error {
	if len(cases) == 0 {
		return nil
	}
	_, err := tx.NewUpdate().Table("cases").Set("thread_key = 'erased:' || id, reach = 0, version = version + 1").Where("id IN (?)", bun.List(cases)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("take the threads from erased cases: %w", err)
	}
	_, err = tx.NewUpdate().Table("case_notes").Set("text = '', handover = '{}'").Where("case_id IN (?)", bun.List(cases)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase notes: %w", err)
	}
	_, err = tx.NewUpdate().Model((*Answer)(nil)).Set("text = '', own_text = '', suggestion = '', is_left = FALSE").
		Where("case_id IN (?) AND "+notLeft, bun.List(cases)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase drafts: %w", err)
	}
	if _, err := tx.NewUpdate().Table("notices").Set("words = ''").Where("case_id IN (?)", bun.List(cases)).Exec(ctx); err != nil {
		return fmt.Errorf("erase what notices repeat: %w", err)
	}
	_, err = tx.NewUpdate().Table("activities").Set("detail = '{}'").
		Where("case_id IN (?) AND kind IN (?)", bun.List(cases), bun.List([]Kind{PostEdited, CustomerThanks, CaseSolved, PersonalRevealed, CaseElsewhere})).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase what the history repeats: %w", err)
	}
	return nil
}

// eraseKnown empties what stands about a customer outside of cases: an invitation to help others, and why
// somebody put them on the list of those who want to hear nothing.
func eraseKnown(ctx context.Context, tx Tx, account listeners.Account) error {
	_, err := tx.NewUpdate().Table("invitations").Set("name = '', note = '', account_id = NULL").
		Where("brand_id = ? AND account_id IS NOT NULL AND account_id = ?", account.BrandID, account.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase the invitation of account %d: %w", account.ID, err)
	}
	_, err = tx.NewUpdate().Table("activities").Set("detail = '{}'").
		Where("brand_id = ? AND kind IN ('opt_out_added', 'opt_out_removed') AND detail LIKE ?", account.BrandID, fmt.Sprintf(`%%"customer":%d}%%`, account.ID)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase why account %d opted out: %w", account.ID, err)
	}
	return nil
}

// FindErasure reads a receipt of a brand; sql.ErrNoRows for any other.
func FindErasure(ctx context.Context, db bun.IDB, brandID, id int64) (Erasure, error) {
	var e Erasure
	if err := db.NewSelect().Model(&e).Where("id = ? AND brand_id = ?", id, brandID).Scan(ctx); err != nil {
		return e, fmt.Errorf("find the receipt %d: %w", id, err)
	}
	return e, nil
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
