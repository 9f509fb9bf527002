package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	xMaxQueryRunes = 512
	xMaxQueryDepth = 32
)

// What a search query may get wrong.
var (
	errQueryEmpty  = errors.New("the query is empty")
	errQueryLong   = errors.New("the query is longer than 512 characters")
	errQueryDeep   = errors.New("the query has too many parentheses inside each other")
	errQueryQuote  = errors.New("a quotation mark is not closed")
	errQueryParen  = errors.New("the parentheses do not match")
	errQueryOr     = errors.New("OR needs something on both sides")
	errQueryNot    = errors.New("a minus needs something behind it")
	errQueryLonely = errors.New("operators such as lang: or is: must be joined with a word, phrase, hashtag or account")
)

// parseQuery reads the part of X's search language that the sandbox knows:
//
//	query  = and { "OR" and }
//	and    = not { not }
//	not    = "-" not | "(" query ")" | word | "phrase" | #tag | @handle | operator:value
//
// with the operators from, to, lang, conversation_id, is:reply, is:quote,
// has:links, has:mentions and has:hashtags. AND binds more tightly than OR.
func parseQuery(query string) (func(*post) bool, error) {
	if utf8.RuneCountInString(query) > xMaxQueryRunes {
		return nil, errQueryLong
	}
	words, err := queryWords(query)
	if err != nil {
		return nil, err
	}
	if len(words) == 0 {
		return nil, errQueryEmpty
	}
	p := &queryParser{words: words}
	match, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if len(p.words) > 0 {
		return nil, errQueryParen
	}
	if !p.standsAlone {
		return nil, errQueryLonely
	}
	return match, nil
}

// queryWords splits a query into "(", ")", "-", and terms. A phrase keeps its
// opening quotation mark to tell it from a word.
func queryWords(query string) ([]string, error) {
	var words []string
	for query = strings.TrimSpace(query); query != ""; query = strings.TrimLeftFunc(query, unicode.IsSpace) {
		switch c := query[0]; c {
		case '(', ')', '-':
			words = append(words, query[:1])
			query = query[1:]
		case '"':
			end := strings.IndexByte(query[1:], '"')
			if end < 0 {
				return nil, errQueryQuote
			}
			words = append(words, query[:1+end])
			query = query[end+2:]
		default:
			end := strings.IndexFunc(query, func(r rune) bool { return unicode.IsSpace(r) || r == '(' || r == ')' })
			if end < 0 {
				end = len(query)
			}
			words = append(words, query[:end])
			query = query[end:]
		}
	}
	return words, nil
}

type queryParser struct {
	words       []string
	standsAlone bool // a term was seen that may stand alone
}

func (p *queryParser) or(depth int) (func(*post) bool, error) {
	if depth > xMaxQueryDepth {
		return nil, errQueryDeep
	}
	left, err := p.and(depth)
	for err == nil && len(p.words) > 0 && p.words[0] == "OR" {
		p.words = p.words[1:]
		var right func(*post) bool
		if right, err = p.and(depth); err == nil {
			was := left
			left = func(t *post) bool { return was(t) || right(t) }
		}
	}
	return left, err
}

func (p *queryParser) and(depth int) (func(*post) bool, error) {
	var all []func(*post) bool
	for len(p.words) > 0 && p.words[0] != "OR" && p.words[0] != ")" {
		match, err := p.not(depth)
		if err != nil {
			return nil, err
		}
		all = append(all, match)
	}
	if len(all) == 0 {
		return nil, errQueryOr
	}
	return func(t *post) bool {
		for _, match := range all {
			if !match(t) {
				return false
			}
		}
		return true
	}, nil
}

func (p *queryParser) not(depth int) (func(*post) bool, error) {
	word := p.words[0]
	p.words = p.words[1:]
	switch word {
	case "-":
		if len(p.words) == 0 || p.words[0] == ")" || p.words[0] == "OR" || p.words[0] == "-" {
			return nil, errQueryNot
		}
		was := p.standsAlone
		match, err := p.not(depth)
		p.standsAlone = was
		return func(t *post) bool { return !match(t) }, err
	case "(":
		match, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if len(p.words) == 0 {
			return nil, errQueryParen
		}
		p.words = p.words[1:]
		return match, nil
	}
	return p.term(word)
}

func (p *queryParser) term(word string) (func(*post) bool, error) {
	name, value, operator := strings.Cut(word, ":")
	if !operator || word[0] == '"' || strings.HasPrefix(value, "//") {
		p.standsAlone = true
		return queryText(word)
	}
	value = strings.Trim(value, `"`)
	handle := strings.ToLower(strings.TrimPrefix(value, "@"))
	switch name {
	case "from":
		p.standsAlone = true
		return func(t *post) bool { return strings.EqualFold(t.Author.Handle, handle) }, nil
	case "to":
		p.standsAlone = true
		return func(t *post) bool { return t.ParentAuthor != nil && strings.EqualFold(t.ParentAuthor.Handle, handle) }, nil
	case "conversation_id":
		p.standsAlone = true
		return func(t *post) bool { return formatID(t.RootID) == value }, nil
	case "lang":
		return func(t *post) bool { return t.Lang == value }, nil
	}
	switch word {
	case "is:reply":
		return func(t *post) bool { return t.ParentID != 0 }, nil
	case "is:quote":
		return func(t *post) bool { return t.QuoteID != 0 }, nil
	case "is:retweet":
		return func(*post) bool { return false }, nil
	case "has:mentions":
		return func(t *post) bool { return len(t.mentions) > 0 }, nil
	case "has:hashtags":
		return func(t *post) bool { return hasSpan(t.Text, hashtagSpan) }, nil
	case "has:links":
		return func(t *post) bool { return hasSpan(t.Text, urlSpan) }, nil
	}
	return nil, fmt.Errorf("the operator %q is not known", word)
}

func hasSpan(text string, kind spanKind) bool {
	found := false
	spans(text, func(s span) { found = found || s.Kind == kind })
	return found
}

// queryText matches words, phrases, hashtags and accounts.
func queryText(word string) (func(*post) bool, error) {
	if word[0] == '@' && handleEnd(word, 1) == len(word) {
		handle := strings.ToLower(word[1:])
		return func(t *post) bool { return slices.Contains(t.mentions, handle) }, nil
	}
	if word[0] == '#' && hashtagEnd(word, 1) == len(word) {
		return func(t *post) bool {
			found := false
			spans(t.Text, func(s span) {
				found = found || s.Kind == hashtagSpan && strings.EqualFold(t.Text[s.Start:s.End], word)
			})
			return found
		}, nil
	}
	wanted := tokens(word)
	if wanted == " " {
		return nil, fmt.Errorf("the word %q has no letters or digits", word)
	}
	return func(t *post) bool { return strings.Contains(tokens(t.Text), wanted) }, nil
}

// tokens writes the words of a text in lower case, each between spaces, so
// that a phrase is found as a substring. Letters of scripts without spaces are
// words of their own.
func tokens(text string) string {
	b := make([]byte, 1, len(text)+8)
	b[0] = ' '
	for _, r := range text {
		alone := r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
		switch {
		case alone || !isWord(r) && !unicode.IsMark(r):
			if b[len(b)-1] != ' ' {
				b = append(b, ' ')
			}
			if alone {
				b = utf8.AppendRune(b, r)
				b = append(b, ' ')
			}
		default:
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
	}
	if b[len(b)-1] != ' ' {
		b = append(b, ' ')
	}
	return string(b)
}
