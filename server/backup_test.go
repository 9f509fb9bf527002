package server_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// TestRestoreSendsNothingTwice: 20 replies that were queued when the backup was made went out before it
// is restored; 5 more had not.
func TestRestoreSendsNothingTwice(t *testing.T) {
	for engine, place := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.PostgreSQL} {
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

			w.Config.DB = servertest.Empty(t, engine)
			err := db.Restore(t.Context(), w.Config.DB, file, db.Options{Clock: w.Clock.Now, AfterRestore: server.AfterRestore(nil, nil)})
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

// TestRestoreUndoesNoPledge: after the backup somebody was erased, a post was deleted, two people opted out,
// and one of them in again. None of that is undone by restoring it.
func TestRestoreUndoesNoPledge(t *testing.T) {
	for engine, place := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.PostgreSQL} {
		t.Run(engine, func(t *testing.T) {
			book := filepath.Join(t.TempDir(), "pledges.jsonl")
			w := servertest.Start(t, place(t), func(c *server.Config) { c.Pledges = book })
			minh := w.As("minh")
			for _, who := range []string{"forgetme", "deleter", "quiet", "loud"} {
				minh.Finds(w.Says(who, "@saomaicafe quán mở cửa mấy giờ ạ, "+who+" hỏi?", ""))
			}
			file := filepath.Join(t.TempDir(), "backup")
			if err := w.App.DB.Backup(t.Context(), file); err != nil {
				t.Fatal(err)
			}
			var conn listeners.Connection
			w.Write(func(ctx context.Context, tx listeners.Tx) error {
				accounts := map[string]listeners.Account{}
				for _, who := range []string{"forgetme", "deleter", "quiet", "loud"} {
					a, err := community.FindAccount(ctx, tx, w.Brand.ID, "x", who)
					if err != nil {
						return err
					}
					accounts[who] = a
				}
				for _, who := range []string{"quiet", "loud"} {
					if err := listeners.OptOut(ctx, tx, accounts[who].ID, tx.Now()); err != nil {
						return err
					}
				}
				if err := listeners.OptIn(ctx, tx, accounts["loud"]); err != nil {
					return err
				}
				if _, err := community.Erase(ctx, tx, accounts["forgetme"], 0); err != nil {
					return err
				}
				var post listeners.Mention
				if err := tx.NewSelect().Model(&post).Where("m.account_id = ?", accounts["deleter"].ID).Scan(ctx); err != nil {
					return err
				}
				conn.BrandID, conn.Network = w.Brand.ID, "x"
				return community.Remove(ctx, tx, conn, []listeners.Removal{{NativeID: post.NativeID, Why: listeners.Deleted}, {NativeID: "9999999999", Why: listeners.Deleted}})
			})
			if err := w.Stop(); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(book)
			if err != nil || strings.Contains(string(text), "forgetme") {
				t.Fatalf("the book names somebody, or there is none: %v\n%s", err, text)
			}
			pledges, err := server.ReadPledges(book)
			if err != nil || len(pledges) != 7 {
				t.Fatalf("the book has %d pledges (%v), want 7:\n%s", len(pledges), err, text)
			}
			upheld := 0
			restore := func() {
				w.Config.DB = servertest.Empty(t, engine)
				err := db.Restore(t.Context(), w.Config.DB, file, db.Options{Clock: w.Clock.Now, AfterRestore: server.AfterRestore(pledges, func(n int) { upheld = n })})
				if err != nil {
					t.Fatal(err)
				}
			}
			restore()
			w.Product = w.Open()
			for what, want := range map[string]int{
				"SELECT COUNT(*) FROM accounts WHERE handle = 'forgetme' OR native_id = 'forgetme'":                 0,
				"SELECT COUNT(*) FROM mentions WHERE text LIKE '%forgetme%' OR text LIKE '%deleter%'":               0,
				"SELECT COUNT(*) FROM mentions WHERE gone_at IS NOT NULL":                                           2,
				"SELECT COUNT(*) FROM accounts WHERE opted_out_at IS NOT NULL AND handle = 'quiet'":                 1,
				"SELECT COUNT(*) FROM accounts WHERE opted_out_at IS NOT NULL":                                      1,
				"SELECT COUNT(*) FROM tombstones WHERE native_id = '" + listeners.Nameless("x", "9999999999") + "'": 1,
			} {
				if n := w.Count(what); n != want {
					t.Errorf("%s: %d, want %d", what, n, want)
				}
			}
			if upheld != 7 {
				t.Errorf("%d pledges were new to the backup, want 7", upheld)
			}
			w.Serve(w.Product)
			w.As("minh").Finds(w.Says("loud", "@saomaicafe quán mở cửa mấy giờ ạ, loud hỏi?", ""))
			if n := w.Count("SELECT COUNT(*) FROM mentions WHERE text LIKE '%forgetme%'"); n != 0 {
				t.Error("what was read again from the network brings an erased post back")
			}
		})
	}
}
