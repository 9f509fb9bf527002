package triage

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// longestTag is how long a tag with what it says of itself can be, in bytes; what is longer is taken for words.
const longestTag = 500

// markup is the length in bytes of the HTML tag or comment that a text begins with; 0 if it begins with none. What stands
// between < and > and is not written as HTML is what somebody says, and so is the name of nothing that HTML has.
func markup(text string) int {
	if strings.HasPrefix(text, "<!--") {
		return 4
	}
	end := strings.IndexAny(text[1:min(len(text), longestTag)], "<>") + 1
	if end == 0 || text[end] != '>' {
		return 0
	}
	inside := strings.TrimSuffix(strings.TrimPrefix(text[1:end], "/"), "/")
	name, says, more := strings.Cut(inside, " ")
	if more && strings.TrimSpace(says) != "" && !strings.Contains(says, "=") || atom.Lookup([]byte(strings.ToLower(name))) == 0 {
		return 0
	}
	return end + 1
}

// tag skips an HTML tag: its names are no words of its author, and what stands between two tags is read as it is.
func (s *scanner) tag() bool {
	if s.c != '<' {
		return false
	}
	end := s.at + markup(s.text[s.at:])
	if end == s.at {
		return false
	}
	for s.more() && s.at < end {
		s.next()
	}
	return true
}
