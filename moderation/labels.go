package moderation

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// Label is what somebody said of a mention, as to one head. Labels are only added: of a mention and head
// the latest counts.
type Label struct {
	bun.BaseModel `bun:"table:labels,alias:l"`

	ID             int64 `bun:",pk,autoincrement"`
	BrandID        int64
	MentionID      int64
	MemberID       int64
	Head           triage.Head // or AboutTopic
	TopicID        int64       // of AboutTopic; 0: about none of them
	Yes            bool
	Predicted      float64 // the probability that the product had given, before anybody said anything
	PredictedTopic int64
	Source         Source
	CreatedAt      clock.Time
}

// AboutTopic is what a label is about that names a topic.
const AboutTopic triage.Head = "topic"

// Source is where somebody was asked, or not.
type Source string

// The sources of labels.
const (
	FromCase   Source = "case"   // nobody asked: they saw it and said so
	FromRandom Source = "random" // drawn by lot
	FromUnsure Source = "unsure" // drawn because triage was not sure
)

// Said is one thing that somebody says of a mention.
type Said struct {
	Head  triage.Head
	Topic int64 // with AboutTopic; 0 says that it is about none
	Yes   bool
}

// learnAfter is how many labels are enough to learn anew, and what a few wait for at most.
const (
	learnAfter  = 10
	learnSoon   = 2 * time.Second // more may follow at once
	learnLatest = time.Hour
)

// Correct stores what a member says of a mention. It outranks what triage thinks of the mention from now
// on; what employees say also decides about its case.
func (in *Intake) Correct(ctx context.Context, tx listeners.Tx, m *community.Member, mentionID int64, source Source, all []Said) error {
	mentions, err := listeners.FindMentions(ctx, tx, []int64{mentionID})
	if err != nil {
		return err
	}
	mention, c, err := labelled(ctx, tx, m, mentions, mentionID)
	if err != nil {
		return err
	}
	topics, err := community.Topics(ctx, tx, m.BrandID)
	if err != nil {
		return err
	}
	var score triage.Score
	if err := json.Unmarshal([]byte(mention.Score), &score); err != nil {
		return fmt.Errorf("read the score of mention %d: %w", mentionID, err)
	}
	before, err := labelsOf(ctx, tx, mentionID)
	if err != nil {
		return err
	}
	predicted := score
	if len(before) > 0 { // what is stored has been corrected
		brand, err := in.ready(ctx, tx, m.BrandID)
		if err != nil {
			return err
		}
		predicted = brand.scorer.Score(mention.Text)
	}
	var lane community.Lane
	var topic *int64
	for _, said := range all {
		l := Label{
			BrandID: m.BrandID, MentionID: mentionID, MemberID: m.ID, Head: said.Head, TopicID: said.Topic, Yes: said.Yes || said.Head == AboutTopic,
			Source: source, CreatedAt: tx.Now(),
		}
		if err := l.say(&score, &predicted, topics, before[said.Head]); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&l).Exec(ctx); err != nil {
			return fmt.Errorf("label mention %d: %w", mentionID, err)
		}
		switch {
		case said.Head == AboutTopic:
			topic = &l.TopicID
		case said.Head == triage.Staff && said.Yes:
			lane = community.Staff
		case said.Head == triage.Staff:
			lane = community.Community
		}
		if err := community.RecordLabel(ctx, tx, m, &c, string(said.Head), l.said()); err != nil {
			return err
		}
	}
	if err := waitToLearn(ctx, tx, m.BrandID, len(all)); err != nil {
		return err
	}
	score.Rank()
	text, err := json.Marshal(score)
	if err != nil {
		return fmt.Errorf("score mention %d: %w", mentionID, err)
	}
	if err := listeners.Rescore(ctx, tx, mentionID, string(text)); err != nil {
		return err
	}
	return in.rejudge(ctx, tx, m, &mention, score, lane, topic)
}

// labelled reads a mention that the member may label, and its case.
func labelled(ctx context.Context, tx listeners.Tx, m *community.Member, mentions map[int64]listeners.Mention, id int64) (listeners.Mention, community.Case, error) {
	mention := mentions[id]
	c, err := community.FindCase(ctx, tx, m, mention.CaseID)
	if err != nil {
		return mention, c, err
	}
	if mention.Ours || mention.GoneAt != 0 || !m.MayCorrect(&c) {
		return mention, c, community.ErrNotAllowed
	}
	return mention, c, nil
}

