package server

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/SherClockHolmes/webpush-go"
	"github.com/riverqueue/river"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/web"
)

// pushLife is how long a push service keeps a message for a phone that is off: what it says is old then.
const pushLife = 40 * time.Minute

// pushKey reads the installation's key pair, and makes it at the first start.
func (a *App) pushKey(ctx context.Context) (community.PushKey, error) {
	key, err := community.FindPushKey(ctx, a.DB.Read(), a.Keys)
	if err != nil || key.Public != "" {
		return key, err
	}
	key.Private, key.Public, err = webpush.GenerateVAPIDKeys()
	if err != nil {
		return key, fmt.Errorf("make a push key: %w", err)
	}
	err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
		return community.KeepPushKey(ctx, tx, a.Keys, key)
	})
	if err != nil {
		return key, err
	}
	return community.FindPushKey(ctx, a.DB.Read(), a.Keys)
}

// push wakes one device.
type push struct {
	river.WorkerDefaults[community.PushJob]
	app *App
}

// Work is called by River; a push service that fails is asked again, a device that is gone is forgotten.
func (w *push) Work(ctx context.Context, job *river.Job[community.PushJob]) error {
	if w.app.Now().Sub(job.Args.At) > pushLife {
		return nil // too late to be of use
	}
	return w.app.push(ctx, job.Args)
}

func (a *App) push(ctx context.Context, job community.PushJob) error {
	d, person, err := a.woken(ctx, job)
	if err != nil || d.ID == 0 {
		return err
	}
	key, err := a.pushKey(ctx)
	if err != nil {
		return err
	}
	message, err := json.Marshal(web.PushMessage(person.Language, job))
	if err != nil {
		return err
	}
	subscriber := "kith@localhost"
	if strings.HasPrefix(a.publicURL(), "https://") {
		subscriber = a.publicURL()
	}
	res, err := webpush.SendNotificationWithContext(ctx, message, &webpush.Subscription{Endpoint: d.Endpoint, Keys: webpush.Keys{P256dh: d.P256dh, Auth: d.Auth}},
		&webpush.Options{
			HTTPClient: &http.Client{Transport: a.outside}, Subscriber: subscriber, TTL: int(pushLife.Seconds()), Urgency: webpush.UrgencyHigh,
			VAPIDPublicKey: key.Public, VAPIDPrivateKey: key.Private, Topic: fmt.Sprintf("case-%d", job.CaseID),
		})
	if err != nil {
		return fmt.Errorf("wake device %d: %w", d.ID, err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		return a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
			return community.RemoveDevice(ctx, tx, d.PersonID, d.ID)
		})
	case res.StatusCode >= 300:
		return fmt.Errorf("wake device %d: its push service says %s", d.ID, res.Status)
	}
	return a.pages(ctx, func(ctx context.Context, tx listeners.Tx) error { return community.Woken(ctx, tx, d.ID) })
}

// woken reads the device and the person of a job; a device without an id if the person has signed out
// everywhere since, is no active member any more, or has revoked it.
func (a *App) woken(ctx context.Context, job community.PushJob) (d community.Device, p access.Person, err error) {
	d, err = community.FindDevice(ctx, a.DB.Read(), job.DeviceID)
	if errors.Is(err, sql.ErrNoRows) {
		return community.Device{}, p, nil
	}
	if err != nil {
		return d, p, err
	}
	if p, err = access.PersonByID(ctx, a.DB.Read(), d.PersonID); err != nil {
		return d, p, err
	}
	members, err := community.MembersOf(ctx, a.DB.Read(), d.PersonID)
	if err != nil {
		return d, p, err
	}
	for _, m := range members {
		if m.ID == job.MemberID && m.State == community.Active && p.Epoch == d.Epoch {
			return d, p, nil
		}
	}
	return community.Device{}, p, nil
}

// callForHelp wakes advocates for cases that nobody has taken and whose promise soon ends.
func (a *App) callForHelp(ctx context.Context) error {
	brands, err := community.Brands(ctx, a.DB.Read())
	if err != nil {
		return err
	}
	for id := range brands {
		waiting, err := community.LeftWaiting(ctx, a.DB.Read(), id, a.Now())
		if err != nil {
			return err
		}
		for _, c := range waiting {
			err := a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return community.CallForHelp(ctx, tx, &c) })
			if err != nil {
				return err
			}
		}
	}
	return nil
}
