package community

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
)

// Facts are what staff know of an incident, in the words that every answer carries. A version never changes; the
// latest counts.
type Facts struct {
	bun.BaseModel `bun:"table:incident_facts,alias:f"`

	ID         int64 `bun:",pk,autoincrement"`
	BrandID    int64
	IncidentID int64
	Number     int
	En         string // "" where nobody has written them in English
	Vi         string
	LockedBy   int64
	LockedAt   clock.Time
}

// FactsReview is why a person looks again at an answer: the facts have changed before it left.
const FactsReview = "facts_changed"

// In is what a case in a language is told; "" where nobody has written it in that language.
func (f *Facts) In(language string) string {
	if language == "en" {
		return f.En
	}
	return f.Vi
}

// FactsOf reads the facts of an incident, the latest first.
func FactsOf(ctx context.Context, db bun.IDB, i *Incident) ([]Facts, error) {
	var all []Facts
	if err := db.NewSelect().Model(&all).Where("f.incident_id = ?", i.ID).Order("f.number DESC").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the facts of incident %d: %w", i.ID, err)
	}
	return all, nil
}

// Core is what an answer to a case carries as it stands: the locked facts and, where there is one, the address of
// the public statement. It is zero for a case that is free of them.
type Core struct {
	FactsID int64
	Facts   string
	Link    string
}

// Text is the core as it stands in an answer.
func (k Core) Text() string {
	if k.Facts == "" || k.Link == "" {
		return k.Facts
	}
	return k.Facts + "\n" + k.Link
}

// Compose puts an answer together: what is written to this customer around what everybody is told.
func (k Core) Compose(opening, closing string) string { return Around(k.Text(), opening, closing) }

// Around puts words around a core.
func Around(core, opening, closing string) string {
	var parts []string
	for _, part := range []string{opening, core, closing} {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n")
}

// CoreOf is what answers to a case carry now.
func CoreOf(ctx context.Context, db bun.IDB, c *Case) (Core, error) {
	if c.IncidentID == 0 {
		return Core{}, nil
	}
	cores, err := coresOf(ctx, db, c.IncidentID)
	return cores.of(c), err
}

// cores are what answers to the cases of an incident carry.
type cores struct {
	facts Facts
	links map[int64]string // of the latest statement, by connection
}

func coresOf(ctx context.Context, db bun.IDB, incidentID int64) (cores, error) {
	k := cores{links: map[int64]string{}}
	var facts []Facts
	err := db.NewSelect().Model(&facts).Join("JOIN incidents AS i ON i.facts_id = f.id").
		Where("i.id = ? AND i.state = ?", incidentID, IncidentOpen).Scan(ctx)
	if err != nil || len(facts) == 0 {
		return k, err
	}
	k.facts = facts[0]
	var posted []listeners.Announcement
	err = db.NewSelect().Model(&posted).Column("announcement.connection_id", "announcement.url").Join("JOIN statements AS s ON s.id = announcement.statement_id").
		Where("s.incident_id = ? AND announcement.state = ? AND announcement.url <> ''", incidentID, listeners.Delivered).Order("s.id").Scan(ctx)
	if err != nil {
		return k, fmt.Errorf("read where incident %d is spoken of: %w", incidentID, err)
	}
	for _, p := range posted {
		k.links[p.ConnectionID] = p.URL
	}
	return k, nil
}

func (k *cores) of(c *Case) Core {
	facts := k.facts.In(speaks(c))
	if facts == "" {
		return Core{}
	}
	return Core{FactsID: k.facts.ID, Facts: facts, Link: k.links[c.ConnectionID]}
}

// speaks is the language that a customer is answered in.
func speaks(c *Case) string {
	if c.Language == "en" {
		return "en"
	}
	return "vi"
}

// Words are what an answer says besides its core: before it, and after it.
func (a *Answer) Words() (opening, closing string) { return cutCore(a.Text, a.Core) }

func cutCore(text, core string) (opening, closing string) {
	if core == "" {
		return text, ""
	}
	opening, closing, found := strings.Cut(text, core)
	if !found {
		return text, ""
	}
	return strings.TrimSpace(opening), strings.TrimSpace(closing)
}

// FreeWords is a text without the core in it.
func FreeWords(text, core string) string {
	opening, closing := cutCore(text, core)
	return strings.TrimSpace(opening + "\n" + closing)
}

// What an author is told of an answer in an incident.
var (
	errCoreMissing = &Invalid{"text", "the facts of this incident are locked; leave them in the answer word for word, and write around them"}
	errNoWords     = &Invalid{"text", "write a few words of your own to this customer, before the facts or after them"}
	errSameVoice   = &Invalid{"text", "somebody has written just these words to another customer; say it in your own"}
	errOldFacts    = &Invalid{"text", "the facts of this incident have changed; write the answer with the new ones"}
)

// carry sees that an answer says the locked facts of its case's incident word for word, and something of its own
// besides that no other answer of the incident says. One that was sent before there were any facts may be decided
// about as it is.
func (a *Answer) carry(ctx context.Context, tx Tx, c *Case, sent bool) error {
	if a.CorrectsID != 0 || c.IncidentID == 0 {
		a.FactsID, a.Core, a.Voice = 0, "", ""
		return nil
	}
	if err := TakeTurns(ctx, tx, c.BrandID); err != nil { // or two would say the same at once
		return err
	}
	core, err := CoreOf(ctx, tx, c)
	if err != nil {
		return err
	}
	switch {
	case core.FactsID == 0:
		a.FactsID, a.Core, a.Voice = 0, "", ""
		return nil
	case strings.Contains(a.Text, core.Text()):
		a.FactsID, a.Core = core.FactsID, core.Text()
	case strings.Contains(a.Text, core.Facts): // written before the statement was out
		a.FactsID, a.Core = core.FactsID, core.Facts
	case sent && a.FactsID == 0:
		return nil
	case sent && a.FactsID != core.FactsID:
		return errOldFacts
	default:
		return errCoreMissing
	}
	words := strings.Join(strings.FieldsFunc(triage.Fold(FreeWords(a.Text, a.Core)), func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c)
	}), " ")
	if words == "" {
		return errNoWords
	}
	a.Voice = listeners.Hash(fmt.Sprintf("%d\n%s", c.IncidentID, words))
	same, err := tx.NewSelect().Model((*Answer)(nil)).
		Where("brand_id = ? AND voice = ? AND voice <> '' AND id <> ? AND case_id <> ? AND state IN (?, ?)", c.BrandID, a.Voice, a.ID, c.ID, Submitted, Approved).Exists(ctx)
	if err != nil {
		return fmt.Errorf("look who says the same as answer %d: %w", a.ID, err)
	}
	if same {
		return errSameVoice
	}
	return nil
}

