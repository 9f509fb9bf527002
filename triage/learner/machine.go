package learner

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
)

// Machine learns one label against the rest: a linear support vector machine with squared hinge loss, by coordinate
// descent in the dual (Hsieh et al. 2008).
type Machine struct {
	Cost   float32 // of an example on the wrong side; the larger, the closer it follows the examples
	Passes int     // over all examples, at most
	Close  float32 // to the optimum, where it stops
}

// learn finds weights that tell the rows that are meant from the others. Importance scales each row's cost; nil means 1.
func (m Machine) learn(rows []row, meant func(i int) bool, importance []float32, columns int) []float32 {
	return m.learnBeside(nil, rows, meant, importance, columns)
}

// learnBeside finds weights to add to margins that are known before, one for each row; nil means 0. Rows that are on their
// side by far rest until the others are done.
func (m Machine) learnBeside(known []float32, rows []row, meant func(i int) bool, importance []float32, columns int) []float32 {
	w := make([]float32, columns)
	alpha := make([]float32, len(rows))
	diagonal := make([]float32, len(rows))
	norms := make([]float32, len(rows))
	sign := make([]float32, len(rows))
	order := make([]int, 0, len(rows))
	for i, r := range rows {
		cost := m.Cost
		if importance != nil {
			cost *= importance[i]
		}
		if cost <= 0 {
			continue
		}
		order = append(order, i)
		diagonal[i] = 1 / (2 * cost)
		for _, v := range r.values {
			norms[i] += v * v
		}
		if sign[i] = -1; meant(i) {
			sign[i] = 1
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	awake, far := len(order), float32(math.Inf(1))
	for range m.Passes {
		random.Shuffle(awake, func(i, j int) { order[i], order[j] = order[j], order[i] })
		var worst float32
		for at := 0; at < awake; at++ {
			i := order[at]
			margin := rows[i].dot(w)
			if known != nil {
				margin += known[i]
			}
			gradient := sign[i]*margin - 1 + diagonal[i]*alpha[i]
			if alpha[i] == 0 && gradient >= 0 {
				if gradient > far {
					awake--
					order[at], order[awake] = order[awake], order[at]
					at--
				}
				continue
			}
			worst = max(worst, gradient, -gradient)
			before := alpha[i]
			alpha[i] = max(before-gradient/(norms[i]+diagonal[i]), 0)
			rows[i].addTo(w, (alpha[i]-before)*sign[i])
		}
		if far = worst; worst < m.Close {
			if awake == len(order) {
				break
			}
			awake, far = len(order), float32(math.Inf(1))
		}
	}
	return w
}

// each runs f for 0 to n-1 on as many processors as there are.
func each(n int, f func(i int)) {
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
}
