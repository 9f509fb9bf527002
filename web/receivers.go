package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// Letter is what a receiver of alerts reads.
type Letter struct{ Subject, Text string }

// AlertMessage writes what a receiver is told of alerts, in a language: of none to try it. It names no customer and
// quotes nothing.
func AlertMessage(lang, brand, at string, alerts []moderation.Alert) Letter {
	ctx := WithView(context.Background(), View{Lang: Language(lang, "")})
	if len(alerts) == 0 {
		return Letter{T(ctx, "receivers.test_subject", "brand", brand), T(ctx, "receivers.test_text", "brand", brand) + "\n" + at + "/alerts"}
	}
	var lines []string
	for _, a := range alerts {
		line := alertText(ctx, a)
		switch {
		case a.State == moderation.AlertOver:
			line += " (" + T(ctx, "receivers.is_over") + ")"
		case a.Urgent:
			line = T(ctx, "receivers.urgent") + " " + line
		}
		lines = append(lines, line, T(ctx, "alert_do."+string(a.Kind))+": "+at+alertPath(a), "")
	}
	subject := brand + ": " + lines[0]
	if len(alerts) > 1 {
		subject = T(ctx, "receivers.subject", "brand", brand, "count", len(alerts))
	}
	lines = append(lines, T(ctx, "receivers.take_it")+": "+at+"/alerts")
	return Letter{subject, brand + "\n" + strings.Join(lines, "\n")}
}

// receiversPage is where alerts go besides a brand's people.
type receiversPage struct {
	All    []moderation.Receiver
	Draft  moderation.Receiver
	To     string
	From   string
	Until  string
	Mails  bool
	May    bool
	Said   string
	Secret string // of a webhook that was added just now
	Failed *access.Failure
}

func (v receiversPage) wrong(ctx context.Context, field string) string {
	if v.Failed == nil || v.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

// receiversSaid are words about what was just done.
var receiversSaid = map[string]string{"added": "receivers.added", "tried": "receivers.tried", "removed": "receivers.removed"}

func (a *App) receivers(w http.ResponseWriter, r *http.Request) error {
	v := receiversPage{From: "22:00", Until: "07:00", Said: receiversSaid[r.URL.Query().Get("said")]}
	v.Draft = moderation.Receiver{Kind: moderation.ByWebhook, Pace: moderation.AtOnce, Language: view(r.Context()).Lang}
	if a.Mails {
		v.Draft.Kind = moderation.ByMail
	}
	return a.showReceivers(w, r, http.StatusOK, v)
}

func (a *App) showReceivers(w http.ResponseWriter, r *http.Request, status int, v receiversPage) (err error) {
	ctx := r.Context()
	v.Mails, v.May = a.Mails, a.Guard.May(ctx, "settings", "change")
	if v.All, err = moderation.Receivers(ctx, a.DB.Read(), access.From(ctx).Member.BrandID); err != nil {
		return err
	}
	return render(w, r, status, receiversView(v))
}

// minuteOfDay reads a time of the day; -1 for what is none.
func minuteOfDay(text string) int {
	at, err := time.Parse("15:04", text)
	if err != nil {
		return -1
	}
	return at.Hour()*60 + at.Minute()
}

func (a *App) addReceiver(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	wait, err := strconv.Atoi(form("wait"))
	if err != nil {
		wait = -1
	}
	zone := "UTC"
	if z := view(ctx).Zone; z != nil {
		zone = z.String()
	}
	d := moderation.Receiver{
		Kind: moderation.ReceiverKind(form("kind")), Language: Language(form("language"), ""), Pace: moderation.Pace(form("pace")), Wait: wait,
		QuietFrom: minuteOfDay(form("quiet_from")), QuietUntil: minuteOfDay(form("quiet_until")), Zone: zone,
	}
	v := receiversPage{Draft: d, To: form("to"), From: form("quiet_from"), Until: form("quiet_until")}
	err = a.write(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
		if d.Kind == moderation.ByMail && !a.Mails {
			return &community.Invalid{Field: "kind", Sentence: "this installation has no mail server; its operator names one"}
		}
		_, v.Secret, err = moderation.AddReceiver(ctx, tx, a.Connector.Keys, access.From(ctx).Member, d, moderation.Destination{To: v.To, Secret: form("secret")})
		return err
	})
	switch {
	case err == nil && v.Secret == "":
		goTo(w, r, "/alerts/receivers?said=added")
		return nil
	case err == nil: // the secret is shown this once, so there is no page to go to
		v.Draft, v.To, v.From, v.Until, v.Said = moderation.Receiver{Kind: d.Kind, Pace: d.Pace, Language: d.Language}, "", "22:00", "07:00", "receivers.added"
		return a.showReceivers(w, r, http.StatusOK, v)
	}
	f := access.Explain(err)
	if f.Field == "" {
		return err
	}
	v.Failed = &f
	return a.showReceivers(w, r, f.Status, v)
}

// changesReceiver is a press on a receiver.
func (a *App) changesReceiver(said string, do func(context.Context, listeners.Tx, *community.Member, int64) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := pathID(r, "receiver")
		if err != nil {
			return err
		}
		err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error { return do(ctx, tx, access.From(ctx).Member, id) })
		if err != nil {
			return err
		}
		goTo(w, r, "/alerts/receivers?said="+said)
		return nil
	}
}

// receiverPlan says when a receiver is told.
func receiverPlan(ctx context.Context, r moderation.Receiver) []string {
	facts := []string{T(ctx, "receiver_pace."+string(r.Pace))}
	if r.Wait > 0 {
		facts = append(facts, T(ctx, "receivers.waits", "count", r.Wait))
	}
	if r.QuietFrom != r.QuietUntil {
		clock := func(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }
		facts = append(facts, T(ctx, "receivers.quiet", "from", clock(r.QuietFrom), "until", clock(r.QuietUntil), "zone", r.Zone))
	}
	return facts
}
