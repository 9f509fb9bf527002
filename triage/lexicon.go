package triage

import (
	"bufio"
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// A lexicon file has one line per family of terms: what they say, a colon, the terms separated by commas.
//
//	anger 2, negative 1.2: bực mình, tức điên
//
// gives each term these weights, in log-odds. A term that begins with ^ counts only at the beginning of a clause, one
// that ends with $ only at its end, and one that begins with = only as it is written: without that sign, a term with
// Vietnamese marks also counts, for a little less, where some or all of its words are written without them.
// A line whose head begins with @ is about words:
//
//	@not: không       turns what follows into its opposite
//	@very: rất        strengthens what follows
//	@after: quá       strengthens what precedes
//	@but: nhưng       ends a clause
//	@same không: ko   other spellings of a word
//	@en: the          words that only this language has; also @vi, and @other for the rest
//
// Terms of en.txt count in texts that are not Vietnamese, those of vi.txt in texts that are not English.
//
//go:embed lexicon
var files embed.FS

// class is what a word does to its neighbours.
type class uint8

const (
	plain class = iota
	negator
	booster      // of what follows
	afterBooster // of what precedes
	turn         // ends a clause
)

var classes = map[string]class{"@not": negator, "@very": booster, "@after": afterBooster, "@but": turn}

// tongues is a set of languages.
type tongues uint8

const (
	en tongues = 1 << iota
	vi
	elsewhere
)

// spellingOf is what the lexicon knows of a single word.
type spellingOf struct {
	canonical uint64 // the key of the word it is another spelling of, or 0
	class     class
	tongues   tongues // whose word it is
}

// entry is what a term says.
type entry struct {
	weights []weight
	tongues tongues // in which texts it counts
	first   bool    // only at the beginning of a clause
	last    bool    // only at the end of one
	next    *entry  // more about the same words
}

type weight struct {
	of       int // a head, an outcome or a topic
	logOdds  float64
	distance float64 // share of marked words that are written without marks, 0..1
}

// edge leads from a node of the trie of terms along the key of a word.
type edge struct {
	node int32
	key  uint64
}

// lexicon finds terms of one or more words among tokens, in one pass over a trie.
type lexicon struct {
	words   map[uint64]spellingOf
	edges   map[edge]int32
	entries []*entry // by node; nil where no term ends
}

func newLexicon() *lexicon {
	return &lexicon{words: map[uint64]spellingOf{}, edges: map[edge]int32{}, entries: []*entry{nil}}
}

// longestTerm is the number of words of the longest term.
const longestTerm = 6

// heart is the lexicon of the heads, read once.
var heart = sync.OnceValue(func() *lexicon {
	l := newLexicon()
	of := map[string]int{}
	for i, h := range heads {
		of[string(h)] = i
	}
	for _, f := range []struct {
		name    string
		tongues tongues
	}{
		{"lexicon/language.txt", 0},
		{"lexicon/shared.txt", en | vi | elsewhere},
		{"lexicon/en.txt", en | elsewhere},
		{"lexicon/vi.txt", vi | elsewhere},
	} {
		if err := l.load(f.name, of, f.tongues); err != nil {
			panic(err) // an embedded file is broken: no test could have passed
		}
	}
	return l
})

// load reads a lexicon file whose lines speak of the given things.
func (l *lexicon) load(name string, of map[string]int, where tongues) error {
	f, err := files.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	for n := 1; scan.Scan(); n++ {
		line := strings.TrimSpace(scan.Text())
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		if err := l.line(line, of, where); err != nil {
			return fmt.Errorf("%s, line %d: %w", name, n, err)
		}
	}
	return scan.Err()
}

func (l *lexicon) line(line string, of map[string]int, where tongues) error {
	what, list, ok := strings.Cut(line, ": ")
	if !ok {
		return fmt.Errorf("%q has no colon", line)
	}
	terms := strings.Split(list, ",")
	if strings.HasPrefix(what, "@") {
		return l.about(what, terms)
	}
	var weights []weight
	for _, part := range strings.Split(what, ",") {
		name, number, _ := strings.Cut(strings.TrimSpace(part), " ")
		i, ok := of[name]
		w, err := strconv.ParseFloat(number, 64)
		if !ok || err != nil {
			return fmt.Errorf("%q is not a head and a number", part)
		}
		weights = append(weights, weight{of: i, logOdds: w})
	}
	for _, term := range terms {
		if err := l.add(strings.TrimSpace(term), weights, where); err != nil {
			return err
		}
	}
	return nil
}

// about notes what words do, or whose they are.
func (l *lexicon) about(what string, words []string) error {
	what, canonical, _ := strings.Cut(what, " ")
	for _, w := range words {
		w = strings.TrimSpace(w)
		exact := strings.HasPrefix(w, "=")
		var r reading
		r.split(strings.TrimPrefix(w, "="))
		if len(r.tokens) != 1 {
			return fmt.Errorf("%q is not one word", w)
		}
		keys := []uint64{r.tokens[0].key}
		if !exact && r.tokens[0].folded != keys[0] {
			keys = append(keys, r.tokens[0].folded)
		}
		for _, key := range keys {
			info := l.words[key]
			switch what {
			case "@same":
				var c reading
				c.split(canonical)
				info.canonical = c.tokens[0].key
			case "@en":
				info.tongues |= en
			case "@vi":
				info.tongues |= vi
			case "@other":
				info.tongues |= elsewhere
			default:
				c, ok := classes[what]
				if !ok {
					return fmt.Errorf("%q is unknown", what)
				}
				info.class = c
			}
			l.words[key] = info
		}
	}
	return nil
}

// add enters a term under every way of leaving marks off its words.
func (l *lexicon) add(term string, weights []weight, where tongues) error {
	text, exact := strings.CutPrefix(term, "=")
	text, first := strings.CutPrefix(text, "^")
	text, last := strings.CutSuffix(text, "$")
	var r reading
	r.split(text)
	if n := len(r.tokens); n == 0 || n > longestTerm {
		return fmt.Errorf("term %q has %d words, want 1 to %d", term, n, longestTerm)
	}
	marked := 0
	for i := range r.tokens {
		t := &r.tokens[i]
		if c := l.words[t.key].canonical; c != 0 {
			t.key = c
		}
		if t.marked() {
			marked++
		}
	}
	e := entry{tongues: where, first: first, last: last}
	l.enter(0, r.tokens, exact, marked, 0, func(node int32, left int) {
		e := e
		if marked > 0 {
			e.weights = make([]weight, len(weights))
			for i, w := range weights {
				e.weights[i] = weight{of: w.of, logOdds: w.logOdds, distance: float64(left) / float64(marked)}
			}
		} else {
			e.weights = weights
		}
		e.next, l.entries[node] = l.entries[node], &e
	})
	return nil
}

// enter follows or makes the edges for tokens from node, leaving marks off in every way, and calls done at each end.
func (l *lexicon) enter(node int32, tokens []token, exact bool, marked, left int, done func(node int32, left int)) {
	if len(tokens) == 0 {
		done(node, left)
		return
	}
	t := tokens[0]
	l.enter(l.follow(node, t.key), tokens[1:], exact, marked, left, done)
	if t.marked() && !exact {
		l.enter(l.follow(node, t.folded), tokens[1:], exact, marked, left+1, done)
	}
}

func (l *lexicon) follow(node int32, key uint64) int32 {
	to, ok := l.edges[edge{node, key}]
	if !ok {
		to = int32(len(l.entries))
		l.edges[edge{node, key}] = to
		l.entries = append(l.entries, nil)
	}
	return to
}

// match is a term found among the tokens [from, to).
type match struct {
	from, to int
	entry    *entry
}

// terms returns the terms that begin at token i, longest first. They are valid until the next call.
func (r *reading) terms(l *lexicon, i int) []match {
	r.found = r.found[:0]
	node := int32(0)
	for j := i; j < len(r.tokens) && j < i+longestTerm; j++ {
		t := &r.tokens[j]
		if j > i && t.first {
			break
		}
		next, ok := l.edges[edge{node, t.key}]
		if !ok {
			break
		}
		node = next
		for e := l.entries[node]; e != nil; e = e.next {
			if (!e.first || r.tokens[i].first) && (!e.last || t.last) {
				r.found = append(r.found, match{from: i, to: j + 1, entry: e})
			}
		}
	}
	for a, b := 0, len(r.found)-1; a < b; a, b = a+1, b-1 {
		r.found[a], r.found[b] = r.found[b], r.found[a]
	}
	return r.found
}
