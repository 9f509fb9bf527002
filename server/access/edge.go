package access

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"
)

// ClientIP is the middleware that finds out where a request comes from. Without trusted proxies that
// is the other end of the connection. With them (addresses like 10.0.0.0/8) it is the last hop of
// X-Forwarded-For that is none of them, and only if one of them handed the request in; counting hops
// instead would believe anybody who reaches us directly.
func ClientIP(trusted []string) (func(http.Handler) http.Handler, error) {
	if len(trusted) == 0 {
		return middleware.ClientIPFromRemoteAddr, nil
	}
	prefixes := make([]string, len(trusted))
	for i, t := range trusted {
		p, err := netip.ParsePrefix(t)
		if a, errAddr := netip.ParseAddr(t); errAddr == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("trusted proxy: %w", err)
		}
		prefixes[i] = p.String()
	}
	return middleware.ClientIPFromXFF(prefixes...), nil
}

// How often one address, and anybody for one account, may try to sign in. The second cannot lock
// somebody out: a link works all the same.
const (
	triesOfIP  = 30
	withinIP   = time.Minute
	triesOfWho = 10
	withinWho  = 15 * time.Minute

	longestForm = 64 << 10 // bytes of a sign-in form
)

// LimitSignIn is the middleware of what takes a password or sends a link: it limits attempts (not
// GET) by address and by the account in the form field "email".
func (g *Guard) LimitSignIn(next http.Handler) http.Handler {
	byAccount := g.limitWho(next)
	limited := g.limitIP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := normalEmail(r.PostFormValue("email")); err != nil {
			next.ServeHTTP(w, r)
			return
		}
		byAccount.ServeHTTP(w, r)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, longestForm)
		limited.ServeHTTP(w, r)
	})
}

func (g *Guard) newLimits() (byIP, byAccount func(http.Handler) http.Handler) {
	over := httprate.WithLimitHandler(func(w http.ResponseWriter, r *http.Request) { g.refuse(w, r, ErrTooMany) })
	ip := func(r *http.Request) (string, error) {
		return httprate.CanonicalizeIP(middleware.GetClientIP(r.Context())), nil
	}
	account := func(r *http.Request) (string, error) { return normalEmail(r.PostFormValue("email")) }
	return httprate.LimitBy(triesOfIP, withinIP, ip, over), httprate.LimitBy(triesOfWho, withinWho, account, over)
}

// Next gives the path and query of a place to go to after signing in, and "/" for anything that could
// lead to another site.
func Next(text string) string {
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") ||
		strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return "/"
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.Contains(u.Path, "//") || strings.Contains(u.Path, "\\") {
		return "/"
	}
	return u.RequestURI()
}
