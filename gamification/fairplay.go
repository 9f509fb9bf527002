package gamification

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kith-social/kith/clock"
)

// Detector names a way of looking for points that were not earned fairly; its sentences stand in the catalogs as
// "fair_detector.<detector>" and "fair_why.<detector>".
type Detector string

// The detectors.
const (
	Jump    Detector = "jump"    // a day far beyond the member's own
	TooFast Detector = "fast"    // answers sent sooner than anybody reads and types
	Copied  Detector = "copied"  // one text for all sorts of questions, or from hand to hand
	Puppets Detector = "puppets" // customers who only ever meet this advocate
	Needful Detector = "needful" // cases handed over that employees keep giving back
	Circle  Detector = "circle"  // a few who approve each other and hardly anybody else
)

// Watch is one line of the table of detectors: how far back it looks, how often it runs, and from how many
// signs on there is a hit.
type Watch struct {
	Detector Detector
	Over     time.Duration
	Every    time.Duration
	Least    int
	find     func(Watch, *Signs, clock.Time) []Hit
}

// Watches is the table. A hit freezes, so that each line would rather miss one than accuse somebody who only had a
// good day.
var Watches = []Watch{
	{Jump, 56 * aDay, 24 * time.Hour, 100, Watch.jumps},
	{TooFast, 7 * aDay, time.Hour, 6, Watch.tooFast},
	{Copied, 7 * aDay, time.Hour, 6, Watch.copied},
	{Puppets, 14 * aDay, time.Hour, 4, Watch.puppets},
	{Needful, 14 * aDay, time.Hour, 6, Watch.needless},
	{Circle, 14 * aDay, time.Hour, 12, Watch.circles},
}

// Signs are what detectors look at: facts of one brand, each kind read with one query.
type Signs struct {
	Days      []Day
	Answers   []Written
	Words     []Word
	Handovers []Handover
	Approvals []Approval
}

// Day is what a member earned on a day.
type Day struct {
	MemberID int64
	Day      int64 // since 1970
	Points   int
}

// Written is an approved answer.
type Written struct {
	MemberID, CaseID, TopicID int64
	Text                      string
	Declared                  bool       // it began with a template, an earlier answer or somebody's draft, and says so
	Claimed                   clock.Time // 0 where that is not known
	Submitted                 clock.Time
}

// Word is a customer's good word for an answer.
type Word struct {
	MemberID, CaseID, AccountID     int64
	Opened, Claimed, Answered, Said clock.Time
	First                           clock.Time // when the customer was heard first
	Others                          bool       // somebody else has answered them, too
}

// Handover is what an employee said of a case that an advocate handed over.
type Handover struct {
	MemberID, CaseID int64
	Right            bool
}

// Approval is an answer that a peer approved.
type Approval struct {
	GiverID, MemberID, CaseID int64
	Language                  string
}

// Hit is what a detector found about a member, with what the points in question came from.
type Hit struct {
	MemberID int64
	Detector Detector
	Evidence Evidence
	From, To clock.Time // all entries written in between; 0 for those of Evidence.Cases only
}

// Evidence is what a person reads and decides about.
type Evidence struct {
	Is      int     `json:"is"`                // how many, or how much, was found
	Usual   int     `json:"usual"`             // what is usual, or the whole of which Is is a part
	Cases   []int64 `json:"cases,omitempty"`   // where
	With    []int64 `json:"with,omitempty"`    // members
	Account []int64 `json:"account,omitempty"` // customers
	Text    string  `json:"text,omitempty"`    // that was sent everywhere
}

// Detect runs one line of the table over what was read for it.
func (w Watch) Detect(s *Signs, now clock.Time) []Hit {
	hits := w.find(w, s, now)
	for i := range hits {
		hits[i].Detector = w.Detector
		e := &hits[i].Evidence
		e.Cases, e.With, e.Account = unique(e.Cases), unique(e.With), unique(e.Account)
	}
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Compare(a.MemberID, b.MemberID) })
	return hits
}

func unique(ids []int64) []int64 { slices.Sort(ids); return slices.Compact(ids) }

