package learner

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Plain Newton steps run away where few texts carry a head and its margins are far too wide: what they ended with turned calm
// texts into certain anger.
func TestCalibratingEndsWhereItIsLeastWrong(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		n := 50 + random.IntN(500)
		wide, bias := math.Exp(3*random.Float64()), -6*random.Float64()
		margins, truths, costs := make([]float64, n), make([]bool, n), make([]float64, n)
		for i := range margins {
			m := 2*random.NormFloat64() + bias/2
			margins[i], truths[i], costs[i] = wide*m-bias, random.Float64() < 1/(1+math.Exp(-m)), 1
		}
		const hold = 1
		loss := func(slope, bias float64) float64 {
			sum := hold * ((slope-1)*(slope-1) + bias*bias) / 2
			for i, m := range margins {
				sum += Loss(slope*m+bias, truths[i])
			}
			return sum
		}
		slope, at := calibrate(margins, truths, costs, hold)
		least := loss(slope, at)
		for _, step := range [][2]float64{{0.01, 0}, {-0.01, 0}, {0, 0.01}, {0, -0.01}, {1 - slope, -at}} {
			if other := loss(slope+step[0], at+step[1]); other < least-1e-9 {
				t.Fatalf("seed %d: slope %.3f and bias %.3f lose %.4f, another step %v only %.4f", seed, slope, at, least, step, other)
			}
		}
	}
}

// Slope and bias alone move the level and never the order.
func TestMendingKeepsTheOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	lesson := make([]Corrected, 300)
	for i := range lesson {
		known := 3 * random.NormFloat64()
		lesson[i] = Corrected{Text: string(rune('a'+i%26)) + string(rune('a'+i/26)), Known: known, Is: random.Float64() < 1/(1+math.Exp(3-known/3))}
	}
	read := func(text string, to []Feature) []Feature {
		return append(to, Feature{ID: uint64(text[0]), Kind: Word, End: 1})
	}
	c := Correct(read, [][]Corrected{lesson}, DefaultCorrecting)
	c.Mend(0)
	heads, err := ReadHeads(c.Pack([]int{0}))
	if err != nil {
		t.Fatal(err)
	}
	if c.Slopes[0] < 0.15 || c.Slopes[0] > 0.6 || heads.Bias(0) > -2 || heads.Bias(0) < -4 {
		t.Errorf("slope %.2f and bias %.2f, want about 0.33 and -3", c.Slopes[0], heads.Bias(0))
	}
	for _, sight := range heads.See(read("abc", nil), nil) {
		if heads.Add(&sight, 0) != 0 {
			t.Error("a word still speaks")
		}
	}
	before, mended := 0.0, 0.0
	for _, h := range c.Held[0] {
		before, mended = before+Loss(h.Before, h.Is), mended+Loss(h.Mended, h.Is)
	}
	if mended >= before/2 {
		t.Errorf("held back, the mended head loses %.0f of %.0f", mended, before)
	}
}
