package community

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/riverqueue/river"
	"github.com/uptrace/bun"
)

// Device is a browser that a person lets us wake.
type Device struct {
	bun.BaseModel `bun:"table:push_devices,alias:device"`

	ID        int64 `bun:",pk,autoincrement"`
	PersonID  int64
	Epoch     int64  // of the person when they allowed it: once theirs is another, it is worth nothing
	Endpoint  string // where its push service takes messages
	P256dh    string
	Auth      string
	Name      string // what the person calls it
	CreatedAt clock.Time
	UsedAt    clock.Time `bun:",nullzero"`
}

const (
	mostDevices     = 10
	longestEndpoint = 1000
	longestDevice   = 100
)

// check refuses what is no subscription of a browser. That the endpoint is outside is the guarded
// client's to see to, at the moment of the call.
func (d *Device) check() error {
	broken := &Invalid{"endpoint", "this browser's subscription cannot be read; allow it once more"}
	u, err := url.Parse(d.Endpoint)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(d.Endpoint) > longestEndpoint {
		return broken
	}
	for text, size := range map[string]int{d.P256dh: 65, d.Auth: 16} {
		if key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "=")); err != nil || len(key) != size {
			return broken
		}
	}
	return nil
}

// AddDevice stores a browser that its person lets us wake; one that was somebody else's becomes theirs.
func AddDevice(ctx context.Context, tx Tx, d Device) (Device, error) {
	if err := d.check(); err != nil {
		return d, err
	}
	if d.Name = strings.TrimSpace(d.Name); d.Name == "" || len(d.Name) > longestDevice || !Storable(d.Name) {
		d.Name = "Web"
	}
	d.CreatedAt = tx.Now()
	_, err := tx.NewInsert().Model(&d).On("CONFLICT (endpoint) DO UPDATE").
		Set("person_id = EXCLUDED.person_id, epoch = EXCLUDED.epoch, p256dh = EXCLUDED.p256dh, auth = EXCLUDED.auth, name = EXCLUDED.name, created_at = EXCLUDED.created_at").
		Returning("*").Exec(ctx)
	if err != nil {
		return d, fmt.Errorf("store a device: %w", err)
	}
	_, err = tx.NewRaw("DELETE FROM push_devices WHERE person_id = ? AND id NOT IN (SELECT id FROM push_devices WHERE person_id = ? ORDER BY created_at DESC, id DESC LIMIT ?)",
		d.PersonID, d.PersonID, mostDevices).Exec(ctx)
	if err != nil {
		return d, fmt.Errorf("forget old devices: %w", err)
	}
	return d, nil
}

// Devices reads the browsers that a person, whose epoch is this one, lets us wake, newest first.
func Devices(ctx context.Context, db bun.IDB, personID, epoch int64) ([]Device, error) {
	var all []Device
	err := db.NewSelect().Model(&all).Where("person_id = ? AND epoch = ?", personID, epoch).Order("id DESC").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the devices of person %d: %w", personID, err)
	}
	return all, nil
}

// FindDevice reads one device.
func FindDevice(ctx context.Context, db bun.IDB, id int64) (Device, error) {
	var d Device
	if err := db.NewSelect().Model(&d).Where("id = ?", id).Scan(ctx); err != nil {
		return d, fmt.Errorf("find device %d: %w", id, err)
	}
	return d, nil
}

// RemoveDevice forgets a device of a person.
func RemoveDevice(ctx context.Context, tx Tx, personID, id int64) error {
	_, err := tx.NewDelete().Model((*Device)(nil)).Where("id = ? AND person_id = ?", id, personID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget device %d: %w", id, err)
	}
	return nil
}

// Woken notes that a device took a message.
func Woken(ctx context.Context, tx Tx, id int64) error {
	_, err := tx.NewUpdate().Model((*Device)(nil)).Set("used_at = ?", tx.Now()).Where("id = ?", id).Exec(ctx)
	return err
}

// PushJob asks for one device to be woken. It carries nothing of the customer's and no name.
type PushJob struct {
	DeviceID int64      `json:"device_id"`
	MemberID int64      `json:"member_id"`
	CaseID   int64      `json:"case_id"`
	About    Kind       `json:"about"` // its sentence stands in the catalogs as "push.<kind>"
	Minutes  int        `json:"minutes,omitempty"`
	At       clock.Time `json:"at"`
}

// Kind names the job.
func (PushJob) Kind() string { return "push" }

// rings are the notices that wake a phone, and whether they do so when the member is to be left in
// peace otherwise: who is on duty asked for it.
var rings = map[Kind]struct{ always bool }{
	AnswerReturned: {},
	CasePassedOn:   {},
	ReviewLate:     {always: true},
}

// ring wakes the member's devices for a notice, unless they are to be left in peace.
func ring(ctx context.Context, tx Tx, job NoticeJob) error {
	r, ok := rings[job.About]
	if !ok {
		return nil
	}
	m, err := findMember(ctx, tx, job.MemberID)
	if err != nil {
		return err
	}
	if m.State != Active || !r.always && Quiet(&m, tx.Now()) {
		return nil
	}
	return wake(ctx, tx, &m, PushJob{CaseID: job.CaseID, About: job.About})
}

