package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// Message is what a phone shows and where it leads. It names nobody and quotes nothing: it lies on
// lock screens.
type Message struct {
	Text string `json:"text"`
	Path string `json:"path"`
}

// pushTexts are what phones are told.
var pushTexts = map[community.Kind]string{
	community.FitsYou:        "push.fits_you",
	community.AnswerReturned: "push.answer_returned",
	community.CasePassedOn:   "push.case_passed_on",
	community.ReviewLate:     "push.review_late",
	community.AlertOpened:    "push.alert_opened",
	community.SurgeCalled:    "push.surge_called",
}

// PushMessage writes a job's message in a language.
func PushMessage(lang string, job community.PushJob) Message {
	ctx := WithView(context.Background(), View{Lang: Language(lang, "")})
	m := Message{Text: T(ctx, pushTexts[job.About], "count", job.Minutes), Path: casePath(job.CaseID)}
	if job.About == community.ReviewLate {
		m.Path = "/review"
	}
	if job.About == community.AlertOpened {
		m.Path = "/alerts"
	}
	if job.About == community.SurgeCalled {
		m.Path = "/feed"
	}
	return m
}

// deviceCookie names the device of this browser, so that signing out here silences it, too.
const deviceCookie = "kith_device"

// addDevice lets the reader's browser be woken.
func (a *App) addDevice(w http.ResponseWriter, r *http.Request) error {
	p := access.From(r.Context()).Person
	d := community.Device{
		PersonID: p.ID, Epoch: p.Epoch, Endpoint: r.PostFormValue("endpoint"), P256dh: r.PostFormValue("p256dh"), Auth: r.PostFormValue("auth"),
		Name: r.PostFormValue("name"),
	}
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) (err error) {
		d, err = community.AddDevice(ctx, tx, d)
		return err
	})
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: deviceCookie, Value: fmt.Sprint(d.ID), Path: "/", MaxAge: 400 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: a.Secure,
	})
	goTo(w, r, "/me#push")
	return nil
}

func (a *App) removeDevice(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "device")
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.RemoveDevice(ctx, tx, access.From(ctx).Person.ID, id)
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/me#push")
	return nil
}

// silence forgets the device of the browser that signs out.
func (a *App) silence(r *http.Request) error {
	at, err := r.Cookie(deviceCookie)
	who := access.From(r.Context())
	if err != nil || who == nil {
		return nil
	}
	id, err := strconv.ParseInt(at.Value, 10, 64)
	if err != nil {
		return nil
	}
	return a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.RemoveDevice(ctx, tx, who.Person.ID, id)
	})
}

func (a *App) setPushes(w http.ResponseWriter, r *http.Request) error {
	n, err := strconv.Atoi(r.PostFormValue("pushes"))
	if err != nil {
		n = -1
	}
	me := access.From(r.Context()).Member
	if me == nil {
		return community.ErrNotAllowed
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.SetPushes(ctx, tx, me, n)
	})
	if err != nil {
		return a.meAgain(w, r, err)
	}
	goTo(w, r, "/me#push")
	return nil
}

// offline is the page that a browser keeps for when it cannot reach us.
func (a *App) offline(w http.ResponseWriter, r *http.Request) error {
	return render(w, r, http.StatusOK, offlinePage())
}

// ServiceWorker is the route of the script that browsers run for us in the background. Its address never
// changes, because browsers know it by that.
func ServiceWorker() access.Route {
	return access.Route{Method: "GET", Pattern: "/service-worker.js", Object: "asset", Action: "read", Handler: http.HandlerFunc(serveWorker)}
}

func serveWorker(w http.ResponseWriter, r *http.Request) {
	names, err := manifest()
	content, readErr := dist.ReadFile("dist/" + names["service-worker.js"])
	if err := cmp.Or(err, readErr); err != nil {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/javascript; charset=utf-8")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; connect-src 'self'")
	_, _ = w.Write(content)
}
