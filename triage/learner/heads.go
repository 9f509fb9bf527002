package learner

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

// Heads are machines for several labels that a text may carry at once, packed into one table: a slot for each feature
// holds its rarity and a weight of one byte for each head. A margin is a bias plus the contributions of the features.
type Heads struct {
	Count  int
	biases []float64
	scales []float64 // of a head's bytes
	kinds  [kinds]float64
	slots  []byte
	mask   uint64
	stride int
}

// mark of a slot: 4 bytes of the feature's id, 1 of its rarity, 1 for each head.
const (
	slotID      = 4
	slotHeads   = slotID + 1
	packedKinds = int(Company) // heads have no company
	rarityUnit  = 1.0 / 20
)

const maxHeads = 64

const magic = "kith heads 1\n"

// ErrHeads says that bytes are no heads.
var ErrHeads = errors.New("these bytes are no heads")

// ReadHeads reads heads from the bytes that Pack wrote; it keeps them.
func ReadHeads(packed []byte) (*Heads, error) {
	if len(packed) < len(magic)+8 || string(packed[:len(magic)]) != magic {
		return nil, ErrHeads
	}
	at := packed[len(magic):]
	h := &Heads{Count: int(binary.LittleEndian.Uint32(at))}
	size := int(binary.LittleEndian.Uint32(at[4:]))
	at = at[8:]
	h.stride = slotHeads + h.Count
	if h.Count <= 0 || h.Count > maxHeads || size <= 0 || bits.OnesCount(uint(size)) != 1 || len(at) != 4*(2*h.Count+packedKinds)+size*h.stride {
		return nil, ErrHeads
	}
	floats := func(n int) []float64 {
		read := make([]float64, n)
		for i := range read {
			read[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(at)))
			at = at[4:]
		}
		return read
	}
	h.biases, h.scales = floats(h.Count), floats(h.Count)
	copy(h.kinds[:], floats(packedKinds))
	h.slots, h.mask = at, uint64(size-1)
	return h, nil
}

// slot finds the slot of a feature; nil if the heads do not know it.
func (h *Heads) slot(id uint64) []byte {
	want := uint32(id>>32) | 1
	for i := id & h.mask; ; i = (i + 1) & h.mask {
		s := h.slots[int(i)*h.stride : int(i+1)*h.stride]
		switch binary.LittleEndian.Uint32(s) {
		case want:
			return s
		case 0:
			return nil
		}
	}
}

// Rarity is how much a word or letters weigh by how rare they are; false if the heads do not know them.
func (h *Heads) Rarity(id uint64) (rarity float64, known bool) {
	slot := h.slot(id)
	if slot == nil {
		return 0, false
	}
	return float64(slot[slotID]) * rarityUnit, true
}

// Sight is one feature of a text as the heads see it.
type Sight struct {
	Start, End int32
	factor     float64
	kind       Kind
	weights    []byte
}

// Add is what a sight adds to a head's margin.
func (h *Heads) Add(s *Sight, head int) float64 {
	return h.scales[head] * s.factor * float64(int8(s.weights[head]))
}

// Bias is the margin of a head before anything is seen.
func (h *Heads) Bias(head int) float64 { return h.biases[head] }

// See appends what the heads know of the features.
func (h *Heads) See(features []Feature, to []Sight) []Sight {
	var squares [kinds]float64
	first := len(to)
	for _, f := range features {
		slot := h.slot(f.ID)
		if slot == nil {
			continue
		}
		s := Sight{Start: f.Start, End: f.End, factor: float64(f.Value), kind: f.Kind, weights: slot[slotHeads:]}
		if !f.Kind.valued() {
			s.factor = float64(slot[slotID]) * rarityUnit
			squares[f.Kind] += s.factor * s.factor
		}
		to = append(to, s)
	}
	factors := h.kinds
	for kind := range factors {
		if squares[kind] > 0 {
			factors[kind] /= math.Sqrt(squares[kind])
		}
	}
	for i := first; i < len(to); i++ {
		to[i].factor *= factors[to[i].kind]
	}
	return to
}

// Margins adds the margins of all heads, without their biases, to a slice.
func (h *Heads) Margins(sights []Sight, to []float64) {
	var sums [maxHeads]float64
	for i := range sights {
		s := &sights[i]
		for head, weight := range s.weights {
			sums[head] += s.factor * float64(int8(weight))
		}
	}
	for head, scale := range h.scales {
		to[head] += scale * sums[head]
	}
}
