package demo

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/kith-social/kith/community"
)

//go:embed saomai.toml
var castText string

//go:embed conversations.toml
var conversationsText string

// script is everything that happened before anybody looks: who there is, and what they did.
type script struct {
	Brand struct {
		Slug, Name, Language, Handle string
		ReviewSeed                   string `toml:"review_seed"`
	}
	Topics []struct {
		Name     string
		Keywords []string
	} `toml:"topic"`
	Members   []person          `toml:"member"`
	Customers map[string]string // handle → name

	Conversations []conversation `toml:"conversation"`
}

// person is a member to be.
type person struct {
	Email, Name string
	Role        community.Role
	Trust       int
	SignOff     string `toml:"sign_off"`
	Language    string
	Languages   []string
	Topics      []string // none: all
	OnDuty      []int    `toml:"on_duty"` // an employee's hours of each day, from and to
}

// nick is what the conversations call a member: the address without its domain.
func (p *person) nick() string {
	nick, _, _ := strings.Cut(p.Email, "@")
	return nick
}

// conversation is one thread from its first post on.
type conversation struct {
	Ends  community.State // of the first customer's case
	Steps []step
}

// step is one thing somebody did.
type step struct {
	Ago  time.Duration // before now
	Who  string        // a handle, or a member's nick
	Does verb
	Text string
}

// verb is what a step does.
type verb string

// What customers do, and what members do.
const (
	posts   verb = "posts"
	deletes verb = "deletes"

	claims    verb = "claims"
	releases  verb = "releases"
	drafts    verb = "drafts"
	answers   verb = "answers"
	approves  verb = "approves"
	returns   verb = "returns"
	handsOver verb = "hands over"
	closes    verb = "closes"
	states    verb = "states" // a public statement, which then speaks for the case; its first sentence names the incident
)

var (
	ofCustomers = []verb{posts, deletes}
	ofMembers   = []verb{claims, releases, drafts, answers, approves, returns, handsOver, closes, states}
	wordless    = []verb{deletes, claims, releases, approves}
)

var errStep = errors.New(`a step is ["3d 4h", "who does", "text"]`)

// UnmarshalTOML reads a step from its list of two or three texts.
func (s *step) UnmarshalTOML(v any) (err error) {
	var parts []string
	list, _ := v.([]any)
	for _, part := range list {
		text, ok := part.(string)
		if !ok {
			return errStep
		}
		parts = append(parts, text)
	}
	if len(parts) < 2 || len(parts) > 3 {
		return errStep
	}
	if s.Ago, err = parseAgo(parts[0]); err != nil {
		return err
	}
	who, does, _ := strings.Cut(parts[1], " ")
	s.Who, s.Does = who, verb(does)
	verbs := ofMembers
	if handle, ok := strings.CutPrefix(who, "@"); ok {
		s.Who, verbs = handle, ofCustomers
	}
	if !slices.Contains(verbs, s.Does) {
		return fmt.Errorf("%q: %s cannot do this", parts[1], who)
	}
	if len(parts) == 3 {
		s.Text = parts[2]
	}
	if s.Text == "" && !slices.Contains(wordless, s.Does) {
		return fmt.Errorf("%q has no words", parts[1])
	}
	return nil
}

var agoForm = regexp.MustCompile(`^(?:(\d+)d)? ?(\d+h)?(\d+m)?$`)

// parseAgo reads days, hours and minutes: "3d 4h20m".
func parseAgo(text string) (time.Duration, error) {
	parts := agoForm.FindStringSubmatch(text)
	if parts == nil || text == "" {
		return 0, fmt.Errorf("%q does not say how long ago", text)
	}
	days, _ := strconv.Atoi(parts[1])
	rest, _ := time.ParseDuration("0s" + parts[2] + parts[3])
	return time.Duration(days)*24*time.Hour + rest, nil
}

// readScript reads the embedded files and checks that everybody in the conversations exists.
func readScript() (*script, error) {
	var s script
	for name, text := range map[string]string{"saomai.toml": castText, "conversations.toml": conversationsText} {
		meta, err := toml.Decode(text, &s)
		if err == nil && len(meta.Undecoded()) > 0 {
			err = fmt.Errorf("nobody reads %v", meta.Undecoded())
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	known := map[string]bool{s.Brand.Handle: true}
	for handle := range s.Customers {
		known[handle] = true
	}
	for i := range s.Members {
		known[s.Members[i].nick()] = true
	}
	for _, c := range s.Conversations {
		if len(c.Steps) == 0 || c.Steps[0].Does != posts {
			return nil, errors.New("read conversations.toml: a conversation begins with a customer's post")
		}
		for i, st := range c.Steps {
			if !known[st.Who] {
				return nil, fmt.Errorf("read conversations.toml: nobody is called %s", st.Who)
			}
			if i > 0 && st.Ago > c.Steps[i-1].Ago {
				return nil, fmt.Errorf("read conversations.toml: %q comes before what stands above it", st.Text)
			}
		}
	}
	return &s, nil
}
