package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// mostAlerts is how many alerts that are not over, and how many that are, one page shows.
const mostAlerts = 50

// alertsPage is what a brand's people are called for.
type alertsPage struct {
	Live, Over []moderation.Alert
	Topics     map[int64]string
	People     map[int64]community.Member
}

func (a *App) alerts(w http.ResponseWriter, r *http.Request) error {
	ctx, me, read := r.Context(), access.From(r.Context()).Member, a.DB.Read()
	v := alertsPage{Topics: map[int64]string{}, People: map[int64]community.Member{}}
	var err error
	if v.Live, v.Over, err = moderation.Alerts(ctx, read, me.BrandID, mostAlerts); err != nil {
		return err
	}
	topics, err := community.Topics(ctx, read, me.BrandID)
	if err != nil {
		return err
	}
	for _, t := range topics {
		v.Topics[t.ID] = t.Name
	}
	staff, err := community.Employees(ctx, read, me.BrandID)
	if err != nil {
		return err
	}
	for _, m := range staff {
		v.People[m.ID] = m
	}
	return render(w, r, http.StatusOK, alertsView(v))
}

// changesAlert is a press on an alert.
func (a *App) changesAlert(do func(context.Context, listeners.Tx, *community.Member, int64) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := pathID(r, "alert")
		if err != nil {
			return err
		}
		err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error { return do(ctx, tx, access.From(ctx).Member, id) })
		if err != nil {
			return err
		}
		goTo(w, r, "/alerts")
		return nil
	}
}

// alertText says in a sentence what an alert is about.
func alertText(ctx context.Context, a moderation.Alert) string {
	d := a.Detail
	switch a.Kind {
	case moderation.StormAlert:
		id := "alert.storm"
		if a.Urgent {
			id = "alert.crisis"
		}
		return T(ctx, id, "posts", Number(ctx, d.Posts), "angry", Number(ctx, d.Angry))
	case moderation.PromiseAlert:
		return T(ctx, "alert.promise", "count", d.Cases)
	case moderation.ConnectionAlert:
		return T(ctx, "alert.connection", "account", d.Name, "network", networkName(d.Network))
	case moderation.SpendAlert:
		return T(ctx, "alert.spend", "account", d.Name, "network", networkName(d.Network), "percent", Number(ctx, d.Percent))
	case moderation.GuardAlert:
		return T(ctx, "alert.guard", "count", d.Answers)
	}
	return T(ctx, "alert.called_rule", "rule", d.Name)
}

// alertTopics names the topics of a storm.
func (v alertsPage) alertTopics(a moderation.Alert) string {
	var found []string
	for _, id := range a.Detail.Topics {
		if name := v.Topics[id]; name != "" {
			found = append(found, name)
		}
	}
	return strings.Join(found, ", ")
}

// alertPath is where somebody does something about an alert.
func alertPath(a moderation.Alert) string {
	switch a.Kind {
	case moderation.ConnectionAlert, moderation.SpendAlert:
		return "/connections/" + a.About
	case moderation.GuardAlert:
		return "/review"
	}
	return "/feed"
}
