package listeners

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// When something is worth a word.
const (
	lateBy     = 2 * time.Minute  // a round that nobody began
	silentFor  = time.Hour        // a connection that is on and was not heard
	lateBodies = 10 * time.Minute // news that were brought and not understood yet
	manyFails  = 3                // rounds in a row
	nearBudget = 80               // percent
)

// Doctor tells how a connection stands, in findings: a code each, with a sentence and a fix in the
// catalogs as "finding.<code>" and "finding.<code>.fix". Details that are moments are written as RFC 3339.
type Doctor struct {
	Read bun.IDB
	Now  clock.Func
	Open func(Connection) (Channel, error)
	// Renew spends the secrets of a connection for new ones, where its Channel can.
	Renew func(context.Context, Connection) (Connection, error)
	// Outside makes calls as networks would: guarded. PublicURL is where they reach this installation.
	Outside   http.RoundTripper
	PublicURL string
}

// findings gathers what is found.
type findings []Finding

func (f *findings) add(level Level, code string, detail ...string) {
	*f = append(*f, Finding{Code: code, Level: level, Detail: detail})
}

// moment writes a time as a detail.
func moment(t clock.Time) string { return t.Std().UTC().Format(time.RFC3339) }

// Look finds what our own tables tell of a connection; it makes no network call. Where nothing is wrong
// it says so.
func (d *Doctor) Look(ctx context.Context, c Connection) ([]Finding, error) {
	var found findings
	switch c.State {
	case Removed:
		found.add(Warning, "removed")
		return found, nil
	case Broken:
		found.add(Problem, "broken", c.Error)
	case Paused:
		found.add(Warning, "paused")
	}
	brand, err := BrandStopped(ctx, d.Read, c.BrandID)
	switch {
	case err != nil:
		return nil, err
	case c.StoppedAt != 0:
		found.add(Warning, "stopped", moment(c.StoppedAt))
	case brand != 0:
		found.add(Warning, "brand_stopped", moment(brand))
	}
	d.lookAtHearing(c, &found)
	ch, err := d.Open(c)
	switch {
	case errors.Is(err, ErrSealed):
		found.add(Problem, "sealed")
	case err != nil:
		found.add(Problem, "unusable", printable(err.Error()))
	default:
		d.lookAtChannel(ch, c, &found)
	}
	if err := d.lookAtMoney(ctx, ch, c, &found); err != nil {
		return nil, err
	}
	if err := d.count(ctx, c, &found); err != nil {
		return nil, err
	}
	if len(found) == 0 {
		if c.HeardAt == 0 {
			found.add(Fine, "new")
		} else {
			found.add(Fine, "well", moment(c.HeardAt))
		}
	}
	return found, nil
}

// lookAtHearing finds what keeps a connection that is on from being heard.
func (d *Doctor) lookAtHearing(c Connection, found *findings) {
	if c.State != On {
		return
	}
	now, since := d.Now(), c.HeardAt
	if since == 0 {
		since = c.CreatedAt
	}
	switch {
	case strings.HasPrefix(c.Error, string(RateLimited)) && c.FetchAt > now:
		found.add(Warning, "rate_limited", moment(c.FetchAt))
	case strings.HasPrefix(c.Error, string(OverBudget)) && c.FetchAt > now:
		found.add(Problem, "credits_used", moment(c.FetchAt))
	case c.Failures >= manyFails:
		found.add(Problem, "failing", strconv.Itoa(c.Failures), c.Error)
	case now.Sub(c.FetchAt) > lateBy && c.LeaseUntil <= now:
		found.add(Problem, "unheard", moment(c.FetchAt))
	case now.Sub(since) > silentFor:
		found.add(Warning, "silent", moment(since))
	}
}

// lookAtChannel finds what the adapter knows by itself.
func (d *Doctor) lookAtChannel(ch Channel, c Connection, found *findings) {
	now := d.Now()
	if k, ok := ch.(AuthKeeper); ok && k.Expires() != 0 && k.Expires() <= now {
		found.add(Problem, "expired", moment(k.Expires()))
	}
	if _, ok := ch.(Receiver); !ok || c.State != On {
		return
	}
	switch {
	case c.Hook != "" && c.BroughtAt != 0:
	case !strings.HasPrefix(d.PublicURL, "https://"):
		found.add(Fine, "polled")
	default:
		found.add(Warning, "brings_nothing")
	}
}

