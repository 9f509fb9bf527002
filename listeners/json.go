package listeners

import (
	"errors"

	"github.com/tidwall/gjson"
)

// What ReadJSON refuses.
var (
	ErrNotJSON = errors.New("the answer is not JSON")
	ErrTooDeep = errors.New("the answer is nested too deeply")
)

// maxNested is how deep an answer may be nested: networks nest to about 10, and every level costs stack.
const maxNested = 64

// ReadJSON reads what a network answered. A parser that goes down a level for every bracket must not be
// led to the end of the stack.
func ReadJSON(body []byte) (gjson.Result, error) {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch b := body[i]; {
		case b == '\\' && quoted:
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			if depth++; depth > maxNested {
				return gjson.Result{}, ErrTooDeep
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	if !gjson.ValidBytes(body) {
		return gjson.Result{}, ErrNotJSON
	}
	return gjson.ParseBytes(body), nil
}
