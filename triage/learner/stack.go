package learner

import "math"

// stack turns margins into probabilities: a softmax over sums of the bases' margins. The margin of the label itself has
// a weight per base; with few labels, all other labels' margins have weights as well.
type stack struct {
	labels, bases int
	own           []float64 // by base
	cross         []float64 // by label, then base and label; nil with many labels
	prior         []float64 // by label
}

// mostCrossed is the number of labels up to which each label's margin speaks for every label.
const mostCrossed = 12

// logits writes the stack's sums for margins, which are ordered by base, then label.
func (s *stack) logits(margins []float32, to []float64) {
	for k := range to {
		sum := s.prior[k]
		for b, a := range s.own {
			sum += a * float64(margins[b*s.labels+k])
		}
		if s.cross != nil {
			for j, m := range margins {
				sum += s.cross[k*len(margins)+j] * float64(m)
			}
		}
		to[k] = sum
	}
}

// probabilities writes a softmax of the logits into to.
func (s *stack) probabilities(margins []float32, to []float64) {
	s.logits(margins, to)
	softmax(to)
}

func softmax(x []float64) {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	sum := 0.0
	for i, v := range x {
		x[i] = math.Exp(v - top)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

// learnStack fits a stack to margins that were measured on texts the bases had not seen. Strength says how strongly
// its weights are held back.
func learnStack(margins [][]float32, labels []int, count, bases int, strength float64) *stack {
	s := &stack{labels: count, bases: bases, own: make([]float64, bases), prior: make([]float64, count)}
	width := count * bases
	if count <= mostCrossed && len(margins) >= 100*count {
		s.cross = make([]float64, count*width)
	}
	for b := range s.own {
		s.own[b] = 1 / float64(bases)
	}
	n := float64(len(margins))
	size := bases + len(s.cross) + count
	at, ahead, before := make([]float64, size), make([]float64, size), make([]float64, size)
	slope := make([]float64, size)
	set := func(from []float64) {
		copy(s.own, from)
		copy(s.cross, from[bases:])
		copy(s.prior, from[bases+len(s.cross):])
	}
	copy(at, s.own)
	copy(ahead, at)
	square := 1.0
	for _, m := range margins {
		for _, v := range m {
			square += float64(v) * float64(v) / n
		}
	}
	step := 1 / (square + strength/n)
	p := make([]float64, count)
	for pass := range 400 {
		set(ahead)
		clear(slope)
		for i, m := range margins {
			s.probabilities(m, p)
			p[labels[i]]--
			for k, d := range p {
				for b := range bases {
					slope[b] += d * float64(m[b*count+k])
				}
				if s.cross != nil {
					part := slope[bases+k*width : bases+(k+1)*width]
					for j, v := range m {
						part[j] += d * float64(v)
					}
				}
				slope[bases+len(s.cross)+k] += d
			}
		}
		copy(before, at)
		for j := range at {
			held := strength * ahead[j]
			if j < bases || j >= bases+len(s.cross) {
				held = 0.01 * ahead[j]
			}
			at[j] = ahead[j] - step*(slope[j]+held)/n
		}
		momentum := float64(pass) / float64(pass+3)
		for j := range ahead {
			ahead[j] = at[j] + momentum*(at[j]-before[j])
		}
	}
	set(at)
	return s
}
