package moderation

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
)

// Flag is something in an answer that somebody should know of before it leaves. What it is stands in the
// catalogs as "guard.<flag>", what to do about it as "guard_fix.<flag>".
type Flag string

// The flags.
const (
	HasPhone      Flag = "phone"
	HasEmail      Flag = "email"
	HasCard       Flag = "card"
	HasID         Flag = "id_number"
	HasAccount    Flag = "bank_account"
	HasAddress    Flag = "address"
	HasLink       Flag = "link"      // to a domain that the brand has not listed
	LinkCosts     Flag = "link_cost" // the network takes more for an answer with a link
	TooLong       Flag = "too_long"
	HasPromise    Flag = "promise"
	HasLegal      Flag = "legal"
	HasMedical    Flag = "medical"
	HasCompetitor Flag = "competitor"
	HasInsult     Flag = "insult"
	NoDisclosure  Flag = "no_disclosure"
	NoSignOff     Flag = "no_sign_off"
	NoGreeting    Flag = "no_greeting"
	MixedAddress  Flag = "mixed_address" // the customer is spoken to in two ways
	HasBlame      Flag = "blame"
	IsShouting    Flag = "shouting"
	OverApology   Flag = "over_apology"
	SameText      Flag = "same_text" // sent before, on a network that takes a text once
	NearCopy      Flag = "near_copy"
	HasBlank      Flag = "blank" // of a snippet, not filled
	RawSnippet    Flag = "raw_snippet"
)

// Level is how much a finding asks for.
type Level int

// The levels. A hint is only shown; what is for review makes a person look before the answer leaves;
// a stop is refused from everybody, when it is submitted and again when it would be sent.
const (
	Hint Level = iota
	ForReview
	Stop
)

// levels say what each flag asks for.
var levels = map[Flag]Level{
	HasPhone: ForReview, HasEmail: ForReview, HasAddress: ForReview, // may be the shop's own
	HasCard: Stop, HasID: Stop, HasAccount: Stop, // money or an identity hangs on them: no place in a post
	HasLink: ForReview, LinkCosts: Hint, TooLong: Stop,
	HasPromise: ForReview, HasLegal: ForReview, HasMedical: ForReview, HasCompetitor: ForReview, HasInsult: Stop,
	NoDisclosure: Stop, NoSignOff: Hint, HasBlank: Stop, RawSnippet: Hint,
	NoGreeting: Hint, MixedAddress: Hint, HasBlame: Hint, IsShouting: Hint, OverApology: Hint,
	SameText: Stop, NearCopy: Hint,
}

// Known tells whether there is such a flag: a review's reason may be one, or something else.
func (f Flag) Known() bool {
	_, ok := levels[f]
	return ok
}

// Finding is one thing that a guard found in the stretch [Start, End) of a text, in runes; the whole
// text where both are 0.
type Finding struct {
	Flag       Flag
	Level      Level
	Start, End int
	Fix        string // what to write in place of the stretch; empty where only the author can know
}

// draft is a text with all that the guards look at.
type draft struct {
	text    string
	folded  folded
	said    []triage.Said
	author  *community.Member
	cased   *community.Case
	voice   Voice
	may     []community.Allowance
	network listeners.Network
	asName  string   // the author's own name at the network; "" where the brand's is used
	long    bool     // for the account that posts it
	recent  []string // what the brand has sent lately
	snippet bool     // the text is one of the brand's snippets
	core    string   // the locked facts that the text carries, which staff have written
}

// guards are all of them, each a small question. A guard that finds several things gives each.
var guards = []func(*draft) []Finding{
	personal, promises, legal, medical, competitors, insults, links, length, snippets, disclosed, copies, // what may do harm
	greeting, address, blame, shouting, apologies, // tone
}

