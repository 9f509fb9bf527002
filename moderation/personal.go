package moderation

import (
	"cmp"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// Personal is a stretch [Start, End) of a text, in runes, that tells who somebody is or where their
// money is.
type Personal struct {
	Kind       PersonalKind
	Start, End int
}

// PersonalKind is what kind of personal data it is; its word stands in the catalogs as "personal.<kind>".
type PersonalKind string

// The kinds of personal data.
const (
	PersonalPhone   PersonalKind = "phone"
	PersonalEmail   PersonalKind = "email"
	PersonalCard    PersonalKind = "card"
	PersonalID      PersonalKind = "id_number" // an identity card or a passport
	PersonalAccount PersonalKind = "bank_account"
	PersonalAddress PersonalKind = "address"
)

// personalPatterns find what may be personal data in a folded text. Numbers look alike, so each may ask
// for more than its form: a checksum, or words before it that say what it is. Where two overlap the
// first in this list counts.
var personalPatterns = []struct {
	kind PersonalKind
	in   *regexp.Regexp
	is   func(f folded, from, to int) bool
}{
	{PersonalEmail, regexp.MustCompile(`[a-z0-9][a-z0-9._%+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}`), nil},
	{PersonalEmail, regexp.MustCompile(`[a-z0-9][a-z0-9._-]+ ?(?:\(at\)|\[at\]| at | a cong ) ?(?:gmail|yahoo|hotmail|outlook|icloud)(?: ?(?:\.|\(dot\)| dot | cham ) ?com(?:\.vn)?)?`), nil},
	{PersonalCard, regexp.MustCompile(`[2-69][0-9]{3}(?:[ -]?[0-9]{4}){3}`), isCard},
	{PersonalCard, regexp.MustCompile(`9704(?:[ -]?[0-9]{4}){3}[ -]?[0-9]{3}|[2-69][0-9]{12,18}|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}`), isCard},
	{PersonalAccount, regexp.MustCompile(`[a-z]{2}[0-9]{2}(?: ?[a-z0-9]{4}){2,7}(?: ?[a-z0-9]{1,3})?`), isIBAN},
	{PersonalID, regexp.MustCompile(`[0-9]{3}(?:[ .]?[0-9]{3}){2,3}`), said(`(cmnd|cccd|cmt|can cuoc( cong dan)?|chung minh( nhan dan| thu)?|dinh danh|id (number|card|no)|identity card|citizen id)`)},
	{PersonalID, regexp.MustCompile(`[a-z][0-9]{7,8}`), said(`(passport|ho chieu)`)},
	{PersonalAccount, regexp.MustCompile(`[0-9](?:[ .-]?[0-9]){5,18}`), said(`(stk|so tai khoan|tai khoan( ngan hang)?|so tk|tk|account (number|no|#)|acc(ount)?|bank|vietcombank|vcb|techcombank|tcb|mb ?bank|bidv|vietinbank|agribank|sacombank|tpbank|vpbank|acb|ck (vao|qua|toi|den|ve)|chuyen khoan)`)},
	{PersonalPhone, regexp.MustCompile(`\(?(?:\+ ?84|\(\+84\)|0084|84|[0o])[ .-]?\(?(?:2[ .-]?[0-9]|[35789])\)?(?:[ .-]{0,2}[0-9]){8}`), nil},
	{PersonalPhone, regexp.MustCompile(`\+[1-9](?:[ .()-]{0,2}[0-9]){7,13}`), nil},
	{PersonalPhone, regexp.MustCompile(`\(?[2-9][0-9]{2}\)?[ .-][0-9]{3}[ .-][0-9]{4}`), nil},
	{PersonalAddress, regexp.MustCompile(`(?:so(?: nha)?|sn|dia chi:?|nha) [0-9]+[a-z]?(?:/[0-9]+[a-z]?)*,? (?:duong|pho|ngo|ngach|hem|kiet|to|khu pho|ap|thon) [^\n,.;!?]{1,40}`), nil},
	{PersonalAddress, regexp.MustCompile(`(?:ngo|ngach|hem|kiet) [0-9]+[a-z]?(?:/[0-9]+)*,? [a-z][^\n.;!?]{2,60}`), nil},
	{PersonalAddress, regexp.MustCompile(`[0-9]+[a-z]?(?:/[0-9]+[a-z]?)*,? (?:duong |pho )?[a-z]+(?: [a-z0-9]+){1,4}, ?(?:(?:phuong|quan|huyen|xa|thi tran|thanh pho|tp|p|q)\b\.? ?[a-z0-9]|ha noi|hanoi|sai gon|saigon|hcm|tphcm|da nang|hue|can tho|hai phong)[^\n;!?]{0,40}`), nil},
	{PersonalAddress, regexp.MustCompile(`[0-9]{1,5}[a-z]? (?:[a-z]+ ){1,4}(?:street|st|road|rd|avenue|ave|lane|ln|drive|boulevard|blvd|court|terrace|square)\b(?:,? (?:apt|apartment|flat|unit|floor) ?#?[a-z0-9]+)?`), notATime},
}

// said makes a check that the words before a number, on its line and not far, say what it is.
func said(words string) func(folded, int, int) bool {
	is := regexp.MustCompile(`(?:^|[^a-z0-9])` + words + `(?:$|[^a-z0-9])(?:[^\n.!?]|no\.){0,24}$`)
	return func(f folded, from, _ int) bool { return is.MatchString(f.before(from, 60)) }
}

var link = regexp.MustCompile(`https?://[^\s<>"']+|www\.[a-z0-9-]+\.[^\s<>"']+`)

// PersonalData finds personal data in a text, in the order of the text. Addresses of pages are left
// out: the numbers in them name pages.
func PersonalData(text string) []Personal {
	return personalData(fold(text))
}

func personalData(f folded) []Personal {
	type stretch struct{ from, to int }
	var taken []stretch
	for _, at := range link.FindAllStringIndex(f.text, -1) {
		taken = append(taken, stretch{at[0], at[1]})
	}
	var found []Personal
	for _, p := range personalPatterns {
		for from := 0; from < len(f.text); {
			at := p.in.FindStringIndex(f.text[from:])
			if at == nil {
				break
			}
			s := stretch{from + at[0], from + at[1]}
			from = s.to
			overlaps := func(t stretch) bool { return s.from < t.to && t.from < s.to }
			if slices.ContainsFunc(taken, overlaps) || !f.alone(s.from, s.to) || p.is != nil && !p.is(f, s.from, s.to) {
				continue
			}
			taken = append(taken, s)
			start, end := f.span(s.from, s.to)
			found = append(found, Personal{p.kind, start, end})
		}
	}
	slices.SortFunc(found, func(a, b Personal) int { return cmp.Compare(a.Start, b.Start) })
	return found
}

// masked stands for what a reader may not see, a rune each, so that places in the text stay where they are.
const masked = '•'

// Mask writes dots over the personal data of a text. The last two digits of a number stay, so that
// two people can tell that they speak of the same one.
func Mask(text string) string {
	found := PersonalData(text)
	if len(found) == 0 {
		return text
	}
	runes := []rune(text)
	for _, p := range found {
		keep := 0
		if p.Kind != PersonalEmail && p.Kind != PersonalAddress {
			keep = 2
		}
		for i := p.Start; i < p.End-keep; i++ {
			if runes[i] != ' ' {
				runes[i] = masked
			}
		}
	}
	return string(runes)
}

func digitsOf(s string) string {
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
}

// isCard tells whether a number may be a payment card's: 13 to 19 digits with a good check digit. Cards of
// Vietnamese banks begin with 9704 and need none.
func isCard(f folded, from, to int) bool {
	digits := digitsOf(f.text[from:to])
	if len(digits) < 13 || len(digits) > 19 {
		return false
	}
	if strings.HasPrefix(digits, "9704") {
		return len(digits) == 16 || len(digits) == 19
	}
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// isIBAN checks the two check digits of an international account number.
func isIBAN(f folded, from, to int) bool {
	code := strings.ReplaceAll(f.text[from:to], " ", "")
	if len(code) < 15 {
		return false
	}
	var number strings.Builder
	for _, c := range code[4:] + code[:4] {
		if c >= 'a' {
			number.WriteString(big.NewInt(int64(c - 'a' + 10)).String())
		} else {
			number.WriteRune(c)
		}
	}
	n, ok := new(big.Int).SetString(number.String(), 10)
	return ok && n.Mod(n, big.NewInt(97)).Int64() == 1
}

// notATime keeps "open at 7 every day on the main street" from being somebody's address: a number that
// words of time or measure follow is none of a house.
func notATime(f folded, from, to int) bool {
	return !timeWords.MatchString(f.text[from:to])
}

var timeWords = regexp.MustCompile(`^[0-9]+[a-z]? (?:am|pm|minutes?|mins?|hours?|days?|weeks?|years?|people|shops?|stores?|cups?|blocks?|of|to|on|in|at|from|percent|metres?|meters?|km|th|st|nd|rd|every)\b`)
