package moderation

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// Receiver is where a brand's alerts go besides its people: an e-mail address, or another system that takes
// signed calls (a channel of a chat, for instance).
type Receiver struct {
	bun.BaseModel `bun:"table:alert_receivers,alias:receiver"`

	ID         int64 `bun:",pk,autoincrement"`
	BrandID    int64
	Kind       ReceiverKind
	Name       string // what people read of it: the address of a person, the host of a system
	Sealed     []byte // Destination, which nobody reads again
	Language   string
	Pace       Pace
	Wait       int `bun:"wait_minutes"` // minutes in which somebody may take the alert before this one hears of it
	QuietFrom  int // minutes after midnight; from here until QuietUntil only what is urgent is told. Equal: never
	QuietUntil int
	Zone       string // of those times, as IANA names it
	MadeBy     int64
	CreatedAt  clock.Time
	ToldAt     clock.Time `bun:",nullzero"` // when it last took something
	FailedAt   clock.Time `bun:",nullzero"` // when it last did not; 0 once it has again
	FailedWhy  string
}

// ReceiverKind is how a receiver is told.
type ReceiverKind string

// The kinds of receivers.
const (
	ByMail    ReceiverKind = "mail"
	ByWebhook ReceiverKind = "webhook"
)

// Pace is how often a receiver is told of what is not urgent.
type Pace string

// The paces. What is collected is told in one message.
const (
	AtOnce Pace = "at_once"
	Hourly Pace = "hourly"
	Daily  Pace = "daily" // at eight in the morning
)

// Paces are all of them, the usual one first.
var Paces = []Pace{AtOnce, Hourly, Daily}

// Destination is what is needed to tell a receiver. It is sealed where it is stored.
type Destination struct {
	To     string `json:"to"`               // an e-mail address, or a URL
	Secret string `json:"secret,omitempty"` // signs what a webhook brings, "whsec_…"
}

const (
	mostReceivers   = 20
	longestReceiver = 500
	longestWait     = 24 * 60
	digestHour      = 8
	secretMark      = "whsec_"
)

// NewSecret makes a secret that signs what is brought to a webhook.
func NewSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return secretMark + base64.StdEncoding.EncodeToString(b)
}

// check refuses what cannot be a receiver. That an address is outside is the guarded client's to see to, at the
// moment of the call.
func (r *Receiver) check(to *Destination) error {
	if to.To = strings.TrimSpace(to.To); len(to.To) > longestReceiver {
		return &community.Invalid{Field: "to", Sentence: "write an address of at most 500 letters"}
	}
	switch r.Kind {
	case ByMail:
		a, err := mail.ParseAddress(to.To)
		if err != nil || a.Name != "" || a.Address != to.To || strings.ContainsAny(to.To, "\r\n ") {
			return &community.Invalid{Field: "to", Sentence: "write one e-mail address, like team@example.com"}
		}
		r.Name, to.Secret = a.Address, ""
	case ByWebhook:
		u, err := url.Parse(to.To)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && near(u.Hostname())) {
			return &community.Invalid{Field: "to", Sentence: "write an address that begins with https://"}
		}
		if key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(to.Secret, secretMark)); err != nil || len(key) < 24 {
			return &community.Invalid{Field: "secret", Sentence: "leave the secret empty, or write one that begins with whsec_ and has at least 24 bytes"}
		}
		r.Name = u.Host
	default:
		return &community.Invalid{Field: "kind", Sentence: "choose e-mail or webhook"}
	}
	switch {
	case r.Pace != AtOnce && r.Pace != Hourly && r.Pace != Daily:
		return &community.Invalid{Field: "pace", Sentence: "choose how often from the list"}
	case r.Wait < 0 || r.Wait > longestWait:
		return &community.Invalid{Field: "wait", Sentence: "wait from 0 minutes to a day"}
	case r.QuietFrom < 0 || r.QuietFrom >= 24*60 || r.QuietUntil < 0 || r.QuietUntil >= 24*60:
		return &community.Invalid{Field: "quiet_from", Sentence: "write times like 22:00"}
	}
	if _, err := time.LoadLocation(r.Zone); err != nil {
		return &community.Invalid{Field: "quiet_from", Sentence: "write times like 22:00"}
	}
	return nil
}

