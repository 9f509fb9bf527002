package moderation

import (
	"regexp"
	"strings"
)

// Flag is something in an answer that a person should look at before it leaves; its sentence stands
// in the catalogs as "guard.<flag>".
type Flag string

// The flags.
const (
	HasLink  Flag = "link"
	HasPhone Flag = "phone"
	HasEmail Flag = "email"
)

var guards = []struct {
	flag Flag
	in   *regexp.Regexp
}{
	{HasLink, regexp.MustCompile(`(?i)\bhttps?://|\bwww\.[a-z0-9-]+\.`)},
	{HasEmail, regexp.MustCompile(`(?i)[a-z0-9._%+-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}`)},
	{HasPhone, regexp.MustCompile(`(^|[^0-9])(\+?84|0)[0-9](?:[ .-]?[0-9]){8}([^0-9]|$)|\+[1-9][0-9](?:[ .-]?[0-9]){7,12}`)},
}

// Flags finds what a person should look at.
func Flags(text string) []Flag {
	var found []Flag
	for _, g := range guards {
		if g.in.MatchString(text) {
			found = append(found, g.flag)
		}
	}
	return found
}

func tooEmpty(text string) bool { return strings.TrimSpace(text) == "" }
