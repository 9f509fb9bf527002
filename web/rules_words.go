package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation/rules"
)

// ruleWords are the brand's own words in its rules.
type ruleWords struct {
	Topics   []community.Topic
	Networks []string          // kinds that the brand has connected
	Names    map[string]string // of networks, as people write them
}

func (a *App) ruleWords(ctx context.Context, db bun.IDB, brandID int64) (v ruleWords, err error) {
	if v.Topics, err = community.Topics(ctx, db, brandID); err != nil {
		return v, err
	}
	all, err := listeners.Connections(ctx, db, brandID)
	if err != nil {
		return v, err
	}
	v.Names = map[string]string{}
	for _, c := range all {
		if v.Names[c.Network] == "" {
			v.Networks, v.Names[c.Network] = append(v.Networks, c.Network), cmp.Or(a.Desk.Network(c.Network).Name, c.Network)
		}
	}
	return v, nil
}

// zoneHere is the time zone of the reader, for the times in new rules.
func zoneHere(ctx context.Context) string { return cmp.Or(view(ctx).Zone, time.UTC).String() }

// options are what a fact can be, as it is kept and as people say it.
func (v ruleWords) options(ctx context.Context, f *rules.Fact) (all [][2]string) {
	switch {
	case f.Kind == rules.Topics:
		for _, t := range v.Topics {
			all = append(all, [2]string{strconv.FormatInt(t.ID, 10), t.Name})
		}
		return append(all, [2]string{"0", T(ctx, "rules.no_topic")})
	case f.Kind == rules.Choice && f.Options == nil:
		for _, n := range v.Networks {
			all = append(all, [2]string{n, v.Names[n]})
		}
	case f.Kind == rules.YesNo:
		return [][2]string{{"yes", T(ctx, "rules.yes")}, {"no", T(ctx, "rules.no")}}
	}
	for _, o := range f.Options {
		all = append(all, [2]string{o, T(ctx, "fact_option.is_"+o)})
	}
	return all
}

// condition says a condition in words.
func (v ruleWords) condition(ctx context.Context, c rules.Condition) string {
	f := rules.FactOf(c.Fact)
	if f == nil {
		return c.Fact
	}
	var values []string
	for _, value := range c.Values {
		said := value
		for _, o := range v.options(ctx, f) {
			if o[0] == value {
				said = o[1]
			}
		}
		values = append(values, said)
	}
	said := strings.Join(values, ", ")
	switch f.Kind {
	case rules.Probability:
		said += " %"
	case rules.Daytime:
		said = strings.Join(values, "–")
	}
	return T(ctx, "fact."+f.Name) + " " + T(ctx, "rule_op."+string(c.Op)) + " " + said
}

// when says under which conditions a rule acts.
func (v ruleWords) when(ctx context.Context, r rules.Rule) string {
	var groups []string
	for _, g := range r.Groups {
		var all []string
		for _, c := range g.Conditions {
			all = append(all, v.condition(ctx, c))
		}
		between := T(ctx, "rules.and")
		if g.Any {
			between = T(ctx, "rules.or")
		}
		said := strings.Join(all, " "+between+" ")
		if len(r.Groups) > 1 && len(all) > 1 {
			said = "(" + said + ")"
		}
		groups = append(groups, said)
	}
	if len(groups) == 0 {
		return T(ctx, "rules.always")
	}
	return T(ctx, "rules.when", "conditions", strings.Join(groups, " "+T(ctx, "rules.and")+" "))
}

// does says what a rule does.
func (v ruleWords) does(ctx context.Context, r rules.Rule) string {
	var all []string
	for _, d := range r.Do {
		a := rules.ActionOf(d.Action)
		said := T(ctx, "action."+d.Action)
		switch {
		case a != nil && a.Options != nil:
			said += " " + T(ctx, "action_option."+d.Value)
		case d.Value != "":
			said += " “" + d.Value + "”"
		}
		all = append(all, said)
	}
	return "→ " + strings.Join(all, ", ")
}

// sentences are the rules of a set, each as one text, and from when on cases overflow.
func (v ruleWords) sentences(ctx context.Context, s rules.Set) (all []string) {
	for _, r := range s.Rules {
		said := r.Name + ": " + v.when(ctx, r) + " " + v.does(ctx, r)
		if r.Off {
			said += " (" + T(ctx, "rules.is_off") + ")"
		}
		all = append(all, said)
	}
	if s.Overflow != nil {
		all = append(all, overflows(ctx, s.Overflow))
	}
	return all
}

// changed is what one set says that the other does not, sentence by sentence.
func (v ruleWords) changed(ctx context.Context, before, after rules.Set) (was, is []string) {
	was, is = v.sentences(ctx, before), v.sentences(ctx, after)
	old := slices.Clone(was)
	was = slices.DeleteFunc(was, func(said string) bool { return slices.Contains(is, said) })
	is = slices.DeleteFunc(is, func(said string) bool { return slices.Contains(old, said) })
	return was, is
}

// overflows says from when on cases overflow.
func overflows(ctx context.Context, o *rules.Overflow) string {
	var all []string
	if o.Waiting > 0 {
		all = append(all, T(ctx, "overflow.when_waiting", "count", strconv.Itoa(o.Waiting)))
	}
	if o.Minutes > 0 {
		all = append(all, T(ctx, "overflow.when_minutes", "count", strconv.Itoa(o.Minutes)))
	}
	if o.Away {
		all = append(all, T(ctx, "overflow.when_away"))
	}
	return T(ctx, "overflow.sentence", "conditions", strings.Join(all, " "+T(ctx, "overflow.or")+" "))
}

// problem says what is the matter with a rule.
func (p rulesPage) problem(ctx context.Context, found rules.Problem) string {
	other := ""
	if found.Other != found.Rule {
		other = p.Shown[found.Other].Name
	}
	if other == "" && found.Code == rules.Unreachable {
		other = T(ctx, "rules.standing")
	}
	return T(ctx, "rule_problem."+string(found.Code), "other", other)
}

// valueAt is a value of a condition, "" where it has none yet.
func valueAt(c rules.Condition, i int) string {
	if i < len(c.Values) {
		return c.Values[i]
	}
	return ""
}
