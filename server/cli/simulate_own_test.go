package cli_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// TestSimulateOwnDay: a brand's own yesterday is played.
func TestSimulateOwnDay(t *testing.T) {
	w := servertest.Start(t, dbtest.SQLite(t))
	w.Says("khach", "@saomaicafe quán mở cửa mấy giờ ạ?", "")
	w.Wait(servertest.Soon, "the case", func() bool { return w.Count("SELECT COUNT(*) FROM cases") == 1 })
	vietnam := time.FixedZone("", 7*60*60)
	year, month, day := time.Now().In(vietnam).Date()
	w.Write(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewRaw("UPDATE mentions SET created_at = ?", clock.At(time.Date(year, month, day-1, 12, 0, 0, 0, vietnam))).Exec(ctx)
		return err
	})
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	code, out, said := kith(t, "", append([]string{"simulate", "--brand", "saomai", "--days", "1", "--no-levers"}, flagsOf(t, w)...)...)
	var r struct {
		Scenario string
		Posts    int
		Days     int
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Posts < 1 || r.Days != 1 || !strings.Contains(said, "day 1 of 1") {
		t.Errorf("code %d, %v: %s%s", code, err, out, said)
	}
	for _, wrong := range [][]string{{"--brand", "nobody"}, {"--brand", "saomai", "--days", "-1"}} {
		if code, _, _ := kith(t, "", append(append([]string{"simulate"}, wrong...), flagsOf(t, w)...)...); code == 0 {
			t.Errorf("%v is taken", wrong)
		}
	}
}
