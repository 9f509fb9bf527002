package server_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// eachCrowd tells a story with one product on SQLite and with two, which share the work, on PostgreSQL.
func eachCrowd(t *testing.T, undo time.Duration, story func(*testing.T, *servertest.World, []*servertest.Product)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		w := servertest.Start(t, dbtest.SQLite(t), servertest.Undo(undo))
		story(t, w, []*servertest.Product{w.Product})
	})
	t.Run("postgres, two replicas", func(t *testing.T) {
		w := servertest.Start(t, dbtest.PostgreSQL(t), servertest.Undo(undo))
		replica := w.Open()
		w.Serve(replica)
		story(t, w, []*servertest.Product{w.Product, replica})
	})
}

const crowd = 64

// atOnce makes calls in parallel and counts the statuses they get.
func atOnce(t *testing.T, call func(i int) (status int, err error)) map[int]int {
	t.Helper()
	var mu sync.Mutex
	var all, ready sync.WaitGroup
	got, start := map[int]int{}, make(chan struct{})
	for i := range crowd {
		ready.Add(1)
		all.Go(func() {
			ready.Done()
			<-start
			status, err := call(i)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			got[status]++
		})
	}
	ready.Wait()
	close(start)
	all.Wait()
	return got
}

// oneOf wants one call to have done it and all others to be told that it was done.
func oneOf(t *testing.T, what string, got map[int]int) {
	t.Helper()
	if got[http.StatusOK]+got[http.StatusCreated] != 1 || got[http.StatusConflict] != crowd-1 {
		t.Errorf("%d who %s at once: statuses %v, want one success and a conflict for the others", crowd, what, got)
	}
}

func TestOnlyOneDoesIt(t *testing.T) {
	eachCrowd(t, time.Minute, func(t *testing.T, w *servertest.World, products []*servertest.Product) {
		for i := range crowd {
			w.Join(community.Member{PublicName: fmt.Sprintf("ban%d", i), Role: community.Advocate, Trust: 1})
		}
		post := w.Says("lananh", question, "")
		c := w.As("huy").Finds(post)
		oneOf(t, "claim", atOnce(t, func(i int) (int, error) {
			return w.At(products[i%len(products)], fmt.Sprintf("ban%d", i)).Call(t.Context(), http.MethodPost, "/cases/"+c.ID+"/claim", nil, nil)
		}))
		holder := w.As("minh").Sees(c.ID).Claim
		if holder == nil {
			t.Fatal("nobody holds the case")
		}
		if n := w.Count("SELECT COUNT(*) FROM activities WHERE kind = 'case_claimed'"); n != 1 {
			t.Errorf("%d claims are in the history, want one", n)
		}
		as := func(i int, names ...string) *servertest.Member {
			return w.At(products[i%len(products)], names[i/2%len(names)])
		}
		answer := func(what string) {
			t.Helper()
			oneOf(t, what, atOnce(t, func(i int) (int, error) {
				return as(i, holder.Name).Call(t.Context(), http.MethodPost, "/cases/"+c.ID+"/answers", map[string]string{"text": fmt.Sprintf("Dạ 7h tới 22h ạ %d", i)}, nil)
			}))
		}
		approve := func(what, id string) {
			t.Helper()
			oneOf(t, what, atOnce(t, func(i int) (int, error) {
				return as(i, "minh", "mai").Call(t.Context(), http.MethodPost, "/answers/"+id+"/approve", nil, nil)
			}))
		}
		answer("answer")
		a := w.As("minh").Sees(c.ID).Answers[0]
		approve("approve", a.ID)
		oneOf(t, "take back", atOnce(t, func(i int) (int, error) {
			return as(i, holder.Name, "minh").Call(t.Context(), http.MethodPost, "/answers/"+a.ID+"/take-back", nil, nil)
		}))
		answer("answer again")
		approve("approve again", a.ID)
		w.Advance(2 * time.Minute)
		w.Wait(servertest.Soon, "the reply is not sent", func() bool { return w.Count("SELECT COUNT(*) FROM replies WHERE state = 'sent'") == 1 })
		if got := w.Replies(post); len(got) != 1 {
			t.Errorf("%d replies are on the network, want one", len(got))
		}
		if points := w.As(holder.Name).Points(); points.Balance != 3 || len(points.Entries) != 3 {
			t.Errorf("points are %+v, want 3, taken back, and 3", points)
		}
	})
}

// A brand that is heard and answered for by several processes is heard and answered for once.
func TestReplicasShareTheWork(t *testing.T) {
	eachCrowd(t, 0, func(t *testing.T, w *servertest.World, products []*servertest.Product) {
		w.Connect("saomaivn")
		w.Weather("GET /2/users", "duplicate")
		const posts = 100
		all := make([]servertest.Post, posts)
		for i := range all {
			all[i] = servertest.Post{Author: fmt.Sprintf("khach%d", i%40), Text: fmt.Sprintf("@saomaicafe @saomaivn quán mở cửa lúc mấy giờ, số %d?", i)}
		}
		asked := w.Say(all)
		w.Wait(servertest.Soon, "not every post is heard twice", func() bool {
			return w.Count("SELECT COUNT(*) FROM mention_sources") >= posts
		})
		if n := w.Count("SELECT COUNT(*) FROM mentions"); n != posts {
			t.Errorf("%d mentions of %d posts", n, posts)
		}
		if n := w.Logged("listening failed"); n != 0 {
			t.Errorf("listening failed %d times; accounts that hear the same must not be in each other's way", n)
		}
		var answering sync.WaitGroup
		for i, c := range w.As("minh").List("limit=40") {
			answering.Go(func() {
				m := w.At(products[i%len(products)], "minh")
				if _, err := m.Call(t.Context(), http.MethodPost, "/cases/"+c.ID+"/claim", nil, nil); err != nil {
					t.Error(err)
				}
				status, err := m.Call(t.Context(), http.MethodPost, "/cases/"+c.ID+"/answers", map[string]string{"text": "Dạ 7h tới 22h ạ, số " + c.ID}, nil)
				if err != nil || status != http.StatusCreated {
					t.Errorf("answering gives %d, %v", status, err)
				}
			})
		}
		answering.Wait()
		w.Wait(servertest.Soon, "40 replies are not sent", func() bool {
			return w.Count("SELECT COUNT(*) FROM replies WHERE state = 'sent' AND attempts = 1") == 40
		})
		under := map[string]int{}
		for _, p := range w.Ledger() {
			if p.InReplyTo != "" {
				under[p.InReplyTo]++
			}
		}
		for _, post := range asked {
			if under[post] > 1 {
				t.Errorf("%d replies are under post %s", under[post], post)
			}
		}
		if len(under) != 40 {
			t.Errorf("%d posts are answered on the network, want 40", len(under))
		}
		w.Wait(10*time.Second, "our own replies are taken for somebody else's", func() bool {
			return w.Count("SELECT COUNT(*) FROM cases WHERE state = 'answered'") == 40
		})
	})
}
