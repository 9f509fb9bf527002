package listeners

import "testing"

func TestMatcher(t *testing.T) {
	for _, c := range []struct {
		query, text string
		fits        bool
	}{
		{"coffee", "My COFFEE, cold.", true},
		{"coffee", "coffeehouse", false},
		{"coffee cold", "cold coffee", true},
		{"coffee cold", "coffee", false},
		{`"cold coffee"`, "Cold, coffee!", true},
		{`"cold coffee"`, "coffee cold", false},
		{"coffee OR tea", "tea time", true},
		{"coffee -job", "a job with coffee", false},
		{"coffee -job", "coffee", true},
		{"-job", "anything", false},
		{"", "anything", false},
		{"ca phe", "Cà phê nguội", true},
		{"cà phê", "ca phe nguoi", false},
		{"cà phê", "Ca\u0300 phe\u0302", true},
		{"duong", "Đường ngọt", true},
		{"@saomaicafe", "hỏi @saomaicafe", true},
	} {
		rule, fits := NewMatcher([]Rule{{ID: "other", Query: "zzz"}, {ID: "7", Query: c.query}}).Match(c.text)
		if fits != c.fits || fits && rule != "7" {
			t.Errorf("%q in %q: got %t, rule %q", c.query, c.text, fits, rule)
		}
	}
}
