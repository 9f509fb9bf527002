package listeners

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// ErrPlace is what a Channel says of a Cursor that this version of it did not write.
var ErrPlace = errors.New("this place on the network was not written by this version")

// Turns is the Cursor of a Channel that reads several lists in turn, one page of one list at a time. M is
// how far a list was read; its zero value is not at all.
type Turns[M any] struct {
	Version int          `json:"v"`
	Turn    int          `json:"turn"`
	Until   int64        `json:"until,omitempty"` // Unix seconds before which the network is not called
	Marks   map[string]M `json:"marks"`
}

const turnsVersion = 1

// ReadTurns reads a Cursor; the empty one is the beginning of everything. ErrPlace if it is not one of these.
func ReadTurns[M any](cur Cursor) (Turns[M], error) {
	if cur == "" {
		return Turns[M]{Version: turnsVersion, Marks: make(map[string]M)}, nil
	}
	var t Turns[M]
	if err := json.Unmarshal([]byte(cur), &t); err != nil || t.Version != turnsVersion || t.Turn < 0 || t.Marks == nil {
		return t, ErrPlace
	}
	return t, nil
}

// Whose is the list whose turn it is, and how far it was read. What is known of lists that are not read any
// more is dropped.
func (t *Turns[M]) Whose(lists []string) (list int, at M) {
	if t.Turn >= len(lists) {
		t.Turn = 0
	}
	maps.DeleteFunc(t.Marks, func(name string, _ M) bool { return !slices.Contains(lists, name) })
	return t.Turn, t.Marks[lists[t.Turn]]
}

// Read notes how far the list whose turn it is was read; done passes the turn on. more is false at the end of
// a round, after which the first list is read again.
func (t *Turns[M]) Read(lists []string, at M, done bool) (more bool) {
	t.Marks[lists[t.Turn]] = at
	if done {
		t.Turn++
	}
	more = t.Turn < len(lists)
	t.Turn %= len(lists)
	return more
}

// Cursor is the place as it is stored. M has to be of texts and numbers.
func (t *Turns[M]) Cursor() Cursor {
	b, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	return Cursor(b)
}