// say changes a score by what the label says, and notes what triage had predicted.
func (l *Label) say(score, predicted *triage.Score, topics []community.Topic, before *Label) error {
	if l.Head == AboutTopic {
		for _, t := range topics {
			if len(predicted.Topics) > 0 && t.Name == predicted.Topics[0].Name {
				l.PredictedTopic, l.Predicted = t.ID, predicted.Topics[0].P
			}
		}
		found := l.TopicID == community.OtherTopic
		score.Topics = nil
		for _, t := range topics {
			if t.ID == l.TopicID {
				found, score.Topics = true, []triage.TopicScore{{ID: t.ID, Name: t.Name, P: 1}}
			}
		}
		if !found {
			return &community.Invalid{Field: "topic", Sentence: "choose one of the brand's topics"}
		}
	} else {
		if !Correctable(l.Head) {
			return &community.Invalid{Field: "head", Sentence: "this cannot be corrected"}
		}
		l.Predicted = float64(predicted.Of(l.Head))
		score.Correct(l.Head, l.Yes)
	}
	if before != nil {
		l.Predicted, l.PredictedTopic = before.Predicted, before.PredictedTopic
	}
	return nil
}

// said is the label as the history keeps it.
func (l *Label) said() string {
	switch {
	case l.Head == AboutTopic:
		return strconv.FormatInt(l.TopicID, 10)
	case l.Yes:
		return "yes"
	}
	return "no"
}

// CorrectableHeads are what people can say of a mention, those first that they say most.
var CorrectableHeads = []triage.Head{
	triage.Anger, triage.Question, triage.Staff, triage.Spam, triage.Complaint, triage.NeedsAccount, triage.Human, triage.Risk, triage.Praise, triage.Negative,
}

// Correctable tells whether people can say whether a mention carries a head. An opt-out is not taken back
// by somebody else's opinion.
func Correctable(h triage.Head) bool {
	for _, known := range CorrectableHeads {
		if h == known {
			return true
		}
	}
	return false
}

// rejudge lets an employee's word decide about the case of a mention.
func (in *Intake) rejudge(ctx context.Context, tx listeners.Tx, m *community.Member, mention *listeners.Mention, score triage.Score, lane community.Lane, topic *int64) error {
	if !m.Role.Employee() {
		return nil
	}
	said, err := labelsOf(ctx, tx, mention.ID)
	if err != nil {
		return err
	}
	if l := said[triage.Staff]; lane == "" && l != nil { // somebody has said so before
		if lane = community.Community; l.Yes {
			lane = community.Staff
		}
	}
	ruled, err := rulesOf(ctx, tx, m.BrandID, in.Rules)
	if err != nil {
		return err
	}
	facts, err := in.factsOf(ctx, tx, ruled, mention)
	if err != nil {
		return err
	}
	facts.Score = score
	decided := judged{Score: score, Decision: ruled.Decide(&facts)}
	if lane != "" && decided.Lane != community.None && decided.Rule != "private" {
		decided.Lane, decided.Rule, decided.Overflow = lane, community.LaneCorrected, ""
	}
	return community.Rejudge(ctx, tx, m, decided.incoming(mention, false), topic)
}

// labelsOf reads the labels that count of a mention, by head.
func labelsOf(ctx context.Context, db bun.IDB, mentionID int64) (map[triage.Head]*Label, error) {
	var all []*Label
	if err := db.NewSelect().Model(&all).Where("l.mention_id = ?", mentionID).Order("l.head", "l.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the labels of mention %d: %w", mentionID, err)
	}
	latest := make(map[triage.Head]*Label, len(all))
	for _, l := range all {
		latest[l.Head] = l
	}
	return latest, nil
}

// LabelsOf reads what people have said of a mention, by head.
func LabelsOf(ctx context.Context, db bun.IDB, m *community.Member, mentionID int64) (map[triage.Head]*Label, error) {
	all, err := labelsOf(ctx, db, mentionID)
	for head, l := range all {
		if l.BrandID != m.BrandID {
			delete(all, head)
		}
	}
	return all, err
}
