package community

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
)

// RewardRules are what a brand gives besides thanks.
type RewardRules struct {
	CashLike    bool       `json:"cash_like"`              // what is like money may be given
	ConfirmedBy int64      `json:"confirmed_by,omitempty"` // the admin who has read what that means
	ConfirmedAt clock.Time `json:"confirmed_at,omitempty"`
}

// DefaultRewards is what holds where a brand has set nothing.
var DefaultRewards = RewardRules{}

// Section names the setting.
func (RewardRules) Section() string { return "rewards" }

// Check says what cannot be so.
func (r RewardRules) Check() error {
	if r.CashLike && r.ConfirmedBy == 0 {
		return &Invalid{"confirmed", "read the note, and say that you have read it"}
	}
	return nil
}

// What asking for a reward and deciding about it can meet.
var (
	ErrNoBudget    = errors.New("the budget of this programme is used up")
	ErrRewardOver  = errors.New("this programme has ended")
	ErrRewardAsked = errors.New("you have asked for this already")
	ErrRewardStep  = errors.New("somebody has decided about this request already")
	ErrSecondVoice = errors.New("somebody else must approve this, too")
)

var rewardErrors = map[error]error{
	gamification.ErrBudget: ErrNoBudget, gamification.ErrEnded: ErrRewardOver, gamification.ErrAsked: ErrRewardAsked,
	gamification.ErrStep: ErrRewardStep, gamification.ErrSecond: ErrSecondVoice,
}

func rewardError(err error) error {
	for inner, outer := range rewardErrors {
		if errors.Is(err, inner) {
			return outer
		}
	}
	return err
}

// What is told of rewards.
const (
	RewardsChanged Kind = "rewards_changed" // Text: the programme; Rule: started or ended
	RewardAsked    Kind = "reward_asked"    // Text: the programme
	RewardGranted  Kind = "reward_granted"  // Member; Text: the programme
	RewardRefused  Kind = "reward_refused"  // Member; Text: the programme; Why: the reason
	RewardReversed Kind = "reward_reversed" // the same
)

// AllowCashLike switches on, or off, that rewards may be like money. It takes an admin who says that they have read
// what it means for those who get it.
func AllowCashLike(ctx context.Context, tx Tx, m *Member, on, read bool) error {
	if m.Role != Admin {
		return ErrNotAllowed
	}
	rules := RewardRules{CashLike: on}
	if on && read {
		rules.ConfirmedBy, rules.ConfirmedAt = m.ID, tx.Now()
	}
	return Set(ctx, tx, m, rules)
}

// The bounds of a programme.
const (
	mostRewardName = 80
	mostRewardWhat = 500
	mostReceives   = 60 // it counts in every reply
	mostBudget     = 1_000_000_000
)

// StartProgramme lets a brand give something from now on.
func StartProgramme(ctx context.Context, tx Tx, m *Member, p gamification.Programme) (gamification.Programme, error) {
	if m.Role != Admin {
		return p, ErrNotAllowed
	}
	p.Name, p.What = strings.TrimSpace(p.Name), strings.TrimSpace(p.What)
	p.ReceivesEn, p.ReceivesVi = strings.TrimSpace(p.ReceivesEn), strings.TrimSpace(p.ReceivesVi)
	long := func(text string, most int) bool {
		n := utf8.RuneCountInString(text)
		return n == 0 || n > most || !Storable(text)
	}
	rules, err := Setting(ctx, tx, m.BrandID, DefaultRewards)
	if err != nil {
		return p, err
	}
	switch {
	case !slices.Contains(gamification.RewardKinds, p.Kind):
		return p, &Invalid{"kind", "there is no such choice"}
	case p.Kind == gamification.CashLike && !rules.CashLike:
		return p, &Invalid{"kind", "what is like money is switched off; an admin can allow it below"}
	case long(p.Name, mostRewardName):
		return p, &Invalid{"name", "give it a name of at most 80 characters"}
	case long(p.What, mostRewardWhat):
		return p, &Invalid{"what", "say in at most 500 characters what one gets"}
	case p.Kind.Material() && long(p.ReceivesEn, mostReceives):
		return p, &Invalid{"receives_en", "say in at most 60 characters what one may receive; replies say it"}
	case p.Kind.Material() && long(p.ReceivesVi, mostReceives):
		return p, &Invalid{"receives_vi", "say in at most 60 characters what one may receive; replies say it"}
	case p.Cost < 0 || p.Cost > mostBudget || p.Kind.Material() && p.Cost == 0:
		return p, &Invalid{"cost", "one costs at least 1, and at most the budget"}
	case p.Budget < p.Cost || p.Budget > mostBudget:
		return p, &Invalid{"budget", "the budget is enough for one at least"}
	}
	p.ID, p.BrandID, p.MadeBy, p.CreatedAt, p.EndedAt = 0, m.BrandID, m.ID, tx.Now(), 0
	if _, err := tx.NewInsert().Model(&p).Exec(ctx); err != nil {
		return p, fmt.Errorf("start a reward programme: %w", err)
	}
	return p, record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: RewardsChanged, Lane: Staff, Detail: Detail{Text: p.Name, Rule: "started"}})
}

// EndProgramme lets nobody ask any more; what was asked for is still decided.
func EndProgramme(ctx context.Context, tx Tx, m *Member, id int64) error {
	if m.Role != Admin {
		return ErrNotAllowed
	}
	p, err := FindProgramme(ctx, tx, m, id)
	if err != nil || p.EndedAt != 0 {
		return err
	}
	if _, err := tx.NewUpdate().Model(&p).Set("ended_at = ?", tx.Now()).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("end reward programme %d: %w", id, err)
	}
	return record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: RewardsChanged, Lane: Staff, Detail: Detail{Text: p.Name, Rule: "ended"}})
}