// SaveWords is SaveDraft for who writes around the core of a case.
func SaveWords(ctx context.Context, tx Tx, m *Member, caseID int64, opening, closing string) (a Answer, c Case, held bool, err error) {
	if c, err = FindCase(ctx, tx, m, caseID); err != nil {
		return a, c, false, err
	}
	core, err := CoreOf(ctx, tx, &c)
	if err != nil {
		return a, c, false, err
	}
	text := ""
	if strings.TrimSpace(opening+closing) != "" {
		text = core.Compose(opening, closing)
	}
	a, c, held, err = SaveDraft(ctx, tx, m, caseID, text)
	if err != nil || a.ID == 0 || a.FactsID == core.FactsID && a.Core == core.Text() {
		return a, c, held, err
	}
	a.FactsID, a.Core = core.FactsID, core.Text()
	return a, c, held, a.store(ctx, tx, m, &c)
}

// LockFacts locks what every answer to a case of an incident says from now on. Answers with the old facts that
// have certainly not left do not leave: they say the new ones and are approved anew. It tells how many these are.
func LockFacts(ctx context.Context, tx Tx, m *Member, incidentID int64, en, vi string) (Facts, int, error) {
	i, err := lockOpenIncident(ctx, tx, m, incidentID)
	if err != nil {
		return Facts{}, 0, err
	}
	if err := TakeTurns(ctx, tx, i.BrandID); err != nil {
		return Facts{}, 0, err
	}
	f := Facts{BrandID: i.BrandID, IncidentID: i.ID, En: tidy(en), Vi: tidy(vi), LockedBy: m.ID, LockedAt: tx.Now()}
	if f.En == "" && f.Vi == "" {
		return f, 0, &Invalid{"facts", "write the facts in at least one language"}
	}
	for field, text := range map[string]string{"en": f.En, "vi": f.Vi} {
		if utf8.RuneCountInString(text) > longestFacts || !Storable(text) || len(Blanks(text)) > 0 {
			return f, 0, &Invalid{field, "these facts are too long, have blanks in square brackets, or characters that cannot be sent"}
		}
	}
	before, err := FactsOf(ctx, tx, &i)
	if err != nil {
		return f, 0, err
	}
	f.Number = 1
	old := make([]int64, len(before))
	for n, b := range before {
		f.Number, old[n] = max(f.Number, b.Number+1), b.ID
	}
	if len(before) > 0 && before[0].En == f.En && before[0].Vi == f.Vi {
		return before[0], 0, &Invalid{"facts", "these are the facts that are locked already"}
	}
	if _, err := tx.NewInsert().Model(&f).Exec(ctx); err != nil {
		return f, 0, fmt.Errorf("lock the facts of incident %d: %w", i.ID, err)
	}
	_, err = tx.NewUpdate().Model(&i).Set("facts_id = ?, version = version + 1", f.ID).Where("id = ?", i.ID).Exec(ctx)
	if err != nil {
		return f, 0, fmt.Errorf("lock the facts of incident %d: %w", i.ID, err)
	}
	n := 0
	if len(old) > 0 {
		if n, err = i.reword(ctx, tx, m, old); err != nil {
			return f, 0, err
		}
	}
	text := f.Vi
	if text == "" {
		text = f.En
	}
	return f, n, i.tell(ctx, tx, m.ID, ToldFacts, Detail{Text: text, Posts: n})
}

