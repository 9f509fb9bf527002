package server_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/twitter"
	"github.com/kith-social/kith/server/servertest"
)

// TestRules: what is kept is what the Channel is opened with, and what the network would refuse is not kept.
func TestRules(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		conn := w.Connect("saomaivn")
		keep := func(r listeners.ListeningRule) (kept listeners.ListeningRule, err error) {
			r.ConnectionID = conn.ID
			err = w.App.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) error {
				kept, err = listeners.KeepRule(ctx, tx, twitter.Network, r)
				return err
			})
			return kept, err
		}
		wantRules := func(want ...listeners.Rule) {
			t.Helper()
			got, err := listeners.Rules(t.Context(), w.App.DB.Read(), conn.ID)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got rules %v, %v, want %v", got, err, want)
			}
		}
		first, err := keep(listeners.ListeningRule{Name: " Cà  phê ", Query: " cà phê ", Active: true})
		if err != nil || first.Name != "Cà phê" || first.Query != "cà phê" {
			t.Fatalf("kept %+v, %v", first, err)
		}
		id := fmt.Sprint(first.ID)
		wantRules(listeners.Rule{ID: id, Query: "cà phê"})
		first.Query = "trà sữa"
		if _, err := keep(first); err != nil {
			t.Error(err)
		}
		wantRules(listeners.Rule{ID: id, Query: "trà sữa"})
		first.Active = false
		if _, err := keep(first); err != nil {
			t.Error(err)
		}
		wantRules()
		for _, c := range []struct {
			rule listeners.ListeningRule
			want error
		}{
			{listeners.ListeningRule{Name: " ", Query: "a"}, listeners.ErrRuleName},
			{listeners.ListeningRule{Name: "a", Query: "(a"}, listeners.ErrQueryParens},
			{listeners.ListeningRule{ID: first.ID + 1, Name: "a", Query: "a"}, sql.ErrNoRows},
		} {
			if _, err := keep(c.rule); !errors.Is(err, c.want) {
				t.Errorf("%+v: got %v, want %v", c.rule, err, c.want)
			}
		}
		for i := range 19 {
			if _, err := keep(listeners.ListeningRule{Name: fmt.Sprint(i), Query: "a"}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := keep(listeners.ListeningRule{Name: "one too many", Query: "a"}); !errors.Is(err, listeners.ErrManyRules) {
			t.Errorf("the 21st rule: got %v", err)
		}
		remove := func() error {
			return w.App.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) error {
				return listeners.RemoveRule(ctx, tx, conn.ID, first.ID)
			})
		}
		if err := remove(); err != nil {
			t.Error(err)
		}
		if err := remove(); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("removed twice: got %v", err)
		}
	})
}
