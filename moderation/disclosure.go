package moderation

import (
	"slices"

	"github.com/kith-social/kith/listeners"
)

// Country is where a brand's customers are, as ISO 3166 names it in two letters; "" where nothing is said.
type Country string

// disclosure is what volunteers of a country say of themselves where the brand has no words of its own.
type disclosure struct {
	en, vi string
	// always: the country asks everybody who gets something for speaking of a brand to say so, also under
	// the brand's name. Elsewhere only who writes under their own name says for whom.
	always bool
}

// disclosures are the words of the countries that Kith knows. The United States ask for it in 16 CFR 255.5
// (connections that readers do not expect are disclosed clearly), the United Kingdom in rule 2.1 of the
// CAP Code and in the Digital Markets, Competition and Consumers Act 2024, Schedule 20.
var disclosures = map[Country]disclosure{
	"":   {en: "(volunteer)", vi: "(tình nguyện viên)"},
	"VN": {en: "(volunteer)", vi: "(tình nguyện viên)"},
	"US": {en: "(rewarded volunteer)", vi: "(tình nguyện viên có thưởng)", always: true},
	"GB": {en: "(rewarded volunteer)", vi: "(tình nguyện viên có thưởng)", always: true},
}

// Countries are those whose words are known, "" among them, in a fixed order.
func Countries() []Country {
	var all []Country
	for c := range disclosures {
		all = append(all, c)
	}
	slices.Sort(all)
	return all
}

// disclosure is what the author has to say of themself; "" for nothing. Who answers under their own name,
// by hand or where the network knows them, always says for whom, if the network asks for that.
func (w *draft) disclosure() string {
	country := disclosures[w.voice.Country]
	ownName := w.cased.Delivery == listeners.Assisted || w.asName != "" && w.network.Policy.Disclosure
	if w.voice.Disclosure != "" || !ownName && !country.always {
		return w.voice.Disclosure
	}
	if w.cased.Language == "en" {
		return country.en
	}
	return country.vi
}
