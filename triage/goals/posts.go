package main

import (
	"regexp"
	"slices"

	"github.com/kith-social/kith/triage"
	"github.com/kith-social/kith/triage/golden"
	"github.com/kith-social/kith/triage/learner"
)

// posts judges the held half of the golden set of posts, which was written here.
func posts(language string, head triage.Head, stripped bool) func(data) ([]learner.Judged, error) {
	return func(data) ([]learner.Judged, error) {
		texts, err := golden.Read("triage/testdata/golden/posts.tsv")
		if err != nil {
			return nil, err
		}
		scorer := triage.New(nil)
		var judged []learner.Judged
		for _, t := range texts {
			if t.Half != golden.Held || t.Language != language {
				continue
			}
			said := t.Said()
			if stripped {
				said = triage.Strip(said)
			}
			score := scorer.Score(said)
			judged = append(judged, learner.Judged{P: float64(score.Of(head)), Is: t.Has(string(head))})
		}
		return judged, nil
	}
}

// regretted judges complaints in real conversations that nobody labelled: what customers began with counts as a complaint
// where the brand's first answer regrets something, which it sometimes does for no reason and sometimes does not.
func regretted(d data) ([]learner.Judged, error) {
	rows, err := d.table("measure/twcs-sample/threads.csv")
	if err != nil {
		return nil, err
	}
	first := map[string]string{} // answers, by what they answer
	at := func(row []string, name string) string { return row[slices.Index(rows[0], name)] }
	for _, row := range rows[1:] {
		if to := at(row, "in_response_to_tweet_id"); at(row, "inbound") == "False" && first[to] == "" {
			first[to] = at(row, "text")
		}
	}
	regrets := regexp.MustCompile(`(?i)\b(sorry|apolog\w*|regret|frustrat\w*|not the experience)\b`)
	scorer := triage.New(nil)
	var judged []learner.Judged
	for _, row := range rows[1:] {
		said, answered := first[at(row, "tweet_id")]
		if at(row, "inbound") != "True" || at(row, "in_response_to_tweet_id") != "" || !answered {
			continue
		}
		score := scorer.Score(triage.Clean(at(row, "text")))
		judged = append(judged, learner.Judged{P: float64(score.Of(triage.Complaint)), Is: regrets.MatchString(said)})
	}
	return judged, nil
}
