package listeners

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// What a person may be told about a reply.
var (
	ErrInFlight   = errors.New("another answer to this post is on its way")
	ErrTooLate    = errors.New("it is too late to take this back")
	ErrNotInDoubt = errors.New("there is no doubt about this reply any more")
)

// Reply is an answer on its way to, or on, the network: a row of the outbox, which is the truth about
// it. Its text never changes, and a trigger of the database refuses a text that was not approved.
type Reply struct {
	bun.BaseModel `bun:"table:replies,alias:r"`

	ID           string `bun:",pk"` // UUIDv7
	BrandID      int64
	ConnectionID int64
	CaseID       int64
	AnswerID     int64
	MentionID    int64 // the mention answered; at most one reply to it is in flight
	ReviewID     int64 // the approval that covers the text
	ParentID     string
	Text         string
	TextHash     string
	State        ReplyState
	DueAt        clock.Time // when the Deliverer acts next; while it acts, the end of its lease
	Attempts     int        // requests begun
	Reads        int        // times read back without certainty
	Absent       int        // times in a row that a complete read did not find it
	StartedAt    clock.Time `bun:",nullzero"` // the first request
	SentAt       clock.Time `bun:",nullzero"`
	NativeID     string
	URL          string
	Error        string // class of the last failure
	CreatedAt    clock.Time
	Version      int64

	spend  []Spend // of the calls made for it since it was last settled
	unread bool    // since now the budget keeps it from being read back

	// As Outgoing has them.
	ThreadKey string
	Target    string
	Surface   Surface
	AsName    string

	Mode     Mode       // ByAPI, or Assisted: a member posts it by hand
	Evidence Evidence   // of an assisted one: how we know that it is there
	Deadline clock.Time // what is to leave is sent in this order
	TriedAt  clock.Time `bun:",nullzero"` // the latest request
}

// outgoing is the reply as the network needs it.
func (r *Reply) outgoing() Outgoing {
	return Outgoing{
		ID: r.ID, ParentID: r.ParentID, ThreadKey: r.ThreadKey, Target: r.Target, Surface: r.Surface, Text: r.Text, As: r.AsName,
	}
}

// ReplyState is where a reply is on its way.
type ReplyState string

// The states of a reply. Waiting, Queued, Sending, Retry, Ambiguous and Held have a next step at DueAt;
// ByHand waits for a member, who is reminded at DueAt; AskHuman waits for a person; Sent, Failed and
// Cancelled are the ends.
const (
	Waiting   ReplyState = "waiting"   // may still be taken back until DueAt
	Queued    ReplyState = "queued"    // to be sent
	Sending   ReplyState = "sending"   // committed before the request: a crash from here on is a doubt
	Retry     ReplyState = "retry"     // certainly not sent; tried again at DueAt
	InDoubt   ReplyState = "ambiguous" // it may be on the network: read back before anything else
	OnHold    ReplyState = "held"      // posted, and the network's people look at it first
	AskHuman  ReplyState = "ask_human" // reading back gave no certainty
	ByHand    ReplyState = "by_hand"   // a member is to post it
	Delivered ReplyState = "sent"
	Failed    ReplyState = "failed" // Error says why; the author is told
	Cancelled ReplyState = "cancelled"
)

// InFlight tells whether the reply may still reach the network.
func (s ReplyState) InFlight() bool {
	return s != Delivered && s != Failed && s != Cancelled
}

