package sandbox

import (
	"net/url"
	"strings"
)

// graphField is one of the fields that a call asks for: name, modifiers, and the fields of what is below
// it, as in comments.limit(1).order(chronological){id,from{name}}.
type graphField struct {
	name string
	args url.Values
	sub  []graphField
}

const graphDeepest = 8 // levels of fields in fields

// graphFields reads what a call asks for; no text asks for the usual fields.
func graphFields(s string, usual ...string) ([]graphField, error) {
	if s == "" {
		s = strings.Join(usual, ",")
	}
	fields, rest, ok := readFields(s, 0)
	if !ok || rest != "" {
		return nil, graphInvalid("Syntax error in the parameter fields: " + s)
	}
	return fields, nil
}

func readFields(s string, depth int) (fields []graphField, rest string, ok bool) {
	for depth < graphDeepest {
		f := graphField{args: url.Values{}}
		end := strings.IndexAny(s, ",.{}()")
		if end < 0 {
			end = len(s)
		}
		f.name, s = strings.TrimSpace(s[:end]), s[end:]
		for strings.HasPrefix(s, ".") {
			name, after, opened := strings.Cut(s[1:], "(")
			value, remaining, closed := strings.Cut(after, ")")
			if !opened || !closed {
				return nil, s, false
			}
			f.args.Set(name, value)
			s = remaining
		}
		if strings.HasPrefix(s, "{") {
			if f.sub, s, ok = readFields(s[1:], depth+1); !ok || !strings.HasPrefix(s, "}") {
				return nil, s, false
			}
			s = s[1:]
		}
		if f.name == "" {
			return nil, s, false
		}
		fields = append(fields, f)
		if !strings.HasPrefix(s, ",") {
			return fields, s, true
		}
		s = s[1:]
	}
	return nil, s, false
}

// graphKind is what there is to know of one kind of thing.
type graphKind[T any] struct {
	name   string
	usual  []string
	fields map[string]func(*graph, *graphCall, T, graphField) (any, error)
}

// show writes the fields asked for. What has no value is left out; id always comes.
func (k graphKind[T]) show(g *graph, c *graphCall, v T, asked []graphField) (map[string]any, error) {
	if len(asked) == 0 {
		asked, _ = graphFields("", k.usual...)
	}
	out := make(map[string]any, len(asked)+1)
	for _, f := range append([]graphField{{name: "id"}}, asked...) {
		read := k.fields[f.name]
		if read == nil && f.name == "id" {
			continue
		}
		if read == nil {
			return nil, graphInvalid("Tried accessing nonexisting field (" + f.name + ") on node type (" + k.name + ")")
		}
		value, err := read(g, c, v, f)
		if err != nil {
			return nil, err
		}
		if value != nil {
			out[f.name] = value
		}
	}
	return out, nil
}
