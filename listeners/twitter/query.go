package twitter

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kith-social/kith/listeners"
)

const maxQuery = 512 // characters, on every plan that is sold without a contract

// The operators of X's recent search. Those of lonely need a word beside them.
var (
	standing = []string{"from", "to", "url", "retweets_of", "context", "entity", "conversation_id", "list", "place", "place_country", "in_reply_to_tweet_id", "retweets_of_tweet_id", "quotes_of_tweet_id"}
	lonely   = []string{"lang", "is", "has"}
)

// CheckQuery tells what is wrong with a search on X: its length, its quotation marks and parentheses,
// its operators.
func CheckQuery(query string) error {
	if strings.TrimSpace(query) == "" {
		return listeners.ErrQueryEmpty
	}
	if utf8.RuneCountInString(query) > maxQuery {
		return listeners.ErrQueryLong
	}
	words, err := queryWords(query)
	if err != nil {
		return err
	}
	depth, alone, before := 0, false, "("
	for i, w := range words {
		operand := w != "OR" && w != ")" && w != "-"
		switch {
		case before == "-" && !operand && w != "(":
			return listeners.ErrQueryNot
		case w == "OR" && (before == "(" || before == "OR" || i == len(words)-1), w == ")" && before == "OR":
			return listeners.ErrQueryOr
		case w == ")" && before == "(":
			return listeners.ErrQueryEmpty
		case w == "(":
			depth++
		case w == ")":
			if depth--; depth < 0 {
				return listeners.ErrQueryParens
			}
		case operand:
			name, _, isOperator := strings.Cut(w, ":")
			isOperator = isOperator && w[0] != '"' && !strings.Contains(w, "://")
			if isOperator && !slices.Contains(standing, name) && !slices.Contains(lonely, name) {
				return listeners.ErrQueryOperator
			}
			alone = alone || before != "-" && !(isOperator && slices.Contains(lonely, name))
		}
		before = w
	}
	switch {
	case depth > 0:
		return listeners.ErrQueryParens
	case before == "-":
		return listeners.ErrQueryNot
	case !alone:
		return listeners.ErrQueryAlone
	}
	return nil
}

// queryWords splits a query into "(", ")", "-" and terms; a phrase keeps its opening quotation mark.
func queryWords(query string) (words []string, err error) {
	for query = strings.TrimSpace(query); query != ""; query = strings.TrimLeftFunc(query, unicode.IsSpace) {
		switch query[0] {
		case '(', ')', '-':
			words = append(words, query[:1])
			if query[0] == '-' && (len(query) == 1 || unicode.IsSpace(rune(query[1]))) {
				return nil, listeners.ErrQueryNot
			}
			query = query[1:]
		case '"':
			end := strings.IndexByte(query[1:], '"')
			if end < 0 {
				return nil, listeners.ErrQueryQuote
			}
			words = append(words, query[:1+end])
			query = query[end+2:]
		default:
			end := strings.IndexFunc(query, func(r rune) bool { return unicode.IsSpace(r) || r == '(' || r == ')' || r == '"' })
			if end < 0 {
				end = len(query)
			}
			words = append(words, query[:end])
			query = query[end:]
		}
	}
	return words, nil
}
