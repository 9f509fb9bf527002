package moderation

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/kith-social/kith/triage"
)

const (
	// together is the likeness from which texts belong together. It was set once, by hand, and measured on
	// testdata/storms.tsv afterwards.
	together = 0.27
	// mostShared is how much of what its texts share is kept of a cluster.
	mostShared = 40
	// leastAbout is how many things a text must be about to be like another one.
	leastAbout = 2
)

// politely are words that customers write whatever it is about, folded.
var politely = folk(`a ad ai anh ban bao ben bi cac cai can chi cho chua co con cua cung da dang day de den di dieu do duoc em
	gi giup gio gium ha hay het hoai hoi hom i ke khi khong ko k la lai lam lan len luc luon ma minh mot moi nao nay ne nen neu nha nhe
	nhieu nho nhu nhung nua o oi or qua ra rat roi sao se shop so tai thay the thi thoi to toi tren troi trong truoc tu tui
	u ui ve vay vi voi vua xem xin y
	again am an and any are as at be been but by can could did do does for from get got had has have help how i if in is it its just
	me my no not now of on or our out please so still that the their there they this to today too us was we were what when where who why
	will with would you your`)

func folk(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

// aboutOf is what a text is about.
func aboutOf(text string) []triage.Gist {
	return triage.GistOf(text, func(word string) bool { return politely[word] || strings.IndexFunc(word, unicode.IsDigit) >= 0 })
}

// sharing is how many of a cluster's texts have something in common, and how much that tells.
type sharing struct {
	id     uint32
	weight float32
	texts  uint32
}

// heap are texts that say nearly the same: how many, and what they share, in the order of the ids.
type heap struct {
	texts  int
	shared []sharing
	length float64 // of what they share, as a vector
	bound  int64   // what it belongs to; heaps that are bound to different things stay apart
}

func heapOf(about []triage.Gist) heap {
	h := heap{texts: 1, shared: make([]sharing, len(about))}
	for i, g := range about {
		h.shared[i] = sharing{g.ID, g.Weight, 1}
	}
	h.measure()
	return h
}

// join puts another heap into this one. What few of the texts share makes room for what more do.
func (h *heap) join(other *heap) {
	h.texts, h.bound = h.texts+other.texts, cmp.Or(h.bound, other.bound)
	both := make([]sharing, 0, len(h.shared)+len(other.shared))
	i, j := 0, 0
	for i < len(h.shared) || j < len(other.shared) {
		switch {
		case j == len(other.shared) || i < len(h.shared) && h.shared[i].id < other.shared[j].id:
			both = append(both, h.shared[i])
			i++
		case i == len(h.shared) || h.shared[i].id > other.shared[j].id:
			both = append(both, other.shared[j])
			j++
		default:
			s := h.shared[i]
			s.texts += other.shared[j].texts
			both = append(both, s)
			i, j = i+1, j+1
		}
	}
	if len(both) > mostShared {
		slices.SortStableFunc(both, func(a, b sharing) int { return cmp.Compare(b.texts, a.texts) })
		both = both[:mostShared]
		slices.SortFunc(both, func(a, b sharing) int { return cmp.Compare(a.id, b.id) })
	}
	h.shared = both
	h.measure()
}

func (h *heap) measure() {
	square := 0.0
	for _, s := range h.shared {
		square += h.part(s) * h.part(s)
	}
	h.length = math.Sqrt(square)
}

// like is the cosine of two heaps, 0 to 1.
func (h *heap) like(other *heap) float64 {
	dot, j := 0.0, 0
	for _, s := range h.shared {
		for j < len(other.shared) && other.shared[j].id < s.id {
			j++
		}
		if j < len(other.shared) && other.shared[j].id == s.id {
			dot += h.part(s) * other.part(other.shared[j])
		}
	}
	if dot == 0 {
		return 0
	}
	return dot / (h.length * other.length)
}

func (h *heap) part(s sharing) float64 {
	return float64(s.weight) * float64(s.texts) / float64(h.texts)
}

// nearest is the heap that another one belongs to, nil for none.
func nearest[H interface{ heaped() *heap }](h *heap, all []H) (found H, ok bool) {
	best := together
	for _, one := range all {
		other := one.heaped()
		if other == h || other.bound != 0 && h.bound != 0 && other.bound != h.bound {
			continue
		}
		if l := h.like(other); l > best {
			best, found, ok = l, one, true
		}
	}
	return found, ok
}
