package moderation

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kith-social/kith/community"
)

// Voice is how a brand wants to sound: what its people set and the guards hold texts against. Its zero
// value asks for nothing.
type Voice struct {
	// Disclosure is what every answer of an advocate has to say, "(tình nguyện viên)" for instance; "" for
	// what Country asks for. An answer without it does not leave.
	Disclosure string  `json:"disclosure"`
	Country    Country `json:"country"`
	// SignOff asks advocates to end with their sign-off.
	SignOff bool `json:"sign_off"`
	// Greeting asks for one.
	Greeting bool `json:"greeting"`
	// Address is how customers are spoken to in Vietnamese; "" leaves it to the author, who stays with it.
	Address Address `json:"address"`
	// Competitors are names that an answer should not have.
	Competitors []string `json:"competitors"`
	// Domains are those whose links nobody has to look at, with all that is below them.
	Domains []string `json:"domains"`
}

// Address is a Vietnamese way to speak to a customer.
type Address string

// The ways to speak to a customer.
const (
	AnyAddress Address = ""
	AsFriend   Address = "bạn"
	AsElder    Address = "anh/chị"
)

// Addresses lists them.
var Addresses = []Address{AnyAddress, AsFriend, AsElder}

// Section names the setting.
func (Voice) Section() string { return "voice" }

// The bounds of a brand's lists.
const (
	mostDisclosure = 60
	mostNames      = 50
	mostName       = 60
)

// Check says what cannot be set.
func (v Voice) Check() error {
	tooLong := func(s string) bool { return len(s) < 2 || utf8.RuneCountInString(s) > mostName }
	noDomain := func(s string) bool { return !strings.Contains(s, ".") || strings.ContainsAny(s, "/: @") }
	switch {
	case utf8.RuneCountInString(v.Disclosure) > mostDisclosure:
		return &community.Invalid{Field: "disclosure", Sentence: "keep the disclosure short; it counts in every answer"}
	case !slices.Contains(Countries(), v.Country):
		return &community.Invalid{Field: "country", Sentence: "there is no such choice"}
	case !slices.Contains(Addresses, v.Address):
		return &community.Invalid{Field: "address", Sentence: "there is no such choice"}
	case len(v.Competitors) > mostNames || slices.ContainsFunc(v.Competitors, tooLong):
		return &community.Invalid{Field: "competitors", Sentence: "write at most 50 names, one a line, of 2 to 60 letters"}
	case len(v.Domains) > mostNames || slices.ContainsFunc(v.Domains, tooLong) || slices.ContainsFunc(v.Domains, noDomain):
		return &community.Invalid{Field: "domains", Sentence: "write domains like example.com, one a line, without https"}
	}
	return nil
}
