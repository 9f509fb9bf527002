package web

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/moderation/rules"
	"github.com/kith-social/kith/server/access"
)

// rulesPage is the rules of a brand: those that decide, and the draft.
type rulesPage struct {
	words    ruleWords
	Live     moderation.RuleVersion
	Draft    moderation.RuleDraft
	Shown    []rules.Rule // the draft's where there is one
	Problems []rules.Problem
	Versions []moderation.RuleVersion
	Members  map[int64]community.Member
	Watched  int // posts that the draft was watched with
	Differs  int // of them, those that would have gone another way
	Tried    bool
	May      bool
	Ready    int                         // advocates who answer community-care
	Overflow *rules.Overflow             // of the rules that are shown
	Lacks    bool                        // they cannot be switched on without saying when cases overflow
	Said     map[int64]listeners.Mention // what is left of the posts that would go another way
	Failed   *access.Failure

	Receipts   *moderation.Receipts // nil: no rule that is shown sends any
	Receipting []string             // networks of the brand that allow them
}

// shownVersions is how many versions the page lists.
const shownVersions = 20

func (a *App) rules(w http.ResponseWriter, r *http.Request) error {
	return a.showRules(w, r, http.StatusOK, nil)
}

func (a *App) showRules(w http.ResponseWriter, r *http.Request, status int, failed *access.Failure) error {
	me := access.From(r.Context()).Member
	v := rulesPage{May: a.Guard.May(r.Context(), "rules", "change"), Failed: failed}
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		if v.words, err = a.ruleWords(ctx, read, me.BrandID); err != nil {
			return err
		}
		if v.Draft, err = moderation.DraftOf(ctx, read, me.BrandID); err != nil {
			return err
		}
		if v.Versions, err = moderation.RuleVersions(ctx, read, me.BrandID, shownVersions); err != nil {
			return err
		}
		if v.Watched, v.Differs, err = moderation.Watched(ctx, read, me.BrandID); err != nil {
			return err
		}
		if v.Ready, err = community.Caring(ctx, read, me.BrandID); err != nil {
			return err
		}
		turned := make([]int64, 0, len(v.Draft.Outcome.Cases))
		for _, c := range v.Draft.Outcome.Cases {
			turned = append(turned, c.MentionID)
		}
		if v.Said, err = listeners.FindMentions(ctx, read, turned); err != nil {
			return err
		}
		if v.Members, err = community.Members(ctx, read, me.BrandID); err != nil {
			return err
		}
		said, err := community.Setting(ctx, read, me.BrandID, moderation.DefaultReceipts)
		v.Receipts = &said
		return err
	})
	if err != nil {
		return err
	}
	if len(v.Versions) > 0 {
		v.Live = v.Versions[0]
	}
	shown := v.Live.Value
	if v.Draft.BrandID != 0 {
		shown, v.Tried = v.Draft.Value, v.Draft.Tried(view(r.Context()).Now)
	}
	if !acknowledges(shown) {
		v.Receipts = nil
	}
	for _, n := range v.words.Networks {
		if !a.Desk.Network(n).Policy.NoReceipts {
			v.Receipting = append(v.Receipting, v.words.Names[n])
		}
	}
	v.Shown, v.Problems, v.Overflow, v.Lacks = shown.Rules, shown.Lint(rules.Standing()...), shown.Overflow, shown.Complete() != nil
	return render(w, r, status, rulesView(v))
}

// acknowledges tells whether a rule sends automatic receipts.
func acknowledges(s rules.Set) bool {
	return slices.ContainsFunc(s.Rules, func(r rules.Rule) bool {
		return slices.ContainsFunc(r.Do, func(d rules.Do) bool { return d.Action == "receipt" })
	})
}

// terms are what a network's terms allow.
func (a *App) terms(network string) listeners.Policy { return a.Desk.Network(network).Policy }

// overflow is what the form begins with.
func (v rulesPage) overflow() rules.Overflow {
	if v.Overflow != nil {
		return *v.Overflow
	}
	return rules.Packs[0].Overflow
}

// editable are the rules that an edit begins with: the draft, or those that decide.
func editable(ctx context.Context, db bun.IDB, brandID int64, zone string) (rules.Set, error) {
	d, err := moderation.DraftOf(ctx, db, brandID)
	if err != nil || d.BrandID != 0 {
		return d.Value, err
	}
	live, err := moderation.LiveRules(ctx, db, brandID)
	if live.ID == 0 {
		live.Value.Zone = zone
	}
	return live.Value, err
}

