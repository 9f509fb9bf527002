package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/moderation/rules"
	"github.com/kith-social/kith/server"
)

type ruleCmd struct {
	Lint   ruleLintCmd   `cmd:"" help:"Say what is wrong with rules; fails where they cannot be switched on, or a rule can do nothing."`
	Replay ruleReplayCmd `cmd:"" help:"Say what rules would have made of a brand's last 30 days. Nothing is written."`
}

// ruleSource is where rules are read from.
type ruleSource struct {
	Brand string `help:"Short name of the brand." placeholder:"SLUG"`
	File  string `arg:"" optional:"" help:"Rules as JSON, - for standard input; left out, the brand's draft, or what decides now."`
}

// read reads the rules; app is needed only for those of a brand.
func (s *ruleSource) read(ctx context.Context, streams IO, app *server.App) (set rules.Set, err error) {
	switch {
	case s.File == "" && (s.Brand == "" || app == nil):
		return set, fmt.Errorf("%w: name a file, or a brand with --brand", errUsage)
	case s.File == "":
		brand, err := brandNamed(ctx, app, s.Brand)
		if err != nil {
			return set, err
		}
		draft, err := moderation.DraftOf(ctx, app.DB.Read(), brand)
		if err != nil || draft.BrandID != 0 {
			return draft.Value, err
		}
		live, err := moderation.LiveRules(ctx, app.DB.Read(), brand)
		if err == nil && live.ID == 0 {
			err = errors.New("this brand has no rules of its own")
		}
		return live.Value, err
	}
	in := streams.In
	if s.File != "-" {
		f, err := os.Open(s.File)
		if err != nil {
			return set, fmt.Errorf("read the rules: %w", err)
		}
		defer f.Close()
		in = f
	}
	dec := json.NewDecoder(io.LimitReader(in, 4<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&set); err != nil {
		return set, fmt.Errorf("read the rules: %w", err)
	}
	return set, nil
}

type ruleLintCmd struct {
	server.Config
	ruleSource
	JSON bool `name:"json" help:"Print the problems as JSON."`
}

// ruleFinding is one problem as it is printed.
type ruleFinding struct {
	Rule    string `json:"rule,omitempty"` // its name
	Code    string `json:"code"`
	Other   string `json:"other,omitempty"` // the earlier rule
	Problem string `json:"problem"`
	Fails   bool   `json:"fails"`
}

var ruleProblems = map[rules.ProblemCode]string{
	rules.NeverHolds:  "no post can ever meet its conditions",
	rules.Unreachable: "never does anything, because what comes first does the same",
	rules.Conflict:    "may want another lane than an earlier rule, which counts",
}

var errRules = errors.New("these rules have problems")

func (c *ruleLintCmd) Run(ctx context.Context, streams IO) error {
	if c.File != "" {
		return c.lint(ctx, streams, nil)
	}
	if c.Brand == "" {
		return c.lint(ctx, streams, nil)
	}
	return withApp(ctx, c.Config, streams, func(app *server.App) error { return c.lint(ctx, streams, app) })
}

func (c *ruleLintCmd) lint(ctx context.Context, streams IO, app *server.App) error {
	set, err := c.read(ctx, streams, app)
	if err != nil {
		return err
	}
	found := findings(&set)
	if c.JSON {
		if err := json.NewEncoder(streams.Out).Encode(map[string]any{"items": found}); err != nil {
			return err
		}
	}
	failed := 0
	for _, f := range found {
		if f.Fails {
			failed++
		}
		if !c.JSON {
			fmt.Fprintln(streams.Out, f.line())
		}
	}
	if failed > 0 {
		return fmt.Errorf("%w: %d", errRules, failed)
	}
	fmt.Fprintf(streams.Err, "%d rules can be switched on\n", len(set.Rules))
	return nil
}

func (f ruleFinding) line() string {
	said := f.Problem
	if f.Rule != "" {
		said = f.Rule + ": " + said
	}
	if f.Other != "" {
		said += " (" + f.Other + ")"
	}
	return said
}

// findings are what is wrong with a set, the reasons to refuse it first.
func findings(set *rules.Set) []ruleFinding {
	found := []ruleFinding{}
	for _, err := range []error{set.Check(), set.Complete(), set.Permitted(server.Terms)} {
		wrong := (*community.Invalid)(nil)
		switch {
		case errors.As(err, &wrong):
			found = append(found, ruleFinding{Code: wrong.Field, Problem: err.Error(), Fails: true})
		case err != nil:
			found = append(found, ruleFinding{Code: "rules", Problem: err.Error(), Fails: true})
		}
	}
	if set.Check() != nil {
		return found // what cannot be read cannot be compared
	}
	for _, p := range set.Lint(rules.Standing()...) {
		f := ruleFinding{Rule: set.Rules[p.Rule].Name, Code: string(p.Code), Problem: ruleProblems[p.Code], Fails: p.Code != rules.Conflict}
		if p.Other != p.Rule {
			f.Other = set.Rules[p.Other].Name
		}
		found = append(found, f)
	}
	return found
}

type ruleReplayCmd struct {
	server.Config
	ruleSource
	JSON bool `name:"json" help:"Print the whole outcome as JSON."`
}

func (c *ruleReplayCmd) Run(ctx context.Context, streams IO) error {
	if c.Brand == "" {
		return fmt.Errorf("%w: name a brand with --brand", errUsage)
	}
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		set, err := c.read(ctx, streams, app)
		if err != nil {
			return err
		}
		brand, err := brandNamed(ctx, app, c.Brand)
		if err != nil {
			return err
		}
		var r moderation.Replay
		err = app.DB.ReadTx(ctx, func(ctx context.Context, read bun.IDB) (err error) {
			r, err = app.Intake.Replay(ctx, read, brand, set, app.Now())
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(streams.Out).Encode(r)
		}
		fmt.Fprintf(streams.Out, "%d posts of the last 30 days, %d would go another way\n", r.Posts, r.Changed)
		for _, m := range r.Moves {
			fmt.Fprintf(streams.Out, "%d: %s -> %s\n", m.Posts, m.From, m.To)
		}
		for i, n := range r.Hits {
			fmt.Fprintf(streams.Out, "%s: applies to %d\n", set.Rules[i].Name, n)
		}
		fmt.Fprintf(streams.Out, "alerts %d, reviews asked for %d, receipts %d, may overflow %d\n", r.Alerts, r.Reviews, r.Said, r.May)
		if !r.Enough() {
			fmt.Fprintf(streams.Err, "too few to tell: %d posts are enough\n", moderation.EnoughPosts)
		}
		if r.Blind {
			fmt.Fprintln(streams.Err, "a rule asks who of the staff is there, which nobody knows of the past: it counts as nobody")
		}
		return nil
	})
}
