package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// TestStopLosesNothing stops the product while pages come in and replies go out over a slow network.
func TestStopLosesNothing(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		const posts, replies = 450, 30 // five pages
		for i := range posts {
			w.Says(fmt.Sprintf("khach%d", i), fmt.Sprintf("@saomaicafe quán mở cửa lúc mấy giờ, số %d?", i), "")
			if i == replies {
				w.Wait(servertest.Soon, "the first posts are not heard", func() bool { return len(w.As("minh").List("limit=100")) > replies })
			}
		}
		for i, c := range w.As("minh").List("limit=100") {
			if i < replies {
				w.As("minh").Claims(c.ID)
				w.As("minh").Answers(c.ID, "Dạ 7h tới 22h ạ, số "+c.ID)
			}
		}
		w.Weather("", "delay:300") // every call of the network takes a while
		w.Wait(servertest.Soon, "no reply is under way", func() bool { return w.Count("SELECT COUNT(*) FROM replies WHERE state = 'sending'") > 0 })
		start := time.Now()
		if err := w.Stop(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("stopping took %s, want at most 10 s", took)
		}
		w.Product = w.Open()
		if n := w.Count("SELECT COUNT(*) FROM replies WHERE state IN ('sending', 'ambiguous')"); n != 0 {
			t.Errorf("%d replies were left in doubt by an orderly stop", n)
		}
		w.Weather("", "none")
		w.Serve(w.Product)
		w.Wait(servertest.Soon, "not all posts are heard", func() bool { return w.Count("SELECT COUNT(*) FROM mentions WHERE NOT ours") == posts })
		w.Wait(servertest.Soon, "not all replies are sent", func() bool {
			return w.Count("SELECT COUNT(*) FROM replies WHERE state = 'sent' AND attempts = 1") == replies
		})
		if n := len(w.Ledger()); n != posts+replies {
			t.Errorf("%d posts are on the network, want %d", n, posts+replies)
		}
	})
}

// TestStopDoesNotWaitForASilentNetwork: a reply that the network took without an answer is in doubt when
// the product stops, and found by the next one.
func TestStopDoesNotWaitForASilentNetwork(t *testing.T) {
	for engine, place := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.PostgreSQL} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			var network http.Handler
			answer := make(chan struct{})
			silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost {
					network.ServeHTTP(w, r)
					return
				}
				network.ServeHTTP(httptest.NewRecorder(), r) // acts
				<-answer
			}))
			t.Cleanup(silent.Close)
			w := servertest.New(t, place(t), func(c *server.Config) {
				c.AllowHost = append(c.AllowHost, strings.TrimPrefix(silent.URL, "http://"))
			})
			network = w.Network
			w.ConnectAt(silent.URL+"/x", w.Account(servertest.Handle))
			w.Serve(w.Product)

			lan := w.As("lan")
			post := w.Says("lananh", question, "")
			c := lan.Finds(post)
			lan.Claims(c.ID)
			lan.Answers(c.ID, "Dạ 7h tới 22h ạ")
			w.Wait(servertest.Soon, "the reply is not on the network", func() bool { return len(w.Replies(post)) == 1 })
			if n := w.Count("SELECT COUNT(*) FROM replies WHERE state = 'sending'"); n != 1 {
				t.Error("while the network is silent the reply is not stored as being sent: a crash now would send it again")
			}
			start := time.Now()
			if err := w.Stop(); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("stopping took %s, want at most 10 s", took)
			}
			close(answer)
			w.Product = w.Open()
			if n := w.Count("SELECT COUNT(*) FROM replies WHERE state = 'ambiguous'"); n != 1 {
				t.Errorf("%d replies are in doubt, want the one that was not answered", n)
			}
			w.Serve(w.Product)
			w.Wait(servertest.Soon, "the reply is not found", func() bool {
				w.Advance(5 * time.Second)
				return w.Count("SELECT COUNT(*) FROM replies WHERE state = 'sent' AND attempts = 1") == 1
			})
			if got := w.Replies(post); len(got) != 1 {
				t.Errorf("%d replies are on the network, want one", len(got))
			}
		})
	}
}

func TestNothingRunsAfterStop(t *testing.T) {
	for engine, place := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.PostgreSQL} {
		t.Run(engine, func(t *testing.T) {
			address := place(t)
			before := goleak.IgnoreCurrent()
			w := servertest.New(t, address)
			w.Connect(servertest.Handle)
			w.Serve(w.Product)
			w.As("huy").Finds(w.Says("lananh", question, ""))
			if err := w.Stop(); err != nil {
				t.Fatal(err)
			}
			w.Leave()
			goleak.VerifyNone(t, before)
		})
	}
}
