package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// pastePage is the form for a link to a post, and what is asked besides where nobody reads its place.
type pastePage struct {
	moderation.Pasting
	Asked  bool   // for the words of the post
	Host   string // of the link, "" for none
	Unseen bool   // the network does not show the post to us
	Said   string // id of a text, of what was just done
	Failed *access.Failure
	Detail string // instead of the failure's sentence
}

// pastedTexts say where a case is that the reader may not see, by its lane.
var pastedTexts = map[community.Lane]string{community.Staff: "paste.with_staff", community.Care: "paste.with_staff", community.None: "paste.no_answer"}

// paste shows the form; what a phone shares stands in it already. No network is asked before it is sent.
func (a *App) paste(w http.ResponseWriter, r *http.Request) error {
	me := access.From(r.Context()).Member
	if !me.MayPaste() {
		return community.ErrNotAllowed
	}
	v := pastePage{Pasting: shared(r.URL.Query()), Said: pastedTexts[community.Lane(r.URL.Query().Get("lane"))]}
	link, asks, err := a.Paster.Asks(r.Context(), me, v.Link)
	if err != nil {
		return err
	}
	v.Host, v.Asked = link.Host, asks
	return render(w, r, http.StatusOK, pasteWhole(v))
}

// shared reads what a phone shares: many apps put the link into the text.
func shared(q url.Values) (p moderation.Pasting) {
	for _, part := range []string{q.Get("url"), q.Get("text"), q.Get("title")} {
		for word := range strings.FieldsSeq(part) {
			if _, ok := listeners.ReadLink(word); ok && p.Link == "" {
				p.Link = word
			}
		}
	}
	p.Text = strings.TrimSpace(strings.Replace(q.Get("text"), p.Link, "", 1))
	return p
}

// bring leads from a link to its case, or asks for the words where nobody reads the place.
func (a *App) bring(w http.ResponseWriter, r *http.Request) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	v := pastePage{Asked: r.PostFormValue("asked") != "", Pasting: moderation.Pasting{
		Link: strings.TrimSpace(r.PostFormValue("link")), Text: r.PostFormValue("text"), Author: r.PostFormValue("author"), Another: r.PostFormValue("another") != "",
	}}
	in := v.Pasting
	if !v.Asked { // what a phone shared is shown before it is taken for a customer's words
		in.Text, in.Author = "", ""
	}
	landed, err := a.Paster.Paste(ctx, me, in)
	v.Host, v.Unseen = landed.Link.Host, landed.Unseen
	var network *listeners.Error
	switch {
	case errors.As(err, &network):
		v.Failed = &access.Failure{Field: "link", Status: http.StatusServiceUnavailable}
		v.Detail = T(ctx, "network_error."+string(network.Class))
	case err != nil:
		failed := access.Explain(err)
		if failed.Status >= http.StatusInternalServerError || failed.Status == http.StatusForbidden {
			return err
		}
		failed.Field = cmp.Or(failed.Field, "link")
		v.Failed = &failed
	case landed.Asks:
		v.Asked = true
		return render(w, r, http.StatusOK, pasteWhole(v))
	case landed.Case.ID != 0:
		goTo(w, r, casePath(landed.Case.ID))
		return nil
	default:
		goTo(w, r, "/paste?lane="+url.QueryEscape(string(landed.Lane)))
		return nil
	}
	return render(w, r, v.Failed.Status, pasteWhole(v))
}

// wrong is what is wrong with a field, "" for nothing.
func (v pastePage) wrong(ctx context.Context, field string) string {
	if v.Failed == nil || v.Failed.Field != field {
		return ""
	}
	return cmp.Or(v.Detail, Sentence(ctx, v.Failed.Sentence))
}

// placeName is where a case's conversation stands: its network, or the website that a link led to.
func placeName(c community.Case) string {
	if c.Network == "pasted" {
		if l, ok := listeners.ReadLink(c.ThreadKey); ok {
			return l.Host
		}
	}
	return networkName(c.Network)
}
