package learner

import (
	"math"
	"math/rand/v2"
)

// space is where the words of many texts lie by the company they keep: the directions in which texts differ the most
// (latent semantic analysis). Texts that share no word may lie close together in it.
type space struct {
	words      *vocabulary
	directions [][]float32 // by column of a word, then dimension
}

const (
	dimensions = 64
	rounds     = 5
)

// newSpace finds the directions of texts by subspace iteration.
func newSpace(seen [][]Feature) *space {
	s := &space{words: newVocabulary(seen, 2)}
	rows := make([]row, len(seen))
	each(len(rows), func(i int) { rows[i] = s.words.row(seen[i], Weights{Word: 1}) })
	random := rand.New(rand.NewPCG(11, 13))
	s.directions = matrix(s.words.size())
	for _, d := range s.directions {
		for j := range d {
			d[j] = float32(random.NormFloat64())
		}
	}
	for range rounds {
		next := matrix(s.words.size())
		place := make([]float32, dimensions)
		for _, r := range rows {
			s.project(r, place)
			for i, c := range r.columns[1:] {
				v := r.values[i+1]
				for j, p := range place {
					next[c][j] += v * p
				}
			}
		}
		orthogonal(next)
		s.directions = next
	}
	return s
}

func matrix(rows int) [][]float32 {
	m, cells := make([][]float32, rows), make([]float32, rows*dimensions)
	for i := range m {
		m[i] = cells[i*dimensions : (i+1)*dimensions]
	}
	return m
}

// orthogonal makes the columns of a matrix perpendicular and of length one.
func orthogonal(m [][]float32) {
	for j := range dimensions {
		for k := range j {
			var dot float64
			for _, row := range m {
				dot += float64(row[j]) * float64(row[k])
			}
			for _, row := range m {
				row[j] -= float32(dot) * row[k]
			}
		}
		var square float64
		for _, row := range m {
			square += float64(row[j]) * float64(row[j])
		}
		length := float32(math.Sqrt(max(square, 1e-20)))
		for _, row := range m {
			row[j] /= length
		}
	}
}

func (s *space) project(r row, to []float32) {
	clear(to)
	for i, c := range r.columns[1:] {
		v := r.values[i+1]
		for j, d := range s.directions[c] {
			to[j] += v * d
		}
	}
}

// place appends where a text lies, at distance one from nowhere.
func (s *space) place(features []Feature) []Feature {
	at := make([]float32, dimensions)
	s.project(s.words.row(features, Weights{Word: 1}), at)
	var square float64
	for _, v := range at {
		square += float64(v) * float64(v)
	}
	if square == 0 {
		return features
	}
	for j, v := range at {
		features = append(features, Feature{ID: spaceID + uint64(j), Kind: Company, Value: v / float32(math.Sqrt(square))})
	}
	return features
}

// spaceID is the id of the first dimension.
const spaceID = 0x7370616365 << 20
