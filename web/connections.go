package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// linked is a connection as its people see it.
type linked struct {
	listeners.Connection
	Network  listeners.Network
	Findings []listeners.Finding // what our tables tell, and what the network said last
	Said     listeners.Examination
	Tally    listeners.Tally
	Spent    listeners.MicroUSD
	Costs    bool // the network takes money
	Hook     hook
}

// hook is how a connection's news come.
type hook string

// The ways that news come.
const (
	hookNone    hook = "none"    // the network brings none: it is asked
	hookWaiting hook = "waiting" // it could, and has not yet
	hookBrings  hook = "brings"
	hookHidden  hook = "hidden" // it could if it reached us
)

// connectionPath is the page of a connection.
func connectionPath(id int64) string { return "/connections/" + strconv.FormatInt(id, 10) }

func (a *App) connections(w http.ResponseWriter, r *http.Request) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	all, err := listeners.Connections(ctx, a.DB.Read(), me.BrandID)
	if err != nil {
		return err
	}
	var there, removed []linked
	for _, c := range all {
		if c.State == listeners.Removed {
			network, _ := a.Connector.Network(c.Network)
			removed = append(removed, linked{Connection: c, Network: network})
			continue
		}
		v, err := a.look(ctx, c)
		if err != nil {
			return err
		}
		there = append(there, v)
	}
	return render(w, r, http.StatusOK, connectionsPage(there, removed, a.Guard.May(ctx, "connection", "change")))
}

// look gathers what is known of a connection, without asking its network.
func (a *App) look(ctx context.Context, c listeners.Connection) (v linked, err error) {
	v.Connection, v.Hook = c, hookNone
	v.Network, _ = a.Connector.Network(c.Network)
	if v.Findings, err = a.Doctor.Look(ctx, c); err != nil {
		return v, err
	}
	if v.Said, err = listeners.LastExamination(ctx, a.DB.Read(), c.ID); err != nil {
		return v, err
	}
	if v.Tally, err = a.Doctor.Tally(ctx, c.ID); err != nil {
		return v, err
	}
	if v.Spent, err = listeners.MonthSpent(ctx, a.DB.Read(), c.ID, a.Now()); err != nil {
		return v, err
	}
	v.Costs = v.Spent > 0 || c.Budget > 0
	if ch, err := a.Connector.Open(c); err == nil {
		v.Costs = v.Costs || ch.Capabilities().PageCost > 0
		if _, ok := ch.(listeners.Receiver); ok {
			v.Hook = a.hookOf(c)
		}
	}
	return v, nil
}

func (a *App) hookOf(c listeners.Connection) hook {
	switch {
	case c.BroughtAt != 0:
		return hookBrings
	case !strings.HasPrefix(a.Connector.PublicURL, "https://"):
		return hookHidden
	}
	return hookWaiting
}

// where is the network of a connection, with the place where that has many.
func (v linked) where() string {
	for _, f := range v.Network.Fields {
		if f.Kind == "url" && f.Default == "" {
			if at, err := url.Parse(v.Settings[f.Name]); err == nil && at.Host != "" {
				return networkName(v.Connection.Network) + " · " + at.Host + strings.TrimSuffix(at.Path, "/")
			}
		}
	}
	return networkName(v.Connection.Network)
}

// findings are all of them, the worst first.
func (v linked) findings() []listeners.Finding {
	fine := slices.DeleteFunc(slices.Concat(v.Findings, v.Said.Findings), func(f listeners.Finding) bool { return f.Level != listeners.Fine })
	return append(v.worst(), fine...)
}

// worst are the findings that ask for something, the worst first.
func (v linked) worst() []listeners.Finding {
	var bad []listeners.Finding
	for _, level := range []listeners.Level{listeners.Problem, listeners.Warning} {
		for _, f := range slices.Concat(v.Findings, v.Said.Findings) {
			if f.Level == level {
				bad = append(bad, f)
			}
		}
	}
	return bad
}

// chip is how a connection stands in one word, and how that word looks.
func (v linked) chip(ctx context.Context) (text, look string) {
	switch {
	case v.State != listeners.On:
		look = "warning"
		if v.State == listeners.Broken {
			look = "bad"
		}
		return T(ctx, connectionStates[v.State]), look
	case slices.ContainsFunc(v.worst(), func(f listeners.Finding) bool { return f.Level == listeners.Problem }):
		return T(ctx, "connection.unwell"), "bad"
	case v.StoppedAt != 0:
		return T(ctx, "connection.stopped"), "warning"
	}
	return T(ctx, connectionStates[listeners.On]), "good"
}

