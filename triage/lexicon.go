package triage

import (
	"bufio"
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A lexicon file has one line per family of terms: what they say, a colon, the terms separated by commas. An indented
// line continues the one before it.
//
//	anger 2, negative 1.2: bực mình, tức điên
//
// gives each term these weights, in log-odds. (a|b) stands for either, (a |) for a or nothing. A term that begins with [
// counts only at the beginning of a clause, one that ends with ] only at its end, one in [[ and ]] only where the text
// has no other words. A term of several Vietnamese words
// also counts, for a little less, where some of them are written without their marks; a single word, which may then be
// another one, only where nothing in the text has marks, and for much less.
//
// A line whose head begins with @ is about words:
//
//	@not: không       turns what follows into its opposite
//	@very: rất        strengthens what follows
//	@after: quá       strengthens what precedes
//	@but: nhưng       ends a clause
//	@same không: ko   other spellings of a word
//	@en: the          words that only this language has; also @vi, and @other for the rest
//
// These count without their marks too, unless they begin with =.
//
//	~call: ring me, gọi   of one kin, in whatever language
//
// Kin say nothing by themselves: the learned heads see which of them stand together.
//
// Terms of en.txt count in texts that are not Vietnamese, those of vi.txt in texts that are not English.
//
//go:embed lexicon
var files embed.FS

// class is a set of what a word does to its neighbours.
type class uint8

const (
	negator      class = 1 << iota
	booster            // of what follows
	afterBooster       // of what precedes
	turn               // ends a clause
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
	canonical name // the word that it is another spelling of, if any
	class     class
	tongues   tongues // whose word it is
}

// entry is what a term says.
type entry struct {
	weights []weight
	keys    []uint64 // of its words
	exact   bool     // only with its marks: without them it is a common word
	marked  int      // how many of its words have Vietnamese marks
	tongues tongues  // in which texts it counts
	first   bool     // only at the beginning of a clause
	last    bool     // only at the end of one
	whole   bool     // only without other words
	kin     uint8    // what kin its words are of; 0 is none
	next    *entry   // another term whose words are the same without marks
}

// weight is what a term says of one thing: of a head, an outcome or a topic.
type weight struct {
	of      int
	logOdds float64
}

// edge is the way from a node of the trie of terms along the folded key of a word.
type edge uint64

func edgeOf(node int32, folded uint64) edge { return edge(mix(uint64(node)*hashPrime, folded)) }

// lexicon finds terms of one or more words among tokens, in one pass over a trie.
type lexicon struct {
	words   map[uint64]spellingOf
	edges   map[edge]int32
	entries []*entry // by node; nil where no term ends
	kin     map[string]uint8
	term    reading // of the term that is being added
}

// newLexicon returns an empty lexicon with room for that many nodes.
func newLexicon(nodes int) *lexicon {
	return &lexicon{words: map[uint64]spellingOf{}, edges: make(map[edge]int32, nodes), entries: make([]*entry, 1, nodes), kin: map[string]uint8{}}
}

// longestTerm is the number of words of the longest term.
const longestTerm = 8

// heart is the lexicon of the heads, read once.
var heart = sync.OnceValue(loadHeart)

func loadHeart() *lexicon {
	l := newLexicon(1 << 15)
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
}

// load reads a lexicon file whose lines speak of the given things.
func (l *lexicon) load(name string, of map[string]int, where tongues) error {
	f, err := files.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	family, at := "", 0
	take := func() error {
		if family == "" {
			return nil
		}
		if err := l.line(family, of, where); err != nil {
			return fmt.Errorf("%s, line %d: %w", name, at, err)
		}
		return nil
	}
	for n := 1; scan.Scan(); n++ {
		line := scan.Text()
		switch {
		case line == "" || strings.HasPrefix(line, "//"):
		case line[0] == ' ':
			family += line
		default:
			if err := take(); err != nil {
				return err
			}
			family, at = line, n
		}
	}
	if err := take(); err != nil {
		return err
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
	if kin, ok := strings.CutPrefix(what, "~"); ok {
		if l.kin[kin] == 0 {
			l.kin[kin] = uint8(len(l.kin) + 1)
		}
		return l.enter(terms, entry{kin: l.kin[kin], tongues: where})
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
	return l.enter(terms, entry{weights: weights, tongues: where})
}

// enter enters the terms of a line, written out, that all say the same.
func (l *lexicon) enter(terms []string, say entry) error {
	for _, pattern := range terms {
		for _, term := range Alternatives(strings.TrimSpace(pattern)) {
			if err := l.add(term, say); err != nil {
				return err
			}
		}
	}
	return nil
}

// Alternatives writes out a pattern with (a|b) in it.
func Alternatives(pattern string) []string {
	open := strings.IndexByte(pattern, '(')
	shut := strings.IndexByte(pattern, ')')
	if open < 0 || shut < open || !strings.Contains(pattern[open:shut], "|") {
		return []string{pattern}
	}
	var all []string
	for _, choice := range strings.Split(pattern[open+1:shut], "|") {
		all = append(all, Alternatives(pattern[:open]+choice+pattern[shut+1:])...)
	}
	return all
}

// about notes what words do, or whose they are.
func (l *lexicon) about(what string, words []string) error {
	what, canonical, _ := strings.Cut(what, " ")
	for _, w := range words {
		w = strings.TrimSpace(w)
		exact := strings.HasPrefix(w, "=") || what == "@same"
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
				info.canonical = c.tokens[0].name
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
				info.class |= c
			}
			l.words[key] = info
		}
	}
	return nil
}

// add enters a term.
func (l *lexicon) add(term string, say entry) error {
	text, first := strings.CutPrefix(term, "[")
	text, last := strings.CutSuffix(text, "]")
	text, whole := strings.CutPrefix(text, "[")
	text = strings.TrimSuffix(text, "]")
	r := &l.term
	r.split(text)
	if n := len(r.tokens); n == 0 || n > longestTerm {
		return fmt.Errorf("term %q has %d words, want 1 to %d", term, n, longestTerm)
	}
	e := &say
	e.keys, e.first, e.last, e.whole = make([]uint64, 0, len(r.tokens)), first, last, whole
	node := int32(0)
	for i := range r.tokens {
		t := &r.tokens[i]
		if c := l.words[t.key].canonical; c.key != 0 {
			t.name = c
		}
		e.keys = append(e.keys, t.key)
		if t.marked() {
			e.marked++
			_, common := l.words[t.folded]
			e.exact = common && len(r.tokens) == 1
		}
		way := edgeOf(node, t.folded)
		to, ok := l.edges[way]
		if !ok {
			to = int32(len(l.entries))
			l.edges[way] = to
			l.entries = append(l.entries, nil)
		}
		node = to
	}
	l.entries[node] = l.entries[node].with(e)
	return nil
}

// with returns the chain of entries with another one. Those without marks come last, which is where terms looks first:
// an unmarked word of a text rather means them than the others.
func (e *entry) with(other *entry) *entry {
	if e == nil || other.marked > 0 {
		other.next = e
		return other
	}
	e.next = e.next.with(other)
	return e
}

// match is a term found among the tokens [from, to).
type match struct {
	from, to int
	entry    *entry
	loss     float64 // share of its weight lost because marks are missing, 0..1
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
		next, ok := l.edges[edgeOf(node, t.folded)]
		if !ok {
			break
		}
		node = next
		for e := l.entries[node]; e != nil; e = e.next {
			if (!e.first || r.tokens[i].first) && (!e.last || t.last) && (!e.whole || len(e.keys) == r.words) {
				if loss, ok := e.fits(r.tokens[i:j+1], r.marked == 0); ok {
					r.found = append(r.found, match{from: i, to: j + 1, entry: e, loss: loss})
				}
			}
		}
	}
	slices.Reverse(r.found)
	return r.found
}

// How much of its weight a term loses where its marks are missing.
const (
	termLoss = 0.3 // all marks of a term of several words
	wordLoss = 0.7 // those of a single word
)

// fits reports whether tokens, which are the entry's words without marks, may be its words with marks, and what is lost
// because they are not written so. A token without marks may stand for any word, one with other marks is another word.
// Folded says that the whole text has no marks.
func (e *entry) fits(tokens []token, folded bool) (loss float64, ok bool) {
	missing := 0
	for i := range tokens {
		switch t := &tokens[i]; {
		case t.key == e.keys[i]:
		case t.marked():
			return 0, false
		default:
			missing++
		}
	}
	switch {
	case missing == 0:
		return 0, true
	case len(tokens) == 1:
		return wordLoss, folded && !e.exact
	default:
		return termLoss * float64(missing) / float64(e.marked), true
	}
}
