package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// Pasting: members bring links to posts that nobody listens for. What they bring is handled as any other
// post, but whoever brought a case earns nothing in it: they may have written the question themselves.

// What a person may be told about a link that they bring.
var (
	ErrManyPastes = errors.New("you have brought many links today; go on tomorrow")
	ErrNoPasting  = errors.New("your brand takes no links for now")
	ErrTakenDown  = errors.New("this post was taken away, and is not stored again")
	ErrBrandsOwn  = errors.New("the brand wrote this post itself")
)

// How many links somebody may bring within 24 hours.
const (
	pastesOfAdvocate = 30
	pastesOfEmployee = 300
)

type paste struct {
	bun.BaseModel `bun:"table:pastes"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	MemberID  int64
	Link      string // SHA-256 in hexadecimal of its key
	MentionID int64  `bun:",nullzero"`
	CaseID    int64  `bun:",nullzero"` // that began with it
	CreatedAt clock.Time
}

// MayPaste tells whether the member may bring links: who may answer may.
func (m *Member) MayPaste() bool {
	return m.State == Active && (m.Role.Employee() || m.Trust >= 1)
}

// Paste notes that a member brings a link, before anything is done with it; ErrManyPastes beyond what one
// person may bring in a day. It returns what Pasted is told.
func Paste(ctx context.Context, tx Tx, m *Member, link listeners.Link) (int64, error) {
	if !m.MayPaste() {
		return 0, ErrNotAllowed
	}
	most := int64(pastesOfAdvocate)
	if m.Role.Employee() {
		most = pastesOfEmployee
	}
	var one Member // whoever brings several at once brings them one after the other
	if err := locked(tx, tx.NewSelect().Model(&one).Column("id").Where("id = ?", m.ID)).Scan(ctx); err != nil {
		return 0, fmt.Errorf("find member %d: %w", m.ID, err)
	}
	n, err := tx.NewSelect().Model((*paste)(nil)).Where("member_id = ? AND created_at > ?", m.ID, tx.Now().Add(-24*time.Hour)).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count what member %d brought: %w", m.ID, err)
	}
	if n >= most {
		return 0, ErrManyPastes
	}
	p := paste{BrandID: m.BrandID, MemberID: m.ID, Link: listeners.Hash(link.Key), CreatedAt: tx.Now()}
	if _, err := tx.NewInsert().Model(&p).Exec(ctx); err != nil {
		return 0, fmt.Errorf("note a link: %w", err)
	}
	return p.ID, nil
}

// Pasted notes the post that a link led to, and tells the history of the case that began with it.
func Pasted(ctx context.Context, tx Tx, m *Member, pasteID int64, post listeners.Mention, host string) error {
	q := tx.NewUpdate().Model((*paste)(nil)).Set("mention_id = ?", post.ID).Where("id = ?", pasteID)
	if post.CaseID == 0 {
		_, err := q.Exec(ctx)
		return err
	}
	c, err := caseByID(ctx, tx, post.CaseID)
	if err != nil {
		return err
	}
	others, err := tx.NewSelect().Model((*paste)(nil)).Where("case_id = ?", c.ID).Exists(ctx)
	if err != nil {
		return fmt.Errorf("look who brought case %d: %w", c.ID, err)
	}
	if !others && c.Mentions == 1 && c.MentionID == post.ID {
		q = q.Set("case_id = ?", c.ID)
		if err := record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: CasePasted, Lane: c.Lane, Detail: Detail{Text: host}}); err != nil {
			return err
		}
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("note where link %d led: %w", pasteID, err)
	}
	return nil
}

// CasePasted is told of a case that began with a link which a member brought.
const CasePasted Kind = "case_pasted" // Text: the website

// PastedBefore finds the post that somebody of the brand has brought under a link; 0 where nobody has.
func PastedBefore(ctx context.Context, db bun.IDB, brandID int64, link listeners.Link) (mentionID int64, err error) {
	var p paste
	err = db.NewSelect().Model(&p).Column("mention_id").Where("brand_id = ? AND link = ? AND mention_id IS NOT NULL", brandID, listeners.Hash(link.Key)).
		Order("id").Limit(1).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("look for a link: %w", err)
	}
	return p.MentionID, nil
}
