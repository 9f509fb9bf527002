package triage

import (
	"math"

	"github.com/kith-social/kith/triage/learner"
	"github.com/kith-social/kith/triage/weights"
)

// What of the shipped weights a learner sees, beside the text itself.
const (
	ofEmotion = iota + 100
	ofShipped
	ofMeaning
)

// informed reads the features of a text and what the shipped weights know of it.
func informed(text string, to []learner.Feature) []learner.Feature {
	r := readings.Get().(*reading)
	defer readings.Put(r)
	r.split(text)
	lang := r.recognise(heart())
	r.weigh(heart(), lang)
	to = r.features(text, to, false)
	r.look(text)
	heads := r.judge()
	emotions := weights.Emotions()
	margins := make([]float64, emotions.Count)
	emotions.Margins(emotions.See(to, nil), margins)
	var meaning []float32
	if lang != Vietnamese { // the vectors are those of English words, some of which look like Vietnamese ones
		meaning = meant(to)
	}
	for i, m := range margins {
		to = append(to, fact(ofEmotion, i, learner.Sign, float32(max(-2, min(2, (emotions.Bias(i)+m)/2)))))
	}
	for i, m := range heads {
		to = append(to, fact(ofShipped, i, learner.Sign, float32(max(-2, min(2, m/2)))))
	}
	for i, m := range meaning {
		to = append(to, fact(ofMeaning, i, learner.Meaning, m))
	}
	return to
}

func fact(what uint64, i int, kind learner.Kind, value float32) learner.Feature {
	return learner.Feature{ID: mix(mix(hashOffset, what), uint64(i)), Kind: kind, Value: value}
}

// meant pools the vectors of a text's words: their mean, and the largest and smallest number of each place.
func meant(features []learner.Feature) []float32 {
	vectors := weights.Words()
	n := vectors.Size
	pooled, one := make([]float32, 3*n), make([]float32, n)
	mean, high, low := pooled[:n], pooled[n:2*n], pooled[2*n:]
	words := float32(0)
	for _, f := range features {
		if f.Kind != learner.Word || !vectors.Find(f.ID, one) {
			continue
		}
		for i, v := range one {
			mean[i] += v
			high[i], low[i] = max(high[i], v), min(low[i], v)
		}
		words++
	}
	if words == 0 {
		return nil
	}
	length := float32(0)
	for i := range mean {
		mean[i] /= words
		length += mean[i] * mean[i]
	}
	length = float32(math.Sqrt(float64(length)))
	for i := range mean {
		mean[i] *= 2 / max(length, 1e-6)
	}
	return pooled
}
