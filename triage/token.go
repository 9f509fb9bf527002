package triage

import (
	"strings"
	"unicode/utf8"

	"github.com/kith-social/kith/triage/learner"
)

// form is what kind of token a token is.
type form uint8

const (
	word    form = iota // letters, digits or both
	code                // looks like an order code, a booking reference or a phone number
	emote               // an emoji or emoticon
	exclaim             // a run of !
	query               // a run of ? with or without !
	link                // a URL
)

// name identifies a word however it is capitalised, composed or stretched.
type name struct {
	key    uint64 // 0 is no word
	folded uint64 // the key that the word has without Vietnamese marks
}

// token is one unit of a text.
type token struct {
	name
	stretched  name  // the name with runs of a letter cut to two instead of one, if it had runs of three or more
	start, end int32 // in runes of the text
	at         int32 // where a word starts, in bytes
	count      int32 // letters of a word, repetitions of a mark or emoji
	form       form
	class      class
	caps       bool // written in capitals, two letters or more
	foreign    bool // has letters that neither English nor Vietnamese have
	first      bool // begins a clause
	last       bool // ends a clause
}

// reading is the working memory of reading one text.
type reading struct {
	tokens   []token
	found    []match
	evidence []evidence
	kin      []kinship
	seen     []learner.Feature
	sights   []learner.Sight
	own      []learner.Sight // of the brand's layer
	added    []float64       // by the layer, by its part
	margins  []float64
	once     []learner.Feature // of a text, each once
	mean     []float32         // of what its words mean
	meanings []float32         // of its words, one after the other
	rareness []float32         // of these words
	near     []float64         // topics
	common   []float32         // of the text and each example
	handles  int               // @names seen
	tags     int               // #tags seen
	marked   int               // words with Vietnamese marks
	words    int
}

const (
	hashOffset = 14695981039346656037
	hashPrime  = 1099511628211
)

func mix(h, v uint64) uint64 {
	h = (h ^ v) * hashPrime
	return h ^ h>>29
}

// scanner walks over a text rune by rune.
type scanner struct {
	text string
	at   int   // byte offset of c
	rune int32 // index of c
	c    rune
	size int // bytes of c; 0 at the end
	g    glyph
}

func (s *scanner) load() {
	if s.at >= len(s.text) || s.rune >= MaxRunes {
		s.size, s.c, s.g = 0, 0, glyph{kind: boundary}
		return
	}
	if b := s.text[s.at]; b < utf8.RuneSelf {
		s.c, s.size, s.g = rune(b), 1, lowGlyphs[b]
		return
	}
	s.c, s.size = utf8.DecodeRuneInString(s.text[s.at:])
	s.g = glyphOf(s.c)
}

func (s *scanner) next() {
	s.at += s.size
	s.rune++
	s.load()
}

func (s *scanner) more() bool { return s.size > 0 }

func (s *scanner) peek() glyph {
	if s.at+s.size >= len(s.text) {
		return glyph{kind: boundary}
	}
	c, _ := utf8.DecodeRuneInString(s.text[s.at+s.size:])
	return glyphOf(c)
}

// split cuts a text into tokens.
func (r *reading) split(text string) {
	r.tokens, r.evidence, r.kin = r.tokens[:0], r.evidence[:0], r.kin[:0]
	r.handles, r.tags, r.marked, r.words = 0, 0, 0, 0
	s := scanner{text: text}
	s.load()
	fresh := true // a clause begins
	for s.more() {
		before := len(r.tokens)
		switch {
		case startsWord(s.g):
			if isLink(text[s.at:]) {
				r.link(&s)
			} else {
				r.word(&s, false)
			}
		case s.g.base == '@' && isNameRune(s.peek()):
			r.handle(&s)
		case s.g.base == '#' && startsWord(s.peek()):
			r.tags++
			s.next()
			r.word(&s, true)
		case s.g.kind == picture:
			r.picture(&s)
		case s.g.base == '!' || s.g.base == '?':
			r.shout(&s)
			fresh = true
		case s.tag():
		case r.emoticon(&s):
		default:
			fresh = fresh || s.g.kind == boundary
			s.next()
		}
		if len(r.tokens) > before && r.tokens[before].form <= code {
			if r.tokens[before].first = fresh; fresh && before > 0 {
				r.tokens[before-1].last = true
			}
			fresh = false
		} else if len(r.tokens) > before {
			if before > 0 {
				r.tokens[before-1].last = true
			}
			fresh = true
		}
	}
	if n := len(r.tokens); n > 0 {
		r.tokens[n-1].last = true
	}
}

