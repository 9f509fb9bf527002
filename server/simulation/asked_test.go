package simulation

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server"
)

// shopApp is a brand with an employee and an advocate, and what customers wrote yesterday.
func shopApp(t *testing.T, posts int) (*server.App, *community.Member) {
	t.Helper()
	now := clock.At(time.Date(2026, 3, 10, 5, 0, 0, 0, time.UTC))
	app, err := server.Open(t.Context(), server.Config{Data: t.TempDir(), Simulate: Asked, Clock: func() clock.Time { return now }}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Close() })
	var boss community.Member
	var conn listeners.Connection
	err = app.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) error {
		b, err := community.AddBrand(ctx, tx, community.Brand{Slug: "quan", Name: "Quán", Language: "vi", ReviewSeed: "seed"}, []community.Topic{{Name: "Giao hàng", Keywords: []string{"giao hàng"}}})
		if err != nil {
			return err
		}
		for i, role := range []community.Role{community.Moderator, community.Advocate} {
			var person int64
			err := tx.NewRaw("INSERT INTO persons (email, name, language, password_hash, epoch, created_at) VALUES (?, ?, 'vi', '', 1, ?) RETURNING id", fmt.Sprint(i), fmt.Sprint(i), tx.Now()).Scan(ctx, &person)
			if err != nil {
				return err
			}
			m, err := community.AddMember(ctx, tx, community.Member{BrandID: b.ID, PersonID: person, Role: role, Trust: 2 * i, PublicName: fmt.Sprint("P", i), Languages: []string{"vi"}, Topics: []int64{1}})
			if err != nil {
				return err
			}
			if i == 0 {
				boss = m
			}
		}
		conn, err = listeners.Connect(ctx, tx, app.Keys, listeners.Connection{BrandID: b.ID, Network: "x", NativeID: "1", Handle: "quan"}, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []listeners.Post
	for i := range posts {
		id := fmt.Sprint(100 + i)
		all = append(all, listeners.Post{
			NativeID: id, ThreadKey: id, Author: listeners.Author{NativeID: id, Handle: "k" + id, Name: "K"}, Reason: listeners.Mentioned, Text: "@quan quán mở cửa mấy giờ ạ?",
			Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: now.Add(-time.Duration(20+i) * time.Hour / 1),
		})
	}
	if posts > 0 {
		if err := app.Write(t.Context(), app.Intake.Sink(conn, all)); err != nil {
			t.Fatal(err)
		}
	}
	return app, &boss
}

// plays asks for days and plays them.
func plays(t *testing.T, app *server.App, m *community.Member, source moderation.SimulationSource, days int) moderation.Simulation {
	t.Helper()
	var s moderation.Simulation
	err := app.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) (err error) {
		s, err = moderation.Simulate(ctx, tx, m, source, days)
		return err
	})
	if err == nil {
		err = app.Do(t.Context(), moderation.SimulateJob{ID: s.ID})
	}
	if err == nil {
		s, err = moderation.FindSimulation(t.Context(), app.DB.Read(), m.BrandID, s.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAskedForOnAPage: a brand's own day is played, the report is kept, and the brand's database is only read.
func TestAskedForOnAPage(t *testing.T) {
	t.Parallel()
	app, boss := shopApp(t, 4)
	var before, after int
	count := func(into *int) {
		if err := app.DB.Read().NewRaw("SELECT (SELECT COUNT(*) FROM cases) + (SELECT COUNT(*) FROM activities) + (SELECT COUNT(*) FROM answers)").Scan(t.Context(), into); err != nil {
			t.Fatal(err)
		}
	}
	count(&before)
	s := plays(t, app, boss, moderation.OwnDays, 2)
	if s.State != moderation.SimulationDone || s.Percent != 100 {
		t.Fatalf("it is %s at %d %%: %s", s.State, s.Percent, s.Error)
	}
	o, err := s.Outcome()
	if err != nil || o.Posts < 4 || o.Questions.Asked < 4 || len(o.Hours) != 24 || len(o.Staff) != 1 || len(o.Goals) != 6 || o.Goals[0].Code != "answered" {
		t.Errorf("came of it: %+v, %v", o, err)
	}
	if o.Hole != nil && (o.Hole.To != o.Hole.From+holeHours || len(o.Levers) != 3 || o.Levers[0].Who == "" || o.Levers[0].Count == 0) {
		t.Errorf("hole %+v, levers %+v", o.Hole, o.Levers)
	}
	if count(&after); before != after {
		t.Errorf("%d rows are %d", before, after)
	}
}

// TestNothingToPlay: a brand to which nobody wrote.
func TestNothingToPlay(t *testing.T) {
	t.Parallel()
	app, boss := shopApp(t, 0)
	if s := plays(t, app, boss, moderation.OwnDays, 1); s.State != moderation.SimulationFailed || !strings.Contains(s.Error, "nobody wrote") {
		t.Errorf("it is %s: %s", s.State, s.Error)
	}
}
