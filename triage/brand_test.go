package triage

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kith-social/kith/triage/learner"
)

// plain are everyday posts that the shipped heads find calm, in both languages.
func plain(n int, random *rand.Rand) []string {
	openings := []string{"the summer menu came on", "the shop by the river opens on", "I picked up two bags on", "we sat by the window on", "quán mình hay ghé vào", "hôm qua mình mua ở chi nhánh", "chuyến đi của nhóm hôm", "mọi người ơi cho hỏi lịch"}
	days := []string{"Monday", "Tuesday", "Friday morning", "thứ hai", "thứ bảy", "the weekend", "cuối tuần", "Sunday"}
	ends := []string{"with the usual blend", "and took the tram home", "near the office", "cùng nhóm bạn cũ", "ở quận 7", "after work", "before the rain", "và ngồi tầng hai"}
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("%s %s %s no %d", openings[random.IntN(8)], days[random.IntN(8)], ends[random.IntN(8)], random.IntN(900))
	}
	return texts
}

// flumox are corrections of which half have a word that no shipped head has seen, and carry the head.
func flumox(n int, seed uint64) []Taught {
	random := rand.New(rand.NewPCG(seed, 1))
	var all []Taught
	for i, text := range plain(n, random) {
		words := strings.Fields(text)
		if i%2 == 0 {
			at := random.IntN(len(words))
			words[at] = "flumoxed " + words[at]
		}
		all = append(all, Taught{Text: strings.Join(words, " "), Is: i%2 == 0})
	}
	return all
}

func layer(t *testing.T, topics []Topic, lessons ...Lesson) *Layer {
	t.Helper()
	packed, how := LearnLayer(topics, lessons)
	if packed == nil {
		t.Fatalf("nothing was accepted: %+v", how)
	}
	l, err := ReadLayer(packed)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// 60 corrected texts with a word that nobody knew move texts that nobody has seen, and only those with the word.
func TestCorrectionsGeneralise(t *testing.T) {
	for _, h := range []Head{Anger, Complaint, Spam, NeedsAccount, Staff} {
		shipped := New(nil)
		own := shipped.With(layer(t, nil, Lesson{Head: h, Taught: flumox(60, 1)}))
		random := rand.New(rand.NewPCG(99, 2))
		moved, stayed := 0, 0
		for _, text := range plain(100, random) {
			with, without := own.Score("today I am flumoxed, "+text), own.Score(text)
			if with.Of(h) >= 0.5 {
				moved++
			}
			if without.Of(h) < 0.5 {
				stayed++
			}
		}
		if moved < 95 || stayed < 95 {
			t.Errorf("%s: of 100 unseen texts %d with the word carry it and %d without do not; want 95", h, moved, stayed)
		}
		if p := shipped.Score("today I am flumoxed, the summer menu came on Monday"); p.Of(h) >= 0.5 {
			t.Errorf("%s: the shipped head knows the word (%.2f), so the test shows nothing", h, p.Of(h))
		}
	}
}

func TestLabelsDrawnByLotAreRefused(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 7))
		for _, n := range []int{60, 200} {
			texts := append(plain(n/2, random), complaints(n/2, random)...)
			taught := make([]Taught, n)
			for i, text := range texts {
				taught[i] = Taught{Text: text, Is: random.IntN(2) == 0}
			}
			packed, how := LearnLayer(nil, []Lesson{{Head: Complaint, Taught: taught}, {Head: Anger, Taught: taught}})
			if packed != nil {
				t.Errorf("seed %d: %d labels drawn by lot were accepted: %+v", seed, n, how)
			}
		}
	}
}

func complaints(n int, random *rand.Rand) []string {
	texts := plain(n, random)
	for i := range texts {
		texts[i] += []string{" and it was broken", ", worst service ever", " mà giao sai hoài", ", thất vọng quá", " still no refund"}[i%5]
	}
	return texts
}

// A layer that is better than the shipped head and worse than the one in force does not take its place; one that is as good
// or learns more does. Nothing that is held back has taught either.
func TestALayerIsNoWorseThanTheOneInForce(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	learn := func(taught []Taught, more ...Taught) Learned {
		_, how := LearnLayer(nil, []Lesson{{Head: Anger, Taught: append(taught, more...)}})
		return how[0]
	}
	old := func(taught []Taught) []Taught {
		for i := range taught {
			taught[i].Old = true
		}
		return taught
	}
	if how := learn(old(flumox(200, 1)), flumox(100, 2)...); how.Verdict != Accepted || how.After.AUC < 0.95 || how.Force.AUC < 0.95 {
		t.Errorf("more of the same: %+v", how)
	}
	// What is in force was learned from texts that say nothing of what came later.
	if how := learn(old(plainTaught(100, random)), flumox(100, 3)...); how.Verdict != Accepted || how.After.Loss >= how.Force.Loss {
		t.Errorf("a new word: %+v", how)
	}
	held := make([]learner.HeldBack, 200)
	for i := range held {
		is := i%2 == 0
		side := map[bool]float64{true: 1, false: -1}[is]
		held[i] = learner.HeldBack{Before: 0.1 * side, After: side, Force: 2 * side, Is: is, Fold: i % 5}
	}
	var how Learned
	if how.judge(held); how.Verdict != NoBetter {
		t.Errorf("better than the shipped head and worse than what is in force: %+v", how)
	}
	for i := range held {
		held[i].Force = held[i].After
	}
	if how.judge(held); how.Verdict != Accepted {
		t.Errorf("as good as what is in force: %+v", how)
	}
}

