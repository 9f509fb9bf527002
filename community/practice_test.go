package community

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTheStarterPackTeachesEachTopicInBothLanguages(t *testing.T) {
	for _, theme := range starterThemes() {
		topic := Topic{Name: theme.Matches[0]}
		staff := 0
		for _, language := range []string{"en", "vi"} {
			cases := starterCases(topic, language)
			if len(cases) != testCases {
				t.Errorf("%s has %d cases, want %d", theme.Name, len(cases), testCases)
			}
			for _, c := range cases {
				if !strings.HasPrefix(c.Key, theme.Name+"/") {
					t.Errorf("the topic %s is given %s", topic.Name, c.Key)
				}
				if c.Question == "" || c.Why == "" || len(c.Choices) < 2 || c.Right < 0 || c.Right > c.ToStaff() {
					t.Errorf("%s in %s is not complete", c.Key, language)
				}
				if c.Right == c.ToStaff() {
					staff++
				}
			}
		}
		if staff == 0 && theme.Name != "brewing" {
			t.Errorf("nothing of %s goes to staff", theme.Name)
		}
		for i, c := range theme.Cases {
			if c.En.Question == c.Vi.Question && c.En.Why == c.Vi.Why {
				t.Errorf("%s/%d is not translated", theme.Name, i+1)
			}
		}
	}
}

func TestTopicsFindTheirTheme(t *testing.T) {
	for name, want := range map[string]string{
		"Giao hàng": "delivery", "Cửa hàng & giờ mở cửa": "hours", "App & thanh toán": "app", "Thực đơn & dị ứng": "products",
		"Thẻ thành viên": "membership", "Pha cà phê tại nhà": "brewing", "Opening hours": "hours", "Account": "app", "Nhân sự": "",
	} {
		got := ""
		if cases := starterCases(Topic{Name: name}, "vi"); len(cases) > 0 {
			got, _, _ = strings.Cut(cases[0].Key, "/")
		}
		if got != want {
			t.Errorf("%s gets the cases of %q, want %q", name, got, want)
		}
	}
}

func TestParseFAQ(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []Pair
	}{
		"marked in English":          {"Q: Open on Sunday?\nA: Yes, from 7.\nQ: Wifi?\nA: Ask at the counter.", []Pair{{"Open on Sunday?", "Yes, from 7."}, {"Wifi?", "Ask at the counter."}}},
		"marked in Vietnamese":       {"Hỏi: Có ship không?\nĐáp: Có, trong 5 km.\nMiễn phí từ 200.000 đ.", []Pair{{"Có ship không?", "Có, trong 5 km. Miễn phí từ 200.000 đ."}}},
		"a question and lines below": {"1. Quán mở mấy giờ?\n7:00 đến 22:30.\n\n2. Có chỗ đậu xe không?\nCó ạ.\n", []Pair{{"Quán mở mấy giờ?", "7:00 đến 22:30."}, {"Có chỗ đậu xe không?", "Có ạ."}}},
		"no question":                {"Welcome to our café.\nWe are nice.", nil},
		"a question without answer":  {"Are you open?\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ParseFAQ(c.text); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Whatever is pasted, every case that comes of it has its right answer among the choices, once.
func TestCasesOfAFAQHaveOneRightAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Pair {
			return Pair{rapid.StringMatching(`[a-d]{1,3}\?`).Draw(t, "question"), rapid.StringMatching(`[a-c]{1,2}`).Draw(t, "answer")}
		}), 0, 8).Draw(t, "pairs")
		for i, c := range CasesOf(pairs) {
			if c.Choices[c.Right] != pairs[i].Answer {
				t.Fatalf("the right answer to %q is %q, want %q", c.Question, c.Choices[c.Right], pairs[i].Answer)
			}
			for j, choice := range c.Choices {
				if j != c.Right && choice == pairs[i].Answer {
					t.Fatalf("%q has its right answer twice", c.Question)
				}
			}
		}
	})
}

func TestATestIsPassedAtFourInFive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(1, 12).Draw(t, "cases")
		test := Test{Cases: make([]PracticeCase, of)}
		if n := test.Needs(); n*100 < of*passMark || (n-1)*100 >= of*passMark {
			t.Fatalf("%d of %d pass a test", n, of)
		}
	})
}
