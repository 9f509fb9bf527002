package server_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/servertest"
)

// A running product learns by itself, a moment after what may teach has come in: once, and again only when there is more.
func TestTheProductLearnsWithoutBeingAsked(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		admin := &community.Member{
			ID: int64(w.Count("SELECT id FROM members WHERE public_name = 'minh'")), Role: community.Admin,
			BrandID: int64(w.Count("SELECT brand_id FROM members WHERE public_name = 'minh'")),
		}
		teach := func(name, about string) {
			w.Write(func(ctx context.Context, tx listeners.Tx) error {
				topic := community.Topic{Name: name}
				for i := range 15 {
					topic.Examples = append(topic.Examples, fmt.Sprintf("%s %s, case %d", about, []string{"again", "since Monday", "at home"}[i%3], i))
				}
				_, err := moderation.SaveTopic(ctx, tx, admin, topic)
				return err
			})
		}
		versions := func() int { return w.Count("SELECT COUNT(*) FROM layers WHERE packed IS NOT NULL") }
		waiting := func() int { return w.Count("SELECT COUNT(*) FROM learning WHERE due_at IS NOT NULL") }

		teach("Burrs", "the burr of my grinder squeaks")
		teach("Kettles", "the kettle does not get hot")
		if waiting() != 1 {
			t.Fatal("nothing is due after topics with examples were stored")
		}
		w.Advance(time.Minute)
		w.Wait(servertest.Soon, "the sweep learns nothing", func() bool { return waiting() == 0 })
		if got := versions(); got != 1 {
			t.Fatalf("there are %d versions, want one", got)
		}

		w.Advance(time.Hour)
		w.Restart() // every sweep runs at once
		w.Advance(time.Hour)
		teach("Cups", "the cup has a crack in it")
		w.Advance(time.Minute)
		w.Wait(servertest.Soon, "the sweep does not learn what came later", func() bool { return waiting() == 0 })
		if got := versions(); got > 2 {
			t.Errorf("there are %d versions, want no more than one for each time something came in", got)
		}
	})
}
