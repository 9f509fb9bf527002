package sandbox

import (
	"encoding/csv"
	"errors"
	"fmt"
	"html"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// threadColumns are the columns of an archive of threads.
var threadColumns = []string{"text", "tweet_id", "author_id", "created_at", "in_response_to_tweet_id"}

var errColumns = errors.New("the first line of an archive names the columns " + strings.Join(threadColumns, ", "))

// LoadThreads puts an archive of real conversations on the network "x" and
// returns how many posts it holds and the handles of the brands in it, sorted.
//
// The archive is CSV as the "Customer Support on Twitter" collections have it:
// customers have numbers for names, brands have handles. Posts keep their ids
// and times. A customer's post that names none of the brands gets the handle
// of the brand of its thread in front, which the collection took away. A post
// whose parent is not in the archive starts a thread. Nothing is loaded when
// an error is returned, which names the line.
func (n *Network) LoadThreads(r io.Reader) (posts int, handles []string, err error) {
	drafts, err := readThreads(r)
	if err != nil {
		return 0, nil, err
	}
	archive := newArchive(drafts)
	for i := range drafts {
		archive.complete(&drafts[i])
	}
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	if _, err := n.world.add(drafts); err != nil {
		return 0, nil, fmt.Errorf("load threads: %w", err)
	}
	for _, handle := range archive.brands {
		if _, err := n.world.open("x", handle, "", true); err != nil {
			return 0, nil, fmt.Errorf("load threads: %w", err)
		}
		handles = append(handles, handle)
	}
	slices.Sort(handles)
	return len(drafts), handles, nil
}

func readThreads(r io.Reader) ([]draft, error) {
	rows := csv.NewReader(r)
	head, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("load threads: %w", err)
	}
	at := make(map[string]int)
	for _, column := range threadColumns {
		at[column] = slices.Index(head, column)
		if at[column] < 0 {
			return nil, fmt.Errorf("load threads: %w", errColumns)
		}
	}
	var drafts []draft
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return drafts, nil
		}
		if err != nil {
			return nil, fmt.Errorf("load threads: %w", err)
		}
		line, _ := rows.FieldPos(0)
		// The collection holds texts as the network's API escapes them.
		d := draft{Network: "x", Author: row[at["author_id"]], Text: html.UnescapeString(row[at["text"]]), Verbatim: true}
		if d.ID, err = strconv.ParseInt(row[at["tweet_id"]], 10, 64); err != nil || d.ID <= 0 {
			return nil, fmt.Errorf("load threads: line %d: tweet_id: %w", line, errDecimal)
		}
		if parent := row[at["in_response_to_tweet_id"]]; parent != "" {
			if d.ParentID, err = strconv.ParseInt(parent, 10, 64); err != nil {
				return nil, fmt.Errorf("load threads: line %d: in_response_to_tweet_id: %w", line, errDecimal)
			}
		}
		if d.At, err = time.Parse(time.RubyDate, row[at["created_at"]]); err != nil {
			return nil, fmt.Errorf("load threads: line %d: created_at: %w", line, err)
		}
		drafts = append(drafts, d)
	}
}

// archive knows the brands of an archive and of its threads.
type archive struct {
	byID    map[int64]*draft
	brands  map[string]string // lower case → handle
	threads map[int64]string  // root → the brand that speaks first in the archive
}

func newArchive(drafts []draft) *archive {
	a := &archive{byID: make(map[int64]*draft, len(drafts)), brands: make(map[string]string), threads: make(map[int64]string)}
	for i := range drafts {
		d := &drafts[i]
		a.byID[d.ID] = d
		if isBrand(d.Author) {
			a.brands[strings.ToLower(d.Author)] = d.Author
		}
	}
	for i := range drafts {
		if d := &drafts[i]; isBrand(d.Author) {
			if root := a.root(d); a.threads[root] == "" {
				a.threads[root] = d.Author
			}
		}
	}
	return a
}

func isBrand(author string) bool {
	return strings.ContainsFunc(author, func(r rune) bool { return !unicode.IsDigit(r) })
}

// above walks from a post's parent to the root and stops where yield says so.
// Archives may be broken: a circle ends after as many steps as there are posts.
func (a *archive) above(d *draft, yield func(*draft) bool) {
	for range len(a.byID) {
		if d = a.byID[d.ParentID]; d == nil || !yield(d) {
			return
		}
	}
}

func (a *archive) root(d *draft) int64 {
	id := d.ID
	a.above(d, func(up *draft) bool {
		id = up.ID
		return true
	})
	return id
}

// brandOf is the nearest brand above a post, else the one of its thread.
func (a *archive) brandOf(d *draft) string {
	brand := ""
	a.above(d, func(up *draft) bool {
		if isBrand(up.Author) {
			brand = up.Author
		}
		return brand == ""
	})
	if brand == "" {
		brand = a.threads[a.root(d)]
	}
	return brand
}

// complete gives a draft the handle that the archive took away, and forgets a
// parent that the archive does not hold.
func (a *archive) complete(d *draft) {
	named := slices.ContainsFunc(mentionsIn(d.Text), func(h string) bool { return a.brands[h] != "" })
	if brand := a.brandOf(d); !isBrand(d.Author) && !named && brand != "" {
		d.Text = "@" + brand + " " + d.Text
	}
	if a.byID[d.ParentID] == nil {
		d.ParentID = 0
	}
}
