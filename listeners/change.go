package listeners

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// What a person may be told about a change.
var (
	ErrChanging = errors.New("another change of this post is on its way")
	ErrNoChange = errors.New("the network does not let us change this post; do it there by hand")
	ErrNoHiding = errors.New("the network does not let us hide posts")
)

// Change is something that is to be done to a post which is on the network already: a reply of ours gets
// other words or goes, a customer's post is hidden or shown again. It is a row of an outbox of its own. What
// it asks for is how the post is to be, so that doing it twice does no more than doing it once.
type Change struct {
	bun.BaseModel `bun:"table:changes,alias:change"`

	ID           string `bun:",pk"` // UUIDv7
	BrandID      int64
	ConnectionID int64
	CaseID       int64
	MentionID    int64  `bun:",nullzero"` // of HidePost and ShowPost: the customer's post
	ReplyID      string // of EditReply and DeleteReply: the reply
	AnswerID     int64  `bun:",nullzero"` // of EditReply: what it is to say
	ReviewID     int64  `bun:",nullzero"` // of EditReply: the approval that covers the text
	MemberID     int64  `bun:",nullzero"` // who asked for it; 0 for a rule
	NativeID     string
	Kind         ChangeKind
	Text         string // of EditReply
	TextHash     string
	Before       string // of EditReply and DeleteReply: what stood there
	Why          string // a code
	Note         string // what a person said besides
	Reopen       bool   // of DeleteReply: the customer waits for an answer again
	State        ChangeState
	DueAt        clock.Time // when the Deliverer acts next; while it acts, the end of its lease
	Attempts     int        // requests begun
	Reads        int        // times looked at without certainty
	Absent       int        // times in a row that it was seen not to be so
	Error        string     // class of the last failure
	CreatedAt    clock.Time
	DoneAt       clock.Time `bun:",nullzero"`
	Version      int64

	spend []Spend // of the calls made for it since it was last settled
}

// ChangeKind is what is to be done.
type ChangeKind string

// The kinds of changes.
const (
	EditReply   ChangeKind = "edit"
	DeleteReply ChangeKind = "delete"
	HidePost    ChangeKind = "hide"
	ShowPost    ChangeKind = "show"
)

// HoldsPhone is why a rule hides a post.
const HoldsPhone = "phone"

// ChangeState is where a change is on its way.
type ChangeState string

// The states of a change. ChangeQueued, Changing and ChangeInDoubt have a next step at DueAt.
const (
	ChangeQueued  ChangeState = "queued"    // to be done, or certainly not done and to be tried again
	Changing      ChangeState = "doing"     // committed before the request: a crash from here on is a doubt
	ChangeInDoubt ChangeState = "ambiguous" // it may be done: looked at before anything else
	Changed       ChangeState = "done"
	NotChanged    ChangeState = "failed" // Error says why; who asked for it is told
)

// InFlight tells whether the change may still happen.
func (s ChangeState) InFlight() bool { return s != Changed && s != NotChanged }

var changing = []ChangeState{ChangeQueued, Changing, ChangeInDoubt}

// AskChange puts a change into its outbox. An approval of an edit's text is written in the same transaction.
// ErrChanging if another change of the same post has not ended.
func AskChange(ctx context.Context, tx Tx, c Change) error {
	busy, err := tx.NewSelect().Model((*Change)(nil)).
		Where("native_id = ? AND connection_id = ? AND state IN (?)", c.NativeID, c.ConnectionID, bun.List(changing)).Exists(ctx)
	if err != nil {
		return fmt.Errorf("ask for a change of post %s: %w", c.NativeID, err)
	}
	if busy {
		return ErrChanging
	}
	c.State, c.DueAt, c.CreatedAt, c.Version = ChangeQueued, tx.Now(), tx.Now(), 1
	if c.Kind == EditReply {
		c.TextHash = Hash(c.Text)
	}
	if _, err := tx.NewInsert().Model(&c).Exec(ctx); err != nil {
		return fmt.Errorf("ask for a change of post %s: %w", c.NativeID, err)
	}
	return nil
}

// ChangesOf reads the changes of cases' posts in the order in which they were asked for, by case.
func ChangesOf(ctx context.Context, db bun.IDB, caseIDs ...int64) (map[int64][]Change, error) {
	if len(caseIDs) == 0 {
		return nil, nil
	}
	var all []Change
	if err := db.NewSelect().Model(&all).Where("change.case_id IN (?)", bun.List(caseIDs)).Order("change.created_at", "change.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the changes of posts: %w", err)
	}
	byCase := make(map[int64][]Change, len(caseIDs))
	for _, c := range all {
		byCase[c.CaseID] = append(byCase[c.CaseID], c)
	}
	return byCase, nil
}

