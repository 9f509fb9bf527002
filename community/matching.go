package community

import (
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// newcomersFirst is how long an easy case stands back in the feeds of the more experienced: nobody owns
// the feed, and who begins needs cases to begin with. It is hidden from nobody, because a promise to a
// customer counts more.
const newcomersFirst = 5 * time.Minute

// easyUrgency is the urgency below which a first post is easy: a plain question, without anger.
const easyUrgency = 2.0

// pressing is the urgency of an angry complaint, which should meet experience first.
const pressing = 3.5

// The head starts that a fitting case gets, in waiting time. They are bounded, so that every case is
// the first in everybody's feed once it has waited long enough.
const (
	topicStart    = 15 * time.Minute
	languageStart = 5 * time.Minute
	easyStart     = 20 * time.Minute
	pressingStart = 10 * time.Minute

	mostStart = easyStart + topicStart + languageStart + easyStart // the last one is what others stand back
)

// Why is one reason for which a member is shown a case.
type Why struct {
	Code    WhyCode
	Minutes int // that the customer waits, with WhyWaits
}

// WhyCode names a reason; its words stand in the catalogs as "why.<code>".
type WhyCode string

// The reasons.
const (
	WhyTopic    WhyCode = "topic"    // it is about a topic they know
	WhyAnyTopic WhyCode = "any"      // it needs no particular knowledge
	WhyLanguage WhyCode = "language" // it is in a language of theirs
	WhyEasy     WhyCode = "easy"     // it is easy, and they are new
	WhyLeave    WhyCode = "leave"    // it is easy and fresh: newcomers first
	WhyPressing WhyCode = "pressing" // it is urgent, and they are experienced
	WhyWaits    WhyCode = "waits"    // the customer has been waiting
)

// Easy tells whether a case is one to begin with: a customer's first post that is not urgent.
func (c *Case) Easy() bool { return c.Urgency < easyUrgency && c.Mentions <= 1 }

// Fit says how much a case that a member may answer waits for this very member, and why, the most
// telling reason first. The score is in minutes: those by which the case is overdue, and the head
// starts that it has because it fits. It grows with the waiting alone.
func Fit(m *Member, c *Case, now clock.Time) (score float64, why []Why) {
	var start time.Duration
	because := func(code WhyCode, by time.Duration) {
		why = append(why, Why{Code: code})
		start += by
	}
	switch {
	case m.Role.Employee():
	case m.Trust <= 1 && c.Easy():
		because(WhyEasy, easyStart)
	case m.Trust >= 2 && c.Easy() && now.Sub(c.OpenedAt) < newcomersFirst:
		because(WhyLeave, -easyStart)
	case m.Trust >= 3 && c.Urgency >= pressing:
		because(WhyPressing, pressingStart)
	}
	switch {
	case c.TopicID == OtherTopic:
		because(WhyAnyTopic, 0)
	case slices.Contains(m.Topics, c.TopicID):
		because(WhyTopic, topicStart)
	}
	if slices.Contains(m.Languages, c.Language) {
		because(WhyLanguage, languageStart)
	}
	if waits := now.Sub(c.CustomerAt); waits >= time.Minute {
		why = append(why, Why{Code: WhyWaits, Minutes: int(waits / time.Minute)})
	}
	return (now.Sub(c.DueAt) + start).Minutes(), why
}

// rank orders the cases of one page by how well they fit the member; what fits alike stays in order.
func rank(m *Member, cases []Case, now clock.Time) {
	if m.Role.Employee() {
		return // they see to what is due
	}
	slices.SortStableFunc(cases, func(a, b Case) int {
		first, _ := Fit(m, &a, now)
		second, _ := Fit(m, &b, now)
		switch {
		case first > second:
			return -1
		case first < second:
			return 1
		}
		return 0
	})
}

// Knows tells whether a case is in a language, about a topic and on a network that a member answers.
func (m *Member) Knows(c *Case) bool {
	return slices.Contains(m.feedLanguages(), c.Language) &&
		(c.TopicID == OtherTopic || slices.Contains(m.Topics, c.TopicID)) &&
		(len(m.Networks) == 0 || slices.Contains(m.Networks, c.Network))
}

// offered are the conditions, besides lane, language and topic, under which a member is offered an open
// case. They are asked of each candidate that a branch of the feed reads.
func (m *Member) offered() (conditions string, args []any) {
	conditions = " AND NOT EXISTS (SELECT 1 FROM declines WHERE declines.member_id = ? AND declines.case_id = cases.id)"
	args = []any{m.ID}
	if !m.Role.Employee() && len(m.Networks) > 0 {
		conditions += " AND network IN (?)"
		args = append(args, bun.List(m.Networks))
	}
	if !m.Role.Employee() {
		conditions += " AND hold = ''"
	}
	if !m.Role.Employee() && m.Shield {
		conditions += " AND NOT hostile"
	}
	return conditions, args
}
