package facebook

import (
	"errors"
	"time"
)

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

var errCursor = errors.New("the cursor of the next page is too long")

// finished is a mark after the last page.
func (m mark) finished() mark { return mark{Since: max(m.Since, m.Newest)} }

// working tells whether a mark is in the middle of a round.
func (m mark) working() bool { return m.After != "" || len(m.Queue) > 0 }