// by groups rows by a key.
func by[K comparable, R any](rows []R, key func(R) K) map[K][]R {
	groups := map[K][]R{}
	for _, r := range rows {
		groups[key(r)] = append(groups[key(r)], r)
	}
	return groups
}

const (
	historyDays = 10   // days with points that make a history
	sigmas      = 4.0  // beyond their own mean
	spread      = 0.35 // of the mean, the least that counts as a sigma: a member who is always the same is not suspect for one visitor more
)

// jumps finds today and yesterday where a member earned far more than ever. A day on which the whole community
// earned more, because something broke, is measured by it.
func (w Watch) jumps(s *Signs, now clock.Time) (hits []Hit) {
	today := dayOf(now)
	total := map[int64]int{}
	for _, d := range s.Days {
		total[d.Day] += d.Points
	}
	groups := by(s.Days, func(d Day) int64 { return d.MemberID })
	for member, days := range groups {
		for day := today - 1; day <= today; day++ {
			var is int
			var before []float64
			var others []float64
			own := map[int64]int{}
			for _, d := range days {
				own[d.Day] = d.Points
				switch {
				case d.Day == day:
					is = d.Points
				case d.Day < today-1:
					before = append(before, float64(d.Points))
				}
			}
			if is < w.Least || len(before) < historyDays {
				continue
			}
			for d, points := range total {
				if d < today-1 {
					others = append(others, float64(points-own[d]))
				}
			}
			mean, sigma := moments(before)
			busy := 1.0
			if usual, _ := moments(others); usual > 0 {
				busy = max(1, float64(total[day]-is)/usual)
			}
			limit := busy * (mean + sigmas*max(sigma, spread*mean))
			if float64(is) > limit {
				from := clock.Time(day * aDay.Microseconds())
				hits = append(hits, Hit{MemberID: member, Evidence: Evidence{Is: is, Usual: int(math.Round(mean))}, From: from, To: from.Add(aDay)})
			}
		}
	}
	return hits
}

func dayOf(at clock.Time) int64 { return int64(at) / aDay.Microseconds() }

func moments(all []float64) (mean, sigma float64) {
	if len(all) == 0 {
		return 0, 0
	}
	for _, x := range all {
		mean += x
	}
	mean /= float64(len(all))
	for _, x := range all {
		sigma += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(sigma / float64(len(all)))
}

const (
	readsAndTypes = 25.0 // characters a second that nobody reads and types for long
	leastTime     = 3 * time.Second
)

// tooFast finds members most of whose answers left sooner after the claim than anybody types. An answer that began
// with a template says so and is no sign: there the brakes look for work of their own.
func (w Watch) tooFast(s *Signs, _ clock.Time) (hits []Hit) {
	for member, all := range by(s.Answers, func(a Written) int64 { return a.MemberID }) {
		var fast []int64
		typed := 0
		for _, a := range all {
			if a.Declared || a.Claimed == 0 {
				continue
			}
			typed++
			if took := a.Submitted.Sub(a.Claimed); took < leastTime || took.Seconds()*readsAndTypes < float64(utf8.RuneCountInString(a.Text)) {
				fast = append(fast, a.CaseID)
			}
		}
		if len(fast) >= w.Least && 2*len(fast) > typed {
			hits = append(hits, Hit{MemberID: member, Evidence: Evidence{Is: len(fast), Usual: typed, Cases: fast}})
		}
	}
	return hits
}

// longEnough is how long a text is, in characters, that nobody writes twice by chance.
const longEnough = 40

// copied finds one text in the answers to questions of several topics, or by several members, that nobody said was
// taken from somewhere. One topic and one member is somebody who knows their answer.
func (w Watch) copied(s *Signs, _ clock.Time) (hits []Hit) {
	typed := slices.DeleteFunc(slices.Clone(s.Answers), func(a Written) bool {
		return a.Declared || utf8.RuneCountInString(a.Text) < longEnough
	})
	found := map[int64]*Hit{}
	for _, same := range sortedGroups(by(typed, func(a Written) string { return strings.ToLower(strings.Join(strings.Fields(a.Text), " ")) })) {
		members, topics := map[int64]bool{}, map[int64]bool{}
		for _, a := range same {
			members[a.MemberID], topics[a.TopicID] = true, true
		}
		if len(same) < w.Least || len(members) < 2 && len(topics) < 2 {
			continue
		}
		for _, a := range same {
			h := found[a.MemberID]
			if h == nil {
				h = &Hit{MemberID: a.MemberID, Evidence: Evidence{Text: a.Text}}
				found[a.MemberID] = h
			}
			h.Evidence.Is++
			h.Evidence.Cases = append(h.Evidence.Cases, a.CaseID)
			for m := range members {
				if m != a.MemberID {
					h.Evidence.With = append(h.Evidence.With, m)
				}
			}
		}
	}
	for member, h := range found {
		if h.Evidence.Is < w.Least/2 { // who only once said what others say
			continue
		}
		for _, a := range s.Answers {
			if a.MemberID == member {
				h.Evidence.Usual++
			}
		}
		hits = append(hits, *h)
	}
	return hits
}

func sortedGroups[R any](groups map[string][]R) (all [][]R) {
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		all = append(all, groups[key])
	}
	return all
}