// wake enqueues a message for each of a member's devices.
func wake(ctx context.Context, tx Tx, m *Member, job PushJob) error {
	var ids []int64
	if err := tx.NewSelect().Model((*Device)(nil)).Column("id").Where("person_id = ?", m.PersonID).Scan(ctx, &ids); err != nil {
		return fmt.Errorf("read the devices of member %d: %w", m.ID, err)
	}
	for _, id := range ids {
		job.DeviceID, job.MemberID, job.At = id, m.ID, tx.Now()
		if err := tx.Enqueue(ctx, river.InsertManyParams{Args: job}); err != nil {
			return fmt.Errorf("enqueue a push: %w", err)
		}
	}
	return nil
}

const (
	// pushLeft is what is left of the promise when phones ring for a case that nobody has taken.
	pushLeft = 40 * time.Minute
	// pushedTo is how many members one case wakes: one may be busy, a crowd would run for nothing.
	pushedTo = 2
	// pushedAtOnce bounds the cases of one sweep.
	pushedAtOnce = 20
	// MostPushes is how many matching cases a day somebody can ask for.
	MostPushes = 5
)

// FitsYou is what a phone is told of a matching case, and the history of the case that phones rang.
const FitsYou Kind = "fits_you"

type matchPush struct {
	bun.BaseModel `bun:"table:match_pushes"`

	MemberID  int64 `bun:",pk"`
	CaseID    int64 `bun:",pk"`
	CreatedAt clock.Time
}

// LeftWaiting reads the open cases of a brand's volunteers that have less than pushLeft of the promise
// left, are not late yet and have woken nobody. The feed's index bounds what is looked at.
func LeftWaiting(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) ([]Case, error) {
	var all []Case
	for _, lane := range []Lane{Community, Care} {
		waiting, err := soonLate(ctx, db, brandID, lane, now, pushLeft)
		if err != nil {
			return nil, err
		}
		var cases []Case
		err = waiting.Model(&cases).
			Where("c.hold = '' AND NOT EXISTS (SELECT 1 FROM match_pushes AS p WHERE p.case_id = c.id)").
			Order("c.due_at").Limit(pushedAtOnce).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("find cases of brand %d that wait: %w", brandID, err)
		}
		all = append(all, cases...)
	}
	return all, nil
}

// CallForHelp wakes, for a case that waits, the advocates whom it fits best: in their hours, not more
// often than they asked for, and those first who were called least today. While an employee is on duty, or will be
// before the promise ends, half of the calls that somebody asked for are kept for hours in which nobody is.
func CallForHelp(ctx context.Context, tx Tx, c *Case) error {
	possible, err := Answerers(ctx, tx, c)
	if err != nil {
		return err
	}
	if possible, err = rested(ctx, tx, c, possible); err != nil {
		return err
	}
	called, err := calledToday(ctx, tx, possible)
	if err != nil {
		return err
	}
	staffed, err := AnyOnDuty(ctx, tx, c.BrandID, tx.Now(), c.PromisedAt().Add(-answerTime))
	if err != nil {
		return err
	}
	possible = slices.DeleteFunc(possible, func(m Member) bool {
		most := m.Pushes
		if staffed {
			most = (most + 1) / 2
		}
		return m.Role.Employee() || Quiet(&m, tx.Now()) || called[m.ID] >= most
	})
	slices.SortStableFunc(possible, func(a, b Member) int { return called[a.ID] - called[b.ID] })
	if len(possible) == 0 {
		return nil
	}
	if err := record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: FitsYou, Lane: c.Lane}); err != nil {
		return err
	}
	left := c.PromisedAt().Sub(tx.Now())
	for _, m := range possible[:min(len(possible), pushedTo)] {
		row := matchPush{MemberID: m.ID, CaseID: c.ID, CreatedAt: tx.Now()}
		res, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return fmt.Errorf("note a push: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err // another process was quicker
		}
		if err := wake(ctx, tx, &m, PushJob{CaseID: c.ID, About: FitsYou, Minutes: int(left / time.Minute)}); err != nil {
			return err
		}
	}
	return nil
}

// calledToday counts the matching cases that members were woken for in the last day; who has no device
// has had as many as anybody can ask for.
func calledToday(ctx context.Context, tx Tx, all []Member) (map[int64]int, error) {
	count := map[int64]int{}
	if len(all) == 0 {
		return count, nil
	}
	ids := make([]int64, len(all))
	for i, m := range all {
		ids[i] = m.ID
		count[m.ID] = MostPushes // without a device
	}
	var rows []struct {
		ID     int64
		Pushes int
	}
	err := tx.NewRaw(`SELECT m.id, (SELECT COUNT(*) FROM match_pushes AS p WHERE p.member_id = m.id AND p.created_at > ?) AS pushes
		FROM members AS m WHERE m.id IN (?) AND EXISTS (SELECT 1 FROM push_devices AS d WHERE d.person_id = m.person_id)`,
		tx.Now().Add(-24*time.Hour), bun.List(ids)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count the pushes of a day: %w", err)
	}
	for _, r := range rows {
		count[r.ID] = r.Pushes
	}
	return count, nil
}

// SetPushes sets how many matching cases a day a member's phone may tell of.
func SetPushes(ctx context.Context, tx Tx, m *Member, pushes int) error {
	if pushes < 0 || pushes > MostPushes {
		return &Invalid{"pushes", "choose a number from 0 to 5"}
	}
	m.Pushes = pushes
	if _, err := tx.NewUpdate().Model(m).Column("pushes").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("set the pushes of member %d: %w", m.ID, err)
	}
	return nil
}