// changeRules changes the draft: press says how, place of which rule.
func (a *App) changeRules(w http.ResponseWriter, r *http.Request) error {
	press, about, _ := strings.Cut(r.PostFormValue("press"), ":")
	place, _ := strconv.Atoi(about)
	var me *community.Member
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		me = access.From(ctx).Member
		switch press {
		case "watch":
			return moderation.WatchRules(ctx, tx, me)
		case "switch":
			d, err := moderation.DraftOf(ctx, tx, me.BrandID)
			if err == nil {
				err = d.Value.Permitted(a.terms)
			}
			if err == nil {
				_, err = moderation.SwitchOn(ctx, tx, me)
			}
			return err
		case "receipts":
			return community.Set(ctx, tx, me, moderation.Receipts{
				Vietnamese: strings.TrimSpace(r.PostFormValue("receipt_vi")), English: strings.TrimSpace(r.PostFormValue("receipt_en")),
			})
		case "drop":
			return moderation.DropDraft(ctx, tx, me)
		case "restore":
			return moderation.RestoreRules(ctx, tx, me, int64(place))
		}
		s, err := editable(ctx, tx, me.BrandID, zoneHere(r.Context()))
		if err != nil {
			return err
		}
		if press == "overflow" {
			if s.Overflow, err = readOverflow(r.PostForm); err != nil {
				return err
			}
		}
		return moderation.KeepDraft(ctx, tx, me, edit(r.Context(), s, press, about))
	})
	if f := access.Explain(err); err != nil && f.Field != "" {
		return a.showRules(w, r, f.Status, &f)
	}
	if err != nil {
		return err
	}
	a.Intake.Forget(me.BrandID)
	goTo(w, r, "/rules")
	return nil
}

// readOverflow reads from when on cases overflow.
func readOverflow(form url.Values) (*rules.Overflow, error) {
	waiting, err1 := strconv.Atoi(cmp.Or(form.Get("waiting"), "0"))
	minutes, err2 := strconv.Atoi(cmp.Or(form.Get("minutes"), "0"))
	if err1 != nil || err2 != nil {
		return nil, &community.Invalid{Field: "overflow", Sentence: "choose up to 10000 cases and up to 1440 minutes"}
	}
	return &rules.Overflow{Waiting: waiting, Minutes: minutes, Away: form.Get("away") != ""}, nil
}

// edit changes rules as somebody pressed: up, off and remove with the place of a rule, pack with the name of
// one. What it does not know changes nothing.
func edit(ctx context.Context, s rules.Set, press, about string) rules.Set {
	s.Rules = slices.Clone(s.Rules)
	place, err := strconv.Atoi(about)
	known := err == nil && place >= 0 && place < len(s.Rules)
	switch {
	case press == "pack":
		for _, p := range rules.Packs {
			if p.Name == about {
				over := p.Overflow
				s.Rules, s.Overflow = nil, &over
				for _, r := range p.Rules {
					r.Name = T(ctx, "rule_name."+r.Name)
					s.Rules = append(s.Rules, r)
				}
			}
		}
	case press == "up" && known && place > 0:
		s.Rules[place-1], s.Rules[place] = s.Rules[place], s.Rules[place-1]
	case press == "off" && known:
		s.Rules[place].Off = !s.Rules[place].Off
	case press == "remove" && known:
		s.Rules = slices.Delete(s.Rules, place, place+1)
	}
	return s
}

// tryRules runs the draft over the past, where nothing can be written, and then keeps what came of it.
func (a *App) tryRules(w http.ResponseWriter, r *http.Request) error {
	me := access.From(r.Context()).Member
	draft, err := moderation.DraftOf(r.Context(), a.DB.Read(), me.BrandID)
	if err != nil {
		return err
	}
	if draft.BrandID == 0 {
		return sql.ErrNoRows
	}
	var found moderation.Replay
	err = a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		found, err = a.Intake.Replay(ctx, read, me.BrandID, draft.Value, view(r.Context()).Now)
		return err
	})
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return moderation.NoteReplay(ctx, tx, access.From(ctx).Member, draft.Value, found)
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/rules")
	return nil
}

// ruleForm is one rule while somebody writes it.
type ruleForm struct {
	words  ruleWords
	Place  string // in the draft, or "new"
	Rule   rules.Rule
	May    bool
	Failed *access.Failure
}

func (a *App) rule(w http.ResponseWriter, r *http.Request) error {
	me := access.From(r.Context()).Member
	v := ruleForm{Place: chi.URLParam(r, "place"), May: a.Guard.May(r.Context(), "rules", "change")}
	s, err := editable(r.Context(), a.DB.Read(), me.BrandID, "")
	if err != nil {
		return err
	}
	place, err := placeIn(s, v.Place)
	if err != nil {
		return err
	}
	if place < len(s.Rules) {
		v.Rule = s.Rules[place]
	}
	return a.showRule(w, r, http.StatusOK, v)
}

// placeIn is the place that a path names; "new" is the one after the last.
func placeIn(s rules.Set, path string) (int, error) {
	if path == "new" {
		return len(s.Rules), nil
	}
	place, err := strconv.Atoi(path)
	if err != nil || place < 0 || place >= len(s.Rules) {
		return 0, sql.ErrNoRows
	}
	return place, nil
}

