package web

import (
	"crypto/rand"
	"net/http"
)

// Protect sets the headers that fence a page in: only our own scripts, styles, fonts and images run or
// load, nobody may frame the page, and no address leaks to other sites. The nonce it makes for the
// response is part of the view.
func Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nonce := rand.Text()
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self' 'nonce-"+nonce+"'; style-src 'self'; "+
			"font-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "+
			"form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), browsing-topics=()")
		v := *view(r.Context())
		v.Nonce = nonce
		next.ServeHTTP(w, r.WithContext(WithView(r.Context(), v)))
	})
}
