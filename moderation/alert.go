package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// Alert calls a brand's people: something is happening that somebody should do something about. There is
// one for each cause until the cause is gone, however long it lasts.
type Alert struct {
	bun.BaseModel `bun:"table:alerts"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	Kind      AlertKind
	About     string // with the kind what it is about: the id of a connection, the name of a rule
	State     AlertState
	Urgent    bool
	Detail    AlertDetail `bun:"type:text"`
	OpenedAt  clock.Time
	SeenAt    clock.Time // when the cause was last there
	TakenBy   int64      `bun:",nullzero"`
	TakenAt   clock.Time `bun:",nullzero"`
	EndedBy   int64      `bun:",nullzero"` // the member who said that it is over; 0 where the cause went away
	EndedAt   clock.Time `bun:",nullzero"`
	ClearedAt clock.Time `bun:",nullzero"` // when the cause was gone for long enough; until then it calls nobody anew
	Told      int        // how often people were called
	TellAt    clock.Time `bun:",nullzero"` // when people are called next
	Version   int64
}

// AlertKind is what an alert is about. Its sentence stands in the catalogs as "alert.<kind>", what to do as
// "alert_do.<kind>".
type AlertKind string

// The kinds of alerts.
const (
	StormAlert      AlertKind = "storm"       // far more posts than usual; urgent where it is a crisis
	PromiseAlert    AlertKind = "promise"     // cases that will be late soon
	ConnectionAlert AlertKind = "connection"  // an account that cannot be heard
	RuleAlert       AlertKind = "called_rule" // a rule of the brand calls
	SpendAlert      AlertKind = "spend"       // an account has spent most of its month's budget; urgent where all of it
	GuardAlert      AlertKind = "guard"       // answers left past the guards and the review, and nobody has looked at them since
)

// quiet is for how long the cause must be gone before an alert is over.
var quiet = map[AlertKind]time.Duration{
	StormAlert: time.Hour, PromiseAlert: 10 * time.Minute, ConnectionAlert: 5 * time.Minute, RuleAlert: time.Hour,
	SpendAlert: 5 * time.Minute, GuardAlert: 5 * time.Minute,
}

// AlertState is where an alert stands.
type AlertState string

// The states of an alert: people are called until somebody takes it.
const (
	AlertOpen  AlertState = "open"
	AlertTaken AlertState = "taken"
	AlertOver  AlertState = "over"
)

// AlertDetail are the numbers and names of an alert; each kind uses what it needs.
type AlertDetail struct {
	Posts   int     `json:"posts,omitempty"` // of an hour
	Angry   int     `json:"angry,omitempty"`
	Topics  []int64 `json:"topics,omitempty"`
	Cases   int     `json:"cases,omitempty"`
	Network string  `json:"network,omitempty"`
	Name    string  `json:"name,omitempty"`
	Percent int     `json:"percent,omitempty"` // of a budget
	Answers int     `json:"answers,omitempty"`
}

// AllTopics stands for what customers write, whatever it is about.
const AllTopics int64 = -1

// Alerts reads a brand's alerts, newest first: those that are not over, and the latest that are.
func Alerts(ctx context.Context, db bun.IDB, brandID int64, most int) (live, over []Alert, err error) {
	err = db.NewSelect().Model(&live).Where("brand_id = ? AND state <> ?", brandID, AlertOver).Order("id DESC").Limit(int64(most)).Scan(ctx)
	if err == nil {
		err = db.NewSelect().Model(&over).Where("brand_id = ? AND state = ?", brandID, AlertOver).Order("id DESC").Limit(int64(most)).Scan(ctx)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the alerts of brand %d: %w", brandID, err)
	}
	return live, over, nil
}

// CountOpenAlerts counts the alerts that nobody has taken.
func CountOpenAlerts(ctx context.Context, db bun.IDB, brandID int64) (int, error) {
	n, err := db.NewSelect().Model((*Alert)(nil)).Where("brand_id = ? AND state <> ? AND state = ?", brandID, AlertOver, AlertOpen).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count the alerts of brand %d: %w", brandID, err)
	}
	return int(n), nil
}

// TakeAlert makes an alert a member's: nobody else is called for it. Whoever has it can be relieved.
func TakeAlert(ctx context.Context, tx listeners.Tx, m *community.Member, id int64) error {
	return changeAlert(ctx, tx, m, id, community.AlertTaken, "state = ?, taken_by = ?, taken_at = ?", AlertTaken, m.ID, tx.Now())
}

// CloseAlert says that an alert is over. While its cause goes on nobody is called for it again, unless it
// becomes urgent.
func CloseAlert(ctx context.Context, tx listeners.Tx, m *community.Member, id int64) error {
	return changeAlert(ctx, tx, m, id, community.AlertClosed, "state = ?, ended_by = ?, ended_at = ?", AlertOver, m.ID, tx.Now())
}

func changeAlert(ctx context.Context, tx listeners.Tx, m *community.Member, id int64, told community.Kind, set string, args ...any) error {
	if !m.Role.Employee() {
		return community.ErrNotAllowed
	}
	var a Alert
	err := tx.NewSelect().Model(&a).Where("id = ? AND brand_id = ?", id, m.BrandID).Scan(ctx)
	if err != nil {
		return fmt.Errorf("find alert %d: %w", id, err)
	}
	res, err := tx.NewUpdate().Model(&a).Set(set, args...).Set("tell_at = NULL, version = version + 1").
		Where("id = ? AND version = ? AND state <> ?", id, a.Version, AlertOver).Exec(ctx)
	if err != nil {
		return fmt.Errorf("change alert %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, community.ErrChanged)
	}
	return recordAlert(ctx, tx, &a, m.ID, told)
}

// recordAlert writes what happened to an alert into the history.
func recordAlert(ctx context.Context, tx listeners.Tx, a *Alert, by int64, kind community.Kind) error {
	return community.RecordAlert(ctx, tx, a.BrandID, by, kind, string(a.Kind), a.Detail.Name)
}

// liveAlerts reads the alerts of a brand whose cause is not gone yet.
func liveAlerts(ctx context.Context, db bun.IDB, brandID int64) ([]Alert, error) {
	var all []Alert
	err := db.NewSelect().Model(&all).Where("brand_id = ? AND cleared_at IS NULL", brandID).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the alerts of brand %d: %w", brandID, err)
	}
	return all, nil
}
