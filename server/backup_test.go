package server_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/servertest"
)

// TestRestoreSendsNothingTwice: 20 replies that were queued when the backup was made went out before it
// is restored; 5 more had not.
func TestRestoreSendsNothingTwice(t *testing.T) {
	for engine, place := range map[string]func(testing.TB) string{"sqlite": servertest.SQLite, "postgres": servertest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			w := servertest.Start(t, place(t), servertest.Undo(10*time.Minute))
			queue := func(n int) {
				for i := range n {
					post := w.Says(fmt.Sprintf("khach%d_%d", n, i), question, "")
					c := w.As("huy").Finds(post)
					w.As("huy").Claims(c.ID)
					w.As("minh").Approves(w.As("huy").Answers(c.ID, fmt.Sprintf("Dạ 7h tới 22h ạ, hẹn gặp bạn số %d", n+i)).ID)
				}
			}
			onNetwork := func() (n int) {
				for _, p := range w.Ledger() {
					if p.Author == servertest.Handle {
						n++
					}
				}
				return n
			}
			queue(20)
			w.Advance(5 * time.Minute)
			queue(5)
			file := filepath.Join(t.TempDir(), "backup")
			if err := w.App.DB.Backup(t.Context(), file); err != nil {
				t.Fatal(err)
			}
			w.Advance(6 * time.Minute)
			w.Wait(servertest.Soon, "20 replies do not leave", func() bool { return onNetwork() == 20 })
			if err := w.Stop(); err != nil {
				t.Fatal(err)
			}

			w.Config.DB = place(t)
			err := db.Restore(t.Context(), w.Config.DB, file, db.Options{Clock: w.Clock.Now, AfterRestore: server.AfterRestore})
			if err != nil {
				t.Fatal(err)
			}
			w.Product = w.Open()
			if n := w.Count("SELECT COUNT(*) FROM replies WHERE state <> 'ambiguous'"); n != 0 {
				t.Errorf("%d restored replies are not in doubt", n)
			}
			w.Serve(w.Product)
			w.Wait(servertest.Soon, "the 20 are not found on the network", func() bool { return w.Count("SELECT COUNT(*) FROM replies WHERE state = 'sent'") == 20 })
			w.Wait(servertest.Soon, "the last 5 are not sent", func() bool {
				w.Advance(10 * time.Second) // networks show posts late, so one look is not enough
				return w.Count("SELECT COUNT(*) FROM replies WHERE state = 'sent'") == 25
			})
			if n := onNetwork(); n != 25 {
				t.Errorf("%d replies on the network, want 25", n)
			}
			for _, p := range w.Ledger() {
				if p.Author != servertest.Handle && len(w.Replies(p.ID)) != 1 {
					t.Errorf("under the post of %s stand %d replies, want one", p.Author, len(w.Replies(p.ID)))
				}
			}
			if n := w.Count("SELECT COUNT(*) FROM replies WHERE attempts > 0"); n != 5 {
				t.Errorf("%d replies were sent by the restored product, want 5: the network refuses a double, we do not try it", n)
			}
			if n := w.Count("SELECT COUNT(*) FROM cases WHERE state <> 'answered'"); n != 0 {
				t.Errorf("%d cases are not answered", n)
			}
		})
	}
}
