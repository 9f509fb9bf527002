package learner

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// letters reads each word of a text as a feature and its length as a sign.
func letters(text string, to []Feature) []Feature {
	for i, w := range strings.Fields(text) {
		id := uint64(14695981039346656037)
		for _, c := range []byte(w) {
			id = (id ^ uint64(c)) * 1099511628211
		}
		to = append(to, Feature{ID: id, Kind: Word, Start: int32(i), End: int32(i + 1)})
	}
	return append(to, Feature{ID: 1, Kind: Sign, Value: float32(len(text)) / 100})
}

func taught() []byte {
	var texts []Marked
	for _, s := range []string{"good day", "good night", "very good", "good", "nice day", "good and nice"} {
		texts = append(texts, Marked{Text: s, Marks: []int8{1, -1}})
	}
	for _, s := range []string{"bad day", "bad night", "very bad", "bad", "awful day", "bad and awful"} {
		texts = append(texts, Marked{Text: s, Marks: []int8{-1, 1}})
	}
	texts = append(texts, Marked{Text: "nice awful mess", Marks: []int8{0, 0}})
	return TeachHeads(letters, texts, HeadSettings{Machine: Machine{Cost: 1, Passes: 50, Close: 0.01}, Weights: Weights{1, 1, 0.1, 0}, Most: 100})
}

func TestHeadsAreLearnedAndPacked(t *testing.T) {
	packed := taught()
	if string(packed) != string(taught()) {
		t.Error("the same texts give other bytes the second time")
	}
	h, err := ReadHeads(packed)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{"a good thing": 0, "so bad": 1, "awful": 1} {
		margins := make([]float64, 2)
		h.Margins(h.See(letters(text, nil), nil), margins)
		if margins[want] <= margins[1-want] {
			t.Errorf("%q has margins %v, want head %d in front", text, margins, want)
		}
	}
}

// An explanation that does not add up explains nothing.
func TestSightsAddUpToTheMargin(t *testing.T) {
	h, err := ReadHeads(taught())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"good", "bad", "day", "night", "unheard", "awful"})).Draw(t, "words"), " ")
		sights := h.See(letters(text, nil), nil)
		margins := make([]float64, 2)
		h.Margins(sights, margins)
		for head := range margins {
			sum := 0.0
			for i := range sights {
				sum += h.Add(&sights[i], head)
			}
			if math.Abs(sum-margins[head]) > 1e-9 {
				t.Errorf("%q, head %d: sights add up to %v, margin %v", text, head, sum, margins[head])
			}
		}
	})
}

func TestBrokenHeadsAreRefused(t *testing.T) {
	packed := taught()
	for _, bytes := range [][]byte{nil, []byte("kith"), packed[:len(packed)-1], append([]byte("x"), packed...)} {
		if _, err := ReadHeads(bytes); !errors.Is(err, ErrHeads) {
			t.Errorf("%d bytes that are no heads: %v, want %v", len(bytes), err, ErrHeads)
		}
	}
}

func TestVectorsComeBackAsTheyWentIn(t *testing.T) {
	ids := []uint64{9 << 32, 4 << 32, 7 << 32}
	v, err := ReadVectors(PackVectors(2, ids, []float32{1, 0.5, 2}, []byte{1, 2, 3, 4, 255, 6}))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 2)
	if !v.Find(7<<32, got) || got[0] != -2 || got[1] != 12 {
		t.Errorf("the third word lies at %v, want -2 and 12", got)
	}
	if v.Find(8<<32, got) {
		t.Error("a word that was not packed is found")
	}
	if _, err := ReadVectors([]byte("kith words 1\n\x02\x00\x00\x00\x02\x00\x00\x00")); !errors.Is(err, ErrVectors) {
		t.Errorf("cut vectors: %v, want %v", err, ErrVectors)
	}
}
