package moderation

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/triage"
)

// mentionsOf are the stretches of a text that say something, as findings of a flag.
func mentionsOf(w *draft, what triage.Saying, flag Flag) []Finding {
	var found []Finding
	for _, s := range w.said {
		if s.Saying == what {
			found = append(found, Finding{Flag: flag, Start: s.Start, End: s.End})
		}
	}
	return found
}

// matches are the stretches that a pattern finds, whole words only.
func matches(w *draft, in *regexp.Regexp, flag Flag) []Finding {
	var found []Finding
	for _, at := range in.FindAllStringIndex(w.folded.text, -1) {
		if w.folded.alone(at[0], at[1]) {
			start, end := w.folded.span(at[0], at[1])
			found = append(found, Finding{Flag: flag, Start: start, End: end})
		}
	}
	return found
}

func personal(w *draft) []Finding {
	flags := map[PersonalKind]Flag{
		PersonalPhone: HasPhone, PersonalEmail: HasEmail, PersonalAddress: HasAddress,
		PersonalCard: HasCard, PersonalID: HasID, PersonalAccount: HasAccount,
	}
	var found []Finding
	for _, p := range personalData(w.folded) {
		found = append(found, Finding{Flag: flags[p.Kind], Start: p.Start, End: p.End})
	}
	return found
}

// offer is an amount that the customer would get.
var offer = regexp.MustCompile(`(?:voucher|ma giam gia|phieu|coupon|hoan(?: lai| tien)*|tra lai tien|den(?: bu)?|boi thuong|tang|bot|refund|discount|compensat\w*|credit)[^\n.!?]{0,24}?[$]? ?([0-9][0-9.,]*) ?(k|nghin|ngan|trieu|tr|d|dong|vnd|usd|%|percent|dollars?|phan tram)?|` +
	`[$]?([0-9][0-9.,]*) ?(k|nghin|ngan|trieu|vnd|usd|%|dollars?)? (?:off|refund|discount|voucher|coupon|credit|tien hoan|tien den)`)

// promises finds what the brand would have to keep and the author may not give alone. What an employee
// promises is the brand's word.
func promises(w *draft) []Finding {
	if w.author.Role.Employee() {
		return nil
	}
	var found, allowed []Finding
	for _, at := range offer.FindAllStringSubmatchIndex(w.folded.text, -1) {
		if !w.folded.alone(at[0], at[1]) {
			continue
		}
		start, end := w.folded.span(at[0], at[1])
		f := Finding{Flag: HasPromise, Start: start, End: end}
		if w.mayGive(at) {
			allowed = append(allowed, f)
		} else {
			found = append(found, f)
		}
	}
	part := func(f Finding) bool { // "I will give you" of an offer that is the author's to make
		return slices.ContainsFunc(allowed, func(a Finding) bool { return f.Start < a.End && f.End+offerReach > a.Start })
	}
	return append(slices.DeleteFunc(mentionsOf(w, triage.Promises, HasPromise), part), found...)
}

// offerReach is how many runes may lie between the words of an offer and its amount.
const offerReach = 16

// mayGive tells whether the amount in a match of offer is one that the author may give alone.
func (w *draft) mayGive(at []int) bool {
	said := w.folded.text[at[0]:at[1]]
	number, unit := "", ""
	for i := 2; i < len(at); i += 4 {
		if at[i] >= 0 {
			number = w.folded.text[at[i]:at[i+1]]
		}
		if at[i+2] >= 0 {
			unit = w.folded.text[at[i+2]:at[i+3]]
		}
	}
	amount, err := strconv.ParseInt(strings.NewReplacer(".", "", ",", "").Replace(number), 10, 64)
	if err != nil {
		return false
	}
	percent := unit == "%" || unit == "percent" || unit == "phan tram"
	switch unit {
	case "k", "nghin", "ngan":
		amount *= 1000
	case "trieu", "tr":
		amount *= 1_000_000
	}
	return slices.ContainsFunc(w.may, func(a community.Allowance) bool {
		named := slices.ContainsFunc(a.Words, func(word string) bool { return strings.Contains(said, fold(word).text) })
		return named && (a.Unit == "%") == percent && amount <= a.UpTo
	})
}

