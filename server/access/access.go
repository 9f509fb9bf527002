// Package access decides who somebody is and what they may do.
//
// A person signs in, by password or by a link that works once; what they do is done as a member, their
// part in one brand. A session is a browser's sign-in; it ends, with all others of the person, when
// the person's epoch rises. A token lets a program act as a person, within its scopes. An identity is
// who a request comes from. A policy line allows a role an action on an object; the Guard looks every
// route up in it, and there is no other way to mount one. Whose case or answer it is stays a question
// for the domain. A failure is what somebody is told of an error, and the one table to HTTP statuses
// stands here, below both the pages and the API.
//
// It owns the tables persons, sessions, sign_in_links and api_tokens, and is the only home of casbin.
package access

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/alexedwards/scs/v2"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// Tx is a transaction in which follow-up work can be enqueued.
type Tx = listeners.Tx

// What a person may be told. Each text is also the key of its translation.
var (
	ErrSignedOut   = errors.New("sign in first")
	ErrCredentials = errors.New("this e-mail address and password do not belong together")
	ErrLink        = errors.New("this link has been used or is too old; ask for a new one")
	ErrToken       = errors.New("this token is not valid")
	ErrScope       = errors.New("this token does not reach that far")
	ErrTooMany     = errors.New("too many attempts; wait a little and try again")
	ErrForeignPage = errors.New("this was sent from another site")
)

// Config is what a Guard needs.
type Config struct {
	Read     bun.IDB
	Transact listeners.Transact
	Now      clock.Func
	Log      *slog.Logger
	// PublicURL is where people reach the product. With https, cookies are sent over it only.
	PublicURL string
	// Refuse shows a failure as a page; nil means a line of plain text.
	Refuse func(http.ResponseWriter, *http.Request, Failure)
}

// Guard signs people in, tells who a request comes from, and lets it through or not.
type Guard struct {
	Config
	policy   Policy
	sessions *scs.SessionManager
	origin   *http.CrossOriginProtection
	hashing  chan struct{} // room for passwords being hashed at the same time
	limitIP  func(http.Handler) http.Handler
	limitWho func(http.Handler) http.Handler
	routes   []Route
}

// New prepares a Guard; it fails if the policy makes no sense or PublicURL is no URL.
func New(c Config) (*Guard, error) {
	policy, err := ParsePolicy(PolicyText)
	if err != nil {
		return nil, err
	}
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("public URL: %w", err)
	}
	g := &Guard{Config: c, policy: policy, hashing: make(chan struct{}, hashesAtOnce), origin: http.NewCrossOriginProtection()}
	if public.Host != "" {
		if err := g.origin.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
			return nil, fmt.Errorf("public URL: %w", err)
		}
	}
	g.origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.refuse(w, r, ErrForeignPage) }))
	g.sessions = g.newSessions(public.Scheme == "https")
	g.limitIP, g.limitWho = g.newLimits()
	return g, nil
}
