package community

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKept(t *testing.T) {
	const written = "Dạ quán mở cửa từ 7h tới 22h mỗi ngày, kể cả chủ nhật, bạn ghé lúc nào cũng được nha!"
	for name, c := range map[string]struct {
		old, new string
		asIs     bool
	}{
		"nothing changed":    {written, written, true},
		"spaces around it":   {written, "  " + written + "\n", true},
		"a typo":             {written, strings.Replace(written, "chủ nhật", "chủ nhựt", 1), true},
		"half of it is new":  {written, "Dạ quán mở cửa từ 7h tới 22h mỗi ngày, riêng chủ nhật thì quán nghỉ, mong bạn thông cảm giúp quán", false},
		"all of it is new":   {written, "Bạn nhắn tin cho quán nhé", false},
		"nothing was there":  {"", written, false},
		"nothing either way": {"", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Kept(c.old, c.new); (got >= AsWritten) != c.asIs {
				t.Errorf("kept %.2f, as written %v", got, !c.asIs)
			}
		})
	}
}

func TestChangesAreWholeWords(t *testing.T) {
	var got []string
	for _, c := range Changes("Dạ giảm 10% tới 5.3 ạ.", "Dạ giảm 15% tới 5.4 ạ!") {
		got = append(got, map[[2]bool]string{{true, true}: "=", {true, false}: "-", {false, true}: "+"}[[2]bool{c.Old, c.New}]+c.Text)
	}
	if want := []string{"=Dạ giảm ", "-10", "+15", "=% tới ", "-5.3", "+5.4", "= ạ", "-.", "+!"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestChangesSpellBothWordings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, new := rapid.String().Draw(t, "old"), rapid.String().Draw(t, "new")
		var before, after strings.Builder
		for _, c := range Changes(old, new) {
			if c.Old {
				before.WriteString(c.Text)
			}
			if c.New {
				after.WriteString(c.Text)
			}
		}
		if before.String() != old || after.String() != new {
			t.Errorf("%q and %q from %q and %q", before.String(), after.String(), old, new)
		}
		if kept := Kept(old, new); kept < 0 || kept > 1 {
			t.Errorf("kept %v", kept)
		}
	})
}
