package triage

import "time"

// reportTarget is the target that a report's priority is computed with: two hours, as for public posts.
const reportTarget = 2 * time.Hour

// Report is a score as `kith triage score` prints it.
type Report struct {
	ID string `json:"id"`
	Score
	Priority int              `json:"priority"` // 0..100, of something that came in just now
	Why      []Reason         `json:"why"`      // all spans, so that they and Bias add up to the margins
	Bias     map[Head]float64 `json:"bias"`     // log-odds
}

// Reason is a span in a report.
type Reason struct {
	Span   [2]int  `json:"span"`   // [start, end) in runes of the text
	Weight float64 `json:"weight"` // log-odds
	Head   Head    `json:"head"`
}

// Report scores and explains a text. The id is the caller's and passes through. Topics for which anything speaks are
// listed; the text is about those with a probability of more than one half.
func (s *Scorer) Report(id, text string) Report {
	score := s.score(text, 0)
	if score.Topics == nil {
		score.Topics = []TopicScore{}
	}
	spans := s.Why(text, 0)
	r := Report{ID: id, Score: score, Priority: Priority(score.Urgency, 0, reportTarget), Why: make([]Reason, len(spans)), Bias: map[Head]float64{}}
	for i, span := range spans {
		r.Why[i] = Reason{Span: [2]int{span.Start, span.End}, Weight: span.Weight, Head: span.Head}
	}
	for _, h := range heads {
		r.Bias[h] = s.Bias(h)
	}
	return r
}
