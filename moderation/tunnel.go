package moderation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// Simulation is one play of days in the wind tunnel that somebody has asked for.
type Simulation struct {
	bun.BaseModel `bun:"table:simulations,alias:sim"`

	ID       int64 `bun:",pk,autoincrement"` // 0: none
	BrandID  int64
	Source   SimulationSource
	Days     int
	State    SimulationState
	Percent  int // of it that is played
	AskedBy  int64
	AskedAt  clock.Time
	Deadline clock.Time // when nobody waits for it any more
	EndedAt  clock.Time `bun:",nullzero"`
	Error    string     // for the operator
	Result   string     // as JSON, see Simulated
}

// SimulationSource is what is played.
type SimulationSource string

// What can be played.
const (
	OwnDays  SimulationSource = "own"   // the brand's own last days: its people, posts, settings and rules
	Shipped  SimulationSource = "month" // the month of a brand with three employees and twenty advocates
	mostPlay                  = 30
)

// SimulationState is how far a simulation is.
type SimulationState string

// The states.
const (
	SimulationRuns    SimulationState = "running"
	SimulationDone    SimulationState = "done"
	SimulationFailed  SimulationState = "failed"
	SimulationStopped SimulationState = "stopped" // by a person
)

// SimulationTime is how long a simulation may take.
const SimulationTime = 2 * time.Hour

// ErrSimulating is told to who wants a second simulation.
var ErrSimulating = &community.Invalid{Field: "source", Sentence: "one is being played already; wait for it, or stop it"}

// ErrStopped ends a simulation that nobody wants any more.
var ErrStopped = errors.New("the simulation was stopped")

// SimulateJob asks for a simulation to be played.
type SimulateJob struct {
	ID int64 `json:"id"`
}

// Kind names the job.
func (SimulateJob) Kind() string { return "simulate" }

// Under tells whether a simulation is still awaited.
func (s *Simulation) Under(now clock.Time) bool {
	return s.State == SimulationRuns && now < s.Deadline
}

// Simulate asks for days to be played for the member's brand, one play at a time.
func Simulate(ctx context.Context, tx listeners.Tx, m *community.Member, source SimulationSource, days int) (Simulation, error) {
	switch {
	case m.Role != community.Moderator && m.Role != community.Admin:
		return Simulation{}, community.ErrNotAllowed
	case source != OwnDays && source != Shipped:
		return Simulation{}, &community.Invalid{Field: "source", Sentence: "choose what is played from the list"}
	case days < 1 || days > mostPlay:
		return Simulation{}, &community.Invalid{Field: "days", Sentence: "choose from 1 to 30 days"}
	}
	_, err := tx.NewUpdate().Model((*Simulation)(nil)).Set("state = ?, ended_at = ?, error = 'nobody heard of it any more'", SimulationFailed, tx.Now()).
		Where("brand_id = ? AND state = ? AND deadline <= ?", m.BrandID, SimulationRuns, tx.Now()).Exec(ctx)
	if err != nil {
		return Simulation{}, fmt.Errorf("end simulations of brand %d: %w", m.BrandID, err)
	}
	s := Simulation{
		BrandID: m.BrandID, Source: source, Days: days, State: SimulationRuns, AskedBy: m.ID, AskedAt: tx.Now(), Deadline: tx.Now().Add(SimulationTime),
	}
	res, err := tx.NewInsert().Model(&s).On("CONFLICT (brand_id) WHERE state = 'running' DO NOTHING").Exec(ctx)
	if err != nil {
		return s, fmt.Errorf("ask for a simulation: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return s, errors.Join(err, ErrSimulating)
	}
	if err := tx.Enqueue(ctx, river.InsertManyParams{Args: SimulateJob{s.ID}, InsertOpts: &river.InsertOpts{MaxAttempts: 2}}); err != nil {
		return s, fmt.Errorf("enqueue a simulation: %w", err)
	}
	return s, nil
}

// StopSimulation ends the play that is under way for the member's brand; it notices with the next step.
func StopSimulation(ctx context.Context, tx listeners.Tx, m *community.Member, id int64) error {
	if m.Role != community.Moderator && m.Role != community.Admin {
		return community.ErrNotAllowed
	}
	_, err := tx.NewUpdate().Model((*Simulation)(nil)).Set("state = ?, ended_at = ?", SimulationStopped, tx.Now()).
		Where("id = ? AND brand_id = ? AND state = ?", id, m.BrandID, SimulationRuns).Exec(ctx)
	if err != nil {
		return fmt.Errorf("stop simulation %d: %w", id, err)
	}
	return nil
}

// Simulations reads a brand's plays, the latest first, without what came of them.
func Simulations(ctx context.Context, db bun.IDB, brandID int64, most int) ([]Simulation, error) {
	var all []Simulation
	err := db.NewSelect().Model(&all).ExcludeColumn("result").Where("brand_id = ?", brandID).Order("id DESC").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the simulations of brand %d: %w", brandID, err)
	}
	return all, nil
}