func legal(w *draft) []Finding   { return mentionsOf(w, triage.Legal, HasLegal) }
func medical(w *draft) []Finding { return mentionsOf(w, triage.Medical, HasMedical) }
func insults(w *draft) []Finding { return mentionsOf(w, triage.Insults, HasInsult) }
func blame(w *draft) []Finding   { return mentionsOf(w, triage.Blames, HasBlame) }

// competitors finds the names that the brand has listed, however they are written.
func competitors(w *draft) []Finding {
	var found []Finding
	for _, name := range w.voice.Competitors {
		if name = strings.TrimSpace(fold(name).text); name != "" {
			found = append(found, matches(w, regexp.MustCompile(regexp.QuoteMeta(name)), HasCompetitor)...)
		}
	}
	return found
}

// bare is a domain without its scheme in a running text.
var bare = regexp.MustCompile(`[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|vn|net|org|io|ly|gl|xyz)(?:/[^\s<>"']*)?`)

// links finds addresses of pages. Those of the brand's own domains need no look, but the network may
// take more for them all the same.
func links(w *draft) []Finding {
	at := link.FindAllStringIndex(w.folded.text, -1)
	within := func(from int) bool {
		return slices.ContainsFunc(at, func(l []int) bool { return l[0] <= from && from < l[1] })
	}
	for _, b := range bare.FindAllStringIndex(w.folded.text, -1) {
		if !within(b[0]) && w.folded.alone(b[0], b[1]) && (b[0] == 0 || !strings.ContainsAny(w.folded.text[b[0]-1:b[0]], "@.")) {
			at = append(at, b)
		}
	}
	var found []Finding
	for _, l := range at {
		start, end := w.folded.span(l[0], l[1])
		if !w.voice.knows(w.folded.text[l[0]:l[1]]) {
			found = append(found, Finding{Flag: HasLink, Start: start, End: end})
		}
		if w.costs(l) {
			found = append(found, Finding{Flag: LinkCosts, Start: start, End: end})
		}
	}
	return found
}

// costs tells whether the network takes more for the text because of one of its links.
func (w *draft) costs(link []int) bool {
	start, end := w.folded.span(link[0], link[1])
	text := []rune(w.text)
	without := string(text[:start]) + string(text[end:])
	return w.network.Measure != nil && w.network.Measure(w.text).Cost > w.network.Measure(without).Cost
}

// knows tells whether the brand has listed a link's domain or one above it.
func (v Voice) knows(url string) bool {
	url = strings.TrimPrefix(strings.TrimPrefix(url, "http://"), "https://")
	host, _, _ := strings.Cut(url, "/")
	host, _, _ = strings.Cut(host, "?")
	host = strings.TrimRight(host, ".,;:!)")
	return slices.ContainsFunc(v.Domains, func(d string) bool {
		d = strings.ToLower(strings.TrimSpace(d))
		return d != "" && (host == d || strings.HasSuffix(host, "."+d))
	})
}

func length(w *draft) []Finding {
	if !w.long {
		return nil
	}
	return []Finding{{Flag: TooLong}}
}

// snippets finds the blanks of a snippet that nobody filled, and a snippet that is sent as it is kept.
func snippets(w *draft) []Finding {
	var found []Finding
	for _, blank := range community.Blanks(w.text) {
		before, _, _ := strings.Cut(w.text, blank)
		start := utf8.RuneCountInString(before)
		found = append(found, Finding{Flag: HasBlank, Start: start, End: start + utf8.RuneCountInString(blank)})
	}
	if w.snippet && len(found) == 0 {
		found = append(found, Finding{Flag: RawSnippet})
	}
	return found
}

// disclosed asks advocates to say what they are, and to sign where the brand wants it. The fix is to
// append the words.
func disclosed(w *draft) []Finding {
	if w.author.Role.Employee() {
		return nil
	}
	var found []Finding
	lacks := func(words string) bool {
		words = strings.TrimSpace(fold(words).text)
		return words != "" && !strings.Contains(w.folded.text, words)
	}
	end := len([]rune(w.text))
	if words := w.disclosure(); lacks(words) {
		found = append(found, Finding{Flag: NoDisclosure, Start: end, End: end, Fix: " " + words})
	}
	if w.voice.SignOff && lacks(w.author.SignOff) {
		found = append(found, Finding{Flag: NoSignOff, Start: end, End: end, Fix: " " + w.author.SignOff})
	}
	return found
}
