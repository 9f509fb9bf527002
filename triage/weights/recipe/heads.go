package main

import (
	"cmp"
	"hash/fnv"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/kith-social/kith/triage"
	"github.com/kith-social/kith/triage/learner"
)

// How much a text counts beside others.
const (
	seedCost   = 3.0 // written for this purpose
	copyCost   = 1.0 // a seed as people type it in a hurry
	borrowCost = 0.3 // written elsewhere and for something else

	mostWritten = 8   // texts that one seed with alternatives becomes at most
	oneOfMany   = 0.5 // what each of them counts beside a seed without
)

// Emotions of posts that say something of a head. What is in neither list says nothing.
var (
	angry    = []string{"anger", "annoyance"}
	unhappy  = []string{"anger", "annoyance", "disappointment", "disapproval", "disgust", "embarrassment", "sadness", "grief"}
	happy    = []string{"admiration", "amusement", "approval", "excitement", "gratitude", "joy", "love", "optimism", "pride", "relief", "caring"}
	grateful = []string{"admiration", "gratitude", "love", "joy"}
	calm     = []string{"neutral", "curiosity", "confusion", "realization", "surprise", "desire"}
)

// heads teaches the heads of triage.
func (k kitchen) heads() []byte {
	names := triage.Heads()
	marks := func(known int8) []int8 { return slices.Repeat([]int8{known}, len(names)) }
	set := func(m []int8, h triage.Head, mark int8) { m[slices.Index(names, h)] = mark }
	var texts []learner.Marked
	for _, file := range seeds {
		for _, seed := range k.seeds(file) {
			m := marks(-1)
			for _, h := range seed.heads {
				set(m, h, 1)
			}
			written := seed.written()
			share := float32(1)
			if len(written) > 1 {
				share = oneOfMany
			}
			for _, text := range written {
				texts = append(texts, learner.Marked{Text: text, Group: seed.text, Marks: m, Cost: seedCost * share})
				for _, other := range hurried(text) {
					texts = append(texts, learner.Marked{Text: other, Group: seed.text, Marks: m, Cost: copyCost * share})
				}
			}
		}
	}
	for _, file := range []string{"goemotions/train.csv", "xed/en.csv", "xed/vi.csv"} {
		lines, labels := k.table(file)
		for i, text := range lines {
			m := marks(0)
			has := func(list []string) bool {
				return slices.ContainsFunc(labels[i], func(l string) bool { return slices.Contains(list, l) })
			}
			switch cross := has(unhappy); {
			case cross && has(happy):
				continue
			case cross:
				set(m, triage.Negative, 1)
				set(m, triage.Praise, -1)
				if has(angry) {
					set(m, triage.Anger, 1)
				} else if has([]string{"sadness", "grief", "embarrassment"}) {
					set(m, triage.Anger, -1)
				}
			case has(happy), has([]string{"trust"}):
				set(m, triage.Negative, -1)
				set(m, triage.Anger, -1)
				set(m, triage.Complaint, -1)
				if has(grateful) {
					set(m, triage.Praise, 1)
				}
			case has(calm):
				set(m, triage.Negative, -1)
				set(m, triage.Anger, -1)
				set(m, triage.Praise, -1)
			default:
				continue
			}
			texts = append(texts, learner.Marked{Text: text, Marks: m, Cost: borrowCost})
		}
	}
	lines, labels := k.table("sms-spam/train.csv")
	for i, text := range lines {
		m := marks(0)
		set(m, triage.Spam, -1)
		if labels[i][0] == "spam" {
			set(m, triage.Spam, 1)
		}
		texts = append(texts, learner.Marked{Text: text, Marks: m, Cost: borrowCost})
	}
	return learner.TeachHeads(triage.Kindred, texts, learner.HeadSettings{
		Machine: learner.Machine{Cost: 0.3, Passes: 20, Close: 0.1},
		Weights: learner.Weights{learner.Word: 1, learner.Letters: 0.8, learner.Sign: 0.3},
		Least:   2, Most: 96_000, Dear: 20,
	})
}

type seed struct {
	text  string
	heads []triage.Head
}

// written writes a seed out: (a|b) in it stands for either. Of many texts a few are taken that have as little in common as a
// draw makes them.
func (s seed) written() []string {
	all := triage.Alternatives(s.text)
	for i, text := range all {
		all[i] = strings.Join(strings.Fields(text), " ")
	}
	drawn := func(text string) uint32 {
		h := fnv.New32a()
		h.Write([]byte(text))
		return h.Sum32()
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(drawn(a), drawn(b)), cmp.Compare(a, b)) })
	all = slices.Compact(all)
	return all[:min(len(all), mostWritten)]
}

// seeds reads a file of texts that were written for Kith, with the heads that each carries.
func (k kitchen) seeds(file string) []seed {
	all, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	var read []seed
	for _, line := range strings.Split(strings.TrimRight(string(all), "\n"), "\n")[1:] {
		text, list, ok := strings.Cut(line, "\t")
		if !ok {
			log.Fatalf("%s: %q has no labels", file, line)
		}
		s := seed{text: text}
		for _, name := range strings.FieldsFunc(list, func(c rune) bool { return c == ',' }) {
			if !slices.Contains(triage.Heads(), triage.Head(name)) {
				log.Fatalf("%s: %q is no head", file, name)
			}
			s.heads = append(s.heads, triage.Head(name))
		}
		read = append(read, s)
	}
	return read
}

// shortened are words as people write them who type fast.
var shortened = map[string]string{
	"không": "ko", "được": "dc", "vậy": "v", "rồi": "r", "gì": "j", "mình": "mk", "biết": "bít", "nhiều": "nhìu", "người": "ng",
	"với": "vs", "giờ": "h", "làm": "lm", "thế": "z", "bạn": "b", "please": "pls", "you": "u", "your": "ur", "thanks": "thx",
	"because": "cuz", "people": "ppl",
}

// hurried writes a text as it is typed in a hurry: without marks, in short words, and both.
func hurried(text string) []string {
	short := strings.Fields(text)
	for i, w := range short {
		if s, ok := shortened[w]; ok {
			short[i] = s
		}
	}
	all := []string{triage.Strip(text), strings.Join(short, " "), triage.Strip(strings.Join(short, " "))}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == text })
}
