package triage

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kith-social/kith/triage/learner"
)

// orders are examples whose labels a few words give away.
func orders() []learner.Example {
	var all []learner.Example
	for i := range 60 {
		all = append(
			all,
			learner.Example{Text: fmt.Sprintf("my grinder %d stopped grinding beans", i), Label: "grinder"},
			learner.Example{Text: fmt.Sprintf("máy xay số %d xay hạt không đều", i), Label: "grinder"},
			learner.Example{Text: fmt.Sprintf("the parcel with %d bags never came", i), Label: "delivery"},
			learner.Example{Text: fmt.Sprintf("đơn %d giao chậm quá", i), Label: "delivery"},
		)
		if i%3 == 0 {
			all = append(all, learner.Example{Text: fmt.Sprintf("lovely latte number %d", i), Label: "praise"})
		}
	}
	return all
}

func learn(t *testing.T, examples []learner.Example) *learner.Classifier {
	t.Helper()
	c, err := Learn(Teaching{Examples: examples})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLearnedLabelsReachNewTexts(t *testing.T) {
	c := learn(t, orders())
	for text, want := range map[string]string{
		"grinder is grinding no more": "grinder",
		"may xay cua minh xay rat on": "grinder",
		"where is the parcel":         "delivery",
		"sao giao cham vay":           "delivery",
		"such a lovely latte":         "praise",
	} {
		if got := c.Labels[learner.Best(c.Probabilities(text))]; got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

// A learner that peeks at the names of labels or at the order of rows has not learned from the texts.
func TestLearningHeedsNeitherNamesNorOrder(t *testing.T) {
	examples := orders()
	first := learn(t, examples)
	renamed := map[string]string{"grinder": "z", "delivery": "a", "praise": "m"}
	other := slices.Clone(examples)
	random := rand.New(rand.NewPCG(7, 7))
	random.Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
	for i := range other {
		other[i].Label = renamed[other[i].Label]
	}
	second := learn(t, other)
	for _, text := range []string{"grinder", "giao hàng chậm", "a lovely day", ""} {
		p, q := first.Probabilities(text), second.Probabilities(text)
		for i, label := range first.Labels {
			j := slices.Index(second.Labels, renamed[label])
			if math.Float64bits(p[i]) != math.Float64bits(q[j]) {
				t.Errorf("%q, %s: %v, after renaming and shuffling %v", text, label, p[i], q[j])
			}
		}
	}
}

// Words that no example has are learned from the company they keep in past texts.
func TestUnlabelledTextsTeachNewWords(t *testing.T) {
	var examples []learner.Example
	var past []string
	for i := range 6 {
		examples = append(
			examples,
			learner.Example{Text: fmt.Sprintf("grinder number %d is broken", i), Label: "grinder"},
			learner.Example{Text: fmt.Sprintf("parcel number %d is late", i), Label: "delivery"},
		)
	}
	for i := range 30 {
		past = append(past, fmt.Sprintf("grinder %d with a jammed burr", i), fmt.Sprintf("burr %d stuck, grinder dead", i),
			fmt.Sprintf("courier %d and a lost parcel", i), fmt.Sprintf("parcel %d, courier never rang", i))
	}
	plain, err := Learn(Teaching{Examples: examples})
	if err != nil {
		t.Fatal(err)
	}
	taught, err := Learn(Teaching{Examples: examples, Unlabelled: past})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(past)
	again, err := Learn(Teaching{Examples: examples, Unlabelled: past})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"the burr": "grinder", "that courier": "delivery"} {
		k := slices.Index(taught.Labels, want)
		before, after := plain.Probabilities(text)[k], taught.Probabilities(text)[k]
		if after < 0.6 || after <= before {
			t.Errorf("%q is %s with probability %.2f, after past texts %.2f; want it surer", text, want, before, after)
		}
		if same := again.Probabilities(text)[k]; same != after {
			t.Errorf("%q: %v, with past texts in another order %v", text, after, same)
		}
	}
}

func TestProbabilitiesAddUp(t *testing.T) {
	c := learn(t, orders())
	for _, text := range []string{"", "grinder", "\x00\xff", "😡😡😡", "zzz qqq"} {
		sum := 0.0
		for _, p := range c.Probabilities(text) {
			sum += p
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("the probabilities of %q add up to %v, want 1", text, sum)
		}
	}
}

func TestOneLabelCannotBeLearned(t *testing.T) {
	for _, examples := range [][]learner.Example{nil, {{Text: "a", Label: "b"}, {Text: "c", Label: "b"}}} {
		if _, err := Learn(Teaching{Examples: examples}); !errors.Is(err, ErrOneLabel) {
			t.Errorf("learning from %v: %v, want %v", examples, err, ErrOneLabel)
		}
	}
}

func TestStrip(t *testing.T) {
	for text, want := range map[string]string{
		"Đơn HÀNG của mình ĐÂU rồi? 😡": "Don HANG cua minh DAU roi? 😡",
		"đơn ha\u0300ng":               "don hang",
		"plain, @user #1":              "plain, @user #1",
	} {
		if got := Strip(text); got != want {
			t.Errorf("Strip(%q) = %q, want %q", text, got, want)
		}
	}
}
