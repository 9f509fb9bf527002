package sandbox_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/g8rswimmer/go-twitter/v2"
)

func TestWeatherOnReplies(t *testing.T) {
	tests := []struct {
		fault  string
		status int // of the error answer; 0: no answer at all
		posted bool
	}{
		{"status:503", 503, false},
		{"status_after:500", 500, true},
		{"status_after:200", 200, true},
		{"drop_before", 0, false},
		{"drop_after_act", 0, true},
		{"truncate", 0, true},
		{"rate_limit", 429, false},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			s := open(t, false)
			brand := s.connect("saomaicafe")
			asked := s.say("an_nguyen", "@saomaicafe nước đâu?", "")
			s.weather(`{"network":"x","route":"POST /2/tweets","fault":"` + test.fault + `","rate":1,"count":1}`)
			_, err := brand.reply(asked, "Có ngay")
			if test.status != 0 {
				if status, _ := refusal(t, err); status != test.status {
					t.Errorf("status %d, want %d", status, test.status)
				}
			} else if answer := new(twitter.ErrorResponse); err == nil || errors.As(err, &answer) {
				t.Errorf("got %v, want a lost answer", err)
			}
			if got := len(s.ledger()) == 2; got != test.posted {
				t.Errorf("posted: %v, want %v", got, test.posted)
			}
			_, err = brand.reply(asked, "Có ngay")
			if !test.posted && err != nil {
				t.Errorf("after the weather: %v", err)
			}
			if test.posted {
				if _, detail := refusal(t, err); !strings.Contains(detail, "duplicate") {
					t.Errorf("after the weather: %q, want duplicate content", detail)
				}
			}
		})
	}
}

func TestWeatherTellsWhenCallsAreWelcome(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	s.weather(`{"network":"x","fault":"rate_limit:90"}`)
	_, err := brand.AuthUserLookup(ctx, twitter.UserLookupOpts{})
	limit, ok := twitter.RateLimitFromError(err)
	if !ok || limit.Remaining != 0 || !limit.Reset.Time().Equal(start.Add(90*time.Second)) {
		t.Errorf("got %v with %+v, want a reset in 90 s", err, limit)
	}
}

func TestWeatherDelays(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	s.weather(`{"network":"x","fault":"delay:30"}`)
	began := time.Now()
	if _, err := brand.AuthUserLookup(ctx, twitter.UserLookupOpts{}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 30*time.Millisecond {
		t.Errorf("answered after %v, want at least 30 ms", took)
	}
}

// readAll reads every mention, page by page, and says how long the pages were.
func readAll(t *testing.T, brand account) (ids []string, sizes []int) {
	t.Helper()
	for token := ""; ; {
		page, err := brand.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{MaxResults: 5, PaginationToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Raw.Tweets {
			ids = append(ids, p.ID)
		}
		if page.Meta.ResultCount != len(page.Raw.Tweets) {
			t.Errorf("result_count %d of %d posts", page.Meta.ResultCount, len(page.Raw.Tweets))
		}
		sizes = append(sizes, len(page.Raw.Tweets))
		if len(sizes) > 50 {
			t.Fatal("the pages do not end")
		}
		if token = page.Meta.NextToken; token == "" {
			return ids, sizes
		}
	}
}

func TestWeatherOnPages(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	for i := range 12 {
		s.say("an_nguyen", fmt.Sprintf("@saomaicafe %d", i), "")
	}
	calm, sizes := readAll(t, brand)
	if !slices.Equal(sizes, []int{5, 5, 2}) {
		t.Fatalf("calm pages: %v", sizes)
	}

	s.weather(`{"network":"x","route":"mentions","fault":"empty_page"}`)
	got, sizes := readAll(t, brand)
	if !slices.Equal(got, calm) || !slices.Equal(sizes, []int{0, 5, 0, 5, 0, 2}) {
		t.Errorf("empty pages: sizes %v, posts %v, want %v", sizes, got, calm)
	}

	s.weather(`{"network":"x","route":"mentions","fault":"duplicate"}`)
	got, _ = readAll(t, brand)
	if len(got) <= len(calm) {
		t.Errorf("duplicate gave %d posts, want more than %d", len(got), len(calm))
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, sorted(calm)) {
		t.Errorf("duplicate: %v, want %v", got, sorted(calm))
	}

	s.weather(`{"network":"x","route":"mentions","fault":"reorder"}`)
	got, _ = readAll(t, brand)
	if slices.Equal(got, calm) || !slices.Equal(sorted(got), sorted(calm)) {
		t.Errorf("reorder: %v from %v", got, calm)
	}
}

func sorted(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return ids
}

func TestWeatherRules(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	ok := func() bool {
		res, _ := s.raw("GET", "/x/2/users/me", brand.Token, "")
		return res.StatusCode == http.StatusOK
	}
	rules := func() int { return len(s.admin("GET", "/admin/weather", "", 200)["items"].([]any)) }

	s.weather(`{"network":"x","fault":"status:500"}`)
	s.weather(`{"network":"x","fault":"status:503","count":2}`)
	if rules() != 1 || ok() || ok() || !ok() || rules() != 0 {
		t.Error("a second rule replaces the first, and goes after two strikes")
	}
	s.weather(`{"network":"x","route":"mentions","fault":"status:500"}`)
	s.weather(`{"network":"facebook","fault":"status:500"}`)
	if rules() != 2 || !ok() {
		t.Error("rules of other routes and networks do not strike")
	}
	s.weather(`{"network":"x","fault":"none"}`)
	if rules() != 1 {
		t.Error("none clears all routes of its network, and no other network")
	}
	s.weather(`[{"network":"x","fault":"delay:1"},{"network":"x","fault":"status:500"}]`)
	if rules() != 2 || ok() {
		t.Error("an array is the whole weather")
	}
	s.weather(`{}`)
	if rules() != 0 || !ok() {
		t.Error("an empty rule clears")
	}
	s.weather(`{"network":"x","fault":"status:500","rate":0}`)
	if !ok() {
		t.Error("a rate of 0 strikes")
	}
	s.weather(`{"network":"x","fault":"status:500","rate":0.3}`)
	failed := 0
	for range 200 {
		if !ok() {
			failed++
		}
	}
	if failed < 40 || failed > 80 {
		t.Errorf("a rate of 0.3 struck %d of 200 calls", failed)
	}
	for _, bad := range []string{
		`{"fault":"status:99"}`, `{"fault":"status"}`, `{"fault":"delay"}`, `{"fault":"delay:-1"}`, `{"fault":"hail"}`, `{"fault":"truncate:3"}`,
		`{"fault":"truncate","rate":1.5}`, `{"fault":"truncate","count":-1}`, `{"network":"myspace","fault":"truncate"}`, `nonsense`,
	} {
		s.admin("PUT", "/admin/weather", bad, 422)
	}
	s.admin("POST", "/admin/reset", "", 200)
	if rules() != 0 {
		t.Error("a reset leaves weather")
	}
}

func TestTruncatedAnswerIsShort(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	s.weather(`{"network":"x","fault":"truncate"}`)
	req, _ := http.NewRequest("GET", s.url+"/x/2/users/me", nil)
	brand.Authorizer.Add(req)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || int64(len(body)) != res.ContentLength/2 {
		t.Errorf("read %d of %d bytes, then %v", len(body), res.ContentLength, err)
	}
}
