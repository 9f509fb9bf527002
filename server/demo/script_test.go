package demo

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners/twitter"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/triage"
)

func mustRead(t *testing.T) *script {
	t.Helper()
	s, err := readScript()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *script) scorer() *triage.Scorer {
	topics := make([]triage.Topic, len(s.Topics))
	for i, t := range s.Topics {
		topics[i] = triage.Topic{ID: int64(i + 1), Name: t.Name, Keywords: t.Keywords}
	}
	return triage.New(topics)
}

func TestTextsFitTheNetwork(t *testing.T) {
	s := mustRead(t)
	for _, c := range s.Conversations {
		for i, st := range c.Steps {
			if n := twitter.Measure(st.Text); n.Used > n.Limit {
				t.Errorf("%d of %d: %q", n.Used, n.Limit, st.Text)
			}
			if !norm.NFC.IsNormalString(st.Text) || strings.TrimSpace(st.Text) != st.Text {
				t.Errorf("%q is not in its simplest form", st.Text)
			}
			if i == 0 && !strings.Contains(st.Text, "@"+s.Brand.Handle) {
				t.Errorf("%q does not name the brand", st.Text)
			}
		}
	}
}

func TestPostsAreInBothLanguages(t *testing.T) {
	s := mustRead(t)
	scorer := s.scorer()
	languages := map[triage.Language]int{}
	about := map[string]map[triage.Language]int{}
	plain := 0
	for _, c := range s.Conversations {
		text := c.Steps[0].Text
		score := scorer.Score(text)
		languages[score.Language]++
		if score.Language == triage.Vietnamese && regexp.MustCompile(`^[ -~]*$`).MatchString(text) {
			plain++
		}
		for _, topic := range score.Topics {
			if about[topic.Name] == nil {
				about[topic.Name] = map[triage.Language]int{}
			}
			about[topic.Name][score.Language]++
		}
	}
	total := len(s.Conversations)
	if total < 45 || languages[triage.Vietnamese] < total*55/100 || languages[triage.English] < total*25/100 || plain < 2 {
		t.Errorf("%d conversations: %v, %d in Vietnamese without marks", total, languages, plain)
	}
	if len(s.Topics) != 6 {
		t.Errorf("%d topics", len(s.Topics))
	}
	for _, topic := range s.Topics {
		if n := len(topic.Keywords); n < 6 || n > 10 {
			t.Errorf("%s has %d keywords", topic.Name, n)
		}
		if in := about[topic.Name]; in[triage.Vietnamese] == 0 || in[triage.English] == 0 {
			t.Errorf("nobody asks about %s in one of the languages: %v", topic.Name, in)
		}
	}
}

// Names that a text about coffee in Vietnam may slip into; the demo names nobody real.
var realNames = regexp.MustCompile(`(?i)\b(starbucks|highlands|phúc long|trung nguyên|cộng cà phê|grab|shopee|gojek|momo|zalo|facebook|messenger|whatsapp|instagram|tiktok|google|apple|iphone|samsung|android|visa|mastercard|vietcombank|techcombank|viettel)\b`)

var links = regexp.MustCompile(`(?i)(https?://|www\.)\S+`)

func TestNobodyIsReal(t *testing.T) {
	s := mustRead(t)
	handle := regexp.MustCompile(`@\w+`)
	for _, m := range s.Members {
		if !strings.HasSuffix(m.Email, "@example.com") {
			t.Errorf("%s has an address that may be somebody's", m.Name)
		}
	}
	for _, c := range s.Conversations {
		for _, st := range c.Steps {
			for _, h := range handle.FindAllString(st.Text, -1) {
				if h != "@"+s.Brand.Handle {
					t.Errorf("%q names %s", st.Text, h)
				}
			}
			if name := realNames.FindString(st.Text); name != "" {
				t.Errorf("%q names %s", st.Text, name)
			}
			if found := moderation.PersonalData(st.Text); len(found) > 0 {
				t.Errorf("%q holds %v", st.Text, found)
			}
			for _, link := range links.FindAllString(st.Text, -1) {
				if !strings.HasPrefix(link, "https://saomai.example/") {
					t.Errorf("%q leads to %s", st.Text, link)
				}
			}
		}
	}
}

func TestRolesToTry(t *testing.T) {
	s := mustRead(t)
	for email, want := range map[string]person{
		"huy@example.com":   {Role: community.Advocate, Trust: 1},
		"lan@example.com":   {Role: community.Advocate, Trust: 3},
		"minh@example.com":  {Role: community.Moderator},
		"admin@example.com": {Role: community.Admin},
	} {
		i := slices.IndexFunc(s.Members, func(p person) bool { return p.Email == email })
		if i < 0 || s.Members[i].Role != want.Role || s.Members[i].Trust != want.Trust || len(s.Members[i].Topics) > 0 {
			t.Errorf("%s is not a %s at trust %d who knows every topic", email, want.Role, want.Trust)
		}
		if !slices.Contains(roles, email) {
			t.Errorf("%s gets no link", email)
		}
	}
}

func TestSteps(t *testing.T) {
	for name, test := range map[string]struct {
		in   []any
		want step
		err  string
	}{
		"a post":                  {[]any{"3d 4h", "@chi_le posts", "chào"}, step{76 * time.Hour, "chi_le", posts, "chào"}, ""},
		"words of several":        {[]any{"1h5m", "lan hands over", "vì"}, step{65 * time.Minute, "lan", handsOver, "vì"}, ""},
		"approved as it is":       {[]any{"9m", "minh approves"}, step{9 * time.Minute, "minh", approves, ""}, ""},
		"a customer who approves": {[]any{"9m", "@chi_le approves"}, step{}, "cannot do this"},
		"a member who posts":      {[]any{"9m", "lan posts", "chào"}, step{}, "cannot do this"},
		"no words":                {[]any{"9m", "lan answers"}, step{}, "has no words"},
		"no time":                 {[]any{"", "lan claims"}, step{}, "how long ago"},
		"a time of another kind":  {[]any{"soon", "lan claims"}, step{}, "how long ago"},
		"too short":               {[]any{"9m"}, step{}, "a step is"},
		"not a text":              {[]any{"9m", int64(4)}, step{}, "a step is"},
	} {
		t.Run(name, func(t *testing.T) {
			var got step
			err := got.UnmarshalTOML(test.in)
			switch {
			case test.err == "" && (err != nil || got != test.want):
				t.Errorf("got %+v, %v; want %+v", got, err, test.want)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("got %v, want an error with %q", err, test.err)
			}
		})
	}
}