// lookAtMoney holds what was spent this month against the budget.
func (d *Doctor) lookAtMoney(ctx context.Context, ch Channel, c Connection, found *findings) error {
	spent, err := MonthSpent(ctx, d.Read, c.ID, d.Now())
	if err != nil {
		return err
	}
	costs := spent > 0 || ch != nil && ch.Capabilities().PageCost > 0
	switch {
	case c.Budget == 0 && costs:
		found.add(Warning, "no_budget", Dollars(spent))
	case c.Budget > 0 && spent >= c.Budget:
		found.add(Problem, "budget_used", Dollars(spent), Dollars(c.Budget))
	case c.Budget > 0 && spent*100 >= c.Budget*nearBudget:
		found.add(Warning, "budget_low", Dollars(spent), Dollars(c.Budget))
	}
	return nil
}

// Dollars writes money with as many digits as it needs: $0.015, $12.40.
func Dollars(m MicroUSD) string {
	text := strconv.FormatFloat(float64(m)/1e6, 'f', -1, 64)
	if whole, part, _ := strings.Cut(text, "."); len(part) < 2 {
		text = whole + "." + (part + "00")[:2]
	}
	return "$" + text
}

// HighestBudget bounds what somebody can set by mistake, a month.
const HighestBudget MicroUSD = 1_000_000_000_000

// ReadDollars reads an amount as people type it, with a point or a comma; nothing is no bound.
func ReadDollars(text string) (m MicroUSD, ok bool) {
	text = strings.Replace(strings.TrimPrefix(text, "$"), ",", ".", 1)
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > float64(HighestBudget)/1e6 {
		return 0, false
	}
	return MicroUSD(math.Round(n * 1e6)), true
}

// Tally counts what of a connection waits for somebody.
type Tally struct {
	Gaps    int // times that were not heard, and are not refilled
	Letters int // pieces that could not be read
	Bodies  int // news that were brought long ago and are not understood yet
	Asked   int // replies of which a person must say whether they are there
	Replies int // replies that have not left yet
}

// Tally reads how much of a connection waits.
func (d *Doctor) Tally(ctx context.Context, connectionID int64) (t Tally, err error) {
	err = d.Read.NewRaw(`SELECT
		(SELECT COUNT(*) FROM gaps WHERE connection_id = ? AND state = 'open') AS gaps,
		(SELECT COUNT(*) FROM dead_letters WHERE connection_id = ?) AS letters,
		(SELECT COUNT(*) FROM deliveries WHERE state = 'waiting' AND connection_id = ? AND due_at <= ?) AS bodies,
		(SELECT COUNT(*) FROM replies WHERE connection_id = ? AND state IN ('ask_human', 'held') AND state = 'ask_human') +
		(SELECT COUNT(*) FROM replies WHERE connection_id = ? AND state IN ('sending', 'ambiguous', 'held') AND state = 'ambiguous' AND error = ?) AS asked,
		(SELECT COUNT(*) FROM replies WHERE connection_id = ? AND state IN ('waiting', 'queued', 'retry')) AS replies`,
		connectionID, connectionID, connectionID, d.Now().Add(-lateBodies), connectionID, connectionID, OverBudget, connectionID).Scan(ctx, &t)
	if err != nil {
		return t, fmt.Errorf("count what waits of connection %d: %w", connectionID, err)
	}
	return t, nil
}

// count finds what waits for somebody.
func (d *Doctor) count(ctx context.Context, c Connection, found *findings) error {
	t, err := d.Tally(ctx, c.ID)
	if err != nil {
		return err
	}
	if t.Asked > 0 {
		found.add(Problem, "asked", strconv.Itoa(t.Asked))
	}
	if t.Bodies > 0 {
		found.add(Problem, "undecoded", strconv.Itoa(t.Bodies))
	}
	if t.Gaps > 0 {
		found.add(Warning, "gaps", strconv.Itoa(t.Gaps))
	}
	if t.Letters > 0 {
		found.add(Warning, "dead_letters", strconv.Itoa(t.Letters))
	}
	if t.Replies > 0 && (c.State != On || c.StoppedAt != 0) {
		found.add(Warning, "replies_wait", strconv.Itoa(t.Replies))
	}
	return nil
}

