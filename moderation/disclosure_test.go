package moderation

import (
	"slices"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// TestWhoSaysWhatTheyAre: what an author must say of themself follows from the brand's words, its customers'
// country, the network's terms and the name under which the answer stands.
func TestWhoSaysWhatTheyAre(t *testing.T) {
	asks := listeners.Network{Policy: listeners.Policy{Disclosure: true}}
	for name, c := range map[string]struct {
		voice    Voice
		network  listeners.Network
		asName   string
		mode     listeners.Mode
		language string
		want     string
	}{
		"as the brand":                               {network: asks},
		"under an own name":                          {network: asks, asName: "lan", language: "vi", want: "(tình nguyện viên)"},
		"under an own name, in English":              {network: asks, asName: "lan", language: "en", want: "(volunteer)"},
		"where the network does not ask":             {asName: "lan"},
		"by hand":                                    {mode: listeners.Assisted, language: "en", want: "(volunteer)"},
		"in the United States, as the brand":         {voice: Voice{Country: "US"}, language: "en", want: "(rewarded volunteer)"},
		"in the United Kingdom, in Vietnamese":       {voice: Voice{Country: "GB"}, language: "vi", want: "(tình nguyện viên có thưởng)"},
		"in Vietnam, as the brand":                   {voice: Voice{Country: "VN"}},
		"the brand's own words before the country's": {voice: Voice{Country: "US", Disclosure: "(fan)"}, language: "en", want: "(fan)"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &draft{
				text: "Open till ten.", folded: fold("Open till ten."), author: &community.Member{Role: community.Advocate}, voice: c.voice,
				network: c.network, asName: c.asName, cased: &community.Case{Delivery: c.mode, Language: c.language},
			}
			if got := w.disclosure(); got != c.want {
				t.Errorf("asked to say %q, want %q", got, c.want)
			}
			if stopped := slices.Contains(Flags(disclosed(w)), NoDisclosure); stopped != (c.want != "") {
				t.Errorf("without it the answer is stopped: %t", stopped)
			}
			w.author.Role = community.Moderator
			if found := disclosed(w); len(found) > 0 {
				t.Errorf("an employee is asked: %v", found)
			}
		})
	}
}
