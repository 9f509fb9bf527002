package community

import (
	"math"
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Trust is what an advocate may do. It is earned by answers that stood before somebody else: a reviewer
// who let them go as they were written, or a customer who came back to tell. It is neither points,
// which are thanks, nor rank, which is fun; nothing here reads either.

// Levels of trust.
const (
	Applicant = iota // T0: answers nothing yet
	Newcomer         // T1: every answer is read first
	Steady           // T2
	Trusted          // T3
	Guide            // T4: only people make one
)

// Right is something that a level of trust brings. Its sentence stands in the catalogs as "right.<right>".
type Right string

// The rights.
const (
	ReadFeed      Right = "read"      // the community's questions
	GiveAnswers   Right = "answer"    // claim cases and answer them
	SendSampled   Right = "sampled"   // answers leave at once, but for some that a reviewer sees first
	SendFreely    Right = "freely"    // nearly all leave at once
	JudgePeers    Right = "judge"     // decide about a peer's answer where little is at risk
	ApproveAlways Right = "approve"   // approve answers of others
	Mentor        Right = "mentoring" // stand beside newcomers
)

// Rights are what each level of trust brings, in the order in which one gets it. A level has what
// every lower one has.
var Rights = []struct {
	Right Right
	From  int
}{
	{ReadFeed, Applicant},
	{GiveAnswers, Newcomer},
	{SendSampled, Steady},
	{SendFreely, Trusted},
	{JudgePeers, Trusted},
	{ApproveAlways, Guide},
	{Mentor, Guide},
}

// Has tells whether a level of trust brings a right.
func Has(level int, right Right) bool {
	for _, r := range Rights {
		if r.Right == right {
			return level >= r.From
		}
	}
	return false
}

// Standing is how an advocate stands with a brand. The level that counts everywhere is Member.Trust,
// which is kept equal to Level.
type Standing struct {
	bun.BaseModel `bun:"table:trust"`

	MemberID     int64 `bun:",pk"`
	BrandID      int64
	Earned       int        // by answers, and for a guide by people
	Granted      int        // by an employee, 0 for none
	GrantedUntil clock.Time `bun:",nullzero"`
	BelowSince   clock.Time `bun:",nullzero"` // since when the answers no longer bear the earned level
	CountsFrom   clock.Time // answers decided before do not count: a new start after a leak
	ChangedAt    clock.Time // when Earned or Granted changed last
	DueAt        clock.Time `bun:",nullzero"` // from when it must be weighed again
}

// Level is the level that counts at now.
func (s *Standing) Level(now clock.Time) int {
	if s.GrantedUntil > now {
		return max(s.Earned, s.Granted)
	}
	return s.Earned
}

// Record is what an advocate's latest answers amount to.
type Record struct {
	Pieces int // of evidence: answers that somebody judged
	Good   int // among them
	Voices int // different reviewers and customers who judged
}

// Bound is the share of good answers that the record shows beyond reasonable doubt: the lower end of
// Wilson's 95 % interval. Few answers prove little however good they were, and more answers of the same
// quality only make the estimate sharper: volume alone never takes it above the quality itself.
func (r Record) Bound() float64 {
	if r.Pieces == 0 {
		return 0
	}
	const z = 1.959964
	n := float64(r.Pieces)
	p := float64(r.Good) / n
	return (p + z*z/(2*n) - z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))) / (1 + z*z/n)
}

// Piece is one answer that somebody judged.
type Piece struct {
	AnswerID   int64
	MemberID   int64
	State      AnswerState
	Kept       *float64
	Returns    int
	Outcome    Outcome
	ReviewerID int64
	AccountID  int64 // the customer
	DecidedAt  clock.Time
	UpdatedAt  clock.Time
}

// At is when the answer was judged first.
func (p *Piece) At() clock.Time {
	if p.DecidedAt != 0 {
		return p.DecidedAt
	}
	return p.UpdatedAt
}

// Good tells whether the answer speaks for its author. It does if a reviewer let it go as it was
// written, or the customer said that it solved the matter. It does not if it had to be changed, even
// where the changed text then helped: that merit is the reviewer's; nor if the customer came back.
func (p *Piece) Good() bool { return p.Outcome != OutcomeBroken && !p.mended() }

// mended tells whether a reviewer had to change the answer or to give it back.
func (p *Piece) mended() bool { return p.Returns > 0 || p.Kept != nil && *p.Kept < AsWritten }

// counts tells whether anybody judged the answer. What a rule let out and no customer spoke about is no
// evidence, and neither are thanks alone: they are for kindness.
func (p *Piece) counts() bool {
	return p.Returns > 0 || p.State == Approved && (p.Kept != nil || p.Outcome == OutcomeSolved || p.Outcome == OutcomeBroken)
}

// Recorded sums up pieces of evidence.
func Recorded(pieces []Piece) Record {
	r := Record{Pieces: len(pieces)}
	var reviewers, customers []int64
	for _, p := range pieces {
		if p.Good() {
			r.Good++
		}
		if p.ReviewerID != 0 && !slices.Contains(reviewers, p.ReviewerID) {
			reviewers = append(reviewers, p.ReviewerID)
		}
		if p.Outcome != "" && p.Outcome != OutcomeThanks && !slices.Contains(customers, p.AccountID) {
			customers = append(customers, p.AccountID)
		}
	}
	r.Voices = len(reviewers) + len(customers)
	return r
}

// Weigh is the whole decision about a level: where somebody stands after a look at their record, and
// what happened, "" for nothing. It goes one level at a time. since is when the person began to answer.
//
// Up goes who meets every demand of the next level. Down goes who stays under a part of the present
// level's demand for all the days of grace, so that one bad week takes nothing away; who is absent
// loses nothing, because nothing speaks against them.
func Weigh(rules TrustRules, s Standing, r Record, since, now clock.Time) (Standing, Kind) {
	s.DueAt = 0
	switch {
	case s.Granted != 0 && s.GrantedUntil <= now:
		s.Granted, s.GrantedUntil, s.ChangedAt, s.DueAt = 0, 0, now, now
		return s, TrustGrantEnded
	case s.Earned < Newcomer:
		return s, ""
	}
	since = max(since, s.CountsFrom)
	var what Kind
	switch next, ok := rules.step(s.Earned + 1); {
	case rules.slipped(s.Earned, r) && s.BelowSince == 0:
		s.BelowSince, what = now, TrustWarned
	case !rules.slipped(s.Earned, r) && s.BelowSince != 0:
		s.BelowSince, what = 0, TrustRecovered
	case s.BelowSince != 0 && now >= s.BelowSince.Add(rules.grace()):
		s.Earned, s.BelowSince, s.ChangedAt, what = s.Earned-1, 0, now, TrustLowered
	case ok && s.Earned < Trusted && next.met(r) && now >= since.Add(next.days()):
		s.Earned, s.ChangedAt, what = s.Earned+1, now, TrustRaised
	case ok && s.Earned < Trusted && next.met(r):
		s.DueAt = since.Add(next.days())
	}
	for _, at := range []clock.Time{s.GrantedUntil, s.graceEnds(rules)} {
		if at > now && (s.DueAt == 0 || at < s.DueAt) {
			s.DueAt = at
		}
	}
	return s, what
}

func (s *Standing) graceEnds(rules TrustRules) clock.Time {
	if s.BelowSince == 0 {
		return 0
	}
	return s.BelowSince.Add(rules.grace())
}

// day24 is a day of the clock, not of a calendar.
const day24 = 24 * time.Hour
