package sandbox_test

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/g8rswimmer/go-twitter/v2"
)

func TestSearch(t *testing.T) {
	s := open(t, true)
	brand := s.connect("saomaicafe")
	ids := map[string]string{}
	say := func(name, author, text, parent string) { ids[name] = s.say(author, text, ids[parent]) }
	say("ask", "an_nguyen", "@saomaicafe Trà sữa ở đâu ngon? #TraSua", "")
	say("tell", "chi_le", "Trà của Coca-Cola, không phải sữa", "ask")
	say("rave", "emma_woods", "Iced coffee at Sao Mai is great https://example.com/pic", "")
	say("japan", "liam_carter", "東京のコーヒー", "")
	tests := []struct{ query, want string }{
		{"trà", "ask tell"},
		{"TRÀ sữa", "ask tell"},
		{`"trà sữa"`, "ask"},
		{"tr", ""},
		{"trà -sữa", ""},
		{"trà -coca", "ask"},
		{"coca-cola", "tell"},
		{"coffee OR ngon", "ask rave"},
		{"coffee OR trà cola", "tell rave"},
		{"(coffee OR trà) lang:vi", "ask tell"},
		{"(coffee OR trà) -(sữa OR ngon)", "rave"},
		{"#trasua", "ask"},
		{"#tra", ""},
		{"@SaoMaiCafe", "ask"},
		{"from:chi_le", "tell"},
		{"from:@chi_le", "tell"},
		{"to:an_nguyen", "tell"},
		{"trà is:reply", "tell"},
		{"trà -is:reply", "ask"},
		{"coffee has:links", "rave"},
		{"trà has:hashtags", "ask"},
		{"trà is:retweet", ""},
		{"conversation_id:ASK", "ask tell"},
		{"コーヒー", "japan"},
		{"ヒー", "japan"},
		{"@an_nguyen", "tell"}, // the reply counts as naming whom it answers
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			found, err := brand.TweetRecentSearch(ctx, strings.ReplaceAll(test.query, "ASK", ids["ask"]), twitter.TweetRecentSearchOpts{MaxResults: 10})
			if err != nil {
				t.Fatal(err)
			}
			var want, got []string
			for _, name := range strings.Fields(test.want) {
				want = append(want, ids[name])
			}
			for _, p := range found.Raw.Tweets {
				got = append(got, p.ID)
			}
			slices.Reverse(want)
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", texts(found.Raw), test.want)
			}
		})
	}
	for _, bad := range []string{
		"", "(", ")", "a)", "(a", "OR", "a OR", "OR a", "-", "a -", "a --b", `"a`, "lang:vi", "-trà", "is:reply", "is:kind:x", "soul:x", "...", "()",
		strings.Repeat("(", 40) + "a" + strings.Repeat(")", 40), strings.Repeat("é", 513),
	} {
		t.Run("refused "+bad, func(t *testing.T) {
			res, body := s.raw("GET", "/x/2/tweets/search/recent?query="+url.QueryEscape(bad), brand.Token, "")
			if res.StatusCode != 400 || !strings.Contains(string(body), "invalid-request") {
				t.Errorf("status %d: %s", res.StatusCode, body)
			}
		})
	}
}

func TestSearchGoesBackSevenDays(t *testing.T) {
	for _, limits := range []bool{true, false} {
		s := open(t, limits)
		brand := s.connect("saomaicafe")
		s.say("an_nguyen", "cà phê cũ", "")
		s.advance(7*24*time.Hour + time.Second)
		for i := range 11 {
			s.say("an_nguyen", "cà phê mới "+strconv.Itoa(i), "")
		}
		got, token := 0, ""
		for {
			found, err := brand.TweetRecentSearch(ctx, "cà phê", twitter.TweetRecentSearchOpts{MaxResults: 10, NextToken: token})
			if err != nil {
				t.Fatal(err)
			}
			got += len(found.Raw.Tweets)
			if token = found.Meta.NextToken; token == "" {
				break
			}
		}
		if want := map[bool]int{true: 11, false: 12}[limits]; got != want {
			t.Errorf("limits %v: found %d, want %d", limits, got, want)
		}
	}
}
