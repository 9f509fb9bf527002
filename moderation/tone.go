package moderation

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/kith-social/kith/triage"
)

// hello is how an answer may begin: a greeting, thanks, or the customer's name and "ơi".
var hello = regexp.MustCompile(`^\W*(?:@\S+\s+)*(?:(?:xin |em |minh |shop |quan |ben minh )?chao\b|da\b|vang\b|hi\b|hello\b|hey\b|hiya\b|alo\b|dear\b|good (?:morning|afternoon|evening|day)\b|thanks\b|thank you\b|cam on\b|(?:ban|anh|chi|em|\w+)(?: \w+)? oi\b|(?:ban|anh|chi) (?:than men|than yeu)\b)`)

func greeting(w *draft) []Finding {
	if !w.voice.Greeting || hello.MatchString(w.folded.text) {
		return nil
	}
	return []Finding{{Flag: NoGreeting}}
}

// address finds where a Vietnamese answer speaks to the customer in another way than it began, or than
// the brand has set. Words of others ("các bạn nhân viên", "tiếng Anh") are left alone, and so is a text
// without marks, where "ban" may be many words.
func address(w *draft) []Finding {
	var found []Finding
	want := w.voice.Address
	var before string
	for _, word := range wordsOf(w.text) {
		as := AnyAddress
		switch word.text {
		case "bạn", "Bạn":
			if before != "các" && before != "mấy" && before != "những" && before != "người" && before != "một" {
				as = AsFriend
			}
		case "anh", "chị", "Chị":
			if before != "tiếng" {
				as = AsElder
			}
		case "Anh":
			if before == "" {
				as = AsElder // begins a sentence; elsewhere it is a name or a language
			}
		}
		switch {
		case as == AnyAddress:
		case want == AnyAddress:
			want = as
		case as != want:
			f := Finding{Flag: MixedAddress, Start: word.start, End: word.end}
			if want == AsFriend {
				f.Fix = string(AsFriend)
			}
			found = append(found, f)
		}
		if before = word.text; word.ends {
			before = ""
		}
	}
	return found
}

// spoken is a word of a text, in runes.
type spoken struct {
	text       string
	start, end int
	ends       bool // a sentence
}

func wordsOf(text string) []spoken {
	var words []spoken
	var word []rune
	i := 0
	for _, c := range text + " " {
		switch {
		case unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.Is(unicode.Mn, c):
			word = append(word, c)
		case len(word) > 0:
			words = append(words, spoken{norm.NFC.String(string(word)), i - len(word), i, strings.ContainsRune(".!?\n", c)})
			word = word[:0]
		case len(words) > 0 && strings.ContainsRune(".!?\n", c):
			words[len(words)-1].ends = true
		}
		i++
	}
	return words
}

// What shouts: several words in capitals, longer than an abbreviation.
const (
	shoutedWord  = 3 // letters
	shoutedWords = 3
)

var manyMarks = regexp.MustCompile(`[!?]{3,}`)

func shouting(w *draft) []Finding {
	var found []Finding
	from, loud, letters := 0, 0, 0
	end := 0
	flush := func() {
		if loud >= shoutedWords || loud == 2 && letters >= 10 {
			runes := []rune(w.text)
			said := strings.ToLower(string(runes[from:end]))
			first, n := utf8.DecodeRuneInString(said)
			found = append(found, Finding{Flag: IsShouting, Start: from, End: end, Fix: string(unicode.ToUpper(first)) + said[n:]})
		}
		loud, letters = 0, 0
	}
	for _, word := range wordsOf(w.text) {
		n := utf8.RuneCountInString(word.text)
		upper := strings.ToUpper(word.text) == word.text && strings.ToLower(word.text) != word.text
		if !upper || n < 2 {
			flush()
			continue
		}
		if loud == 0 {
			from = word.start
		}
		if n >= shoutedWord || loud > 0 {
			loud++
			letters += n
			end = word.end
		}
	}
	flush()
	for _, at := range manyMarks.FindAllStringIndex(w.folded.text, -1) {
		start, end := w.folded.span(at[0], at[1])
		found = append(found, Finding{Flag: IsShouting, Start: start, End: end, Fix: w.folded.text[at[0] : at[0]+1]})
	}
	return found
}

// mostApologies is how often an answer says sorry before it sounds hollow.
const mostApologies = 2

func apologies(w *draft) []Finding {
	found := mentionsOf(w, triage.Apologies, OverApology)
	if len(found) <= mostApologies {
		return nil
	}
	return found[mostApologies:]
}
