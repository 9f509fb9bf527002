package moderation

import (
	"context"
	"slices"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// SaveTopic stores a topic, and lets what comes in from now on be read by it. Its examples teach.
func SaveTopic(ctx context.Context, tx listeners.Tx, m *community.Member, t community.Topic) (community.Topic, error) {
	t, err := community.SaveTopic(ctx, tx, m, t)
	if err != nil {
		return t, err
	}
	if err := waitToLearn(ctx, tx, m.BrandID, learnAfter); err != nil {
		return t, err
	}
	return t, scoreAnew(ctx, tx, m.BrandID)
}

// DeleteTopic takes a topic away, and lets what comes in from now on be read without it.
func DeleteTopic(ctx context.Context, tx listeners.Tx, m *community.Member, id int64) error {
	if err := community.DeleteTopic(ctx, tx, m, id); err != nil {
		return err
	}
	return scoreAnew(ctx, tx, m.BrandID)
}

// mostSuggested is how many keywords are suggested for a topic.
const mostSuggested = 12

// SuggestKeywords finds words that texts about a topic have: its examples, mentions that people said are about
// it, and past ones that its keywords find.
func (in *Intake) SuggestKeywords(ctx context.Context, db bun.IDB, brandID int64, topic community.Topic) ([]string, error) {
	may, err := in.MayTeach(ctx, db, brandID)
	if err != nil {
		return nil, err
	}
	past, err := in.past(ctx, brandID, may)
	if err != nil {
		return nil, err
	}
	var said []labelledText
	said, err = in.labelled(ctx, db, brandID, may)
	if err != nil {
		return nil, err
	}
	about, others := slices.Clone(topic.Examples), []string(nil)
	for _, l := range said {
		switch {
		case l.Head != AboutTopic:
		case l.TopicID == topic.ID:
			about = append(about, l.Text)
		default:
			others = append(others, l.Text)
		}
	}
	wanted := triage.Topic{ID: topic.ID, Name: topic.Name, Keywords: topic.Keywords}
	scorer := triage.New([]triage.Topic{wanted})
	for _, m := range past {
		if len(scorer.Score(m.Text).Topics) > 0 {
			about = append(about, m.Text)
		} else {
			others = append(others, m.Text)
		}
	}
	return triage.SuggestKeywords(wanted, about, others, mostSuggested), nil
}
