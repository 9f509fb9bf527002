package sandbox

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// idEpoch is the millisecond from which the networks' time-ordered ids count.
const idEpoch = 1288834974657

// newID makes an id that carries the time in its upper bits, so that ids sort
// by time. Posts made now also sort by the order in which they were made, even
// when the clock stands still or is set back.
func (w *world) newID(at time.Time, live bool) int64 {
	id := max(at.UnixMilli()-idEpoch, 1)<<22 | int64(w.seq&(1<<22-1))
	if live {
		id = max(id, w.lastID+1)
	}
	for w.posts[id] != nil {
		id++
	}
	if live {
		w.lastID = id
	}
	return id
}

// feed is a list of posts ordered by id, oldest first.
type feed struct {
	posts []*post
	dirty bool // waits for settle
}

func byID(p, q *post) int { return cmp.Compare(p.ID, q.ID) }

// feed finds the feed of a whole network for writing, or makes it.
func (w *world) feed(network string) *feed {
	f := w.feeds[network]
	if f == nil {
		f = new(feed)
		w.feeds[network] = f
	}
	return f
}

// mentionsOf finds the feed of posts that name a handle for writing, or makes
// it.
func (w *world) mentionsOf(key handleKey) *feed {
	f := w.mentions[key]
	if f == nil {
		f = new(feed)
		w.mentions[key] = f
	}
	return f
}

// put appends a post; settle brings the late ones into place, once for a
// whole batch.
func (w *world) put(f *feed, p *post) {
	if n := len(f.posts); n > 0 && f.posts[n-1].ID > p.ID && !f.dirty {
		f.dirty = true
		w.unsorted = append(w.unsorted, f)
	}
	f.posts = append(f.posts, p)
}

func (w *world) settle() {
	for _, f := range w.unsorted {
		slices.SortFunc(f.posts, byID)
		f.dirty = false
	}
	w.unsorted = w.unsorted[:0]
}

func (f *feed) remove(p *post) {
	if at, found := slices.BinarySearchFunc(f.posts, p, byID); found {
		f.posts = slices.Delete(f.posts, at, at+1)
	}
}

// index is the place of the first post whose id is at least id.
func (f *feed) index(id int64) int {
	return sort.Search(len(f.posts), func(i int) bool { return f.posts[i].ID >= id })
}

// window is a part of a feed, newest first. Ids and times that are zero do
// not bound it.
type window struct {
	After, Before int64     // ids, both exclusive
	From, To      time.Time // From inclusive, To exclusive
	Depth         int       // only the newest Depth posts of the feed; 0: all
	Match         func(*post) bool
}

// take returns the newest posts of the window, at most limit, and whether
// there are more. A feed that nobody wrote to yet is nil, and empty.
func (f *feed) take(v window, limit int) (posts []*post, more bool) {
	if f == nil {
		return nil, false
	}
	low, high := 0, len(f.posts)
	if v.Depth > 0 {
		low = max(0, high-v.Depth)
	}
	if v.After > 0 {
		low = max(low, f.index(v.After+1))
	}
	if v.Before > 0 {
		high = min(high, f.index(v.Before))
	}
	for i := high - 1; i >= low; i-- {
		p := f.posts[i]
		if !v.From.IsZero() && p.CreatedAt.Before(v.From) || !v.To.IsZero() && !p.CreatedAt.Before(v.To) {
			continue
		}
		if v.Match != nil && !v.Match(p) {
			continue
		}
		if len(posts) == limit {
			return posts, true
		}
		posts = append(posts, p)
	}
	return posts, false
}