func tidy(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}

// reword gives the unsent answers with old facts the facts of now. What was approved waits for a reviewer again,
// unless its case has gone on since: then nothing comes of it.
func (i *Incident) reword(ctx context.Context, tx Tx, m *Member, old []int64) (int, error) {
	k, err := coresOf(ctx, tx, i.ID)
	if err != nil {
		return 0, err
	}
	approved := tx.NewSelect().Model((*Answer)(nil)).Column("answer.id").Where("answer.facts_id IN (?) AND answer.state = ?", bun.List(old), Approved)
	taken, err := listeners.CancelAnswers(ctx, tx, approved, FactsReview)
	if err != nil {
		return 0, err
	}
	replies := make(map[int64]listeners.Reply, len(taken))
	ids := make([]int64, 0, len(taken))
	for _, r := range taken {
		replies[r.AnswerID] = r
		ids = append(ids, r.AnswerID)
	}
	var all []*Answer
	q := tx.NewSelect().Model(&all).Where("answer.facts_id IN (?) AND answer.state = ? AND answer.corrects_id IS NULL", bun.List(old), Submitted)
	if len(ids) > 0 {
		q = q.WhereOr("answer.id IN (?)", bun.List(ids))
	}
	if err := q.Order("answer.id").Scan(ctx); err != nil || len(all) == 0 {
		return 0, err
	}
	caseIDs := make([]int64, len(all))
	for n, a := range all {
		caseIDs[n] = a.CaseID
	}
	cases, err := CasesByID(ctx, tx, caseIDs)
	if err != nil {
		return 0, err
	}
	var back []int64 // cases whose answer waits again
	var news []Activity
	for _, a := range all {
		c := cases[a.CaseID]
		opening, closing := a.Words()
		ownOpening, ownClosing := cutCore(a.OwnText, a.Core)
		core := k.of(&c)
		a.FactsID, a.Core = core.FactsID, core.Text()
		a.Text, a.OwnText = core.Compose(opening, closing), core.Compose(ownOpening, ownClosing)
		a.WhyReviewed, a.Alarms = FactsReview, 0
		a.Version++
		r, was := replies[a.ID]
		if was {
			if err := gamification.Reverse(ctx, tx, tx.Now(), ReviewEvent(r.ReviewID), gamification.NewFacts); err != nil {
				return 0, err
			}
			if c.State != Answered || c.MentionID != a.MentionID {
				a.State = Withdrawn
				continue
			}
			if a.Quorum == 0 {
				a.Quorum, a.LowRisk = 1, true
			}
			a.State, a.SubmittedAt, a.DecidedAt, a.ReviewerID, a.Kept = Submitted, tx.Now(), 0, 0, nil
			back = append(back, c.ID)
		}
		news = append(news, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: FactsChanged, Lane: c.Lane, Detail: Detail{Incident: i.ID, Answer: a.ID}})
	}
	_, err = tx.NewUpdate().Model(&all).Bulk().Column("text", "own_text", "facts_id", "core", "state", "why_reviewed", "quorum", "low_risk", "alarms",
		"submitted_at", "decided_at", "reviewer_id", "kept", "version").Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("give the answers of incident %d its new facts: %w", i.ID, err)
	}
	if len(ids) > 0 {
		if _, err := tx.NewDelete().Table("answer_words").Where("answer_id IN (?)", bun.List(ids)).Exec(ctx); err != nil {
			return 0, fmt.Errorf("forget the words of answers: %w", err)
		}
	}
	if len(back) > 0 {
		to, err := Transition(Answered, Reword)
		if err != nil {
			return 0, err
		}
		_, err = tx.NewUpdate().Model((*Case)(nil)).Set("state = ?, fence = fence + 1, version = version + 1", to).
			Set("holder_id = (SELECT w.member_id FROM answers AS w WHERE w.case_id = c.id AND w.state = ? AND w.corrects_id IS NULL)", Submitted).
			Where("c.id IN (?) AND c.state = ?", bun.List(back), Answered).Exec(ctx)
		if err != nil {
			return 0, fmt.Errorf("let the cases of incident %d wait again: %w", i.ID, err)
		}
	}
	return len(news), recordAll(ctx, tx, news)
}

// FactsNumber is which version of an incident's facts these are.
func FactsNumber(ctx context.Context, db bun.IDB, id int64) (int, error) {
	var f Facts
	if err := db.NewSelect().Model(&f).Where("f.id = ?", id).Scan(ctx); err != nil {
		return 0, fmt.Errorf("find facts %d: %w", id, err)
	}
	return f.Number, nil
}