// near tells whether a host is a number inside a private network, where nobody has a certificate. Whether it may be
// called is for the operator to say.
func near(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && (a.IsLoopback() || a.IsPrivate())
}

// AddReceiver stores a receiver. A webhook without a secret gets one, which is told this once.
func AddReceiver(ctx context.Context, tx listeners.Tx, keys *listeners.Keyring, m *community.Member, r Receiver, to Destination) (Receiver, string, error) {
	if m.Role != community.Admin {
		return r, "", community.ErrNotAllowed
	}
	made := ""
	if r.Kind == ByWebhook && to.Secret == "" {
		made = NewSecret()
		to.Secret = made
	}
	if err := r.check(&to); err != nil {
		return r, "", err
	}
	n, err := tx.NewSelect().Model((*Receiver)(nil)).Where("brand_id = ?", m.BrandID).Count(ctx)
	if err != nil {
		return r, "", fmt.Errorf("count the receivers of brand %d: %w", m.BrandID, err)
	}
	if n >= mostReceivers {
		return r, "", &community.Invalid{Field: "to", Sentence: "remove a receiver first; twenty are the most"}
	}
	plain, err := json.Marshal(to)
	if err != nil {
		return r, "", err
	}
	if r.Sealed, err = keys.Seal(plain, receiverBound(m.BrandID)); err != nil {
		return r, "", err
	}
	r.ID, r.BrandID, r.MadeBy, r.CreatedAt = 0, m.BrandID, m.ID, tx.Now()
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return r, "", fmt.Errorf("store a receiver of brand %d: %w", m.BrandID, err)
	}
	return r, made, community.RecordAlert(ctx, tx, m.BrandID, m.ID, community.ReceiverAdded, string(r.Kind), r.Name)
}

// receiverBound is what a sealed address is bound to: its brand.
func receiverBound(brandID int64) string { return fmt.Sprintf("alert_receivers:%d", brandID) }

// Open reads where a receiver is told.
func (r *Receiver) Open(keys *listeners.Keyring) (to Destination, err error) {
	plain, err := keys.Open(r.Sealed, receiverBound(r.BrandID))
	if err == nil {
		err = json.Unmarshal(plain, &to)
	}
	if err != nil {
		return to, fmt.Errorf("open receiver %d: %w", r.ID, err)
	}
	return to, nil
}

// Receivers reads a brand's receivers, oldest first.
func Receivers(ctx context.Context, db bun.IDB, brandID int64) ([]Receiver, error) {
	var all []Receiver
	if err := db.NewSelect().Model(&all).Where("brand_id = ?", brandID).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the receivers of brand %d: %w", brandID, err)
	}
	return all, nil
}

// FindReceiver reads a receiver of any brand, for what the product does by itself.
func FindReceiver(ctx context.Context, db bun.IDB, id int64) (Receiver, error) {
	var r Receiver
	if err := db.NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return r, fmt.Errorf("find receiver %d: %w", id, err)
	}
	return r, nil
}

func ownReceiver(ctx context.Context, tx listeners.Tx, m *community.Member, id int64) (Receiver, error) {
	var r Receiver
	err := tx.NewSelect().Model(&r).Where("id = ? AND brand_id = ?", id, m.BrandID).Scan(ctx)
	if err == nil && m.Role != community.Admin {
		err = community.ErrNotAllowed
	}
	if err != nil {
		return r, fmt.Errorf("find receiver %d: %w", id, err)
	}
	return r, nil
}

// RemoveReceiver forgets a receiver.
func RemoveReceiver(ctx context.Context, tx listeners.Tx, m *community.Member, id int64) error {
	r, err := ownReceiver(ctx, tx, m, id)
	if err != nil {
		return err
	}
	if _, err := tx.NewDelete().Model((*message)(nil)).Where("receiver_id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("forget what receiver %d was told: %w", id, err)
	}
	if _, err := tx.NewDelete().Model(&r).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("remove receiver %d: %w", id, err)
	}
	return community.RecordAlert(ctx, tx, m.BrandID, m.ID, community.ReceiverRemoved, string(r.Kind), r.Name)
}