func (a *App) showRule(w http.ResponseWriter, r *http.Request, status int, v ruleForm) (err error) {
	if v.words, err = a.ruleWords(r.Context(), a.DB.Read(), access.From(r.Context()).Member.BrandID); err != nil {
		return err
	}
	return render(w, r, status, ruleView(v))
}

// writeRule adds and removes rows of the form, or keeps the rule in the draft.
func (a *App) writeRule(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &community.Invalid{Field: "name", Sentence: "this form cannot be read"}
	}
	v := ruleForm{Place: chi.URLParam(r, "place"), May: true, Rule: readRule(r.PostForm)}
	s, err := editable(r.Context(), a.DB.Read(), access.From(r.Context()).Member.BrandID, zoneHere(r.Context()))
	if err != nil {
		return err
	}
	if _, err := placeIn(s, v.Place); err != nil {
		return err
	}
	if press := r.PostForm.Get("press"); press != "keep" {
		changeRows(&v.Rule, r.PostForm, press)
		return a.showRule(w, r, http.StatusOK, v)
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		me := access.From(ctx).Member
		s, err := editable(ctx, tx, me.BrandID, zoneHere(r.Context()))
		if err != nil {
			return err
		}
		place, err := placeIn(s, v.Place)
		if err != nil {
			return err
		}
		s.Rules = slices.Clone(s.Rules)
		if place == len(s.Rules) {
			s.Rules = append(s.Rules, v.Rule)
		} else {
			v.Rule.Off = s.Rules[place].Off
			s.Rules[place] = v.Rule
		}
		if err := s.Permitted(a.terms); err != nil {
			return err
		}
		return moderation.KeepDraft(ctx, tx, me, s)
	})
	if wrong := (*community.Invalid)(nil); errors.As(err, &wrong) {
		f := access.Explain(err)
		v.Failed = &f
		return a.showRule(w, r, f.Status, v)
	}
	if err != nil {
		return err
	}
	goTo(w, r, "/rules")
	return nil
}

// mostRows is how many rows of a kind a form is read for.
const mostRows = 20

// readRule reads the rows of the form: g<group>.c<condition> and d<action>.
func readRule(form url.Values) rules.Rule {
	v := rules.Rule{Name: strings.TrimSpace(form.Get("name"))}
	for g := range mostRows {
		group := rules.Group{Any: form.Get(rowName("g", g)+".any") == "yes"}
		for c := range mostRows {
			row := rowName("g", g) + "." + rowName("c", c)
			if fact := form.Get(row + ".fact"); fact != "" {
				group.Conditions = append(group.Conditions, rules.Condition{Fact: fact, Op: rules.Operator(form.Get(row + ".op")), Values: form[row+".value"]})
			}
		}
		if len(group.Conditions) > 0 {
			v.Groups = append(v.Groups, group)
		}
	}
	for d := range mostRows {
		row := rowName("d", d)
		if action := form.Get(row + ".action"); action != "" {
			v.Do = append(v.Do, rules.Do{Action: action, Value: strings.TrimSpace(form.Get(row + ".value"))})
		}
	}
	return v
}

func rowName(kind string, n int) string { return kind + strconv.Itoa(n) }

// changeRows adds the chosen condition or action, or removes one: press is condition:<group>,
// remove_condition:<group>.<condition>, action, or remove_action:<action>.
func changeRows(v *rules.Rule, form url.Values, press string) {
	what, about, _ := strings.Cut(press, ":")
	first, second, _ := strings.Cut(about, ".")
	i, _ := strconv.Atoi(first)
	j, _ := strconv.Atoi(second)
	switch what {
	case "condition":
		fact := rules.FactOf(form.Get("g" + first + ".new"))
		if fact == nil {
			return
		}
		if i >= len(v.Groups) || i < 0 {
			i, v.Groups = len(v.Groups), append(v.Groups, rules.Group{})
		}
		v.Groups[i].Conditions = append(v.Groups[i].Conditions, rules.Condition{Fact: fact.Name, Op: fact.Operators()[0]})
	case "remove_condition":
		if i >= 0 && i < len(v.Groups) && j >= 0 && j < len(v.Groups[i].Conditions) {
			v.Groups[i].Conditions = slices.Delete(v.Groups[i].Conditions, j, j+1)
		}
		v.Groups = slices.DeleteFunc(v.Groups, func(g rules.Group) bool { return len(g.Conditions) == 0 })
	case "action":
		if action := rules.ActionOf(form.Get("d.new")); action != nil {
			v.Do = append(v.Do, rules.Do{Action: action.Name})
		}
	case "remove_action":
		if i >= 0 && i < len(v.Do) {
			v.Do = slices.Delete(v.Do, i, i+1)
		}
	}
}
