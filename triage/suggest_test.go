package triage

import (
	"fmt"
	"slices"
	"testing"
)

func TestKeywordsAreSuggested(t *testing.T) {
	var about, others []string
	for i := range 12 {
		about = append(about, fmt.Sprintf("máy xay của mình bị kẹt lưỡi dao rồi, đơn %d", i), "the burr of my grinder is stuck")
		others = append(others, fmt.Sprintf("quán mình mở cửa tới mấy giờ ạ %d", i), "is the shop by the river open on my way home")
	}
	got := SuggestKeywords(Topic{Name: "Grinders", Keywords: []string{"grinder", "may xay"}}, about, others, 8)
	for _, want := range []string{"burr", "dao"} {
		if !slices.Contains(got, want) {
			t.Errorf("suggested %q, want %q among them", got, want)
		}
	}
	for _, no := range []string{"grinder", "my grinder", "máy xay", "12", "mình", "is"} {
		if slices.Contains(got, no) {
			t.Errorf("suggested %q, %q is among them", got, no)
		}
	}
	if got := SuggestKeywords(Topic{}, nil, others, 8); len(got) != 0 {
		t.Errorf("suggested %q from nothing", got)
	}
}
