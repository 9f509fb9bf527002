package community

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kith-social/kith/clock"
)

var noon = clock.At(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))

func codes(why []Why) []WhyCode {
	var all []WhyCode
	for _, w := range why {
		all = append(all, w.Code)
	}
	return all
}

func TestFit(t *testing.T) {
	newcomer := Member{Role: Advocate, Trust: 1, Languages: []string{"vi"}, Topics: []int64{7}}
	trusted := Member{Role: Advocate, Trust: 3, Languages: []string{"vi", "en"}, Topics: []int64{7}}
	staff := Member{Role: Moderator, Languages: []string{"vi"}}
	tests := []struct {
		name  string
		who   Member
		c     Case
		score float64
		why   []WhyCode
	}{
		{"nothing special", newcomer, Case{Language: "mixed", Urgency: 2.5}, 0, []WhyCode{WhyAnyTopic}},
		{"a topic one knows", trusted, Case{Language: "other", TopicID: 7, Urgency: 2.5}, 15, []WhyCode{WhyTopic}},
		{"a topic one does not know", trusted, Case{Language: "other", TopicID: 8, Urgency: 2.5}, 0, nil},
		{"one's language", newcomer, Case{Language: "vi", Urgency: 2.5}, 5, []WhyCode{WhyAnyTopic, WhyLanguage}},
		{"easy, for who is new", newcomer, Case{Language: "vi", TopicID: 7, Urgency: 1.5, Mentions: 1}, 40, []WhyCode{WhyEasy, WhyTopic, WhyLanguage}},
		{"easy, for who is not new", trusted, Case{Language: "vi", TopicID: 7, Urgency: 1.5, Mentions: 1}, 20, []WhyCode{WhyTopic, WhyLanguage}},
		{"easy and fresh, for who is not new", trusted, Case{Language: "vi", Urgency: 1.5, Mentions: 1, OpenedAt: noon.Add(-4 * time.Minute)}, -15, []WhyCode{WhyLeave, WhyAnyTopic, WhyLanguage}},
		{"a long thread is not easy", newcomer, Case{Language: "other", Urgency: 1.5, Mentions: 3}, 0, []WhyCode{WhyAnyTopic}},
		{"pressing, for the experienced", trusted, Case{Language: "en", Urgency: 4}, 15, []WhyCode{WhyPressing, WhyAnyTopic, WhyLanguage}},
		{"pressing, for who is new", newcomer, Case{Language: "en", Urgency: 4}, 0, []WhyCode{WhyAnyTopic}},
		{"employees see what is due", staff, Case{Language: "other", TopicID: 7, Urgency: 4}, 0, nil},
		{"half an hour overdue", newcomer, Case{Language: "other", Urgency: 2.5, DueAt: noon.Add(-30 * time.Minute), CustomerAt: noon.Add(-time.Hour)}, 30, []WhyCode{WhyAnyTopic, WhyWaits}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.c.DueAt == 0 {
				tt.c.DueAt, tt.c.CustomerAt = noon, noon
			}
			score, why := Fit(&tt.who, &tt.c, noon)
			if score != tt.score || !slices.Equal(codes(why), tt.why) {
				t.Errorf("got %v %v, want %v %v", score, codes(why), tt.score, tt.why)
			}
		})
	}
}

func anyMember(t *rapid.T) Member {
	return Member{
		Role: rapid.SampledFrom(Roles).Draw(t, "role"), Trust: rapid.IntRange(0, 4).Draw(t, "trust"),
		Languages: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"en", "vi"}), 0, 2, rapid.ID).Draw(t, "languages"),
		Topics:    rapid.SliceOfN(rapid.Int64Range(1, 4), 0, 3).Draw(t, "topics"),
	}
}

func anyCase(t *rapid.T, name string) Case {
	opened := noon.Add(-time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, name+" age")))
	return Case{
		Language: rapid.SampledFrom(Languages).Draw(t, name+" language"), TopicID: rapid.Int64Range(0, 4).Draw(t, name+" topic"),
		Urgency: rapid.Float64Range(0, 8).Draw(t, name+" urgency"), Mentions: rapid.IntRange(1, 5).Draw(t, name+" posts"),
		DueAt: opened.Add(time.Duration(rapid.Int64Range(1, int64(2*time.Hour)).Draw(t, name+" target"))), OpenedAt: opened, CustomerAt: opened,
	}
}

func TestFitGrowsWithTheWaiting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, c := anyMember(t), anyCase(t, "case")
		wait := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(72*time.Hour)).Draw(t, "wait"))
		before, _ := Fit(&m, &c, noon)
		after, _ := Fit(&m, &c, noon.Add(wait))
		if after <= before {
			t.Errorf("the score fell from %v to %v in %v", before, after, wait)
		}
	})
}

// Whoever it is for, a case that is overdue by the longest head start stands before any newer one.
func TestNothingStarves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, old := anyMember(t), anyCase(t, "old")
		var others []Case
		for range rapid.IntRange(1, 10).Draw(t, "others") {
			c := anyCase(t, "other")
			c.DueAt = old.DueAt.Add(mostStart + time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "later")))
			others = append(others, c)
		}
		old.ID = 99
		page := append(others, old)
		rank(&m, page, noon)
		if m.Role.Employee() {
			return
		}
		if page[0].ID != 99 {
			t.Errorf("a case that is due %v earlier stands behind %+v", page[0].DueAt.Sub(old.DueAt), page[0])
		}
	})
}
