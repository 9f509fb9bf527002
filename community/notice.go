package community

import (
	"context"
	"fmt"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/riverqueue/river"
	"github.com/uptrace/bun"
)

// Notice is something a member should hear of; it may come late but is not lost.
type Notice struct {
	bun.BaseModel `bun:"table:notices"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	MemberID  int64
	CaseID    int64  `bun:",nullzero"`
	Kind      Kind   // of the activity it is about; the sentence stands in the catalogs as "notice.<kind>"
	Event     string // what it is about; one notice a member and event
	Words     string // the customer's, where the notice is about them
	CreatedAt clock.Time
	ReadAt    clock.Time `bun:",nullzero"`
}

// NoticeJob asks for a notice to be given.
type NoticeJob struct {
	BrandID  int64  `json:"brand_id"`
	MemberID int64  `json:"member_id"`
	CaseID   int64  `json:"case_id"`
	About    Kind   `json:"about"`
	Event    string `json:"event"`
	Mention  int64  `json:"mention,omitempty"` // the customer's post whose words the notice repeats
}

// Kind names the job.
func (NoticeJob) Kind() string { return "notice" }

// tell enqueues a notice.
func tell(ctx context.Context, tx Tx, c *Case, memberID int64, about Kind, event string) error {
	return tellWords(ctx, tx, c, memberID, about, event, 0)
}

// tellWords enqueues a notice with what the customer said in a post. The job has the post's id only: jobs
// are kept for a while, and a post may be gone sooner.
func tellWords(ctx context.Context, tx Tx, c *Case, memberID int64, about Kind, event string, mentionID int64) error {
	if memberID == 0 {
		return nil
	}
	job := NoticeJob{BrandID: c.BrandID, MemberID: memberID, CaseID: c.ID, About: about, Event: event, Mention: mentionID}
	if err := tx.Enqueue(ctx, river.InsertManyParams{Args: job}); err != nil {
		return fmt.Errorf("enqueue a notice: %w", err)
	}
	return nil
}

// Give stores the notice that a job asks for, once.
func Give(ctx context.Context, tx Tx, job NoticeJob) error {
	n := Notice{BrandID: job.BrandID, MemberID: job.MemberID, CaseID: job.CaseID, Kind: job.About, Event: job.Event, CreatedAt: tx.Now()}
	if job.Mention != 0 {
		said, err := listeners.FindMentions(ctx, tx, []int64{job.Mention})
		if err != nil {
			return err
		}
		n.Words = said[job.Mention].Text
	}
	res, err := tx.NewInsert().Model(&n).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return fmt.Errorf("give a notice: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err // given before
	}
	return ring(ctx, tx, job)
}

// Unread reads the member's notices that were not read yet, newest first.
func Unread(ctx context.Context, db bun.IDB, memberID int64, most int) ([]Notice, error) {
	var all []Notice
	err := db.NewSelect().Model(&all).Where("member_id = ? AND read_at IS NULL", memberID).Order("id DESC").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the notices of member %d: %w", memberID, err)
	}
	return all, nil
}

// MarkRead marks a member's notices up to an id as read.
func MarkRead(ctx context.Context, tx Tx, memberID, upTo int64) error {
	_, err := tx.NewUpdate().Model((*Notice)(nil)).Set("read_at = ?", tx.Now()).
		Where("member_id = ? AND id <= ? AND read_at IS NULL", memberID, upTo).Exec(ctx)
	return err
}
