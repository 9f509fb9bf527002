package main

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"slices"

	"github.com/kith-social/kith/triage"
	"github.com/kith-social/kith/triage/learner"
)

// task is something to measure: judgements, and what they should reach.
type task struct {
	name  string
	judge func(data) ([]learner.Judged, error)
	goals []goal
}

type goal struct {
	name   string
	metric learner.Metric
	goal   float64
	most   bool           // the figure should be at most the goal
	chance learner.Metric // what a perfect head would show on as many texts; nil where that is no question
}

func auc(g float64) goal      { return goal{name: "AUC", metric: learner.AUC, goal: g} }
func accuracy(g float64) goal { return goal{name: "accuracy", metric: learner.Accuracy, goal: g} }
func macroF1(g float64) goal  { return goal{name: "macro-F1", metric: learner.F1(false), goal: g} }

func weightedF1(g float64) goal { return goal{name: "weighted F1", metric: learner.F1(true), goal: g} }
func f1Of(g float64) goal       { return goal{name: "F1", metric: learner.F1Of, goal: g} }
func calibration(g float64) goal {
	return goal{name: "ECE", metric: learner.CalibrationError, chance: learner.CalibrationNoise, goal: g, most: true}
}

// tasks are the goals. Everything is measured on the part that a set keeps for choosing, or by cross-validation where that
// part is small; the part that nobody has seen is left for acceptance.
var tasks = []task{
	{"shipped: airline negative", shipped("airline", "negative", triage.Negative, false), []goal{auc(0.87)}},
	{"shipped: vi phone reviews, complaint", shipped("vi-visfd", "complaint", triage.Complaint, false), []goal{auc(0.88)}},
	{"shipped: vi shop reviews, negative", shipped("vi-aivivn", "negative", triage.Negative, false), []goal{auc(0.93)}},
	{"shipped: vi comments, anger", shipped("vi-vsmec", "Anger", triage.Anger, false), []goal{auc(0.78)}},
	{"shipped: vi comments, anger, no marks", shipped("vi-vsmec", "Anger", triage.Anger, true), []goal{auc(0.76)}},
	{"shipped: complaints to brands, by their regrets", regretted, []goal{auc(0.80)}},
	{"shipped: airline negative, calibration", shipped("airline", "negative", triage.Negative, false), []goal{calibration(0.02)}},
	{"shipped: vi phone reviews, calibration", shipped("vi-visfd", "complaint", triage.Complaint, false), []goal{calibration(0.02)}},
	{"shipped: vi comments, calibration of anger", shipped("vi-vsmec", "Anger", triage.Anger, false), []goal{calibration(0.02)}},
	{"shipped: posts kept from the recipe, negative", kept(triage.Negative), []goal{calibration(0.02)}},
	{"shipped: posts kept from the recipe, anger", kept(triage.Anger), []goal{calibration(0.02)}},
	{"shipped: complaint in our own posts, en", posts("en", triage.Complaint, false), []goal{calibration(0.02)}},
	{"shipped: complaint in our own posts, vi", posts("vi", triage.Complaint, false), []goal{calibration(0.02)}},
	{"a brand's layer: airline negative, 50 corrections", layered("airline", "negative", triage.Negative, 50), []goal{eachECE(0.05), eachDraw(0.87)}},
	{"a brand's layer: airline negative, 200", layered("airline", "negative", triage.Negative, 200), []goal{eachECE(0.05), eachDraw(0.87)}},
	{"a brand's layer: vi phone complaint, 50", layered("vi-visfd", "complaint", triage.Complaint, 50), []goal{eachECE(0.05)}},
	{"a brand's layer: vi phone complaint, 200", layered("vi-visfd", "complaint", triage.Complaint, 200), []goal{eachECE(0.05)}},
	{"a brand's layer: vi comments anger, 200", layered("vi-vsmec", "Anger", triage.Anger, 200), []goal{eachECE(0.05)}},
	{"a brand's layer: vi comments anger, 500", layered("vi-vsmec", "Anger", triage.Anger, 500), []goal{eachECE(0.05)}},
	{"shipped: question, en", posts("en", triage.Question, false), []goal{f1Of(0.85)}},
	{"shipped: question, vi", posts("vi", triage.Question, false), []goal{f1Of(0.85)}},
	{"shipped: question, vi, no marks", posts("vi", triage.Question, true), []goal{f1Of(0.85)}},
	{"shipped: needs_account, en", posts("en", triage.NeedsAccount, false), []goal{f1Of(0.85)}},
	{"shipped: needs_account, vi", posts("vi", triage.NeedsAccount, false), []goal{f1Of(0.85)}},
	{"shipped: needs_account, vi, no marks", posts("vi", triage.NeedsAccount, true), []goal{f1Of(0.85)}},
	{"shipped: human, en", posts("en", triage.Human, false), []goal{f1Of(0.95)}},
	{"shipped: human, vi", posts("vi", triage.Human, false), []goal{f1Of(0.95)}},
	{"shipped: human, vi, no marks", posts("vi", triage.Human, true), []goal{f1Of(0.95)}},
	{"learner: airline, 50 corrections", corrected("airline", "negative", 50), []goal{macroF1(0.68)}},
	{"learner: airline, 200 corrections", corrected("airline", "negative", 200), []goal{macroF1(0.73)}},
	{"learner: vi phone reviews, 200 corrections", corrected("vi-visfd", "complaint", 200), []goal{macroF1(0.85)}},
	{"learner: topics, keywords and 5 examples", topics(5), []goal{{name: "mean AUC", metric: eachAUC, goal: 0.97}, calibration(0.02)}},
	{"learner: bank intents, 5 examples, unlabelled", intents("banking77/train_5shot.csv", true), []goal{accuracy(0.765)}},
	{"learner: bank intents, 10 examples", intents("banking77/train_10shot.csv", false), []goal{accuracy(0.83)}},
	{"learner: bank intents, 10 examples, unlabelled", intents("banking77/train_10shot.csv", true), []goal{accuracy(0.83)}},
	{"learner: bank intents, all", intents("banking77/train.csv", false), []goal{accuracy(0.925)}},
	{"learner: tweets' emotions, anger", trained("tweeteval-emotion", "anger", false), []goal{macroF1(0.77), f1Of(0.85), auc(0.95), calibration(0.02)}},
	{"learner: airline, negative", trained("airline", "negative", false), []goal{accuracy(0.845), macroF1(0.795), auc(0.945), calibration(0.02)}},
	{"learner: airline, all texts in turn", inTurn("airline", "negative"), []goal{accuracy(0.845), macroF1(0.795), auc(0.945), calibration(0.02)}},
	{"learner: vi comments", trained("vi-vsmec", "Anger", false), []goal{weightedF1(0.658)}},
	{"learner: vi comments, no marks", trained("vi-vsmec", "Anger", true), []goal{weightedF1(0.63)}},
	{"learner: vi phone reviews, complaint", trained("vi-visfd", "complaint", false), []goal{macroF1(0.90), calibration(0.02)}},
	{"learner: vi phone reviews, all texts in turn", inTurn("vi-visfd", "complaint"), []goal{macroF1(0.90), calibration(0.02)}},
	{"learner: vi phone reviews, no marks", trained("vi-visfd", "complaint", true), []goal{macroF1(0.895)}},
}

