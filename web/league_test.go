package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// crowded lets a season begin in which sixty more advocates take part, who answer as well as each other, and huy and
// lan, who answer better.
func (c *cafe) crowded() {
	c.t.Helper()
	k := c.writes("lananh", "Quán mở cửa mấy giờ ạ?", "")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		if err := community.TurnSeason(ctx, tx, c.brand.ID); err != nil {
			return err
		}
		numbers := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
		_, err := tx.NewRaw(numbers+"INSERT INTO persons (id, email, name, language, password_hash, epoch, created_at) SELECT 1000 + i, 'p' || i, 'p', 'vi', '', 1, 1 FROM n WHERE TRUE", 60).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewRaw(numbers+`INSERT INTO members (id, brand_id, person_id, role, state, trust, public_name, sign_off, languages, topics, created_at)
			SELECT 1000 + i, ?, 1000 + i, 'advocate', 'active', 1, 'Bạn ' || i, '', '[]', '[]', 1 FROM n WHERE TRUE`, 60, c.brand.ID).Exec(ctx)
		if err != nil {
			return err
		}
		for _, a := range []struct{ who, n, kept int }{{0, 6, 1}, {0, 2, 0}, {1, 9, 1}, {2, 8, 1}, {2, 1, 0}} {
			who := "m.id > 1000"
			if a.who > 0 {
				who = fmt.Sprintf("m.id = %d", map[int]int64{1: c.members["lan"].ID, 2: c.members["huy"].ID}[a.who])
			}
			_, err := tx.NewRaw(numbers+`INSERT INTO answers (brand_id, case_id, member_id, mention_id, state, text, why_reviewed, version, created_at, updated_at, decided_at, kept)
				SELECT ?, ?, m.id, ?, 'approved', '', '', 1, ?, ?, ?, ? FROM members m, n WHERE `+who, a.n, c.brand.ID, k.ID, k.MentionID, tx.Now(), tx.Now(), tx.Now(), a.kept).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
	c.clock.Advance(time.Minute)
}

func TestLeague(t *testing.T) {
	c := newCafe(t)
	c.visits("huy", "vi").get("/league").says(".empty h2", "Chưa có mùa nào")
	c.do(func(ctx context.Context, tx listeners.Tx) error { return community.TurnSeason(ctx, tx, c.brand.ID) })
	huy := c.visits("huy", "en")
	few := huy.get("/board")
	if few.path != "/league" {
		t.Errorf("the board is at %s", few.path)
	}
	few.says("h2", "Season 1")
	few.says("#neighbours", "There are places from 60 members on.")
	few.says("#past", "When a season ends")
	few.lacks("table", "")

	c.crowded()
	page := huy.get("/league")
	rows := page.all("#neighbours tbody tr")
	if len(rows) != 5 || words(rows[0]) != "1 Lan 70 %" && words(rows[0]) != "1 Lan 70%" || !hasAttr(rows[1], "aria-current") {
		t.Fatalf("huy sees %q", words(page.all("#neighbours")[0]))
	}
	page.says("#team", "questions")
	lan := c.visits("lan", "vi")
	lan.post("/league/ranked", nil).says("#ranked", "Bạn không ở bảng xếp hạng nào")
	lan.get("/league").says("#neighbours", "không ai thấy bạn")
	if first := words(huy.get("/league").all("#neighbours tbody tr")[0]); first[0] != '1' || first[2:5] != "Huy" {
		t.Errorf("once lan is not ranked, first is %q", first)
	}
	lan.post("/league/ranked", url.Values{"ranked": {"yes"}}).says("#ranked", "thấy được hạng của bạn")
	c.visits("minh", "vi").get("/league").says(".notice", "Nhân viên không xếp hạng")

	c.clock.Advance(28 * 24 * time.Hour)
	c.do(func(ctx context.Context, tx listeners.Tx) error { return community.TurnSeason(ctx, tx, c.brand.ID) })
	c.visits("huy", "en").get("/league").says("#past", "place 2 in league 1")
}

func TestSeasonSettings(t *testing.T) {
	c := newCafe(t)
	an := c.visits("an", "en")
	form := url.Values{"on": {"yes"}, "weekday": {"0"}, "zone": {"Asia/Tokyo"}}
	an.post("/settings/seasons", form).says(".notice", "")
	rules, err := community.Setting(t.Context(), c.DB.Read(), c.brand.ID, community.DefaultSeasons)
	if want := (community.SeasonRules{On: true, Zone: "Asia/Tokyo"}); err != nil || rules != want {
		t.Errorf("kept are %+v, %v", rules, err)
	}
	for field, value := range map[string]string{"weekday": "9", "zone": "Mars/Olympus"} {
		wrong := url.Values{"on": {"yes"}, "weekday": {"0"}, "zone": {"Asia/Tokyo"}}
		wrong.Set(field, value)
		if page := an.post("/settings/seasons", wrong); page.status != http.StatusUnprocessableEntity {
			t.Errorf("%s %s gives %d", field, value, page.status)
		}
	}
	if status := c.visits("minh", "en").post("/settings/seasons", form).status; status != http.StatusForbidden {
		t.Errorf("a moderator changes seasons: %d", status)
	}
}
