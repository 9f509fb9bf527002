package community

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"
)

// Handles are somebody's own names on networks, by network: what is written under one of them is the
// member's own, and no customer's.
type Handles map[string]string

// Profile is what a member says of themselves.
type Profile struct {
	PublicName string
	SignOff    string
	Languages  []string
	Topics     []int64
	Hours      Hours
	Networks   []string // on which they answer; none means all
	Handles    Handles
}

// Profile is what the member says of themselves now.
func (m *Member) Profile() Profile {
	return Profile{m.PublicName, m.SignOff, m.Languages, m.Topics, m.Hours, m.Networks, m.Handles}
}

const (
	longestPublicName = 60  // characters of a public name
	longestSignOff    = 120 // characters that end each answer
	longestHandle     = 100
)

// check tells what is wrong with a profile, and tidies it.
func (p *Profile) check() error {
	p.PublicName, p.SignOff = strings.TrimSpace(p.PublicName), strings.TrimSpace(p.SignOff)
	switch {
	case p.PublicName == "":
		return &Invalid{"public_name", "choose a name that others see"}
	case !oneLine(p.PublicName, longestPublicName):
		return &Invalid{"public_name", "a public name has at most 60 characters on one line"}
	case !oneLine(p.SignOff, longestSignOff):
		return &Invalid{"sign_off", "a sign-off has at most 120 characters on one line"}
	case len(p.Languages) == 0:
		return &Invalid{"languages", "choose at least one language"}
	}
	for _, l := range p.Languages {
		if l != "en" && l != "vi" {
			return &Invalid{"languages", "choose at least one language"}
		}
	}
	handles := Handles{}
	for network, name := range p.Handles {
		if name = strings.TrimPrefix(strings.TrimSpace(name), "@"); name == "" {
			continue
		}
		if !oneLine(network, longestHandle) || !oneLine(name, longestHandle) {
			return &Invalid{"handles", "a name on a network has at most 100 characters"}
		}
		handles[network] = name
	}
	p.Handles = handles
	return p.Hours.Check()
}

func oneLine(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' })
}

// ChangeProfile stores what a member says of themselves. An advocate gains no topic by it that they
// have not passed the test of; those they have they may drop.
func ChangeProfile(ctx context.Context, tx Tx, m *Member, p Profile) error {
	if err := p.check(); err != nil {
		return err
	}
	open, err := m.openTopics(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range p.Topics {
		if !slices.Contains(open, t) {
			return &Invalid{"topics", "pass the test of a topic before you choose it"}
		}
	}
	_, err = tx.NewUpdate().Model((*Member)(nil)).
		Set("public_name = ?, sign_off = ?", p.PublicName, p.SignOff).
		Set("languages = ?, topics = ?, hours = ?, networks = ?, handles = ?", asJSON(p.Languages), asJSON(p.Topics), asJSON(p.Hours), asJSON(p.Networks), asJSON(p.Handles)).
		Where("id = ?", m.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("change the profile of member %d: %w", m.ID, err)
	}
	return nil
}

// openTopics are the topics that a member may choose: for employees all of the brand's, for advocates
// those they have, passed or that have no test.
func (m *Member) openTopics(ctx context.Context, db bun.IDB) ([]int64, error) {
	lessons, err := Lessons(ctx, db, m.BrandID, m.PersonID, "")
	if err != nil {
		return nil, err
	}
	var open []int64
	for _, s := range lessons {
		if m.Role.Employee() || s.Passed || s.Cases == 0 || slices.Contains(m.Topics, s.Topic.ID) {
			open = append(open, s.Topic.ID)
		}
	}
	return open, nil
}