// shipped judges with what the binary contains.
func shipped(set, label string, head triage.Head, stripped bool) func(data) ([]learner.Judged, error) {
	return func(d data) ([]learner.Judged, error) {
		rows, err := d.examples("measure/" + set + "/dev.csv")
		if err != nil {
			return nil, err
		}
		scorer := triage.New(nil)
		judged := make([]learner.Judged, len(rows))
		for i, row := range rows {
			text := triage.Clean(row.Text)
			if stripped {
				text = triage.Strip(text)
			}
			score := scorer.Score(text)
			judged[i] = learner.Judged{P: float64(score.Of(head)), Is: row.Label == label}
		}
		return judged, nil
	}
}

// enough texts in the part for choosing keep a figure steady; with fewer, all texts of both parts take turns.
const enough = 1000

// taught is what was learned from some texts, and others to ask it about.
type taught struct {
	classifier *learner.Classifier
	asked      []learner.Example
}

// lessons remembers what was learned of each set: with and without marks it is the same.
var lessons = map[string][]taught{}

// learn learns a set from its examples, in five parts in turn always or where there are few to ask about.
func (d data) learn(set string, always bool) ([]taught, error) {
	key := fmt.Sprint(set, always)
	if done := lessons[key]; done != nil {
		return done, nil
	}
	train, err := d.examples("measure/" + set + "/train.csv")
	if err != nil {
		return nil, err
	}
	asked, err := d.examples("measure/" + set + "/dev.csv")
	if err != nil {
		return nil, err
	}
	parts := [][2][]learner.Example{{train, asked}}
	if always || len(asked) < enough {
		parts = make([][2][]learner.Example, 5)
		for _, e := range slices.Concat(train, asked) {
			own := int(hash(e) % uint64(len(parts)))
			for i := range parts {
				side := 0
				if i == own {
					side = 1
				}
				parts[i][side] = append(parts[i][side], e)
			}
		}
	}
	for _, part := range parts {
		c, err := triage.Learn(triage.Teaching{Examples: part[0]})
		if err != nil {
			return nil, err
		}
		lessons[key] = append(lessons[key], taught{c, part[1]})
	}
	return lessons[key], nil
}