func startsWord(g glyph) bool { return g.kind == letter || g.kind == digit }

func isNameRune(g glyph) bool { return startsWord(g) || g.base == '_' }

func isLink(s string) bool {
	return len(s) > 4 && (s[0]|0x20 == 'h' && (hasPrefixFold(s, "http://") || hasPrefixFold(s, "https://")) || s[0]|0x20 == 'w' && hasPrefixFold(s, "www."))
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func (r *reading) link(s *scanner) {
	start := s.rune
	for s.more() && s.c > ' ' && s.c != 0xA0 && s.c != 0x3000 {
		s.next()
	}
	r.tokens = append(r.tokens, token{start: start, end: s.rune, form: link})
}

// handle skips a name such as @kithcoffee; whom a text names says nothing about how it is meant.
func (r *reading) handle(s *scanner) {
	r.handles++
	s.next()
	for s.more() && isNameRune(s.g) {
		s.next()
	}
}

// spelling builds the keys of a word letter by letter.
type spelling struct {
	once, twice   name // hashes so far, with long runs cut to one and to two
	base          rune
	quality, tone uint8
	run           int
	long, marked  bool
}

func (p *spelling) flush() {
	if p.run == 0 {
		return
	}
	letter := uint64(p.base) | uint64(p.quality)<<32
	once, twice := p.run, p.run
	if p.run > 2 && (p.base < '0' || p.base > '9') {
		once, twice, p.long = 1, 2, true
	}
	for range once {
		p.once = name{mix(p.once.key, letter), mix(p.once.folded, uint64(p.base))}
	}
	for range twice {
		p.twice = name{mix(p.twice.key, letter), mix(p.twice.folded, uint64(p.base))}
	}
	p.marked = p.marked || p.quality != 0
	p.run = 0
}

func (p *spelling) add(g glyph) {
	if g.base != p.base || g.quality != p.quality {
		p.flush()
		p.base, p.quality = g.base, g.quality
	}
	p.run++
	p.tone |= g.tone
}

// combine puts a combining mark on the letter before it.
func (p *spelling) combine(g glyph) {
	if p.run > 0 && g.quality != 0 && p.quality&g.quality == 0 {
		p.run--
		p.flush()
		p.quality |= g.quality
		p.run = 1
	}
	p.tone |= g.tone
}

// word reads letters and digits up to the end of the word. In a hashtag a word also ends where a capital follows a
// small letter.
func (r *reading) word(s *scanner, tag bool) {
	p := spelling{once: name{hashOffset, hashOffset}, twice: name{hashOffset, hashOffset}}
	t := token{start: s.rune, at: int32(s.at)}
	letters, digits, capitals := 0, 0, 0
	small, parts := false, false // the last letter was small; a number such as 1.500.000
	end := s.rune
scan:
	for s.more() {
		switch {
		case s.g.kind == letter:
			if tag && s.g.upper && small {
				break scan
			}
			letters++
			small = !s.g.upper
			if s.g.upper {
				capitals++
			}
			t.foreign = t.foreign || s.g.base >= utf8.RuneSelf
			p.add(s.g)
		case s.g.kind == digit:
			digits++
			p.add(s.g)
		case s.g.kind == mark:
			p.combine(s.g)
		case s.g.kind == invisible:
		case s.g.base == '\'' && letters > 0 && s.peek().kind == letter:
		case s.g.base == '-' && digits > 0 && letters+digits > 3 && s.peek().kind == digit:
		case (s.g.base == '.' || s.g.base == ',') && digits > 0 && letters == 0 && s.peek().kind == digit:
			parts = true
		default:
			break scan
		}
		s.next()
		end = s.rune
	}
	p.flush()
	p.marked = p.marked || p.tone != 0
	t.end = end
	t.count = int32(letters)
	t.name = name{mix(p.once.key, uint64(p.tone)), mix(p.once.folded, 0)}
	if p.long {
		t.stretched = name{mix(p.twice.key, uint64(p.tone)), mix(p.twice.folded, 0)}
	}
	t.caps = capitals > 1 && capitals == letters
	if !parts && (digits >= 5 && letters+digits >= 6 || digits >= 3 && letters > 0 && letters+digits >= 6 || tag && digits >= 4) {
		t.form = code
	}
	if letters > 0 {
		r.words++
		if p.marked {
			r.marked++
		}
	}
	r.tokens = append(r.tokens, t)
	if tag && s.more() && startsWord(s.g) {
		r.word(s, true)
	}
}

func (t *token) marked() bool { return t.key != t.folded && t.form == word }

// picture reads an emoji; the same one again and again is one token.
func (r *reading) picture(s *scanner) {
	t := token{start: s.rune, form: emote, count: 1}
	t.key = mix(hashOffset, uint64(s.c))
	t.folded = t.key
	switch s.c {
	case '❗', '❕', '‼':
		t.form = exclaim
	case '❓', '❔', '⁉':
		t.form = query
	}
	c := s.c
	for s.next(); s.more() && (s.g.kind == invisible || s.c == c); s.next() {
		if s.c == c {
			t.count++
		}
	}
	t.end = s.rune
	r.tokens = append(r.tokens, t)
}

// shout reads a run of exclamation and question marks.
func (r *reading) shout(s *scanner) {
	t := token{start: s.rune, form: exclaim}
	for s.more() && (s.g.base == '!' || s.g.base == '?') {
		if s.g.base == '?' {
			t.form = query
		}
		t.count++
		s.next()
	}
	t.end = s.rune
	r.tokens = append(r.tokens, t)
}

// faces are emoticons that are always written the same way.
var faces = []string{"<3", "^_^", "^^", "-_-", ">_<", ">.<"}

// emoticon reads a face made of punctuation, if one begins here. Its key is that of its eyes and its mouth, so that
// ":-((((" and ":(" are the same.
func (r *reading) emoticon(s *scanner) bool {
	t := token{start: s.rune, form: emote}
	rest := s.text[s.at:]
	n := 0 // bytes up to and including the mouth
	var mouth byte
	switch c := rest[0]; c {
	case ':', ';', '=':
		n = 2
		if len(rest) > 2 && (rest[1] == '-' || rest[1] == '\'' || rest[1] == '=') {
			n = 3
		}
		if len(rest) < n {
			return false
		}
		mouth = rest[n-1]
		if !isMouth(c, mouth) || s.at > 0 && isDigit(s.text[s.at-1]) || len(rest) > n && (isLetter(mouth) && isLetter(rest[n]) || mouth == '/' && rest[n] == '/') {
			return false
		}
		if c == '=' || mouth == '(' {
			c = ':'
		}
		t.key = mix(mix(hashOffset, uint64(c)), uint64(mouth|0x20))
	case '(', ')':
		if len(rest) < 2 || rest[1] != c {
			return false
		}
		n, mouth = 1, c
		t.key = mix(mix(hashOffset, ':'), uint64(c|0x20))
	case '<', '^', '-', '>':
		for i, face := range faces {
			if strings.HasPrefix(rest, face) {
				n, mouth = len(face), face[len(face)-1]
				t.key = mix(hashOffset, uint64(i))
				break
			}
		}
		if n == 0 {
			return false
		}
	default:
		return false
	}
	t.folded = t.key
	for i := 0; i < n || s.more() && s.c == rune(mouth); i++ {
		if i >= n-1 {
			t.count++
		}
		s.next()
	}
	t.end = s.rune
	r.tokens = append(r.tokens, t)
	return true
}

func isMouth(eyes, c byte) bool {
	if eyes == '=' {
		return c == '(' || c == ')' || c == 'D'
	}
	return strings.IndexByte("()DPp3/|\\*[]OoVv><", c) >= 0
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
