package web

import (
	"net/http"
	"net/url"

	"github.com/kith-social/kith/server/access"
)

// failing is a failure as its page tells it.
type failing struct {
	access.Failure
	Icon, Title, Advice string // ids of texts, but for the icon
	Back                string // where the person came from
}

var failures = map[int]failing{
	http.StatusForbidden:           {Icon: "ban", Title: "failure.forbidden", Advice: "failure.forbidden_advice"},
	http.StatusNotFound:            {Icon: "search", Title: "failure.not_found", Advice: "failure.not_found_advice"},
	http.StatusConflict:            {Icon: "info", Title: "failure.conflict", Advice: "failure.conflict_advice"},
	http.StatusGone:                {Icon: "timer", Title: "failure.gone", Advice: "failure.gone_advice"},
	http.StatusUnprocessableEntity: {Icon: "pencil-line", Title: "failure.invalid", Advice: "failure.invalid_advice"},
	http.StatusTooManyRequests:     {Icon: "timer", Title: "failure.too_many", Advice: "failure.too_many_advice"},
}

// Refuse shows a failure as a page, or as a toast where only a part of the page was asked for.
func (a *App) Refuse(w http.ResponseWriter, r *http.Request, f access.Failure) {
	if r.Header.Get("Accept") == "text/event-stream" {
		http.Error(w, f.Sentence, f.Status)
		return
	}
	if _, seen := r.Context().Value(viewKey{}).(*View); !seen { // refused before See had its turn
		again := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.Refuse(w, r, f) })
		a.See(Protect(again)).ServeHTTP(w, r)
		return
	}
	said, known := failures[f.Status]
	if !known {
		said = failing{Icon: "circle-alert", Title: "failure.ours", Advice: "failure.ours_advice"}
	}
	said.Failure, said.Back = f, "/"
	if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host {
		said.Back = access.Next(u.RequestURI())
	}
	page := failurePage(said)
	if fragment(r) {
		w.Header().Set("HX-Retarget", "#toasts")
		w.Header().Set("HX-Reswap", "beforeend")
		page = toast(Sentence(r.Context(), f.Sentence), "", view(r.Context()).Now.Add(toastLife))
	}
	_ = render(w, r, f.Status, page) // whoever asked has gone
}
