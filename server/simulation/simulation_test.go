package simulation

import (
	"encoding/json"
	"strings"
	"testing"
)

// small is the brand's month in little: a day with a storm.
func small() Scenario {
	s := Month().Shorter(1)
	s.Customers.Posts = 40
	s.Storms = s.Storms[:1]
	s.Storms[0].Posts, s.Storms[0].Hours = 20, 2
	return s
}

func TestSmallMonth(t *testing.T) {
	t.Parallel()
	s := small()
	r, err := Run(t.Context(), s, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if want := s.Customers.Posts + 40; r.Posts < want || r.Posts > want+want/2 {
		t.Errorf("customers wrote %d posts, want %d and some that write again", r.Posts, want)
	}
	if r.Questions.Asked < 20 || r.Questions.Rate < 0.4 || r.Questions.Quick > r.Questions.Answered || r.Questions.Answered > r.Questions.Asked {
		t.Errorf("questions %+v", r.Questions)
	}
	asked := 0
	for _, h := range r.Hours {
		asked += h.Asked
	}
	if len(r.Hours) != 24 || asked != r.Questions.Asked || len(r.DaysFared) != 1 {
		t.Errorf("%d hours with %d questions, %d days; want all %d", len(r.Hours), asked, len(r.DaysFared), r.Questions.Asked)
	}
	if r.Replies["sent"] < 20 || r.Reviews.N == 0 || len(r.Staff) != 3 || r.Community.Members != 20 || r.Community.Answers == 0 {
		t.Errorf("replies %v, reviews %+v, staff %+v, community %+v", r.Replies, r.Reviews, r.Staff, r.Community)
	}
	for _, p := range r.Staff {
		if p.Most > 90+12 {
			t.Errorf("%s gave %.0f minutes on one day", p.Name, p.Most)
		}
	}
	if r.Hole == nil || len(r.Goals) == 0 || len(r.Said) != len(r.Goals) {
		t.Errorf("hole %v, goals %v, said %v", r.Hole, r.Goals, r.Said)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{`"answered_share"`, `"within_2h_share"`, `"by_hour"`, `"minutes_a_day"`, `"trace"`, `"violations":[]`} {
		if !strings.Contains(string(text), field) {
			t.Errorf("the report has no %s: %s", field, text)
		}
	}
}

func TestLevers(t *testing.T) {
	t.Parallel()
	s := bad()
	s.Trouble, s.People = Trouble{}, s.People[:1]
	s.People[0].NoShow = 1
	r, err := Run(t.Context(), s, Options{Seed: 3, Levers: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Levers) != 3 || r.Levers[0].After < r.Levers[2].After || len(r.Said) != len(r.Goals)+3 {
		t.Errorf("levers %+v, said %q", r.Levers, r.Said)
	}
}

func TestScenarioIsChecked(t *testing.T) {
	for what, text := range map[string]string{
		"days":    strings.Replace(monthText, "days = 30", "days = 0", 1),
		"zone":    strings.Replace(monthText, "Asia/Ho_Chi_Minh", "Nowhere", 1),
		"network": strings.Replace(monthText, `network = "x"`, `network = "y"`, 1),
		"role":    strings.Replace(monthText, `role = "moderator"`, `role = "king"`, 1),
		"hours":   strings.Replace(monthText, "to = 18", "to = 8", 1),
		"by_hour": strings.Replace(monthText, "[2, 1,", "[2,", 1),
		"mix":     strings.Replace(monthText, "question = 45", "question = -1", 1),
		"typing":  strings.Replace(monthText, "no_show", "noshow", 1),
		"storm":   strings.Replace(monthText, "hours = 3\n", "hours = 0\n", 1),
	} {
		if _, err := Read(text); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
	if m := Month(); m.Days != 30 || len(m.Storms) != 2 {
		t.Errorf("the month has %d days and %d storms", m.Days, len(m.Storms))
	}
}
