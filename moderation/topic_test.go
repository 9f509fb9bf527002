package moderation_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// A deleted topic is gone for what waits, and stays with what has ended and with who knows it; its name brings it back.
func TestADeletedTopic(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		admin := *s.people["minh"]
		admin.Role = community.Admin
		as := func(m *community.Member, do func(ctx context.Context, tx listeners.Tx, m *community.Member) error) error {
			defer s.intake.Forget(s.brand.ID)
			return s.try(func(ctx context.Context, tx listeners.Tx) error { return do(ctx, tx, m) })
		}
		var topic community.Topic
		save := func(ctx context.Context, tx listeners.Tx, m *community.Member) (err error) {
			topic, err = moderation.SaveTopic(ctx, tx, m, community.Topic{Name: "Máy xay", Keywords: []string{"máy xay"}})
			return err
		}
		remove := func(ctx context.Context, tx listeners.Tx, m *community.Member) error {
			return moderation.DeleteTopic(ctx, tx, m, topic.ID)
		}
		if err := as(&admin, save); err != nil {
			t.Fatal(err)
		}
		const text = "máy xay kêu to, chỉnh sao vậy shop?"
		waits, ended := s.wonders(text), s.caseOf(s.writes("lananh", text, ""))
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewRaw("UPDATE cases SET state = 'closed' WHERE id = ?", ended.ID).Exec(ctx)
			return err
		})
		if waits.TopicID != topic.ID {
			t.Fatalf("the post is about %d, want %d", waits.TopicID, topic.ID)
		}
		if err := as(s.people["minh"], remove); !errors.Is(err, community.ErrNotAllowed) {
			t.Errorf("a moderator deletes a topic: %v", err)
		}
		first := topic.ID
		if err := as(&admin, remove); err != nil {
			t.Fatal(err)
		}
		if err := as(&admin, remove); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("it is deleted twice: %v", err)
		}
		if s.now(waits).TopicID != community.OtherTopic || s.now(ended).TopicID != first {
			t.Errorf("what waits is about %d, what has ended about %d", s.now(waits).TopicID, s.now(ended).TopicID)
		}
		if c := s.wonders(text); c.TopicID != community.OtherTopic {
			t.Errorf("a new post is about the deleted topic %d", c.TopicID)
		}
		named := func(read func(context.Context, listeners.Tx) ([]community.Topic, error)) (found bool) {
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				all, err := read(ctx, tx)
				found = slices.ContainsFunc(all, func(t community.Topic) bool { return t.ID == first })
				return err
			})
			return found
		}
		now := func(ctx context.Context, tx listeners.Tx) ([]community.Topic, error) {
			return community.Topics(ctx, tx, s.brand.ID)
		}
		ever := func(ctx context.Context, tx listeners.Tx) ([]community.Topic, error) {
			return community.EveryTopic(ctx, tx, s.brand.ID)
		}
		if named(now) || !named(ever) {
			t.Errorf("the deleted topic is named %v, was ever %v", named(now), named(ever))
		}
		s.clock.Advance(time.Minute)
		s.writes("lananh", "shop ơi, vẫn chưa chỉnh được ạ, giờ làm sao?", ended.ThreadKey)
		if c := s.now(ended); c.State != community.Open || c.TopicID != community.OtherTopic {
			t.Errorf("a case that waits again is %s and about the deleted topic %d", c.State, c.TopicID)
		}
		if err := as(&admin, save); err != nil || topic.ID != first || !named(now) {
			t.Errorf("a new topic of its name is %d (%v), want %d again", topic.ID, err, first)
		}
		if c := s.wonders(text); c.TopicID != first {
			t.Errorf("a new post is about %d, want %d again", c.TopicID, first)
		}
	})
}