// Where words teach nothing that holds, a layer may still mend how probable a head is. The bar stays what it is.
func TestALayerMayMendTheLevelOnly(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 6))
	held := make([]learner.HeldBack, 400)
	for i := range held {
		known := 4 * random.NormFloat64()
		p := 1 / (1 + math.Exp(3-known/2))
		held[i] = learner.HeldBack{Before: known, Force: known, After: random.NormFloat64() + known/4 - 3, Mended: known/2 - 3, Is: random.Float64() < p, Fold: i % 5}
	}
	var how Learned
	if how.judge(held); how.Verdict != NoBetter {
		t.Fatalf("a layer that ranks worse: %+v", how)
	}
	if !how.mend(held) || how.Verdict != Accepted || how.After.AUC != how.Before.AUC || how.After.Loss >= how.Before.Loss {
		t.Errorf("mended: %+v", how)
	}
	for i := range held {
		held[i].Force = held[i].Mended + 0.2*held[i].After // learned more
		if held[i].Is {
			held[i].Force += 2
		}
	}
	how = Learned{}
	if how.mend(held) || how.Verdict != "" {
		t.Errorf("mended, and worse than what is in force: %+v", how)
	}
}

// plainTaught are plain posts that were marked by lot.
func plainTaught(n int, random *rand.Rand) []Taught {
	taught := make([]Taught, n)
	for i, text := range plain(n, random) {
		taught[i] = Taught{Text: text, Is: random.IntN(2) == 0}
	}
	return taught
}

func TestFewCorrectionsLeaveTheShippedHeadsAlone(t *testing.T) {
	for _, taught := range [][]Taught{flumox(EnoughHead-2, 1), flumox(200, 1)[:0], allYes(flumox(120, 1))} {
		packed, how := LearnLayer(nil, []Lesson{{Head: Anger, Taught: taught}})
		if packed != nil || how[0].Verdict != TooFew {
			t.Errorf("%d corrections: %+v; want too few", len(taught), how[0])
		}
	}
}

func allYes(taught []Taught) []Taught {
	for i := range taught {
		taught[i].Is = true
	}
	return taught
}

// What is learned stays a sum of what stands in the text.
func TestSpansAndBiasAddUpWithALayer(t *testing.T) {
	s := New(nil).With(layer(t, nil, Lesson{Head: Anger, Taught: flumox(60, 1)}, Lesson{Head: Question, Taught: flumox(80, 2)}))
	if len(s.layer.Parts()) != 2 {
		t.Fatalf("the layer speaks for %+v, want two heads", s.layer.Parts())
	}
	rapid.Check(t, func(t *rapid.T) {
		text := posts.Draw(t, "text") + rapid.SampledFrom([]string{"", " flumoxed on Monday"}).Draw(t, "end")
		margins := map[Head]float64{}
		for _, h := range heads {
			margins[h] = s.Bias(h)
		}
		for _, span := range s.Why(text, 0) {
			margins[span.Head] += span.Weight
		}
		for h, p := range probabilities(s.Score(text)) {
			if want := 1 / (1 + math.Exp(-margins[h])); math.Abs(float64(p)-want) > 1e-6 {
				t.Errorf("%s of %q: score %v, spans and bias give %v", h, text, p, want)
			}
		}
	})
}

func TestTopicsLearnFromExamples(t *testing.T) {
	topics := []Topic{{ID: 1, Name: "Máy xay", Keywords: []string{"grinder", "máy xay"}}, {ID: 2, Name: "Delivery", Keywords: []string{"parcel"}}}
	random := rand.New(rand.NewPCG(5, 5))
	var taught []Taught
	for i, text := range plain(40, random) {
		if i%2 == 0 {
			text = "the burr is stuck again, " + text
		}
		taught = append(taught, Taught{Text: text, Is: i%2 == 0})
	}
	own := New(topics).With(layer(t, topics, Lesson{Topic: 1, Taught: taught}))
	if got := own.Score("why is my burr stuck?").Topics; len(got) != 1 || got[0].ID != 1 {
		t.Errorf("a text with a word of the examples is about %+v, want the first topic", got)
	}
	if got := own.Score("quán mở cửa tới mấy giờ ạ?").Topics; len(got) != 0 {
		t.Errorf("a text about nothing of it is about %+v, want none", got)
	}
	if got := own.Score("where is my parcel?").Topics; len(got) != 1 || got[0].ID != 2 {
		t.Errorf("a text with the keyword of a topic that was not taught is about %+v, want the second topic", got)
	}
}

func TestStaffNeedsNoLayer(t *testing.T) {
	s := New(nil)
	calm, angry := s.Score("Quán mở cửa tới mấy giờ ạ?"), s.Score("Cho mình gặp nhân viên ngay!")
	if calm.Staff > 0.4 || angry.Staff < 0.99 {
		t.Errorf("only staff should answer: a plain question %.2f, a request for a person %.2f", calm.Staff, angry.Staff)
	}
}

func TestBrokenLayersAreRefused(t *testing.T) {
	for _, bad := range []string{"", "{}", `{"Parts":[{"head":"anger"}],"Weights":"AAAA"}`} {
		if _, err := ReadLayer([]byte(bad)); err == nil {
			t.Errorf("%q is a layer", bad)
		}
	}
}

func BenchmarkLearnLayer(b *testing.B) {
	lessons := []Lesson{{Head: Anger, Taught: flumox(2000, 1)}, {Head: Complaint, Taught: flumox(2000, 2)}, {Head: Staff, Taught: flumox(2000, 3)}}
	for b.Loop() {
		LearnLayer(nil, lessons)
	}
}
