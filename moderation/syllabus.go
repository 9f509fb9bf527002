package moderation

import (
	"context"
	"fmt"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// What is read to learn from, at most.
const (
	mostLabels = 20_000
	mostPast   = 400 // past mentions, whose topics are concluded from keywords
)

// syllabus is what a brand can learn from.
type syllabus struct {
	topics  []triage.Topic
	lessons []triage.Lesson
	labels  int
	last    int64
}

// labelledText is a label that counts with the text it is about.
type labelledText struct {
	ID        int64
	MentionID int64
	Head      triage.Head
	TopicID   int64
	Yes       bool
	Text      string
}

// syllabus reads the labels that count and may teach, and the topics' examples.
func (in *Intake) syllabus(ctx context.Context, brandID int64) (s syllabus, err error) {
	var topics []community.Topic
	if topics, err = community.Topics(ctx, in.Read, brandID); err != nil {
		return s, err
	}
	s.topics = topicsOf(topics)
	may, err := in.MayTeach(ctx, in.Read, brandID)
	if err != nil {
		return s, err
	}
	all, err := in.labelled(ctx, in.Read, brandID, may)
	if err != nil {
		return s, err
	}
	if s.last, err = lastLabel(ctx, in.Read, brandID); err != nil {
		return s, err
	}
	force, _, err := speaking(ctx, in.Read, brandID)
	if err != nil {
		return s, err
	}
	lessons := map[triage.Head][]triage.Taught{}
	var about []labelledText
	known := map[int64]bool{}
	for _, l := range all {
		known[l.MentionID] = true
		s.labels++
		if l.Head == AboutTopic {
			about = append(about, l)
			continue
		}
		lessons[l.Head] = append(lessons[l.Head], triage.Taught{Text: l.Text, Is: l.Yes, Old: force.knows(l.Head, 0) && l.ID <= force.LastLabel})
	}
	for _, h := range CorrectableHeads {
		if len(lessons[h]) > 0 {
			s.lessons = append(s.lessons, triage.Lesson{Head: h, Taught: lessons[h]})
		}
	}
	ofTopics, err := in.topicLessons(ctx, brandID, topics, about, may, known, &force)
	s.lessons = append(s.lessons, ofTopics...)
	return s, err
}

// labelled reads the labels that count and may teach, newest first.
func (in *Intake) labelled(ctx context.Context, db bun.IDB, brandID int64, may map[int64]bool) ([]labelledText, error) {
	allowed := allowedOf(may)
	if len(allowed) == 0 {
		return nil, nil
	}
	var all []labelledText
	err := db.NewSelect().TableExpr("labels AS l").ColumnExpr("l.id, l.mention_id, l.head, l.topic_id, l.yes, m.text").
		Join("JOIN mentions AS m ON m.id = l.mention_id AND m.gone_at IS NULL").
		Where("l.brand_id = ? AND m.connection_id IN (?)", brandID, bun.List(allowed)).
		Where("NOT EXISTS (SELECT 1 FROM labels AS later WHERE later.mention_id = l.mention_id AND later.head = l.head AND later.id > l.id)").
		OrderExpr("l.id DESC").Limit(mostLabels).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("read the labels of brand %d: %w", brandID, err)
	}
	return all, nil
}

// lastLabel is the id of a brand's newest label; 0 if there is none.
func lastLabel(ctx context.Context, db bun.IDB, brandID int64) (last int64, err error) {
	err = db.NewSelect().Model((*Label)(nil)).ColumnExpr("COALESCE(MAX(l.id), 0)").Where("l.brand_id = ?", brandID).Scan(ctx, &last)
	if err != nil {
		return 0, fmt.Errorf("find the newest label of brand %d: %w", brandID, err)
	}
	return last, nil
}

