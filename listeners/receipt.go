package listeners

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// Receipt is an automatic "we have got it" on its way to, or on, a network: a row of an outbox beside replies, with
// the same states. It answers nothing: no report counts it, and no clock stops for it. There is one a case, whatever
// becomes of it; what cannot be posted soon, or of which nobody is sure, ends without a person being asked.
type Receipt struct {
	bun.BaseModel `bun:"table:receipts,alias:receipt"`

	ID           string `bun:",pk"` // UUIDv7
	BrandID      int64
	ConnectionID int64
	CaseID       int64
	MentionID    int64
	Rule         string // that asked for it
	ParentID     string
	ThreadKey    string
	Target       string
	Surface      Surface
	Text         string
	TextHash     string
	State        ReplyState
	DueAt        clock.Time // when the Deliverer acts next; while it acts, the end of its lease
	Until        clock.Time // later it comes too late
	Attempts     int
	Reads        int
	Absent       int
	StartedAt    clock.Time `bun:",nullzero"`
	TriedAt      clock.Time `bun:",nullzero"` // the latest request
	SentAt       clock.Time `bun:",nullzero"`
	NativeID     string
	URL          string
	Error        string
	CreatedAt    clock.Time
	Version      int64

	spend []Spend
}

// ReceiptFor is how long after a post a receipt still says something.
const ReceiptFor = 30 * time.Minute

// Why a receipt was not posted, as its Error.
const (
	LateReceipt = "late" // it would say less than nothing by now
	MootReceipt = "moot" // an answer is on its way, or there
)

// freshTexts is for how long a network that takes a text once remembers it, as far as receipts go.
const freshTexts = 24 * time.Hour

// Acknowledge puts receipts into the outbox, each once for a case however often it is asked. once says that the
// network refuses a text which it has had lately: then those whose words it has had are left out.
func Acknowledge(ctx context.Context, tx Tx, once bool, receipts ...Receipt) error {
	for _, r := range receipts {
		r.State, r.TextHash, r.CreatedAt, r.Version, r.DueAt = Queued, Hash(r.Text), tx.Now(), 1, tx.Now()
		r.Surface = cmp.Or(r.Surface, InPublic)
		if once {
			had, err := tx.NewSelect().Model((*Receipt)(nil)).
				Where("connection_id = ? AND text_hash = ? AND created_at > ?", r.ConnectionID, r.TextHash, tx.Now().Add(-freshTexts)).Exists(ctx)
			if err != nil {
				return fmt.Errorf("look for a receipt of the same words: %w", err)
			}
			if had {
				continue
			}
		}
		if _, err := tx.NewInsert().Model(&r).On("CONFLICT (case_id) DO NOTHING").Exec(ctx); err != nil {
			return fmt.Errorf("acknowledge case %d: %w", r.CaseID, err)
		}
	}
	return nil
}

// DoubtReceipts makes every receipt that may be on its way ambiguous, as after restoring a backup. It returns how
// many.
func DoubtReceipts(ctx context.Context, tx Tx) (int64, error) {
	res, err := tx.NewUpdate().Model((*Receipt)(nil)).
		Set("state = ?, due_at = ?, reads = 0, absent = 0, version = version + 1", InDoubt, tx.Now()).
		Set("started_at = COALESCE(started_at, created_at)").
		Where("state IN (?)", bun.List([]ReplyState{Queued, Sending, Retry, InDoubt, OnHold})).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("doubt unfinished receipts: %w", err)
	}
	return res.RowsAffected()
}

// receiptsOf reads what says which of the brand's own posts are receipts.
func receiptsOf(ctx context.Context, db bun.IDB, which func(*bun.SelectQuery) *bun.SelectQuery) ([]Reply, error) {
	var all []Receipt
	if err := db.NewSelect().Model(&all).Apply(which).Scan(ctx); err != nil {
		return nil, fmt.Errorf("look for receipts: %w", err)
	}
	replies := make([]Reply, 0, len(all))
	for i := range all {
		replies = append(replies, all[i].asReply())
	}
	return replies, nil
}

// asReply is the receipt as one that is decided about as replies are.
func (r *Receipt) asReply() Reply {
	why := r.Error
	if Class(why).stops() {
		why = "" // the connection goes on since
	}
	return Reply{
		ID: r.ID, BrandID: r.BrandID, ConnectionID: r.ConnectionID, CaseID: r.CaseID, MentionID: r.MentionID, ParentID: r.ParentID, ThreadKey: r.ThreadKey,
		Target: r.Target, Surface: r.Surface, Text: r.Text, TextHash: r.TextHash, State: r.State, DueAt: r.DueAt, Attempts: r.Attempts, Reads: r.Reads,
		Absent: r.Absent, StartedAt: r.StartedAt, NativeID: r.NativeID, Mode: ByAPI, Error: why,
	}
}

// as is the receipt with what was decided. Nobody posts one by hand, and nobody is asked about one.
func (r Receipt) as(next Reply) Receipt {
	r.State, r.DueAt, r.Attempts, r.Reads, r.Absent = next.State, next.DueAt, next.Attempts, next.Reads, next.Absent
	r.SentAt, r.NativeID, r.URL, r.Error, r.spend = next.SentAt, next.NativeID, next.URL, next.Error, next.spend
	switch r.State {
	case AskHuman:
		r.State, r.Error = Failed, string(Ambiguous)
	case ByHand:
		r.State = Failed
	}
	return r
}
