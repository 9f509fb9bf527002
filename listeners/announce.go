package listeners

import (
	"cmp"
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// Announcer is a Replier that can post something of the account's own, which answers nobody.
type Announcer interface {
	// Announce makes exactly one attempt to post, as Reply does.
	Announce(ctx context.Context, o Outgoing) (Sent, error)
	// Announced reads back whether o was posted since the moment given, as Reconcile does.
	Announced(ctx context.Context, o Outgoing, since clock.Time) (Verdict, Sent, error)
}

// Announcement is a post of a brand's own on its way to, or on, a network: a row of an outbox beside replies,
// with the same states. Its text never changes, and a trigger of the database refuses one that was not approved
// by somebody else than who wrote it. There is one for a statement and connection.
type Announcement struct {
	bun.BaseModel `bun:"table:announcements,alias:announcement"`

	ID           string `bun:",pk"` // UUIDv7
	BrandID      int64
	ConnectionID int64
	StatementID  int64
	Text         string
	TextHash     string
	Mode         Mode // ByAPI, or Assisted: somebody posts it by hand
	State        ReplyState
	DueAt        clock.Time // when the Deliverer acts next; while it acts, the end of its lease
	Attempts     int
	Reads        int
	Absent       int
	StartedAt    clock.Time `bun:",nullzero"`
	SentAt       clock.Time `bun:",nullzero"`
	NativeID     string
	URL          string
	Error        string
	CreatedAt    clock.Time
	Version      int64

	spend []Spend
}

// Announces tells whether a connection's network lets us post something of the brand's own.
func (d *Deliverer) Announces(c Connection) bool {
	if c.State == Removed {
		return false
	}
	ch, err := d.Open(c)
	if err != nil {
		return false
	}
	_, can := ch.(Announcer)
	return can
}

// Announce puts a statement into the outbox, once for a connection however often it is asked.
func Announce(ctx context.Context, tx Tx, a Announcement) error {
	a.State, a.TextHash, a.CreatedAt, a.Version = Queued, Hash(a.Text), tx.Now(), 1
	if a.DueAt == 0 {
		a.DueAt = tx.Now()
	}
	if a.Mode = cmp.Or(a.Mode, ByAPI); a.Mode == Assisted {
		a.State = ByHand
	}
	if _, err := tx.NewInsert().Model(&a).On("CONFLICT (statement_id, connection_id) DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("announce statement %d: %w", a.StatementID, err)
	}
	return nil
}

// Announcements reads where statements stand, by statement, in the order of the connections.
func Announcements(ctx context.Context, db bun.IDB, statementIDs ...int64) (map[int64][]Announcement, error) {
	if len(statementIDs) == 0 {
		return nil, nil
	}
	var all []Announcement
	if err := db.NewSelect().Model(&all).Where("statement_id IN (?)", bun.List(statementIDs)).Order("connection_id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read where statements stand: %w", err)
	}
	by := make(map[int64][]Announcement, len(statementIDs))
	for _, a := range all {
		by[a.StatementID] = append(by[a.StatementID], a)
	}
	return by, nil
}

// FindAnnouncement reads one of a brand's.
func FindAnnouncement(ctx context.Context, db bun.IDB, brandID int64, id string) (Announcement, error) {
	var a Announcement
	if err := db.NewSelect().Model(&a).Where("id = ? AND brand_id = ?", id, brandID).Scan(ctx); err != nil {
		return a, fmt.Errorf("find announcement %s: %w", id, err)
	}
	return a, nil
}

// SettleAnnouncement ends by a person's word what only a person can end: that somebody has posted a statement by
// hand, or where one stands of which nobody was sure. ErrNotInDoubt where it waits for no word.
func (d *Deliverer) SettleAnnouncement(ctx context.Context, tx Tx, brandID int64, id string, w Word) (Announcement, error) {
	a, err := FindAnnouncement(ctx, tx, brandID, id)
	if err != nil {
		return a, err
	}
	if a.State != ByHand && a.State != AskHuman && a.State != Failed {
		return a, ErrNotInDoubt
	}
	switch {
	case w.There:
		a.State, a.NativeID, a.URL, a.SentAt, a.Error = Delivered, w.Sent.NativeID, w.Sent.URL, tx.Now(), ""
	case w.ByHand:
		a.State, a.Mode = ByHand, Assisted
	case a.Mode == Assisted:
		return a, ErrNotInDoubt
	default:
		a.State, a.DueAt, a.Attempts, a.Reads, a.Absent = Queued, tx.Now(), 0, 0, 0
	}
	return a, a.settle(ctx, tx, d.Announced)
}

// announced are the columns that change on an announcement's way.
var announced = []string{"mode", "state", "due_at", "attempts", "reads", "absent", "started_at", "sent_at", "native_id", "url", "error", "version"}

// settle stores what became of an announcement unless somebody else settled it meanwhile.
func (a *Announcement) settle(ctx context.Context, tx Tx, tell func(context.Context, Tx, Announcement) error) error {
	before := a.Version
	a.Version++
	res, err := tx.NewUpdate().Model(a).Column(announced...).WherePK().Where("version = ?", before).Exec(ctx)
	if err != nil {
		return fmt.Errorf("settle announcement %s: %w", a.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return cmp.Or(err, ErrNotInDoubt)
	}
	switch a.State {
	case Delivered, Failed, AskHuman, ByHand:
		if tell != nil {
			return tell(ctx, tx, *a)
		}
	}
	return nil
}

// DoubtAnnouncements makes every announcement that may be on its way ambiguous, as after restoring a backup. It
// returns how many.
func DoubtAnnouncements(ctx context.Context, tx Tx) (int64, error) {
	res, err := tx.NewUpdate().Model((*Announcement)(nil)).
		Set("state = ?, due_at = ?, reads = 0, absent = 0, version = version + 1", InDoubt, tx.Now()).
		Set("started_at = COALESCE(started_at, created_at)").
		Where("state IN (?)", bun.List([]ReplyState{Queued, Sending, Retry, InDoubt, OnHold})).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("doubt unfinished announcements: %w", err)
	}
	return res.RowsAffected()
}