// topicLessons are what labels, examples and past mentions say of each topic. Past mentions, of which no
// person has said anything, count as what their keywords say, and only a little. Since when an example has been there is
// not known: where the layer in force knows the topic, it is taken to have learned from it.
func (in *Intake) topicLessons(ctx context.Context, brandID int64, topics []community.Topic, about []labelledText, may, known map[int64]bool, force *Layer) ([]triage.Lesson, error) {
	byTopic := make([]triage.Lesson, len(topics))
	people := false
	for i, t := range topics {
		byTopic[i].Topic = t.ID
		old := force.knows("", t.ID)
		for _, l := range about {
			byTopic[i].Taught = append(byTopic[i].Taught, triage.Taught{Text: l.Text, Is: l.TopicID == t.ID, Old: old && l.ID <= force.LastLabel})
		}
		for _, other := range topics {
			for _, example := range other.Examples {
				byTopic[i].Taught = append(byTopic[i].Taught, triage.Taught{Text: example, Is: other.ID == t.ID, Old: old})
			}
		}
		people = people || len(byTopic[i].Taught) >= triage.EnoughTopic
	}
	if !people {
		return nil, nil
	}
	past, err := in.past(ctx, brandID, may)
	if err != nil {
		return nil, err
	}
	keywords := triage.New(topicsOf(topics))
	for _, m := range past {
		if known[m.ID] {
			continue
		}
		found := map[int64]bool{}
		for _, t := range keywords.Score(m.Text).Topics {
			found[t.ID] = true
		}
		for i, t := range topics {
			byTopic[i].Taught = append(byTopic[i].Taught, triage.Taught{Text: m.Text, Is: found[t.ID], Weak: true})
		}
	}
	return byTopic, nil
}

// past reads what customers wrote lately where learning is allowed, newest first.
func (in *Intake) past(ctx context.Context, brandID int64, may map[int64]bool) ([]listeners.Mention, error) {
	allowed := allowedOf(may)
	if len(allowed) == 0 {
		return nil, nil
	}
	last, err := latestHeard(ctx, in.Read, brandID)
	if err != nil || last == 0 {
		return nil, err
	}
	var all []listeners.Mention
	err = in.Read.NewSelect().Model(&all).Column("m.id", "m.text").
		Where("m.id > ? AND m.id <= ? AND m.brand_id = ? AND NOT m.ours AND m.gone_at IS NULL", last-pastWithin, last, brandID).
		Where("m.connection_id IN (?)", bun.List(allowed)).Order("m.id DESC").Limit(mostPast).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what brand %d heard lately: %w", brandID, err)
	}
	return all, nil
}

// pastWithin bounds how many mentions of all brands are looked at to find those of one.
const pastWithin = 20_000

// MayTeach tells of each connection of a brand whether its mentions may teach: some networks forbid it, and
// what is heard there measures only. A connection to a host of one's own, such as the sandbox or a forum that
// the brand runs, may say otherwise with the setting "training", which is "allowed" then.
func (in *Intake) MayTeach(ctx context.Context, db bun.IDB, brandID int64) (map[int64]bool, error) {
	all, err := listeners.Connections(ctx, db, brandID)
	if err != nil {
		return nil, err
	}
	may := make(map[int64]bool, len(all))
	for _, c := range all {
		own := c.Settings["host"] != "" && c.Settings["training"] == "allowed"
		may[c.ID] = own || in.Network == nil || !in.Network(c.Network).Policy.NoTraining
	}
	return may, nil
}

func topicsOf(topics []community.Topic) []triage.Topic {
	wanted := make([]triage.Topic, len(topics))
	for i, t := range topics {
		wanted[i] = triage.Topic{ID: t.ID, Name: t.Name, Keywords: t.Keywords, Examples: t.Examples}
	}
	return wanted
}

// allowedOf are the connections whose mentions may teach.
func allowedOf(may map[int64]bool) (allowed []int64) {
	for id, ok := range may {
		if ok {
			allowed = append(allowed, id)
		}
	}
	return allowed
}