// FindProgramme reads a programme of the member's brand; sql.ErrNoRows for any other.
func FindProgramme(ctx context.Context, db bun.IDB, m *Member, id int64) (gamification.Programme, error) {
	var p gamification.Programme
	if err := db.NewSelect().Model(&p).Where("id = ? AND brand_id = ?", id, m.BrandID).Scan(ctx); err != nil {
		return p, fmt.Errorf("find reward programme %d: %w", id, err)
	}
	return p, nil
}

// AskForReward asks for one of a programme, for an advocate who takes part.
func AskForReward(ctx context.Context, tx Tx, m *Member, programme int64, words string) error {
	p, err := FindProgramme(ctx, tx, m, programme)
	if err != nil {
		return err
	}
	if m.Role.Employee() || m.State != Active {
		return &Invalid{"words", "rewards are for volunteers who take part"}
	}
	if words = strings.TrimSpace(words); utf8.RuneCountInString(words) > mostRewardWhat || !Storable(words) {
		return &Invalid{"words", "say it in at most 500 characters"}
	}
	if err := p.Ask(ctx, tx, tx.Now(), m.ID, rand.Text(), words); err != nil {
		return rewardError(err)
	}
	return record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: RewardAsked, Lane: Staff, Detail: Detail{Text: p.Name}})
}

// DecideReward grants, refuses or takes back what a member asked for. To say no takes a reason, which they are told.
func DecideReward(ctx context.Context, tx Tx, m *Member, programme int64, request string, step gamification.Step, words string) error {
	if !m.Role.Employee() {
		return ErrNotAllowed
	}
	p, err := FindProgramme(ctx, tx, m, programme)
	if err != nil {
		return err
	}
	words = strings.TrimSpace(words)
	no := step == gamification.Refused || step == gamification.TakenBack
	if n := utf8.RuneCountInString(words); no && n < 5 || n > mostRewardWhat || !Storable(words) {
		return &Invalid{"words", "give the reason in a sentence; they read it"}
	}
	if !no && step != gamification.Granted {
		return &Invalid{"step", "there is no such choice"}
	}
	whose, err := p.Decide(ctx, tx, tx.Now(), request, step, words, m.ID)
	if err != nil {
		return rewardError(err)
	}
	brand, event := &Case{BrandID: m.BrandID}, fmt.Sprintf("reward:%s:%s", request, step)
	kind := RewardGranted
	switch step {
	case gamification.Refused:
		kind, err = RewardRefused, tell(ctx, tx, brand, whose, RewardRefused, event)
	case gamification.TakenBack:
		kind, err = RewardReversed, tell(ctx, tx, brand, whose, RewardReversed, event)
	default:
		var steps []gamification.Redemption
		if steps, err = p.Requests(ctx, tx); err != nil {
			return err
		}
		last := slices.IndexFunc(steps, func(r gamification.Redemption) bool { return r.Request == request && p.Given(r.Step) })
		if last < 0 {
			break // somebody else must approve it, too
		}
		err = tell(ctx, tx, brand, whose, RewardGranted, event)
	}
	if err != nil {
		return err
	}
	return record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: kind, Lane: Staff, Detail: Detail{Member: whose, Text: p.Name}})
}

// Request is what a member asked for, and how it stands.
type Request struct {
	ID          string
	Programme   gamification.Programme
	MemberID    int64
	AskedAt     clock.Time
	Words       string            // of the member
	Step        gamification.Step // the latest
	StepBy      int64
	StepWords   string
	Given, Open bool
}

// RequestsOf reads what members have asked of a brand's programmes, latest first; of one member where memberID is not 0.
func RequestsOf(ctx context.Context, db bun.IDB, brandID, memberID int64, most int) ([]Request, error) {
	programmes, err := gamification.Programmes(ctx, db, brandID, true)
	if err != nil {
		return nil, err
	}
	var found []Request
	for i := range programmes {
		steps, err := programmes[i].Requests(ctx, db)
		if err != nil {
			return nil, err
		}
		at := map[string]int{}
		for _, s := range steps {
			if memberID != 0 && s.MemberID != memberID {
				continue
			}
			n, ok := at[s.Request]
			if !ok {
				n = len(found)
				at[s.Request] = n
				found = append(found, Request{ID: s.Request, Programme: programmes[i], MemberID: s.MemberID, AskedAt: s.CreatedAt, Words: s.Words})
			}
			r := &found[n]
			r.Step, r.StepBy, r.StepWords = s.Step, s.ByID, s.Words
			r.Given = programmes[i].Given(s.Step)
			r.Open = s.Step == gamification.Asked || s.Step == gamification.Granted && !r.Given
		}
	}
	slices.SortStableFunc(found, func(a, b Request) int { return int(b.AskedAt.Sub(a.AskedAt)) })
	return found[:min(len(found), most)], nil
}

// SayMore changes what an answer says, and what its author is held to have said, before it leaves.
func SayMore(ctx context.Context, tx Tx, a *Answer, text, own string) error {
	a.Text, a.OwnText = text, own
	if _, err := tx.NewUpdate().Model(a).Column("own_text").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("add to answer %d: %w", a.ID, err)
	}
	return nil
}