// FindSimulation reads one play of a brand; brandID 0 is any.
func FindSimulation(ctx context.Context, db bun.IDB, brandID, id int64) (Simulation, error) {
	var s Simulation
	q := db.NewSelect().Model(&s).Where("id = ?", id)
	if brandID != 0 {
		q = q.Where("brand_id = ?", brandID)
	}
	if err := q.Scan(ctx); err != nil {
		return s, fmt.Errorf("find simulation %d: %w", id, err)
	}
	return s, nil
}

// Played notes how far a simulation is, in percent. ErrStopped where nobody waits for it any more.
func Played(ctx context.Context, tx listeners.Tx, id int64, percent int) error {
	res, err := tx.NewUpdate().Model((*Simulation)(nil)).Set("percent = ?", percent).Where("id = ? AND state = ? AND deadline > ?", id, SimulationRuns, tx.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note how far simulation %d is: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrStopped)
	}
	return nil
}

// EndSimulation keeps what came of a simulation, unless somebody stopped it.
func EndSimulation(ctx context.Context, tx listeners.Tx, id int64, result []byte, failed error) error {
	q := tx.NewUpdate().Model((*Simulation)(nil)).Set("ended_at = ?", tx.Now()).Where("id = ? AND state = ?", id, SimulationRuns)
	if failed != nil {
		q = q.Set("state = ?, error = ?", SimulationFailed, failed.Error())
	} else {
		q = q.Set("state = ?, result = ?, percent = 100", SimulationDone, string(result))
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("keep what came of simulation %d: %w", id, err)
	}
	return nil
}

// Simulated is what is shown of a result. Shares are from 0 to 1, waits are in minutes.
type Simulated struct {
	Seed      uint64           `json:"seed"`
	Posts     int              `json:"posts"`
	Questions SimulatedFate    `json:"questions"`
	Hours     []SimulatedFate  `json:"by_hour"`
	ByDay     []SimulatedFate  `json:"by_day"`
	Reviews   SimulatedWait    `json:"reviews"`
	Unread    int              `json:"unread"`
	Staff     []SimulatedWork  `json:"staff"`
	Goals     []SimulatedGoal  `json:"goals"`
	Hole      *SimulatedHole   `json:"hole"`
	Levers    []SimulatedLever `json:"levers"`
}

// SimulatedFate is how questions fared.
type SimulatedFate struct {
	Hour     int     `json:"hour"`
	Asked    int     `json:"asked"`
	Answered int     `json:"answered"`
	Quick    int     `json:"within_2h"`
	Rate     float64 `json:"answered_share"`
	InTime   float64 `json:"within_2h_share"`
}

// SimulatedWait is how long answers waited for a reviewer.
type SimulatedWait struct {
	N    int `json:"n"`
	Half int `json:"p50"`
	Most int `json:"p90"`
}

// SimulatedWork is what one employee gave.
type SimulatedWork struct {
	Name    string  `json:"name"`
	Average float64 `json:"minutes_a_day"`
	Most    float64 `json:"most"`
	Answers int     `json:"answers"`
	Reviews int     `json:"reviews"`
}

// SimulatedGoal is what the play is held against.
type SimulatedGoal struct {
	Code string  `json:"code"`
	Is   float64 `json:"is"`
	Want float64 `json:"want"`
	Met  bool    `json:"met"`
}

// SimulatedHole is the time of the day in which most questions wait for too long.
type SimulatedHole struct {
	From   int     `json:"From"`
	To     int     `json:"To"`
	Asked  int     `json:"asked"`
	Quick  int     `json:"within_2h"`
	InTime float64 `json:"within_2h_share"`
}

// SimulatedLever is a change of the people, and what it would do in the hole.
type SimulatedLever struct {
	Who    string  `json:"who"`
	Count  int     `json:"count"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
}

// Outcome reads what came of a simulation.
func (s *Simulation) Outcome() (o Simulated, err error) {
	if err := json.Unmarshal([]byte(s.Result), &o); err != nil {
		return o, fmt.Errorf("read what came of simulation %d: %w", s.ID, err)
	}
	return o, nil
}