// Check reads a text that a member writes for a case and says what should be thought of before it
// leaves, in the order of the guards. Pages ask it while somebody writes; Submit and publish ask it again.
func (d *Desk) Check(ctx context.Context, db bun.IDB, m *community.Member, c *community.Case, text string) ([]Finding, error) {
	if tooEmpty(text) {
		return nil, nil
	}
	voice, err := community.Setting(ctx, db, c.BrandID, Voice{})
	if err != nil {
		return nil, err
	}
	may, err := community.LimitsOf(ctx, db, m)
	if err != nil {
		return nil, err
	}
	recent, err := sentLately(ctx, db, c)
	if err != nil {
		return nil, err
	}
	snippet, err := community.IsSnippet(ctx, db, c.BrandID, text)
	if err != nil {
		return nil, err
	}
	asName, err := community.AccountName(ctx, db, m.ID, c.ConnectionID)
	if err != nil {
		return nil, err
	}
	core, err := coreIn(ctx, db, c, text)
	if err != nil {
		return nil, err
	}
	network := d.Network(c.Network)
	account, err := Poster(ctx, db, m, c)
	if err != nil {
		return nil, err
	}
	n := network.Count(account, text)
	said, err := rewardedAt(ctx, db, c)
	if err != nil {
		return nil, err
	}
	text = said.without(text) // what the product adds is not the author's
	for i := range recent {
		recent[i] = said.without(recent[i])
	}
	return check(&draft{
		text: text, folded: fold(text), said: triage.ReadAnswer(text), author: m, cased: c,
		voice: voice, may: may, network: network, asName: asName, long: n.Used > n.Limit, recent: recent, snippet: snippet, core: core,
	}), nil
}

// Poster are the settings of the account that posts a member's answer to a case: the connected one, also
// where an employee posts by hand. Of the account of an advocate who does nobody knows anything.
func Poster(ctx context.Context, db bun.IDB, m *community.Member, c *community.Case) (listeners.Settings, error) {
	if c.Delivery == listeners.Assisted && !m.Role.Employee() {
		return nil, nil
	}
	conn, err := listeners.FindConnection(ctx, db, c.ConnectionID)
	return conn.Settings, err
}

func check(w *draft) []Finding {
	var found []Finding
	start, end := w.locked()
	for _, guard := range guards {
		for _, f := range guard(w) {
			f.Level = levels[f.Flag]
			if f.Level < Stop && f.End > f.Start && f.Start >= start && f.End <= end {
				continue // staff have looked at it already
			}
			found = append(found, f)
		}
	}
	return found
}

// locked is where the locked facts stand in the text, in runes.
func (w *draft) locked() (start, end int) {
	before, _, found := strings.Cut(w.text, w.core)
	if w.core == "" || !found {
		return 0, 0
	}
	start = utf8.RuneCountInString(before)
	return start, start + utf8.RuneCountInString(w.core)
}

// coreIn is what a text carries of the locked facts of its case, as it stands there; "" for nothing.
func coreIn(ctx context.Context, db bun.IDB, c *community.Case, text string) (string, error) {
	core, err := community.CoreOf(ctx, db, c)
	switch {
	case err != nil || core.FactsID == 0:
		return "", err
	case strings.Contains(text, core.Text()):
		return core.Text(), nil
	case strings.Contains(text, core.Facts):
		return core.Facts, nil
	}
	return "", nil
}

// Flags are the flags of findings, each once.
func Flags(found []Finding) []Flag {
	var flags []Flag
	for _, f := range found {
		if !slices.Contains(flags, f.Flag) {
			flags = append(flags, f.Flag)
		}
	}
	return flags
}

// forReview is the first flag that makes a person look; "" for none.
func forReview(found []Finding) Flag {
	for _, f := range found {
		if f.Level >= ForReview {
			return f.Flag
		}
	}
	return ""
}

// refusal is why findings keep a text from being taken, nil if they do not.
func refusal(found []Finding) error {
	for _, f := range found {
		if f.Level == Stop {
			return f.Flag.refusal()
		}
	}
	return nil
}

// refusal is what an author is told of a text that is not taken.
func (f Flag) refusal() error {
	switch f {
	case TooLong:
		return &community.Invalid{Field: "text", Sentence: "this answer is too long for the network"}
	case HasCard:
		return &community.Invalid{Field: "text", Sentence: "take the card number out; nobody may post one"}
	case HasID:
		return &community.Invalid{Field: "text", Sentence: "take the id number out; nobody may post one"}
	case HasAccount:
		return &community.Invalid{Field: "text", Sentence: "take the bank account out; nobody may post one"}
	case HasInsult:
		return &community.Invalid{Field: "text", Sentence: "take the insult out; it would stand there for everybody"}
	case NoDisclosure:
		return &community.Invalid{Field: "text", Sentence: "say that you are a volunteer, in the words that the brand has set"}
	case HasBlank:
		return &community.Invalid{Field: "text", Sentence: "fill in what still stands in square brackets, or take it out"}
	case SameText:
		return &community.Invalid{Field: "text", Sentence: "this text went out lately and the network takes a text once; say it in other words"}
	}
	return nil
}

func tooEmpty(text string) bool { return strings.TrimSpace(text) == "" }
