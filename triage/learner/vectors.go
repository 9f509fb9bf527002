package learner

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// Vectors say where words lie in a space in which words that are used alike lie close together.
type Vectors struct {
	Size  int // numbers of a vector
	keys  []uint32
	scale []float32
	cells []byte // one signed byte a number
}

const vectorMagic = "kith words 1\n"

// ErrVectors says that bytes are no vectors.
var ErrVectors = errors.New("these bytes are no vectors")

// PackVectors writes vectors of one byte a number, scaled word by word, for ReadVectors. The ids of the words are those
// that they have as features; of two words with the same id the first stays.
func PackVectors(size int, ids []uint64, scale []float32, cells []byte) []byte {
	at := map[uint32]int{}
	var keys []uint32
	for i, id := range ids {
		key := uint32(id >> 32)
		if _, taken := at[key]; !taken {
			at[key] = i
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	out := binary.LittleEndian.AppendUint32([]byte(vectorMagic), uint32(size))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(keys)))
	for _, key := range keys {
		out = binary.LittleEndian.AppendUint32(out, key)
	}
	for _, key := range keys {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(scale[at[key]]))
	}
	for _, key := range keys {
		out = append(out, cells[at[key]*size:(at[key]+1)*size]...)
	}
	return out
}

// ReadVectors reads vectors from the bytes that PackVectors wrote; it keeps them.
func ReadVectors(packed []byte) (*Vectors, error) {
	if len(packed) < len(vectorMagic)+8 || string(packed[:len(vectorMagic)]) != vectorMagic {
		return nil, ErrVectors
	}
	at := packed[len(vectorMagic):]
	v := &Vectors{Size: int(binary.LittleEndian.Uint32(at))}
	count := int(binary.LittleEndian.Uint32(at[4:]))
	if at = at[8:]; len(at) != count*(8+v.Size) {
		return nil, ErrVectors
	}
	v.keys, v.scale, v.cells = make([]uint32, count), make([]float32, count), at[8*count:]
	for i := range v.keys {
		v.keys[i] = binary.LittleEndian.Uint32(at[4*i:])
		v.scale[i] = math.Float32frombits(binary.LittleEndian.Uint32(at[4*(count+i):]))
	}
	return v, nil
}

// Find copies the vector of a word and reports whether it has one.
func (v *Vectors) Find(id uint64, to []float32) bool {
	i, found := slices.BinarySearch(v.keys, uint32(id>>32))
	if !found {
		return false
	}
	for j, cell := range v.cells[i*v.Size : (i+1)*v.Size] {
		to[j] = v.scale[i] * float32(int8(cell))
	}
	return true
}
