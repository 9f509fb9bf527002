package moderation

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// Share is a part of a whole, with where it lies in 95 of 100 cases (Wilson's interval).
type Share struct {
	Part, Of     int
	P, Low, High float64
}

// ShareOf is a share; of nothing it is anything from 0 to 1.
func ShareOf(part, of int) Share {
	s := Share{Part: part, Of: of, High: 1}
	if of == 0 {
		return s
	}
	const z = 1.96
	n, p := float64(of), float64(part)/float64(of)
	middle, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	s.P, s.Low, s.High = p, max((middle-half)/(1+z*z/n), 0), min((middle+half)/(1+z*z/n), 1)
	return s
}

// Measured is how well triage does as to one head, by what people said.
type Measured struct {
	Head      triage.Head
	Labels    int
	ByLot     bool  // only labels of mentions that were drawn by lot are counted: there are enough of them
	Precision Share // of what was said to carry the head, what does
	Recall    Share // of what carries the head, what was said to
	Now       Share // of this week's posts that were said to carry it
	Before    Share // of the four weeks before
}

// Drifted tells whether a head is given much more or less often than before.
func (m *Measured) Drifted() bool {
	return m.Now.Of >= 50 && m.Before.Of >= 50 && (m.Now.Low > m.Before.High || m.Now.High < m.Before.Low)
}

// Point is a threshold for what goes to staff, in percent, with what it brings.
type Point struct {
	Threshold int
	Load      float64 // share of posts that reach it
	Recall    Share   // of what must reach staff, what does
}

// Quality is how well triage does for a brand.
type Quality struct {
	Labels  int
	Silent  int // labels of mentions that may measure only
	Waiting int // labels since the newest version
	Heads   []Measured
	Points  []Point
	ByLot   bool // the points are measured by labels of mentions that were drawn by lot
	Staff   int  // the threshold that holds; 0: none
	Posts   int  // that the load was counted over
	Layers  []Layer
	Speaks  int64 // the version that speaks; 0: none
	Pinned  bool
}

// How the quality page looks back.
const (
	weekDays    = 7
	beforeDays  = 28
	mostLayers  = 20
	enoughByLot = 100 // labels of a head drawn by lot that tell more than all of them
)

// measuredLabel is a label that counts, with what is needed to measure by it.
type measuredLabel struct {
	Head         triage.Head
	Yes          bool
	Predicted    float64
	Source       Source
	ConnectionID int64
}

// QualityOf measures triage by a brand's labels, and tells of the versions of its layer.
func (in *Intake) QualityOf(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) (q Quality, err error) {
	var all []measuredLabel
	err = db.NewSelect().TableExpr("labels AS l").ColumnExpr("l.head, l.yes, l.predicted, l.source, m.connection_id").
		Join("JOIN mentions AS m ON m.id = l.mention_id").Where("l.brand_id = ?", brandID).
		Where("NOT EXISTS (SELECT 1 FROM labels AS later WHERE later.mention_id = l.mention_id AND later.head = l.head AND later.id > l.id)").
		OrderExpr("l.id DESC").Limit(mostLabels).Scan(ctx, &all)
	if err != nil {
		return q, fmt.Errorf("measure by the labels of brand %d: %w", brandID, err)
	}
	may, err := in.MayTeach(ctx, db, brandID)
	if err != nil {
		return q, err
	}
	for _, l := range all {
		q.Labels++
		if !may[l.ConnectionID] {
			q.Silent++
		}
	}
	days, err := heardSince(ctx, db, brandID, dayOf(now)-weekDays-beforeDays)
	if err != nil {
		return q, err
	}
	for _, h := range CorrectableHeads {
		m := measure(h, all)
		m.Now, m.Before = drift(h, days, dayOf(now)-weekDays)
		q.Heads = append(q.Heads, m)
	}
	if err := q.readLearning(ctx, db, brandID); err != nil {
		return q, err
	}
	q.capacity(all, days)
	routing, err := community.Setting(ctx, db, brandID, DefaultRouting)
	q.Staff = routing.Staff
	return q, err
}

func (q *Quality) readLearning(ctx context.Context, db bun.IDB, brandID int64) error {
	var l []learning
	if err := db.NewSelect().Model(&l).Where("g.brand_id = ?", brandID).Scan(ctx); err != nil {
		return fmt.Errorf("read how brand %d learns: %w", brandID, err)
	}
	for _, l := range l {
		q.Waiting = l.Waiting
	}
	speaks, pinned, err := speaking(ctx, db, brandID)
	if err != nil {
		return err
	}
	q.Speaks, q.Pinned = speaks.ID, pinned.Pinned
	q.Layers, err = Layers(ctx, db, brandID, mostLayers)
	return err
}

// telling are the labels of a head that tell most: those of mentions drawn by lot, if there are enough, else
// all.
func telling(h triage.Head, all []measuredLabel) (labels []measuredLabel, byLot bool) {
	var drawn []measuredLabel
	for _, l := range all {
		if l.Head == h {
			labels = append(labels, l)
			if l.Source == FromRandom {
				drawn = append(drawn, l)
			}
		}
	}
	if len(drawn) >= enoughByLot {
		return drawn, true
	}
	return labels, false
}

func measure(h triage.Head, all []measuredLabel) Measured {
	m := Measured{Head: h}
	labels, byLot := telling(h, all)
	m.Labels, m.ByLot = len(labels), byLot
	given, wanted, right := 0, 0, 0
	for _, l := range labels {
		said := l.Predicted >= 0.5
		if said {
			given++
		}
		if l.Yes {
			wanted++
		}
		if said && l.Yes {
			right++
		}
	}
	m.Precision, m.Recall = ShareOf(right, given), ShareOf(right, wanted)
	return m
}

// drift counts how often a head was given since a day, and before it.
func drift(h triage.Head, days []HeardDay, since int64) (now, before Share) {
	var given, of [2]int
	for _, d := range days {
		period := 0
		if d.Day < since {
			period = 1
		}
		of[period] += d.Posts
		for step, n := range d.Counts[h] {
			if step >= steps/2 {
				given[period] += n
			}
		}
	}
	return ShareOf(given[0], of[0]), ShareOf(given[1], of[1])
}

// capacity says for each threshold how many posts would go to staff, and how much of what must reach them
// would.
func (q *Quality) capacity(all []measuredLabel, days []HeardDay) {
	var counts [steps]int
	for _, d := range days {
		for step, n := range d.Counts[triage.Staff] {
			counts[step] += n
			q.Posts += n
		}
	}
	labels, byLot := telling(triage.Staff, all)
	q.ByLot = byLot
	load := 0
	for step := steps - 1; step > 0; step-- {
		load += counts[step]
		threshold, reach, must := 100*step/steps, 0, 0
		for _, l := range labels {
			if l.Yes {
				must++
				if 100*l.Predicted >= float64(threshold) {
					reach++
				}
			}
		}
		p := Point{Threshold: threshold, Recall: ShareOf(reach, must)}
		if q.Posts > 0 {
			p.Load = float64(load) / float64(q.Posts)
		}
		q.Points = append(q.Points, p)
	}
}

// Best is the lowest threshold whose load staff can bear, a share of all posts; nil if none is known.
func (q *Quality) Best(capacity float64) *Point {
	var best *Point
	for i, p := range q.Points {
		if q.Posts > 0 && p.Load <= capacity {
			best = &q.Points[i]
		}
	}
	return best
}

// sinceHeard is how far back mentions are drawn from to be labelled.
const sinceHeard = 28 * 24 * time.Hour
