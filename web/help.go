package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// help is what stands at hand for whoever may answer a case.
type help struct {
	Similar  []community.Similar // approved answers to questions like this one
	Snippets []community.Snippet // that fit
	Limits   []community.Allowance
	Peers    []community.Member // who can be asked what they think
	Wait     time.Duration      // that a review takes at this hour, 0 where nobody can tell
	Assists  bool               // a machine may draft
	Assisted bool               // most of the draft is a machine's
}

// mostSimilar is how many similar answers are shown.
const mostSimilar = 3

// readHelp reads what helps the reader with a case that they may answer.
func (a *App) readHelp(ctx context.Context, read bun.IDB, v *casePage) (h help, err error) {
	me, c := v.Dock.Me, &v.Case
	if v.Dock.Kind != dockWrite && v.Dock.Kind != dockFree {
		return h, nil
	}
	posts, err := listeners.FindMentions(ctx, read, []int64{c.MentionID})
	if err != nil {
		return h, err
	}
	if h.Similar, err = community.SimilarAnswers(ctx, read, me, c, posts[c.MentionID].Text, mostSimilar); err != nil {
		return h, err
	}
	if h.Limits, err = community.LimitsOf(ctx, read, me); err != nil || v.Dock.Kind != dockWrite {
		return h, err
	}
	h.Assists = a.assists(c.Network) && c.HeldBy(me, view(ctx).Now)
	h.Assisted = v.Dock.Assisted
	snippets, err := community.Snippets(ctx, read, me.BrandID)
	if err != nil {
		return h, err
	}
	for _, s := range snippets {
		if s.Fits(c) {
			h.Snippets = append(h.Snippets, s)
		}
	}
	if h.Peers, err = community.Peers(ctx, read, me, c); err != nil {
		return h, err
	}
	if v.Dock.Why != "" {
		h.Wait, err = moderation.ReviewWait(ctx, read, me.BrandID, view(ctx).Now)
	}
	return h, err
}

// fill is the text of a snippet with what is known already in its blanks: the customer's name. What is
// left is for the writer.
func fill(text, customer string) string {
	for _, blank := range community.Blanks(text) {
		switch strings.ToLower(strings.Trim(blank, "[]")) {
		case "tên khách", "khách", "customer", "name", "customer's name":
			text = strings.ReplaceAll(text, blank, customer)
		}
	}
	return text
}

// begin puts something ready at the end of the draft: a snippet, a similar answer, a greeting, the
// member's sign-off. All are drafts that somebody goes on writing.
func (a *App) begin(w http.ResponseWriter, r *http.Request) error {
	form := readTyped(r)
	var b community.Begun
	b.SnippetID, _ = strconv.ParseInt(r.PostFormValue("snippet"), 10, 64)
	b.AnswerID, _ = strconv.ParseInt(r.PostFormValue("similar"), 10, 64)
	err := a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		c, err := community.FindCase(ctx, tx, me, id)
		if err != nil {
			return c, err
		}
		posts, err := listeners.FindMentions(ctx, tx, []int64{c.MentionID})
		if err != nil {
			return c, err
		}
		customer := calledName(posts[c.MentionID].Account)
		switch part := r.PostFormValue("part"); {
		case b != community.Begun{}:
			_, err = community.BeginWith(ctx, tx, me, id, form.Text, b, func(text string) string { return fill(shownTo(me, text), customer) })
			if err == nil {
				err = form.around(ctx, tx, me, id)
			}
		case part == "greeting":
			with := form
			with.Text = Text(speaks(&c), "composer.hello", "name", customer) + " " + form.Text
			_, _, _, err = with.saves(ctx, tx, me, id)
		case part == "sign_off" && me.SignOff != "":
			with := form
			end := &with.Text
			if form.Own {
				end = &with.Close
			}
			*end = strings.TrimLeft(strings.TrimRight(*end, " \n")+" "+me.SignOff, " ")
			_, _, _, err = with.saves(ctx, tx, me, id)
		}
		return c, err
	})
	if err != nil {
		return a.sendBack(w, r, form, err)
	}
	return a.showDraft(w, r, form)
}

