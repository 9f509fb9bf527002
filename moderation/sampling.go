package moderation

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// Why says why a person looks at an answer before it leaves; a guard's flag is a reason, too. Its
// sentence stands in the catalogs as "why.<code>".
type Why string

// The reasons.
const (
	FourEyes  Why = "four_eyes"  // so much is at risk that several people must approve
	Newcomer  Why = "newcomer"   // everything that somebody new writes is read
	RiskyCase Why = "risky_case" // a hard case
	CareCase  Why = "care_case"  // everything that leaves community-care is read
	Sampled   Why = "sampled"    // drawn among the answers of this trust
	RiskDrawn Why = "risk_drawn" // drawn because of what the customer wrote
	RuleAsks  Why = "rule_asks"  // a rule of the brand wants every answer to such posts to be read
)

const (
	// trustedRule approves what members wrote whom nobody needs to check here; its version changes with
	// what course weighs.
	trustedRule = "trusted@2"
	// A beginner's answers are all read, until so many were approved and so much time has passed.
	beginnerAnswers = 10
	beginnerTime    = 14 * 24 * time.Hour
	// riskyUrgency is the urgency from which an answer is read whoever wrote it: about that of an angry
	// complaint.
	riskyUrgency = 3.5
	// heardStake is from where what is at stake makes an answer more likely to be read; below it triage has
	// heard nothing, and says of every post what is true of most.
	heardStake = 0.2
	// lowStake is below which so little is at stake that another advocate may look at an answer.
	lowStake = 0.5
)

// weighed is what decides about the review of an answer.
type weighed struct {
	Author   *community.Member
	Beginner bool
	Lane     community.Lane
	Urgency  float64
	Score    triage.Score         // of the post that is answered
	Asked    community.ReviewNeed // of the brand's rules
	Flag     Flag                 // that makes a person look, "" for none
	Draw     float64              // 0 to 1, see draw
}

// stake is how much there is to lose, 0 to 1: the probability that a post carries a risk or anger; 1 for
// hard cases and for what a guard flags.
func (f *weighed) stake() float64 {
	if f.Lane != community.Community || f.Urgency >= riskyUrgency || f.Flag != "" {
		return 1
	}
	return float64(max(f.Score.Risk, f.Score.Anger))
}

// course says which review an answer needs. The share of answers that are read follows the author's
// trust, or what is at stake where that is more.
func course(s ReviewSettings, f weighed) community.Needed {
	riskiest := s.FourEyes && float64(f.Score.Risk)*100 >= float64(s.RiskFrom)
	if f.Asked == community.ReviewFourEyes {
		riskiest = true
	}
	if f.Author.Role.Employee() {
		if riskiest && s.StaffToo {
			return community.Needed{Why: string(FourEyes), Quorum: s.Quorum - 1} // the author's eyes are the first
		}
		return community.Needed{}
	}
	if riskiest {
		return community.Needed{Why: string(FourEyes), Quorum: s.Quorum}
	}
	stake := f.stake()
	needed := community.Needed{Quorum: 1, LowRisk: stake < lowStake && f.Author.Trust >= 1}
	if s.Pairs && f.Lane == community.Care && f.Flag == "" && f.Score.Risk < lowStake {
		needed.LowRisk = true // angry, which those who answer there are ready for, and nothing else
	}
	switch rate := s.rate(f.Author.Trust, f.Beginner); {
	case f.Flag != "":
		needed.Why = string(f.Flag)
	case rate >= 1:
		needed.Why = string(Newcomer)
	case f.Lane == community.Care:
		needed.Why = string(CareCase)
	case f.Asked == community.ReviewAlways:
		needed.Why = string(RuleAsks)
	case stake >= 1:
		needed.Why = string(RiskyCase)
	case f.Draw < rate:
		needed.Why = string(Sampled)
	case stake >= heardStake && f.Draw < stake:
		needed.Why = string(RiskDrawn)
	default:
		return community.Needed{}
	}
	return needed
}

// rate is the share of answers that a person reads of a trust.
func (s ReviewSettings) rate(trust int, beginner bool) float64 {
	switch {
	case trust <= 0, trust == 1 && beginner:
		return 1
	case trust == 1:
		return float64(s.Apprentices) / 100
	case trust == 2:
		return float64(s.Advocates) / 100
	}
	return float64(s.Trusted) / 100
}

// draw draws by hash, so that a drawing can be replayed and nobody can try again for a better one: it is
// the same for every text that a member writes for a case.
func draw(seed string, caseID, memberID int64) float64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", seed, caseID, memberID))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}

// WhyReview says which review a member's answer to a case would need. Without a text it says what is
// certain before anybody has written.
func (d *Desk) WhyReview(ctx context.Context, db bun.IDB, m *community.Member, c *community.Case, text string, now clock.Time) (community.Needed, error) {
	settings, err := ReviewSettingsOf(ctx, db, c.BrandID)
	if err != nil {
		return community.Needed{}, err
	}
	found, err := d.Check(ctx, db, m, c, text)
	if err != nil {
		return community.Needed{}, err
	}
	f := weighed{Author: m, Lane: c.Lane, Urgency: c.Urgency, Asked: c.Review, Flag: forReview(found)}
	if m.Trust == 1 && !m.Role.Employee() {
		if f.Beginner = now.Sub(m.CreatedAt) < beginnerTime; !f.Beginner {
			approved, err := community.ApprovedOf(ctx, db, m.ID, beginnerAnswers)
			if err != nil {
				return community.Needed{}, err
			}
			f.Beginner = approved < beginnerAnswers
		}
	}
	mentions, err := listeners.FindMentions(ctx, db, []int64{c.MentionID})
	if err != nil {
		return community.Needed{}, err
	}
	if asked := mentions[c.MentionID]; asked.Score != "" {
		if err := json.Unmarshal([]byte(asked.Score), &f.Score); err != nil {
			return community.Needed{}, fmt.Errorf("read the score of mention %d: %w", c.MentionID, err)
		}
	}
	brands, err := community.Brands(ctx, db)
	if err != nil {
		return community.Needed{}, err
	}
	f.Draw = draw(brands[c.BrandID].ReviewSeed, c.ID, m.ID)
	return course(settings, f), nil
}
