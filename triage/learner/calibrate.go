package learner

import "math"

// calibrate finds the slope and bias that make margins log-odds: those of the least logarithmic loss, where each margin
// counts as much as it costs, and hold keeps the slope near 1 and the bias near 0. It goes by Newton's method; a step that
// makes it worse, as far from the end they may, is halved until it does not.
func calibrate(margins []float64, truths []bool, costs []float64, hold float64) (slope, bias float64) {
	total := func(slope, bias float64) float64 {
		sum := hold * ((slope-1)*(slope-1) + bias*bias) / 2
		for i, m := range margins {
			sum += costs[i] * Loss(slope*m+bias, truths[i])
		}
		return sum
	}
	slope = 1
	now := total(slope, bias)
	for range 50 {
		gs, gb := hold*(slope-1), hold*bias
		hss, hsb, hbb := hold, 0.0, hold
		for i, m := range margins {
			p := 1 / (1 + math.Exp(-slope*m-bias))
			d := p
			if truths[i] {
				d--
			}
			v := costs[i] * p * (1 - p)
			gs, gb = gs+costs[i]*d*m, gb+costs[i]*d
			hss, hsb, hbb = hss+v*m*m, hsb+v*m, hbb+v
		}
		determinant := hss*hbb - hsb*hsb
		ds, db := (gs*hbb-gb*hsb)/determinant, (gb*hss-gs*hsb)/determinant
		if math.Abs(ds)+math.Abs(db) < 1e-9 {
			break
		}
		next := total(slope-ds, bias-db)
		for half := 0; next > now && half < 60; half++ {
			ds, db = ds/2, db/2
			next = total(slope-ds, bias-db)
		}
		if !(next <= now) {
			break
		}
		slope, bias, now = slope-ds, bias-db, next
	}
	return slope, bias
}