// hookTexts say how news come.
var hookTexts = map[hook]string{
	hookNone: "connection.news_asked", hookWaiting: "connection.news_waiting", hookBrings: "connection.news_brought", hookHidden: "connection.news_hidden",
}

// levelTexts are read out before a finding.
var levelTexts = map[listeners.Level]string{
	listeners.Fine: "connection.level_fine", listeners.Warning: "connection.level_warning", listeners.Problem: "connection.level_problem",
}

// connectionStates are the states of connections in a word.
var connectionStates = map[listeners.ConnectionState]string{
	listeners.On: "connection.state_on", listeners.Paused: "connection.state_paused",
	listeners.Broken: "connection.state_broken", listeners.Removed: "connection.state_removed",
}

// shownSetting is a line of what was filled in for a connection.
type shownSetting struct{ name, value string }

func shownSettings(ctx context.Context, c linked) []shownSetting {
	var rows []shownSetting
	for _, f := range c.Network.Fields {
		if value := c.Settings[f.Name]; value != "" && !f.Secret {
			rows = append(rows, shownSetting{cmp.Or(networkText(ctx, c.Connection.Network, f.Name), f.Name), value})
		}
	}
	return rows
}

// share is what part of the budget is spent, in percent.
func (v linked) share() int {
	if v.Budget == 0 {
		return 0
	}
	return int(min(100, v.Spent*100/v.Budget))
}

// FindingTexts are the sentence of a finding and what to do about it, "" where nothing is to be done. A
// code that the catalogs lack is shown as it is. The places a to d of a text are the details, all is all of
// them.
func FindingTexts(ctx context.Context, f listeners.Finding) (says, fix string) {
	details := make([]string, max(4, len(f.Detail)))
	for i, detail := range f.Detail {
		if at, err := time.Parse(time.RFC3339, detail); err == nil {
			detail = When(ctx, clock.At(at))
		} else if cost, ok := listeners.ReadDollars(detail); ok && strings.HasPrefix(detail, "$") {
			detail = usd(ctx, cost)
		}
		details[i] = detail
	}
	all := strings.Join(details[:len(f.Detail)], ", ")
	pairs := []any{"a", details[0], "b", details[1], "c", details[2], "d", details[3], "all", all}
	says = T(ctx, "finding."+f.Code, pairs...)
	if fix = T(ctx, "finding."+f.Code+".fix", pairs...); strings.HasPrefix(fix, "finding.") {
		fix = ""
	}
	if strings.HasPrefix(says, "finding.") {
		says = strings.Join(append([]string{f.Code}, f.Detail...), " ")
	}
	return says, fix
}

// findingIcon shows how much a finding matters.
func findingIcon(l listeners.Level) string {
	switch l {
	case listeners.Problem:
		return "circle-alert"
	case listeners.Warning:
		return "triangle-alert"
	}
	return "check"
}

// policyFacts are what a network's terms ask of everybody who uses it through Kith.
func policyFacts(ctx context.Context, p listeners.Policy) []string {
	var facts []string
	add := func(holds bool, id string, pairs ...any) {
		if holds {
			facts = append(facts, T(ctx, id, pairs...))
		}
	}
	add(p.OneReply, "policy.one_reply")
	add(p.NoReceipts, "policy.no_receipts")
	add(p.NoDrafts, "policy.no_drafts")
	add(p.Disclosure, "policy.disclosure")
	add(p.TextOnce, "policy.text_once")
	add(p.NoTraining, "policy.no_training")
	add(p.NoMatching, "policy.no_matching")
	add(p.Reach, "policy.reach")
	add(!p.Reach, "policy.no_reach")
	add(p.DeleteWithin > 0, "policy.delete_within", "time", span(ctx, p.DeleteWithin))
	add(p.RecheckAfter > 0, "policy.recheck_after", "time", span(ctx, p.RecheckAfter))
	return facts
}

// changesConnection is a press that changes a connection and leads back to its page.
func (a *App) changesConnection(what string, do func(context.Context, listeners.Tx, int64) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := pathID(r, "connection")
		if err != nil {
			return err
		}
		err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
			return community.ChangeConnection(ctx, tx, access.From(ctx).Member, id, what, "", "", do)
		})
		if err != nil {
			return err
		}
		goTo(w, r, connectionPath(id)+"?done="+what)
		return nil
	}
}

// switchesSending is a press that stops what leaves from a connection, or lets it leave again.
func (a *App) switchesSending(what string, do func(*http.Request) sendingSwitch) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := pathID(r, "connection")
		if err != nil {
			return err
		}
		err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error { return do(r)(ctx, tx, access.From(ctx).Member, id) })
		if err != nil {
			return err
		}
		goTo(w, r, connectionPath(id)+"?done="+what)
		return nil
	}
}