// TryReceiver tells a receiver that this is how it would be called.
func TryReceiver(ctx context.Context, tx listeners.Tx, m *community.Member, id int64) error {
	if _, err := ownReceiver(ctx, tx, m, id); err != nil {
		return err
	}
	return enqueueTelling(ctx, tx, TellJob{ReceiverID: id, At: tx.Now()})
}

// TellJob asks for a receiver to be told of alerts: of none to try it.
type TellJob struct {
	ReceiverID int64      `json:"receiver_id"`
	Alerts     []int64    `json:"alerts,omitempty"`
	Urgent     bool       `json:"urgent,omitempty"`
	At         clock.Time `json:"at"`
}

// Kind names the job.
func (TellJob) Kind() string { return "tell_receiver" }

// ID names what is told: the same when it is brought again.
func (j *TellJob) ID() string {
	if len(j.Alerts) == 0 {
		return fmt.Sprintf("test-%d-%d", j.ReceiverID, j.At)
	}
	return fmt.Sprintf("alert-%d-%d-%d", j.ReceiverID, j.Alerts[0], j.At)
}

// tellTries is how often a receiver that fails is asked, over about an hour.
const tellTries = 8

func enqueueTelling(ctx context.Context, tx listeners.Tx, job TellJob) error {
	err := tx.Enqueue(ctx, river.InsertManyParams{Args: job, InsertOpts: &river.InsertOpts{MaxAttempts: tellTries}})
	if err != nil {
		return fmt.Errorf("let receiver %d be told: %w", job.ReceiverID, err)
	}
	return nil
}

// message is what a receiver is to be told of an alert, once.
type message struct {
	bun.BaseModel `bun:"table:alert_messages"`

	AlertID    int64      `bun:",pk"`
	ReceiverID int64      `bun:",pk"`
	Urgent     bool       `bun:",pk"`
	DueAt      clock.Time `bun:",nullzero"` // 0: it was told, or need not be any more
	QueuedAt   clock.Time `bun:",nullzero"`
}

// dueAt is when the receiver is told of an alert that was raised at now.
func (r *Receiver) dueAt(urgent bool, now clock.Time) clock.Time {
	at := now.Add(time.Duration(r.Wait) * time.Minute)
	if urgent {
		return at
	}
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		zone = time.UTC
	}
	local := at.Std().In(zone)
	switch r.Pace {
	case Hourly:
		local = local.Truncate(time.Hour).Add(time.Hour)
	case Daily:
		next := time.Date(local.Year(), local.Month(), local.Day(), digestHour, 0, 0, 0, zone)
		if !next.After(local) {
			next = next.AddDate(0, 0, 1)
		}
		local = next
	}
	if r.quiet(local.Hour()*60 + local.Minute()) {
		ends := time.Date(local.Year(), local.Month(), local.Day(), 0, r.QuietUntil, 0, 0, zone)
		if !ends.After(local) {
			ends = ends.AddDate(0, 0, 1)
		}
		local = ends
	}
	return clock.At(local)
}

// quiet tells whether a minute of the day is one of the receiver's quiet ones.
func (r *Receiver) quiet(minute int) bool {
	if r.QuietFrom <= r.QuietUntil {
		return r.QuietFrom <= minute && minute < r.QuietUntil
	}
	return minute >= r.QuietFrom || minute < r.QuietUntil
}

// plan writes down when each receiver is told of an alert that was opened, or has become urgent.
func (a *Alert) plan(ctx context.Context, tx listeners.Tx) error {
	all, err := Receivers(ctx, tx, a.BrandID)
	if err != nil || len(all) == 0 {
		return err
	}
	rows := make([]message, len(all))
	for i := range all {
		rows[i] = message{AlertID: a.ID, ReceiverID: all[i].ID, Urgent: a.Urgent, DueAt: all[i].dueAt(a.Urgent, tx.Now())}
	}
	if _, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("plan whom alert %d is told: %w", a.ID, err)
	}
	return nil
}