const (
	young   = 2 * aDay         // since when a customer is known to the brand
	soon    = 10 * time.Minute // from the answer to the good word
	snapped = 2 * time.Minute  // from the question to the claim
)

// staged tells whether a word looks as if the advocate had ordered it: of a new customer whom nobody else ever
// met, whose question was taken as soon as it was there, and who was content at once.
func (o Word) staged() bool {
	return !o.Others && o.Opened.Sub(o.First) < young && o.Claimed != 0 && o.Claimed.Sub(o.Opened) < snapped && o.Said.Sub(o.Answered) < soon
}

// puppets finds members whose customers are of that kind, unlike everybody else's.
func (w Watch) puppets(s *Signs, _ clock.Time) (hits []Hit) {
	groups := by(s.Words, func(o Word) int64 { return o.MemberID })
	staged := 0
	for _, o := range s.Words {
		if o.staged() {
			staged++
		}
	}
	for member, words := range groups {
		accounts := map[int64]bool{}
		var e Evidence
		is := 0
		for _, o := range words {
			if o.staged() {
				is++
				accounts[o.AccountID] = true
				e.Cases, e.Account = append(e.Cases, o.CaseID), append(e.Account, o.AccountID)
			}
		}
		others, theirs := len(s.Words)-len(words), staged-is
		if len(accounts) < w.Least || 2*is < len(words) || others < len(words) || 4*theirs*len(words) >= is*others {
			continue
		}
		e.Is, e.Usual = is, len(words)
		hits = append(hits, Hit{MemberID: member, Evidence: e})
	}
	return hits
}

// needless finds members who hand over what is theirs to answer, most of the time.
func (w Watch) needless(s *Signs, _ clock.Time) (hits []Hit) {
	for member, all := range by(s.Handovers, func(h Handover) int64 { return h.MemberID }) {
		var e Evidence
		for _, h := range all {
			e.Cases = append(e.Cases, h.CaseID)
			if !h.Right {
				e.Is++
			}
		}
		if e.Usual = len(all); e.Is >= w.Least && 3*e.Is >= 2*len(all) {
			hits = append(hits, Hit{MemberID: member, Evidence: e})
		}
	}
	return hits
}

const (
	beyondChance = 2.5  // times as many approvals as chance would give a pair
	fewest       = 3    // approvals that make a pair
	inside       = 0.75 // of a circle's approvals, given and taken
	smallest     = 3    // members of a circle
	outside      = 8    // others who review or are reviewed in its languages: fewer, and everybody meets everybody
	elsewhere    = 2    // of them who review: who reads what only a circle reads would be in it
)

