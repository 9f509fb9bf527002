package learner

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
)

// Marked is a text and what is known of each head: 1 carries it, -1 does not, 0 unknown.
type Marked struct {
	Text  string
	Group string // texts of one group are held back together; "" is a group of one
	Marks []int8
	Cost  float32 // how much it counts beside others; 0 counts as 1
}

// HeadSettings say how heads are learned.
type HeadSettings struct {
	Machine Machine
	Weights Weights
	Least   int     // texts that must have a feature for it to be known
	Most    int     // features kept, those of the most texts
	Dear    float32 // how many texts one of cost 1 counts as there; those that count less than 2 count as one
}

// TeachHeads learns heads and packs them. Their margins are log-odds: how far to trust a machine is learned from texts
// that it had not seen.
func TeachHeads(read Reader, texts []Marked, s HeadSettings) []byte {
	texts = slices.Clone(texts)
	hashes := map[string]uint64{}
	for _, m := range texts {
		h := fnv.New64a()
		h.Write([]byte(m.Text))
		hashes[m.Text] = h.Sum64()
	}
	slices.SortStableFunc(texts, func(a, b Marked) int { return cmp.Compare(hashes[a.Text], hashes[b.Text]) })
	seen := make([][]Feature, len(texts))
	each(len(texts), func(i int) { seen[i] = read(texts[i].Text, nil) })
	words := newVocabulary(seen, s.Least)
	words.favour(seen, func(i int) int32 { return int32(texts[i].Cost * s.Dear) })
	words.prune(s.Most)
	rows := make([]row, len(seen))
	each(len(rows), func(i int) { rows[i] = words.row(seen[i], s.Weights) })
	count := len(texts[0].Marks)
	weights := make([][]float32, count)
	each(count, func(head int) { weights[head] = teachHead(rows, texts, head, s.Machine, words.size()) })
	return words.pack(weights, s.Weights)
}

// teachHead learns one head, with its margins as log-odds.
func teachHead(rows []row, texts []Marked, head int, m Machine, columns int) []float32 {
	const folds = 3
	importance := make([]float32, len(rows))
	for i, t := range texts {
		if t.Marks[head] != 0 {
			importance[i] = cmp.Or(t.Cost, 1)
		}
	}
	meant := func(i int) bool { return texts[i].Marks[head] > 0 }
	var margins, costs []float64
	var truths []bool
	for fold := range folds {
		some := slices.Clone(importance)
		for i, t := range texts {
			if t.fold(folds) == fold {
				some[i] = 0
			}
		}
		w := m.learn(rows, meant, some, columns)
		for i, t := range texts {
			if t.fold(folds) == fold && importance[i] > 0 {
				margins, truths, costs = append(margins, float64(rows[i].dot(w))), append(truths, meant(i)), append(costs, float64(importance[i]))
			}
		}
	}
	slope, bias := calibrate(margins, truths, costs, 1e-3)
	w := m.learn(rows, meant, importance, columns)
	for i := range w {
		w[i] *= float32(slope)
	}
	w[0] += float32(bias)
	return w
}

func (m *Marked) fold(folds int) int { return foldOf(cmp.Or(m.Group, m.Text), folds) }

func foldOf(text string, folds int) int {
	h := fnv.New32a()
	h.Write([]byte(text))
	return int(h.Sum32() % uint32(folds))
}

// pack writes weights by head and column as Heads.
func (v *vocabulary) pack(weights [][]float32, kinds Weights) []byte {
	size := 1
	for size*3 < v.size()*4 {
		size *= 2
	}
	out := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(weights)))
	out = binary.LittleEndian.AppendUint32(out, uint32(size))
	float := func(f float32) { out = binary.LittleEndian.AppendUint32(out, math.Float32bits(f)) }
	scales := make([]float32, len(weights))
	for head, w := range weights {
		float(w[0])
		for _, x := range w[1:] {
			scales[head] = max(scales[head], x/127, -x/127)
		}
	}
	for _, s := range scales {
		float(s)
	}
	for _, w := range kinds[:packedKinds] {
		float(w)
	}
	stride := slotHeads + len(weights)
	slots := make([]byte, size*stride)
	for column, id := range v.ids {
		if column == 0 {
			continue
		}
		i := int(id) & (size - 1)
		for binary.LittleEndian.Uint32(slots[i*stride:]) != 0 {
			i = (i + 1) & (size - 1)
		}
		slot := slots[i*stride : (i+1)*stride]
		binary.LittleEndian.PutUint32(slot, uint32(id>>32)|1)
		slot[slotID] = byte(min(math.Round(float64(v.rarity[column])/rarityUnit), 255))
		for head, w := range weights {
			if scales[head] > 0 {
				slot[slotHeads+head] = byte(int8(math.Round(float64(w[column] / scales[head]))))
			}
		}
	}
	return append(out, slots...)
}
