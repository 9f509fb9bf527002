package main

import (
	"slices"
	"strings"

	"github.com/kith-social/kith/triage"
	"github.com/kith-social/kith/triage/learner"
)

// kept judges the posts of the recipe's largest input that the recipe keeps from the heads, by the emotions that it reads as
// the head.
func kept(head triage.Head) func(data) ([]learner.Judged, error) {
	emotions := []string{"anger", "annoyance"}
	if head == triage.Negative {
		emotions = append(emotions, "disappointment", "disapproval", "disgust", "embarrassment", "sadness", "grief")
	}
	return func(d data) ([]learner.Judged, error) {
		rows, err := d.table("train/goemotions/dev.csv")
		if err != nil {
			return nil, err
		}
		scorer := triage.New(nil)
		var judged []learner.Judged
		for _, row := range rows[1:] {
			score := scorer.Score(triage.Clean(row[0]))
			is := slices.ContainsFunc(strings.Split(row[1], "|"), func(e string) bool { return slices.Contains(emotions, e) })
			judged = append(judged, learner.Judged{P: float64(score.Of(head)), Is: is})
		}
		return judged, nil
	}
}

// draws is how often corrections are drawn.
const draws = 3

// layered judges with the layer of a brand that has corrected a number of texts, three times: what a brand sees. Truth is the
// draw.
func layered(set, label string, head triage.Head, count int) func(data) ([]learner.Judged, error) {
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
		for draw := range draws {
			lesson := triage.Lesson{Head: head}
			for _, e := range train[draw*count : (draw+1)*count] {
				lesson.Taught = append(lesson.Taught, triage.Taught{Text: triage.Clean(e.Text), Is: e.Label == label})
			}
			scorer := triage.New(nil)
			if packed, _ := triage.LearnLayer(nil, []triage.Lesson{lesson}); packed != nil {
				layer, err := triage.ReadLayer(packed)
				if err != nil {
					return nil, err
				}
				scorer = scorer.With(layer)
			}
			for _, e := range dev {
				score := scorer.Score(triage.Clean(e.Text))
				judged = append(judged, learner.Judged{Truth: draw, P: float64(score.Of(head)), Is: e.Label == label})
			}
		}
		return judged, nil
	}
}

// ofDraws is the mean of a metric over the draws.
func ofDraws(metric learner.Metric) learner.Metric {
	return func(judged []learner.Judged) float64 {
		parts := make([][]learner.Judged, draws)
		for _, j := range judged {
			parts[j.Truth] = append(parts[j.Truth], j)
		}
		sum := 0.0
		for _, part := range parts {
			sum += metric(part) / draws
		}
		return sum
	}
}

func eachECE(g float64) goal {
	return goal{name: "mean ECE", metric: ofDraws(learner.CalibrationError), chance: ofDraws(learner.CalibrationNoise), goal: g, most: true}
}

func eachDraw(g float64) goal { return goal{name: "mean AUC", metric: ofDraws(learner.AUC), goal: g} }