// circles finds groups who approve each other far more than chance would have it and have little to do with the
// rest, which has reviewers of its own. Chance is that whoever approves meets all authors alike, language by
// language, because who reads one language only meets few. It does not weigh authors by what was approved: a circle
// that is busy enough would make itself the usual.
func (w Watch) circles(s *Signs, _ clock.Time) (hits []Hit) {
	type pair struct{ a, b int64 }
	is, expected := map[pair]float64{}, map[pair]float64{}
	for _, all := range sortedGroups(by(s.Approvals, func(a Approval) string { return a.Language })) {
		given, taken := map[int64]float64{}, map[int64]bool{}
		for _, a := range all {
			given[a.GiverID]++
			taken[a.MemberID] = true
			is[pair{a.GiverID, a.MemberID}]++
		}
		for g, n := range given {
			for m := range taken {
				expected[pair{g, m}] += n / float64(len(taken))
			}
		}
	}
	near := map[int64]map[int64]bool{}
	for p, n := range is {
		if n >= fewest && n >= beyondChance*expected[p] {
			for _, p := range []pair{p, {p.b, p.a}} {
				if near[p.a] == nil {
					near[p.a] = map[int64]bool{}
				}
				near[p.a][p.b] = true
			}
		}
	}
	for _, circle := range components(near) {
		circle = isolated(circle, s.Approvals)
		var in, all int
		languages, rest, readers := map[string]bool{}, map[int64]bool{}, map[int64]bool{}
		of := map[int64]bool{}
		for _, m := range circle {
			of[m] = true
		}
		for _, a := range s.Approvals {
			if of[a.GiverID] || of[a.MemberID] {
				all++
			}
			if of[a.GiverID] && of[a.MemberID] {
				in++
				languages[a.Language] = true
			}
		}
		apart := 0
		for _, a := range s.Approvals {
			if !languages[a.Language] || of[a.GiverID] || of[a.MemberID] {
				continue
			}
			apart++
			rest[a.GiverID], rest[a.MemberID], readers[a.GiverID] = true, true, true
		}
		if len(circle) < smallest || in < w.Least || float64(in) < inside*float64(all) ||
			apart < w.Least || len(readers) < elsewhere || len(rest) < max(outside, len(circle)) {
			continue
		}
		for _, m := range circle {
			h := Hit{MemberID: m, Evidence: Evidence{Is: in, Usual: all}}
			for _, a := range s.Approvals {
				if of[a.GiverID] && of[a.MemberID] && (a.GiverID == m || a.MemberID == m) {
					h.Evidence.Cases = append(h.Evidence.Cases, a.CaseID)
				}
			}
			for _, other := range circle {
				if other != m {
					h.Evidence.With = append(h.Evidence.With, other)
				}
			}
			hits = append(hits, h)
		}
	}
	return hits
}

// components are who is connected with whom, each in order.
func components(near map[int64]map[int64]bool) (all [][]int64) {
	seen := map[int64]bool{}
	for _, first := range slices.Sorted(maps.Keys(near)) {
		if seen[first] {
			continue
		}
		seen[first] = true
		found := []int64{first}
		for i := 0; i < len(found); i++ {
			for _, m := range slices.Sorted(maps.Keys(near[found[i]])) {
				if !seen[m] {
					seen[m] = true
					found = append(found, m)
				}
			}
		}
		all = append(all, found)
	}
	return all
}

// isolated leaves out, one at a time, whoever has most of their approvals with others.
func isolated(circle []int64, approvals []Approval) []int64 {
	for len(circle) > 0 {
		in, all := map[int64]float64{}, map[int64]float64{}
		for _, a := range approvals {
			all[a.GiverID]++
			all[a.MemberID]++
			if slices.Contains(circle, a.GiverID) && slices.Contains(circle, a.MemberID) {
				in[a.GiverID]++
				in[a.MemberID]++
			}
		}
		worst := slices.MinFunc(circle, func(a, b int64) int { return cmp.Or(cmp.Compare(in[a]/all[a], in[b]/all[b]), cmp.Compare(a, b)) })
		if in[worst] >= inside*all[worst] {
			break
		}
		circle = slices.DeleteFunc(circle, func(m int64) bool { return m == worst })
	}
	return circle
}
