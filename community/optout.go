package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
)

// Opting out: a customer who says "stop messaging me" hears nothing more from the brand, in any thread.
//
// The word counts for the account and does not lapse. What waits to leave is cancelled, what waits for a
// reviewer is withdrawn, cases that ask for nothing end, the others go to the employees, who can help
// without writing. If the customer asks a question after that, an employee may answer just that post: it
// was asked for. The opt-out itself stands, so the next post that asks nothing is not answered again, and
// no advocate writes to the account at all.

// ErrOptedOut is told to who would write to a customer who opted out.
var ErrOptedOut = errors.New("this customer asked not to be written to any more")

// CustomerOptedOut is told of a case whose customer wants to hear nothing more.
const CustomerOptedOut Kind = "customer_opted_out"

// saysIt is the probability from which a head counts as said.
const saysIt = 0.5

// MayWriteTo refuses an answer to a post whose author opted out, unless an employee answers a question
// that was asked afterwards.
func MayWriteTo(ctx context.Context, db bun.IDB, author *Member, mentionID int64) error {
	since, wrote, err := listeners.OptedOut(ctx, db, mentionID)
	if err != nil || since == 0 {
		return err
	}
	if !author.Role.Employee() || wrote <= since {
		return ErrOptedOut
	}
	mentions, err := listeners.FindMentions(ctx, db, []int64{mentionID})
	if err != nil {
		return err
	}
	if scorer.Score(mentions[mentionID].Text).Question < saysIt {
		return ErrOptedOut
	}
	return nil
}

// scorer reads texts where topics do not matter.
var scorer = triage.New(nil)

// optOuts finds who opts out in a page of posts, and when, by account.
func optOuts(customer []Incoming) map[int64]clock.Time {
	var out map[int64]clock.Time
	for _, in := range customer {
		if in.Score.OptOut >= saysIt {
			if out == nil {
				out = map[int64]clock.Time{}
			}
			out[in.Mention.AccountID] = max(out[in.Mention.AccountID], in.Mention.CreatedAt)
		}
	}
	return out
}

// honour keeps the word of those who opt out in a page of posts, in all of their cases.
func honour(ctx context.Context, tx Tx, customer []Incoming) error {
	for account, at := range optOuts(customer) {
		if err := listeners.OptOut(ctx, tx, account, at); err != nil {
			return err
		}
		if err := leaveInPeace(ctx, tx, account, customer); err != nil {
			return err
		}
	}
	return nil
}

// leaveInPeace ends what would be written in all cases of a customer who opted out.
func leaveInPeace(ctx context.Context, tx Tx, account int64, customer []Incoming) error {
	var cases []Case
	q := tx.NewSelect().Model(&cases).Where("c.account_id = ? AND c.state IN ('open', 'claimed', 'in_review', 'answered')", account).Order("c.id")
	if err := locked(tx, q).Scan(ctx); err != nil {
		return fmt.Errorf("find the cases of account %d: %w", account, err)
	}
	for i := range cases {
		if err := cases[i].optedOut(ctx, tx, customer); err != nil {
			return err
		}
	}
	return nil
}

// longestWhy bounds the reason why somebody is put on a list or taken off it, in characters.
const longestWhy = 500

// OptCustomerOut puts a customer on the list of those who want to hear nothing more, because they said so
// elsewhere. What waits to leave for them does not.
func OptCustomerOut(ctx context.Context, tx Tx, m *Member, account listeners.Account, why string) error {
	why, err := changesList(m, account, why)
	if err != nil {
		return err
	}
	if account.OptedOutAt != 0 {
		return nil
	}
	if err := listeners.OptOutFor(ctx, tx, account.ID, m.ID, why); err != nil {
		return err
	}
	if err := leaveInPeace(ctx, tx, account.ID, nil); err != nil {
		return err
	}
	return record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: OptOutAdded, Lane: Staff, Detail: Detail{Text: why, Customer: account.ID}})
}

// OptCustomerIn takes a customer off that list, because they asked to be written to again.
func OptCustomerIn(ctx context.Context, tx Tx, m *Member, account listeners.Account, why string) error {
	why, err := changesList(m, account, why)
	if err != nil || account.OptedOutAt == 0 {
		return err
	}
	if err := listeners.OptIn(ctx, tx, account); err != nil {
		return err
	}
	return record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: OptOutRemoved, Lane: Staff, Detail: Detail{Text: why, Customer: account.ID}})
}

func changesList(m *Member, account listeners.Account, why string) (string, error) {
	why = strings.TrimSpace(why)
	switch {
	case !m.Role.Employee():
		return "", ErrNotAllowed
	case account.BrandID != m.BrandID:
		return "", sql.ErrNoRows
	case why == "" || utf8.RuneCountInString(why) > longestWhy || !Storable(why):
		return "", &Invalid{"reason", "say in a few words where and when they asked for it"}
	}
	return why, nil
}

// optedOut ends what would be written in a case whose customer opted out, and the case with it unless it
// asks for something else.
func (c *Case) optedOut(ctx context.Context, tx Tx, customer []Incoming) error {
	waiting, err := listeners.Cancel(ctx, tx, c.ID, listeners.UnwelcomeReply)
	if err != nil {
		return err
	}
	if len(waiting) > 0 {
		return c.unwelcome(ctx, tx, waiting)
	}
	if c.State == Answered {
		return nil
	}
	holder, lane := c.HolderID, c.Lane
	if err := withdraw(ctx, tx, c.ID); err != nil {
		return err
	}
	if c.asksNothingElse(customer) {
		err = c.move(ctx, tx, Close, nil)
	} else {
		err = c.move(ctx, tx, Escalate, toStaff(LaneOptedOut))
	}
	if err != nil {
		return err
	}
	if err := tell(ctx, tx, c, holder, CustomerOptedOut, fmt.Sprintf("opted_out:%d:%d", c.ID, c.Version)); err != nil {
		return err
	}
	return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: CustomerOptedOut, Lane: lane})
}

// LaneOptedOut is why a case is with the employees whose customer opted out.
const LaneOptedOut = "opted_out"

// toStaff gives a case to the employees, with the reason.
func toStaff(why string) func(*bun.UpdateQuery) *bun.UpdateQuery {
	return func(q *bun.UpdateQuery) *bun.UpdateQuery { return q.Set("lane = ?, lane_why = ?", Staff, why) }
}

// asksNothingElse tells whether the case's latest post only opts out.
func (c *Case) asksNothingElse(customer []Incoming) bool {
	for _, in := range customer {
		if in.Mention.ID == c.MentionID {
			s := in.Score
			return s.OptOut >= saysIt && max(s.Question, s.Complaint, s.NeedsAccount, s.Human, s.Risk) < saysIt
		}
	}
	return false
}

// unwelcome takes back replies that were cancelled because the customer opted out, and tells their authors.
func (c *Case) unwelcome(ctx context.Context, tx Tx, replies []listeners.Reply) error {
	lane := c.Lane
	if err := c.move(ctx, tx, SendFailed, toStaff(LaneOptedOut)); err != nil {
		return err
	}
	for _, r := range replies {
		if err := undeliver(ctx, tx, c, r); err != nil {
			return err
		}
		var a Answer
		if err := tx.NewSelect().Model(&a).Column("member_id").Where("id = ?", r.AnswerID).Scan(ctx); err != nil {
			return fmt.Errorf("find answer %d: %w", r.AnswerID, err)
		}
		if err := tell(ctx, tx, c, a.MemberID, CustomerOptedOut, "opted_out:"+r.ID); err != nil {
			return err
		}
	}
	return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: CustomerOptedOut, Lane: lane})
}