// trained judges with what was learned from a set's examples.
func trained(set, label string, stripped bool) func(data) ([]learner.Judged, error) {
	return asked(set, label, stripped, false)
}

// inTurn judges all texts of a set, by what was learned from four fifths of the others: a part that was kept apart by lot may
// be harder than the rest, and how probable something is shows in many texts only.
func inTurn(set, label string) func(data) ([]learner.Judged, error) {
	return asked(set, label, false, true)
}

func asked(set, label string, stripped, always bool) func(data) ([]learner.Judged, error) {
	return func(d data) ([]learner.Judged, error) {
		parts, err := d.learn(set, always)
		if err != nil {
			return nil, err
		}
		var judged []learner.Judged
		for _, part := range parts {
			judged = append(judged, judge(part.classifier, part.asked, label, stripped)...)
		}
		return judged, nil
	}
}

// corrected judges with what was learned from a few examples, three times.
func corrected(set, label string, count int) func(data) ([]learner.Judged, error) {
	return func(d data) ([]learner.Judged, error) {
		train, err := d.examples("measure/" + set + "/train.csv")
		if err != nil {
			return nil, err
		}
		dev, err := d.examples("measure/" + set + "/dev.csv")
		if err != nil {
			return nil, err
		}
		shuffled(train)
		var judged []learner.Judged
		for draw := range 3 {
			c, err := triage.Learn(triage.Teaching{Examples: train[draw*count : (draw+1)*count]})
			if err != nil {
				return nil, err
			}
			judged = append(judged, judge(c, dev, label, false)...)
		}
		return judged, nil
	}
}

// intents judges intents, which have many labels; none matters more than others.
func intents(file string, unlabelled bool) func(data) ([]learner.Judged, error) {
	return func(d data) ([]learner.Judged, error) {
		train, err := d.examples("train/" + file)
		if err != nil {
			return nil, err
		}
		dev, err := d.examples("train/banking77/dev.csv")
		if err != nil {
			return nil, err
		}
		t := triage.Teaching{Examples: train}
		if unlabelled {
			pool, err := d.examples("train/banking77/train.csv")
			if err != nil {
				return nil, err
			}
			for _, e := range pool {
				t.Unlabelled = append(t.Unlabelled, e.Text)
			}
		}
		c, err := triage.Learn(t)
		if err != nil {
			return nil, err
		}
		return judge(c, dev, "", false), nil
	}
}

// judge asks about texts. A label has another index in what was learned from other texts, so truths are counted by names.
func judge(c *learner.Classifier, asked []learner.Example, label string, stripped bool) []learner.Judged {
	names := slices.Sorted(slices.Values(c.Labels))
	matters := slices.Index(c.Labels, label)
	judged := make([]learner.Judged, len(asked))
	for i, e := range asked {
		text := triage.Clean(e.Text)
		if stripped {
			text = triage.Strip(text)
		}
		p := c.Probabilities(text)
		judged[i] = learner.Judged{Truth: slices.Index(names, e.Label), Said: slices.Index(names, c.Labels[c.Choose(p)]), Is: e.Label == label}
		if matters >= 0 {
			judged[i].P = p[matters]
		}
	}
	return judged
}

// shuffled puts examples into an order that has nothing to do with where they stood.
func shuffled(examples []learner.Example) {
	slices.SortStableFunc(examples, func(a, b learner.Example) int { return cmp.Compare(hash(a), hash(b)) })
}

func hash(e learner.Example) uint64 {
	h := fnv.New64a()
	h.Write([]byte("corrections:" + e.Text))
	return h.Sum64()
}

// table reads a CSV file.
func (d data) table(file string) ([][]string, error) {
	f, err := os.Open(d.path(file))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is absent", file)
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return rows, nil
}

// examples reads a CSV file with the columns text and label.
func (d data) examples(file string) ([]learner.Example, error) {
	rows, err := d.table(file)
	if err != nil {
		return nil, err
	}
	text, label := slices.Index(rows[0], "text"), slices.Index(rows[0], "label")
	if text < 0 || label < 0 {
		return nil, fmt.Errorf("%s has no columns text and label", file)
	}
	examples := make([]learner.Example, 0, len(rows)-1)
	for _, row := range rows[1:] {
		examples = append(examples, learner.Example{Text: row[text], Label: row[label]})
	}
	return examples, nil
}
