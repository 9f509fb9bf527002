package web

import (
	"context"
	"crypto/rsa"
	"database/sql"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // machines without one
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"
	"github.com/nicksnyder/go-i18n/v2/i18n"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/db"
)

// App is the web app: what its pages need of the product.
type App struct {
	DB        *db.DB
	Guard     *access.Guard
	Desk      *moderation.Desk
	Intake    *moderation.Intake
	Deliverer *listeners.Deliverer
	Assistant *moderation.Assistant // nil where the operator has named none
	Connector *listeners.Connector
	Doctor    *listeners.Doctor
	Paster    *moderation.Paster
	Now       clock.Func
	// Listen keeps an open page told of changes until still says that the member may no longer listen.
	Listen func(w http.ResponseWriter, r *http.Request, m community.Member, still func(context.Context) bool)
	// Told is the last change that pages were told of; what follows it is told to a page that is opened now.
	Told func() int64
	// PushKey is the public key by which push services know this installation.
	PushKey string
	// Simulates tells whether days can be played in the wind tunnel.
	Simulates bool
	// CredentialKey is the key with which this installation signs badges.
	CredentialKey func(context.Context) (*rsa.PrivateKey, error)
	// Mails tells whether the operator has named a mail server.
	Mails bool
	// Secure marks cookies as for https only.
	Secure bool
}

// handler answers a request or says why not; the error becomes a page in one place.
type handler func(w http.ResponseWriter, r *http.Request) error

// longestForm bounds what a form may carry, in bytes.
const longestForm = 256 << 10

func (a *App) page(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, longestForm)
		if err := h(w, r); err != nil {
			a.Refuse(w, r, a.Guard.Tell(r.Context(), err))
		}
	})
}

// write runs f in a transaction that is on disk when it returns.
func (a *App) write(ctx context.Context, f func(context.Context, listeners.Tx) error) error {
	return a.DB.Transact(ctx, db.Full, f)
}

// pathID reads an id from the address; sql.ErrNoRows where it is none.
func pathID(r *http.Request, name string) (int64, error) {
	id, err := strconv.ParseInt(chi.URLParam(r, name), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read %s from the address: %w", name, sql.ErrNoRows)
	}
	return id, nil
}

// render writes a component as the answer.
func render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return c.Render(r.Context(), w)
}

// fragment tells whether htmx asks for a part of the page only.
func fragment(r *http.Request) bool { return r.Header.Get("HX-Request") != "" }

// goTo sends the browser on after a form, to a path of ours.
func goTo(w http.ResponseWriter, r *http.Request, path string) {
	if fragment(r) {
		w.Header().Set("HX-Location", path)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// Sentence is an error's or a status's sentence in the language of the view, as a person reads it.
func Sentence(ctx context.Context, text string) string {
	said, ok := lookUp(view(ctx).Lang, "sentence."+text)
	if !ok {
		said = text
	}
	first, size := utf8.DecodeRuneInString(said)
	return string(unicode.ToUpper(first)) + said[size:]
}

// See builds the view of a request: who asks, in which language and theme. It stands behind ByCookie
// and before Protect.
func (a *App) See(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := View{Now: a.Now(), Since: a.Told(), Path: r.URL.RequestURI(), Theme: cookie(r, "theme"), Lang: cookie(r, "language"), Zone: zone(cookie(r, "zone"))}
		if id := access.From(r.Context()); id != nil {
			if v.Lang == "" {
				v.Lang = id.Person.Language
			}
			v.User = &User{Name: id.Person.Name}
			if m := id.Member; m != nil {
				v.User = &User{
					Name: m.PublicName, Brand: id.Brand.Name, Role: string(m.Role),
					Reviews: m.MayReview(), Settings: a.Guard.May(r.Context(), "settings", "read"),
					People: a.Guard.May(r.Context(), "member", "read"), Sends: a.Guard.May(r.Context(), "sending", "read"),
				}
				if strings.Contains(r.Header.Get("Accept"), "text/html") {
					a.count(r.Context(), m, &v)
				}
			}
		}
		v.Lang = Language(v.Lang, r.Header.Get("Accept-Language"))
		next.ServeHTTP(w, r.WithContext(WithView(r.Context(), v)))
	})
}

// count reads what the frame of a page tells besides. A page is not refused because it cannot be read.
func (a *App) count(ctx context.Context, m *community.Member, v *View) {
	if v.User.Reviews {
		v.User.Review = a.waiting(ctx, m)
	}
	if a.Guard.May(ctx, "alert", "read") {
		if open, err := moderation.CountOpenAlerts(ctx, a.DB.Read(), m.BrandID); err == nil {
			v.User.Alerts = open
		}
	}
	if stops, err := community.Stops(ctx, a.DB.Read(), m.BrandID); err == nil {
		v.Stops = stops
	}
}

// waiting counts the answers that wait for the member's review, up to mostWaiting. A page is not refused
// because they cannot be counted.
func (a *App) waiting(ctx context.Context, m *community.Member) int {
	n, err := community.CountReviewQueue(ctx, a.DB.Read(), m, mostWaiting)
	if err != nil {
		return 0
	}
	return n
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie("kith_" + name)
	if err != nil {
		return ""
	}
	return c.Value
}

// lookUp is the text of an id in a language, if the catalog has it.
func lookUp(lang, id string) (string, bool) {
	text, err := localizers[lang].Localize(&i18n.LocalizeConfig{MessageID: id})
	return text, err == nil && text != ""
}

// zone is the time zone of a name that a browser told; UTC for one that does not exist.
func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil || len(name) > 64 {
		return time.UTC
	}
	return z
}

// NotFound answers for addresses that do not exist.
func (a *App) NotFound(w http.ResponseWriter, r *http.Request) {
	a.Refuse(w, r, a.Guard.Tell(r.Context(), sql.ErrNoRows))
}