// Examination is what a network said of a connection.
type Examination struct {
	bun.BaseModel `bun:"table:examinations"`

	ConnectionID int64     `bun:",pk"`
	Findings     []Finding `bun:"type:text"`
	ExaminedAt   clock.Time
}

// Examine asks the network how a connection stands: who we are there, what the adapter can find out, and
// whether this installation can be reached from outside. plan is what the account has subscribed to there.
func (d *Doctor) Examine(ctx context.Context, c Connection) (_ []Finding, plan string) {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	var found findings
	ch, err := d.Open(c)
	if err != nil {
		return nil, "" // Look says so
	}
	who, err := ch.Check(ctx)
	if _, keeps := ch.(AuthKeeper); keeps && err != nil && classify(err, Transient).Class == AuthExpired {
		if c, err = d.Renew(ctx, c); err == nil {
			ch, err = d.Open(c)
		}
		if err == nil {
			who, err = ch.Check(ctx)
		}
	}
	if err != nil {
		refusal(err, &found)
		return found, ""
	}
	if who.NativeID != c.NativeID {
		found.add(Problem, "other_account", who.Handle)
		return found, ""
	}
	found.add(Fine, "answers", who.Handle)
	if e, ok := ch.(Examiner); ok {
		more, err := e.Examine(ctx)
		if err != nil {
			refusal(err, &found)
		}
		found = append(found, more...)
	}
	if _, ok := ch.(Receiver); ok && strings.HasPrefix(d.PublicURL, "https://") {
		d.reach(ctx, &found)
	}
	return found, who.Plan
}

// refusal says what a network's refusal means.
func refusal(err error, found *findings) {
	e := classify(err, Transient)
	switch said := printable(e.Error()); e.Class {
	case AuthExpired, AuthRevoked:
		found.add(Problem, "refused", said)
	case RateLimited:
		found.add(Warning, "busy", said)
	case OverBudget:
		found.add(Problem, "credits_used", moment(e.Until))
	case Banned:
		found.add(Problem, "banned", said)
	default:
		found.add(Problem, "unreachable", said)
	}
}

// NotSubscribed is the finding that a network would not bring its news.
func NotSubscribed(err error) Finding {
	return Finding{Code: "not_subscribed", Level: Warning, Detail: []string{printable(err.Error())}}
}

// reach looks whether this installation answers at its public address.
func (d *Doctor) reach(ctx context.Context, found *findings) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.PublicURL+"/healthz", nil)
	if err != nil {
		found.add(Warning, "hidden", d.PublicURL)
		return
	}
	res, err := (&http.Client{Transport: d.Outside}).Do(req)
	if err != nil {
		found.add(Warning, "hidden", d.PublicURL)
		return
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		found.add(Warning, "hidden", d.PublicURL)
	}
}

// Keep stores what an examination found, instead of what the last one did, and what the account has subscribed to.
func Keep(ctx context.Context, tx Tx, connectionID int64, found []Finding, plan string) error {
	if found == nil {
		found = []Finding{}
	}
	row := Examination{ConnectionID: connectionID, Findings: found, ExaminedAt: tx.Now()}
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (connection_id) DO UPDATE").
		Set("findings = EXCLUDED.findings, examined_at = EXCLUDED.examined_at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep what was found of connection %d: %w", connectionID, err)
	}
	if plan == "" {
		return nil
	}
	c, err := FindConnection(ctx, tx, connectionID)
	if err != nil {
		return err
	}
	c.Settings = Identity{Plan: plan}.keepPlan(c.Settings)
	if _, err := tx.NewUpdate().Model(&c).Column("settings").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("keep the plan of connection %d: %w", connectionID, err)
	}
	return nil
}

// LastExamination reads what the last examination found; the zero value where there was none.
func LastExamination(ctx context.Context, db bun.IDB, connectionID int64) (e Examination, err error) {
	err = db.NewSelect().Model(&e).Where("connection_id = ?", connectionID).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return e, fmt.Errorf("read what was found of connection %d: %w", connectionID, err)
	}
	return e, nil
}
