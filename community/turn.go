package community

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// Turns: in which order the feed offers what is open. While there are more customers than can be answered, taking the
// one who has waited longest first would keep no promise at all: everybody is late, those who wrote a minute ago as
// soon as it is their turn. So promises to who asks come first while they can be kept, then what is late and complaints
// that ask nothing, then what is neither, each in the order in which it is due. So that nobody waits for ever, a
// sixteenth of all looks begins with what waits behind: see tiersFor.

// Tier is a part of the feed.
type Tier int

// The tiers.
const (
	InTime Tier = iota // somebody asks or rages, and the promise to them can be kept
	Late               // it cannot any more, or somebody complains and asks nothing
	Calm               // it asks for nothing: praise, a word in passing
)

const (
	// calmUrgency is the urgency below which what asks nothing can wait: less than any complaint.
	calmUrgency = 1.0
	// angryUrgency is the urgency from which somebody is answered in time who asks nothing.
	angryUrgency = 3.5
	// answerTime is what an answer takes at least: a promise that ends sooner is not kept any more.
	answerTime = 4 * time.Minute
	// fairTime is how long a member's turn lasts, and every fairEvery'th of them is for what waits behind.
	fairTime  = 15 * time.Minute
	fairEvery = 16
)

// tier is where a case begins, before time passes.
func (c *Case) tier() Tier {
	switch urgency := c.Urgency + c.Reach; {
	case c.AskedAt != 0, urgency >= angryUrgency:
		return InTime
	case urgency < calmUrgency:
		return Calm
	}
	return Late
}

// tiersFor is the order of the tiers in a member's feed at a moment. Within eight hours what is late comes
// first for a quarter of an hour, and what asks for nothing for another. The quarters of different members differ, and
// those of one member from day to day: whoever always comes at the same hour does not always see the same.
func tiersFor(m *Member, now clock.Time) []Tier {
	turn := m.ID + int64(now)/fairTime.Microseconds() + int64(now)/(24*time.Hour).Microseconds()
	switch {
	case now == 0 || turn%fairEvery != 0:
		return []Tier{InTime, Late, Calm}
	case turn%(2*fairEvery) == 0:
		return []Tier{Calm, Late, InTime}
	}
	return []Tier{Late, InTime, Calm}
}

// tierOrders are the orders that a cursor may name, by their first tier.
var tierOrders = map[Tier][]Tier{InTime: {InTime, Late, Calm}, Late: {Late, InTime, Calm}, Calm: {Calm, Late, InTime}}

// RunsLate tells, without writing, whether RunLate has something to do.
func RunsLate(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	var first []int64
	if err := runningLate(db, now, 1).Scan(ctx, &first); err != nil {
		return false, fmt.Errorf("look for cases that are late: %w", err)
	}
	return len(first) > 0, nil
}

// runningLate selects the open cases whose promise cannot be kept any more and that do not stand where they belong, the
// promise that ended first before the others: the order keeps it to the index.
func runningLate(db bun.IDB, now clock.Time, most int) *bun.SelectQuery {
	return db.NewSelect().Table("cases").Column("id").Where("state = 'open' AND tier = 0 AND customer_at + within * 1000 <= ?", now.Add(answerTime)).
		OrderExpr("customer_at + within * 1000").Limit(int64(most))
}

// RunLate lets cases stand behind those that can still be answered in time, at most a batch, and returns how many.
// It changes nothing that anybody works with, so that no version changes.
func RunLate(ctx context.Context, tx Tx, most int) (int, error) {
	var moved []Case
	_, err := tx.NewUpdate().Model(&moved).Set("tier = ?", Late).Where("id IN (?)", runningLate(tx, tx.Now(), most)).Where("state = 'open' AND tier = 0").Returning("id").Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("let cases be late: %w", err)
	}
	return len(moved), nil
}
