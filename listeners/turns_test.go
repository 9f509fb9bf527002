package listeners_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/kith-social/kith/listeners"
)

// TestTurns reads three lists in turn, of which the first has two pages, over cursors that are stored between
// any two pages.
func TestTurns(t *testing.T) {
	lists := []string{"mentions", "own", "rule 1"}
	var cur listeners.Cursor
	var read []string
	for range 8 {
		turns, err := listeners.ReadTurns[int](cur)
		if err != nil {
			t.Fatal(err)
		}
		list, page := turns.Whose(lists)
		read = append(read, lists[list])
		more := turns.Read(lists, page+1, list > 0 || page%2 == 1)
		if end := lists[list] == "rule 1"; more == end {
			t.Errorf("after %s the round goes on: %t", lists[list], more)
		}
		cur = turns.Cursor()
	}
	if want := []string{"mentions", "mentions", "own", "rule 1", "mentions", "mentions", "own", "rule 1"}; !slices.Equal(read, want) {
		t.Errorf("read %q, want %q", read, want)
	}

	turns, err := listeners.ReadTurns[int](cur)
	if err != nil {
		t.Fatal(err)
	}
	turns.Turn = 2
	if list, page := turns.Whose(lists[:2]); list != 0 || page != 4 || len(turns.Marks) != 2 {
		t.Errorf("without the rule it is the turn of list %d at %d, and %v are known; want the first at 4, and two", list, page, turns.Marks)
	}
	for _, wrong := range []listeners.Cursor{"{}", "[]", "x", `{"v":2,"turn":0,"marks":{}}`, `{"v":1,"turn":-1,"marks":{}}`} {
		if _, err := listeners.ReadTurns[int](wrong); !errors.Is(err, listeners.ErrPlace) {
			t.Errorf("%s is read: %v", wrong, err)
		}
	}
}