// ReceiversDue tells, without writing, whether receivers are to be told of something now.
func ReceiversDue(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	due, err := db.NewSelect().Model((*message)(nil)).Where("due_at <= ?", now).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for receivers to tell: %w", err)
	}
	return due, nil
}

// TellReceivers lets receivers be told of what is due, each of all of its alerts in one message: of none that somebody
// has taken while this one was to wait for that, and of none that is over, unless it was to be collected.
func TellReceivers(ctx context.Context, tx listeners.Tx) error {
	var due []struct {
		message `bun:",extend"`
		State   AlertState
		Now     bool // the alert is urgent now
		Wait    int  `bun:"wait_minutes"`
		Pace    Pace
	}
	err := tx.NewRaw(`SELECT s.alert_id, s.receiver_id, s.urgent, s.due_at, a.state, a.urgent AS now, r.wait_minutes, r.pace
		FROM alert_messages AS s JOIN alerts AS a ON a.id = s.alert_id JOIN alert_receivers AS r ON r.id = s.receiver_id
		WHERE s.due_at <= ? ORDER BY s.receiver_id, s.alert_id, s.urgent LIMIT ?`, tx.Now(), toldAtOnce).Scan(ctx, &due)
	if err != nil {
		return fmt.Errorf("read what receivers are to be told: %w", err)
	}
	var jobs []TellJob
	for _, d := range due {
		res, err := tx.NewUpdate().Model(&d.message).Set("due_at = NULL, queued_at = ?", tx.Now()).WherePK().Where("due_at IS NOT NULL").Exec(ctx)
		if done, err := changedOne(res, err); err != nil || !done {
			if err != nil {
				return fmt.Errorf("note what receiver %d is told: %w", d.ReceiverID, err)
			}
			continue // another process was quicker
		}
		late := d.State == AlertOver && (d.Urgent || d.Pace == AtOnce) // nothing is to be done any more; what is collected tells of it
		if late || d.State == AlertTaken && d.Wait > 0 || d.Now && !d.Urgent {
			continue
		}
		if len(jobs) == 0 || jobs[len(jobs)-1].ReceiverID != d.ReceiverID {
			jobs = append(jobs, TellJob{ReceiverID: d.ReceiverID, At: tx.Now()})
		}
		last := &jobs[len(jobs)-1]
		last.Alerts, last.Urgent = append(last.Alerts, d.AlertID), last.Urgent || d.Urgent
	}
	for _, job := range jobs {
		if err := enqueueTelling(ctx, tx, job); err != nil {
			return err
		}
	}
	return nil
}

// AlertsByID reads alerts, oldest first.
func AlertsByID(ctx context.Context, db bun.IDB, ids []int64) ([]Alert, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var all []Alert
	if err := db.NewSelect().Model(&all).Where("id IN (?)", bun.List(ids)).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read alerts: %w", err)
	}
	return all, nil
}

// errLong bounds what is kept of why a receiver could not be told.
const errLong = 300

// Told notes that a receiver took what it was told, or why it did not. Nothing of where it is is kept in the reason.
func (r *Receiver) Told(ctx context.Context, tx listeners.Tx, why error) error {
	q := tx.NewUpdate().Model((*Receiver)(nil)).Where("id = ?", r.ID)
	if why == nil {
		q = q.Set("told_at = ?, failed_at = NULL, failed_why = ''", tx.Now())
	} else {
		text := []rune(strings.ToValidUTF8(reason(why), "?"))
		q = q.Set("failed_at = ?, failed_why = ?", tx.Now(), string(text[:min(len(text), errLong)]))
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("note how receiver %d was told: %w", r.ID, err)
	}
	return nil
}

// reason is why a call failed, without the address, which may be a secret.
func reason(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return strings.ReplaceAll(err.Error(), "\x00", "")
}