// Hash names a text: SHA-256 in hexadecimal. Approval, outbox and network must agree on it.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Queue puts a reply into the outbox, to leave at r.DueAt. The answer and its approval are written in
// the same transaction. ErrInFlight if another reply to the same mention has not ended.
func Queue(ctx context.Context, tx Tx, r Reply) error {
	busy, err := tx.NewSelect().Model((*Reply)(nil)).
		Where("mention_id = ? AND state IN (?)", r.MentionID, bun.List(inFlight)).Exists(ctx)
	if err != nil {
		return fmt.Errorf("queue reply %s: %w", r.ID, err)
	}
	if busy {
		return ErrInFlight
	}
	r.State, r.TextHash, r.CreatedAt, r.Version = Waiting, Hash(r.Text), tx.Now(), 1
	r.Mode, r.Surface = cmp.Or(r.Mode, ByAPI), cmp.Or(r.Surface, InPublic)
	if r.Mode == Assisted {
		r.State, r.DueAt = ByHand, tx.Now().Add(RemindAfter)
	}
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return fmt.Errorf("queue reply %s: %w", r.ID, err)
	}
	return nil
}

var (
	inFlight = []ReplyState{Waiting, Queued, Sending, Retry, InDoubt, AskHuman, OnHold, ByHand}
	// certain are the states of a reply that has certainly not been posted by us.
	certain = []ReplyState{Waiting, Queued, Retry, ByHand}
)

// Cancel takes back the replies of a case that have certainly not left and returns them.
func Cancel(ctx context.Context, tx Tx, caseID int64, why string) ([]Reply, error) {
	var taken []Reply
	_, err := tx.NewUpdate().Model(&taken).
		Set("state = ?, error = ?, version = version + 1", Cancelled, why).
		Where("case_id = ? AND state IN (?)", caseID, bun.List(certain)).
		Returning("*").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("cancel replies of case %d: %w", caseID, err)
	}
	return taken, nil
}

// TakeBack is Undo: it cancels the reply to one answer while it waits. ErrTooLate once it has left.
func TakeBack(ctx context.Context, tx Tx, answerID int64) (Reply, error) {
	var taken []Reply
	_, err := tx.NewUpdate().Model(&taken).
		Set("state = ?, error = 'taken_back', version = version + 1", Cancelled).
		Where("answer_id = ? AND state IN (?, ?)", answerID, Waiting, ByHand).Returning("*").Exec(ctx)
	if err != nil {
		return Reply{}, fmt.Errorf("take back answer %d: %w", answerID, err)
	}
	if len(taken) == 0 {
		return Reply{}, ErrTooLate
	}
	return taken[0], nil
}

// Replies reads what the outbox knows about these answers, the latest reply of each by answer id.
func Replies(ctx context.Context, db bun.IDB, answerIDs []int64) (map[int64]Reply, error) {
	if len(answerIDs) == 0 {
		return nil, nil
	}
	var all []Reply
	err := db.NewSelect().Model(&all).Where("answer_id IN (?)", bun.List(answerIDs)).Order("created_at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read replies: %w", err)
	}
	byAnswer := make(map[int64]Reply, len(all))
	for _, r := range all {
		byAnswer[r.AnswerID] = r
	}
	return byAnswer, nil
}

// Doubt makes every reply that has not ended ambiguous, as after restoring a backup: what went out
// since is found on the network and not sent again. What a member posts by hand stays theirs. It returns
// how many.
func Doubt(ctx context.Context, tx Tx) (int64, error) {
	res, err := tx.NewUpdate().Model((*Reply)(nil)).
		Set("state = ?, due_at = ?, reads = 0, absent = 0, version = version + 1", InDoubt, tx.Now()).
		Set("started_at = COALESCE(started_at, created_at)").
		Where("state IN (?) AND state <> ?", bun.List(inFlight), ByHand).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("doubt unfinished replies: %w", err)
	}
	return res.RowsAffected()
}

// CancelAnswers takes back the replies to answers that have certainly not left, and returns them.
func CancelAnswers(ctx context.Context, tx Tx, answers *bun.SelectQuery, why string) ([]Reply, error) {
	var taken []Reply
	_, err := tx.NewUpdate().Model(&taken).Set("state = ?, error = ?, version = version + 1", Cancelled, why).
		Where("answer_id IN (?) AND state IN (?)", answers, bun.List(certain)).Returning("*").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("cancel replies: %w", err)
	}
	return taken, nil
}
