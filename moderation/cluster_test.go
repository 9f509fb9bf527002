package moderation

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// written is a post with what caused it; "-" for something of its own.
type written struct{ cause, text string }

// writtenStorms are two storms in two languages, with and without marks, among what customers write on any day.
func writtenStorms(t testing.TB) []written {
	raw, err := os.ReadFile("testdata/storms.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []written
	for line := range strings.Lines(string(raw)) {
		if cause, text, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && cause != "cause" {
			all = append(all, written{cause, text})
		}
	}
	return all
}

// clustered puts posts into clusters one after the other, as group does, and gives what caused those of each.
func clustered(posts []written) []map[string]int {
	var all []*Cluster
	causes := map[*Cluster]map[string]int{}
	for i, p := range posts {
		about := aboutOf(p.text)
		if len(about) < leastAbout {
			continue
		}
		k := &Cluster{ID: int64(i), heap: heapOf(about)}
		causes[k] = map[string]int{p.cause: 1}
		for {
			known, ok := nearest(&k.heap, all)
			if !ok {
				break
			}
			known.heap.join(&k.heap)
			for cause, n := range causes[k] {
				causes[known][cause] += n
			}
			delete(causes, k)
			for i := range all {
				if all[i] == k {
					all = append(all[:i], all[i+1:]...)
					break
				}
			}
			k = known
		}
		if !contains(all, k) {
			all = append(all, k)
		}
	}
	found := make([]map[string]int, len(all))
	for i, k := range all {
		found[i] = causes[k]
	}
	return found
}

func contains(all []*Cluster, k *Cluster) bool {
	for _, one := range all {
		if one == k {
			return true
		}
	}
	return false
}

// In whatever order posts come in, what has one cause comes together and strangers stay out.
func TestOneCauseIsOneCluster(t *testing.T) {
	least := map[string]float64{"mang": 0.9, "tru": 0.9, "twice": 0.8, "down": 0.6}
	for seed := range uint64(20) {
		posts := writtenStorms(t)
		r := rand.New(rand.NewPCG(seed, 7))
		r.Shuffle(len(posts), func(i, j int) { posts[i], posts[j] = posts[j], posts[i] })
		sizes := map[string]int{}
		for _, p := range posts {
			sizes[p.cause]++
		}
		found := clustered(posts)
		for cause, share := range least {
			most, others := 0, 0
			for _, causes := range found {
				all := 0
				for _, n := range causes {
					all += n
				}
				if causes[cause] > most {
					most, others = causes[cause], all-causes[cause]
				}
			}
			if seed == 0 {
				t.Logf("%s: %d of %d together, with %d others", cause, most, sizes[cause], others)
			}
			if float64(most) < share*float64(sizes[cause]) || others > 1 {
				t.Errorf("seed %d: of %d posts about %s %d are together, with %d others", seed, sizes[cause], cause, most, others)
			}
		}
	}
}

func TestFoldedIsTheSame(t *testing.T) {
	a, b := aboutOf("Mất mạng từ sáng tới giờ, tổng đài không ai nghe"), aboutOf("mat mang tu sang toi gio, tong dai khong ai nghe")
	if x, y := heapOf(a), heapOf(b); x.like(&y) < 0.999 {
		t.Errorf("without marks it is %.3f like itself", x.like(&y))
	}
	if about := aboutOf("shop ơi cho mình hỏi với ạ @saomai 0901234567"); len(about) >= leastAbout {
		t.Errorf("what says nothing is about %v", about)
	}
}

func BenchmarkCluster(b *testing.B) {
	posts := writtenStorms(b)
	var all []*Cluster
	for i := range mostClusters { // as many as are ever compared with
		h := heapOf(aboutOf(posts[i%len(posts)].text))
		for range 5 {
			other := heapOf(aboutOf(posts[(i*7+3)%len(posts)].text))
			h.join(&other)
		}
		all = append(all, &Cluster{heap: h})
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h := heapOf(aboutOf(posts[i%len(posts)].text))
		nearest(&h, all)
	}
}