// showDraft shows the draft as it is stored now, with what its writer had seen.
func (a *App) showDraft(w http.ResponseWriter, r *http.Request, form typed) error {
	if !fragment(r) {
		return a.showCase(w, r, nil)
	}
	v, err := a.readCase(r, typed{Seen: form.Seen})
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, caseDone(v))
}

// calledName is how a customer is addressed.
func calledName(account *listeners.Account) string {
	if account == nil {
		return ""
	}
	if name := strings.TrimSpace(account.Name); name != "" && name != account.Handle {
		return name
	}
	return handle(account)
}

// speaks is the language that a customer is answered in.
func speaks(c *community.Case) string {
	if c.Language == "en" {
		return "en"
	}
	return "vi"
}

// checkText says what should be thought of before a text leaves, and shows it as it will look on its
// network. Pages ask while somebody writes; without scripts a button asks.
func (a *App) checkText(w http.ResponseWriter, r *http.Request) error {
	form := readTyped(r)
	v, err := a.readCase(r, form)
	if err != nil {
		return err
	}
	if !v.Dock.Me.MayAnswer(&v.Case) {
		return community.ErrNotAllowed
	}
	ctx := r.Context()
	if v.Checked, err = a.check(ctx, a.DB.Read(), &v, v.Dock.whole(form)); err != nil {
		return err
	}
	if fragment(r) {
		return render(w, r, http.StatusOK, checkedText(v.Checked))
	}
	if err := a.keep(r, form); err != nil {
		return err
	}
	if err := a.readBeside(r, &v); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, caseWhole(v))
}

// checked is a text with what was found in it.
type checked struct {
	Text     string
	Brand    string // the account that will have written it
	Via      string
	Used     int
	Limit    int
	Cost     listeners.MicroUSD // what posting it costs; 0 where it is free
	Blanks   []string           // that are left
	AsKept   bool               // it is a snippet word for word
	Findings []moderation.Finding
}

func (a *App) check(ctx context.Context, read bun.IDB, v *casePage, text string) (*checked, error) {
	me := access.From(ctx).Member
	account, err := moderation.Poster(ctx, read, me, &v.Case)
	if err != nil {
		return nil, err
	}
	length := a.Desk.Network(v.Case.Network).Count(account, text)
	k := &checked{Text: text, Via: me.PublicName, Used: length.Used, Limit: length.Limit, Blanks: community.Blanks(text)}
	if v.Case.Delivery != listeners.Assisted {
		k.Cost = length.Cost
	}
	conn, err := listeners.FindConnection(ctx, read, v.Case.ConnectionID)
	if err != nil {
		return nil, err
	}
	k.Brand = conn.Title()
	if k.AsKept, err = community.AsKeptReady(ctx, read, me.BrandID, text); err != nil {
		return nil, err
	}
	k.Findings, err = a.Desk.Check(ctx, read, me, &v.Case, text)
	return k, err
}

// found is the stretch of the text that a finding is about, as the browser compares it before it
// changes anything.
func (k *checked) found(f moderation.Finding) string {
	runes := []rune(k.Text)
	if f.Start == 0 && f.End == 0 || f.Start < 0 || f.End > len(runes) || f.Start > f.End {
		return k.Text
	}
	return string(runes[f.Start:f.End])
}

// promised is how much of something a member may promise alone.
func promised(ctx context.Context, l community.Allowance) string {
	switch l.UpTo {
	case 0:
		return T(ctx, "help.ask_first")
	case community.NoLimit:
		return T(ctx, "help.no_limit")
	}
	return T(ctx, "help.up_to", "amount", strings.TrimSpace(Number(ctx, int(l.UpTo))+" "+l.Unit))
}