// ReplyNow is what a reply has become since it was sent.
type ReplyNow struct {
	Text    string  // what stands on the network; "" once it is deleted
	Edited  *Change // the latest correction that was made
	Deleted *Change
	Latest  *Change // the latest that was asked for; it may be under way or have failed
}

// Now tells what a sent reply has become by its changes, in the order in which they were asked for.
func (r *Reply) Now(changes []Change) ReplyNow {
	now := ReplyNow{Text: r.Text}
	for i := range changes {
		c := &changes[i]
		if c.ReplyID != r.ID {
			continue
		}
		now.Latest = c
		if c.State != Changed {
			continue
		}
		if c.Kind == EditReply {
			now.Text, now.Edited = c.Text, c
		} else {
			now.Text, now.Deleted = "", c
		}
	}
	return now
}

// Changeable is what the network lets us do to a reply that it has.
type Changeable struct {
	Edit, Delete bool
	Why          string // a code why it cannot be edited: by_hand, private, edit_over, no_edit; "" where it can
}

// Changeable tells what the network lets us do to a sent reply now. What a member posted by hand is theirs,
// and no network lets a message be taken back that somebody has got.
func (d *Deliverer) Changeable(c Connection, r Reply) Changeable {
	ch, err := d.Open(c)
	if err != nil {
		return Changeable{Why: "no_edit"}
	}
	_, can := ch.(Editor)
	switch editFor := ch.Capabilities().EditFor; {
	case r.Mode == Assisted:
		return Changeable{Why: "by_hand"}
	case r.Surface.Closed():
		return Changeable{Why: "private"}
	case !can || r.NativeID == "":
		return Changeable{Why: "no_edit"}
	case editFor == 0:
		return Changeable{Delete: true, Why: "no_edit"}
	case editFor != Forever && d.Now().Sub(r.SentAt) > editFor:
		return Changeable{Delete: true, Why: "edit_over"}
	}
	return Changeable{Edit: true, Delete: true}
}

// Hides tells whether a connection's network lets us hide posts of others.
func (d *Deliverer) Hides(c Connection) bool {
	ch, err := d.Open(c)
	if err != nil {
		return false
	}
	_, can := ch.(Hider)
	return can
}

// HidePhones makes comments that hold a phone number be hidden, or ends that.
func HidePhones(ctx context.Context, tx Tx, connectionID int64, on bool) error {
	return change(ctx, tx, connectionID, "set what is hidden on", func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("hide_phones = ?", on)
	})
}

// hiddenByUs finds which of these mentions the brand hides itself, or is about to.
func hiddenByUs(ctx context.Context, db bun.IDB, mentions []Mention) (map[int64]bool, error) {
	ours := map[int64]bool{}
	byCase := map[int64]bool{}
	for _, m := range mentions {
		if m.HiddenAt != 0 {
			ours[m.ID] = true
		} else if m.CaseID != 0 {
			byCase[m.CaseID] = true
		}
	}
	if len(byCase) == 0 {
		return ours, nil
	}
	ids := make([]int64, 0, len(byCase))
	for id := range byCase {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	// A change that was made counts, too: it may have been settled after the mentions were read.
	var asked []Change
	err := db.NewSelect().Model(&asked).Column("mention_id", "kind").
		Where("change.case_id IN (?) AND change.kind IN (?, ?) AND change.state <> ?", bun.List(ids), HidePost, ShowPost, NotChanged).
		Order("change.created_at", "change.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find what the brand is hiding: %w", err)
	}
	for _, c := range asked {
		ours[c.MentionID] = c.Kind == HidePost
	}
	return ours, nil
}

// DoubtChanges makes every change that has not ended ambiguous, as after restoring a backup. It returns how
// many.
func DoubtChanges(ctx context.Context, tx Tx) (int64, error) {
	res, err := tx.NewUpdate().Model((*Change)(nil)).
		Set("state = ?, due_at = ?, reads = 0, absent = 0, version = version + 1", ChangeInDoubt, tx.Now()).
		Where("state IN (?)", bun.List(changing)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("doubt unfinished changes: %w", err)
	}
	return res.RowsAffected()
}
