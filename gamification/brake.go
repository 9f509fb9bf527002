package gamification

import (
	"math"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
)

// Brake names what made an entry pay less than its rule; its sentence stands in the catalogs as
// "points_brake.<brake>".
type Brake string

// The brakes. Walls make the best helpers stop (giffgaff), so a busy day tapers; pairs are capped as in NodeBB,
// haste as in Discourse.
const (
	TooMany   Brake = "daily"    // the rule has paid as often as it does within 24 hours
	Hasty     Brake = "effort"   // taken from a template as it stands, or sent in the blink of an eye
	Linked    Brake = "linked"   // the customer is the member, or somebody whose accounts are linked with theirs
	SameGiver Brake = "pair"     // the same advocate has given to this member three times within 24 hours
	Customer  Brake = "customer" // the same customer again within 30 days: half, then nothing
	SameTopic Brake = "topic"    // more than five cases of a topic within 24 hours: slowly less
	Taper     Brake = "taper"    // a busy day: half beyond the table's limit, a quarter beyond twice as much
)

const (
	aDay        = 24 * time.Hour
	ofCustomer  = 30 * aDay // how long a customer is remembered
	fromAPair   = 3         // what one advocate gives another within a day
	fullOfTopic = 5         // cases of a topic within a day that pay in full
)

// past is what a member earned before an entry, as far as brakes look at it.
type past struct {
	Today     int // entries of the rule that paid, within a day
	Given     int // entries that the same giver gave, within a day
	Customers int // other cases of the customer that paid, within 30 days
	Topics    int // other cases of the topic that paid, within a day
	Gross     int // before the taper, of rules that know it, within a day
}

// pay says what an entry pays: what counts towards the taper, and the amount. hindered are brakes that are
// known without the ledger.
func (t *Table) pay(e *Entry, p past) (gross, amount int, brakes []Brake) {
	at, of := t.terms[e.Rule], natures[e.Rule]
	hindered := e.hindered()
	if at.Amount <= 0 {
		return 0, at.Amount, hindered
	}
	switch {
	case len(hindered) > 0:
		return 0, 0, hindered
	case at.Daily > 0 && p.Today >= at.Daily:
		return 0, 0, []Brake{TooMany}
	case e.GiverID != 0 && p.Given >= fromAPair:
		return 0, 0, []Brake{SameGiver}
	}
	share := 1.0
	if !of.free {
		switch {
		case e.AccountID == 0 || p.Customers == 0:
		case p.Customers == 1:
			share, brakes = share/2, append(brakes, Customer)
		default:
			return 0, 0, []Brake{Customer}
		}
		if more := p.Topics + 1 - fullOfTopic; more > 0 && e.TopicID != 0 {
			share, brakes = share/(1+0.15*float64(more)), append(brakes, SameTopic)
		}
	}
	gross = max(1, int(math.Round(float64(at.Amount)*share)))
	if of.untaped {
		return 0, gross, brakes
	}
	amount = tapered(gross, p.Gross, t.Full)
	if amount < gross {
		brakes = append(brakes, Taper)
	}
	return gross, amount, brakes
}

// tapered is what is left of points that come on top of others. A gain that crosses a limit is cut there, so
// that no order of the same gains pays better; it is never nothing.
func tapered(gross, before, full int) int {
	part := func(from, to int) int { return max(0, min(before+gross, to)-max(before, from)) }
	quarters := 4*part(0, full) + 2*part(full, 2*full) + part(2*full, math.MaxInt32)
	return max(1, (quarters+2)/4)
}

// hindered reads the brakes that were known when the entry was written.
func (e *Entry) hindered() (all []Brake) {
	for _, b := range e.Brakes() {
		if b == Hasty || b == Linked {
			all = append(all, b)
		}
	}
	return all
}

// Brakes lists what made the entry pay less.
func (e *Entry) Brakes() (all []Brake) {
	for b := range strings.FieldsSeq(e.Brake) {
		all = append(all, Brake(b))
	}
	return all
}

// Note adds a mark for badges.
func (e *Entry) Note(m Mark) { e.Marks = strings.TrimSpace(e.Marks + " " + string(m)) }

// Hinder notes a brake that is known before the entry is written.
func (e *Entry) Hinder(b Brake) { e.Brake = strings.TrimSpace(e.Brake + " " + string(b)) }

func joined(brakes []Brake) string {
	words := make([]string, len(brakes))
	for i, b := range brakes {
		words[i] = string(b)
	}
	return strings.Join(words, " ")
}

// reckoning goes through a member's entries in order and knows of each what came before.
type reckoning struct{ before []Entry }

// past looks back from an entry.
func (r *reckoning) past(e *Entry) past {
	var p past
	customers, topics := map[int64]bool{}, map[int64]bool{}
	for i := len(r.before) - 1; i >= 0; i-- {
		b := &r.before[i]
		if b.CreatedAt <= e.CreatedAt.Add(-ofCustomer) {
			break
		}
		if b.Amount <= 0 || b.ReversesID != 0 {
			continue
		}
		if e.AccountID != 0 && b.AccountID == e.AccountID && b.CaseID != e.CaseID {
			customers[b.CaseID] = true
		}
		if b.CreatedAt <= e.CreatedAt.Add(-aDay) {
			continue
		}
		if b.Rule == e.Rule {
			p.Today++
		}
		if e.GiverID != 0 && b.GiverID == e.GiverID {
			p.Given++
		}
		if e.TopicID != 0 && b.TopicID == e.TopicID && b.CaseID != e.CaseID {
			topics[b.CaseID] = true
		}
		p.Gross += b.Gross
	}
	p.Customers, p.Topics = len(customers), len(topics)
	return p
}

// add takes the next entry; what is too old to be looked at is let go.
func (r *reckoning) add(e Entry) {
	old := 0
	for old < len(r.before) && r.before[old].CreatedAt <= e.CreatedAt.Add(-ofCustomer) {
		old++
	}
	r.before = append(r.before[old:], e)
}

// horizon is since when entries matter to one written now.
func horizon(now clock.Time) clock.Time { return now.Add(-ofCustomer) }
