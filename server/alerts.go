package server

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/riverqueue/river"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/web"
)

// watch opens alerts for what is not as usual, and ends those whose cause is gone.
func (a *App) watch(ctx context.Context) error {
	brands, err := community.Brands(ctx, a.DB.Read())
	if err != nil {
		return err
	}
	for id := range brands {
		due, err := moderation.WatchDue(ctx, a.DB.Read(), id, a.Now())
		if err != nil {
			return err
		}
		if !due {
			continue
		}
		err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return moderation.Watch(ctx, tx, id) })
		if err != nil {
			return err
		}
	}
	return nil
}

// tellAlerts calls people for alerts that nobody has taken.
func (a *App) tellAlerts(ctx context.Context) error {
	brands, err := moderation.AlertsToTell(ctx, a.DB.Read(), a.Now())
	if err != nil {
		return err
	}
	for _, id := range brands {
		err := a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return moderation.TellAlerts(ctx, tx, id) })
		if err != nil {
			return err
		}
	}
	return nil
}

// forgetPulse deletes minutes that no hour is held against any more.
func (a *App) forgetPulse(ctx context.Context) error {
	old, err := moderation.PulseOld(ctx, a.DB.Read(), a.Now())
	if err != nil || !old {
		return err
	}
	return a.Write(ctx, moderation.ForgetPulse)
}

// tellReceivers lets receivers be told of alerts that are due for them.
func (a *App) tellReceivers(ctx context.Context) error {
	due, err := moderation.ReceiversDue(ctx, a.DB.Read(), a.Now())
	if err != nil || !due {
		return err
	}
	return a.Write(ctx, moderation.TellReceivers)
}

// tellLife is how long what a receiver is told is of use.
const tellLife = 6 * time.Hour

// tellReceiver tells one receiver.
type tellReceiver struct {
	river.WorkerDefaults[moderation.TellJob]
	app *App
}

// Timeout bounds one try.
func (w *tellReceiver) Timeout(*river.Job[moderation.TellJob]) time.Duration { return 45 * time.Second }

// Work is called by River; a receiver that fails is asked again, one that is gone is not.
func (w *tellReceiver) Work(ctx context.Context, job *river.Job[moderation.TellJob]) error {
	if w.app.Now().Sub(job.Args.At) > tellLife {
		return nil
	}
	return w.app.tell(ctx, job.Args)
}

func (a *App) tell(ctx context.Context, job moderation.TellJob) error {
	r, err := moderation.FindReceiver(ctx, a.DB.Read(), job.ReceiverID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // somebody has removed it
	}
	if err != nil {
		return err
	}
	to, err := r.Open(a.Keys)
	if err != nil {
		return err
	}
	alerts, err := moderation.AlertsByID(ctx, a.DB.Read(), job.Alerts)
	if err != nil {
		return err
	}
	brands, err := community.Brands(ctx, a.DB.Read())
	if err != nil {
		return err
	}
	m := web.AlertMessage(r.Language, brands[r.BrandID].Name, a.publicURL(), alerts)
	var failed error
	if r.Kind == moderation.ByMail {
		failed = a.tellByMail(ctx, &job, to, m)
	} else {
		failed = a.tellByWebhook(ctx, &job, to, m, alerts)
	}
	err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return r.Told(ctx, tx, failed) })
	return errors.Join(failed, err)
}

var errNoMail = errors.New("this installation has no mail server; its operator names one with --smtp-url")

func (a *App) tellByMail(ctx context.Context, job *moderation.TellJob, to moderation.Destination, m web.Letter) error {
	if a.mail == nil {
		return river.JobCancel(errNoMail)
	}
	return a.mail.send(ctx, job.ID(), to.To, m.Subject, m.Text)
}

// alertBody is what a webhook is brought: in the form that chats take, with the facts beside the words.
type alertBody struct {
	Text     string `json:"text"`
	Metadata struct {
		Type    string `json:"event_type"`
		Payload struct {
			Alerts []alertFacts `json:"alerts"`
			Test   bool         `json:"test,omitempty"`
		} `json:"event_payload"`
	} `json:"metadata"`
}

type alertFacts struct {
	ID       int64                  `json:"id"`
	Kind     moderation.AlertKind   `json:"kind"`
	State    moderation.AlertState  `json:"state"`
	Urgent   bool                   `json:"urgent"`
	OpenedAt clock.Time             `json:"opened_at"`
	Detail   moderation.AlertDetail `json:"detail"`
}

// escapes are the signs that mean something in the texts of chats.
var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// tellByWebhook makes one call, signed as Standard Webhooks says: its id, the time and the body by HMAC-SHA256.
func (a *App) tellByWebhook(ctx context.Context, job *moderation.TellJob, to moderation.Destination, m web.Letter, alerts []moderation.Alert) error {
	var b alertBody
	b.Text, b.Metadata.Type = escapes.Replace(m.Text), "kith_alert"
	b.Metadata.Payload.Test, b.Metadata.Payload.Alerts = len(alerts) == 0, []alertFacts{}
	for _, al := range alerts {
		b.Metadata.Payload.Alerts = append(b.Metadata.Payload.Alerts, alertFacts{al.ID, al.Kind, al.State, al.Urgent, al.OpenedAt, al.Detail})
	}
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	signer, err := standardwebhooks.NewWebhook(to.Secret)
	if err != nil {
		return river.JobCancel(err)
	}
	now := a.Now().Std()
	signature, err := signer.Sign(job.ID(), now, body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.To, bytes.NewReader(body))
	if err != nil {
		return river.JobCancel(err)
	}
	req.GetBody = nil // one try is one call
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(standardwebhooks.HeaderWebhookID, job.ID())
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	client := &http.Client{Transport: a.outside, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // lets the connection be used again
	switch {
	case res.StatusCode < 300:
		return nil
	case res.StatusCode == http.StatusRequestTimeout || res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return fmt.Errorf("it answers %s", res.Status)
	}
	return river.JobCancel(fmt.Errorf("it answers %s", res.Status))
}

// endClusters forgets what old mentions had in common.
func (a *App) endClusters(ctx context.Context) error {
	old, err := moderation.ClustersOld(ctx, a.DB.Read(), a.Now())
	if err != nil || !old {
		return err
	}
	return a.Write(ctx, moderation.EndClusters)
}
