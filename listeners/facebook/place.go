package facebook

import (
	"encoding/json"
	"errors"
	"maps"
	"time"

	"github.com/kith-social/kith/listeners"
)

// place is what a Cursor holds: how far each source was read, and whose turn it is.
type place struct {
	Version int             `json:"v"`
	Turn    int             `json:"turn"`
	Until   int64           `json:"until,omitempty"` // Unix seconds before which Facebook is not called
	Marks   map[string]mark `json:"marks"`
}

const placeVersion = 1

// mark is how far one source was read, in Unix seconds of Facebook's clock. Its lists have the newest
// first, so Since moves only when the last page and all that is below its items are done.
type mark struct {
	Since  int64    `json:"since,omitempty"`  // everything up to then was read
	Newest int64    `json:"newest,omitempty"` // the newest of the pages read since then
	After  string   `json:"after,omitempty"`  // cursor of the next page of the list
	Seen   int      `json:"seen,omitempty"`   // items of the list read in this round
	Queue  []string `json:"queue,omitempty"`  // items below which there is something to read
	Inner  string   `json:"inner,omitempty"`  // cursor of the next page below the first of them
}

const (
	// overlap is how far behind the newest the next round starts: Facebook shows some things late.
	overlap = 10 * time.Minute
	// firstLook is how far back a round without a mark goes.
	firstLook = 30 * 24 * time.Hour
	// mostAhead is how far the clock of Facebook may be ahead of ours.
	mostAhead = 24 * time.Hour

	listSize  = 50  // so that their ids fit into a Cursor
	innerSize = 100 // comments or messages a page
	depth     = 100 // posts that are looked at in every round for new comments
	maxCursor = 512 // bytes of one of Facebook's cursors, so that ours stays small
)

var (
	errPlace  = errors.New("this place in the lists of Facebook was not written by this version")
	errCursor = errors.New("the cursor of the next page is too long")
)

func readPlace(cur listeners.Cursor) (place, error) {
	if cur == "" {
		return place{Version: placeVersion, Marks: make(map[string]mark)}, nil
	}
	var p place
	if err := json.Unmarshal([]byte(cur), &p); err != nil || p.Version != placeVersion || p.Turn < 0 || p.Marks == nil {
		return p, errPlace
	}
	return p, nil
}

// with is the place after a source was read up to a mark.
func (p place) with(source string, m mark) place {
	p.Marks = maps.Clone(p.Marks)
	p.Marks[source] = m
	return p
}

func (p place) cursor() listeners.Cursor {
	b, _ := json.Marshal(p) // texts and numbers: it cannot fail
	return listeners.Cursor(b)
}

// finished is a mark after the last page.
func (m mark) finished() mark { return mark{Since: max(m.Since, m.Newest)} }

// working tells whether a mark is in the middle of a round.
func (m mark) working() bool { return m.After != "" || len(m.Queue) > 0 }
