package moderation_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// holding lists the columns of the product's tables in which a text still stands.
func (s *shop) holding(text string) (found []string) {
	s.t.Helper()
	var columns []struct{ Tab, Col string }
	query := `SELECT m.name AS tab, p.name AS col FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p WHERE m.type = 'table'`
	if s.db.IsPostgres() {
		query = `SELECT table_name AS tab, column_name AS col FROM information_schema.columns WHERE table_schema = 'public'`
	}
	if err := s.db.Read().NewRaw(query).Scan(s.t.Context(), &columns); err != nil {
		s.t.Fatal(err)
	}
	if len(columns) < 100 {
		s.t.Fatalf("only %d columns are looked at", len(columns))
	}
	for _, c := range columns {
		if strings.HasPrefix(c.Tab, "river_") { // jobs end within a day
			continue
		}
		if n := s.number(fmt.Sprintf(`SELECT COUNT(*) FROM %q WHERE CAST(%q AS TEXT) LIKE ?`, c.Tab, c.Col), "%"+text+"%"); n > 0 {
			found = append(found, c.Tab+"."+c.Col)
		}
	}
	return found
}

func TestWhoAsksToBeForgottenIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		const who, canary = "nguyenhoangyen77", "hoàng yến"
		first := s.writes(who, "Giao hàng mấy ngày vậy? "+canary, "")
		s.drafts("huy", first, "Dạ "+canary+" chờ 2 ngày ạ")
		second := s.writes(who, "Alo, "+canary+" đây", "")
		s.brandWrites("Dạ 2 ngày ạ", second, second, who)
		stays := s.writes("binh", "Giao hàng mấy ngày vậy?", "")
		if len(s.holding(canary)) < 2 || len(s.holding(who)) < 2 {
			t.Fatal("the canary is nowhere; the test proves nothing")
		}
		account, err := community.FindAccount(t.Context(), s.db.Read(), s.brand.ID, "x", who)
		if err != nil {
			t.Fatal(err)
		}
		var receipt community.Erasure
		s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
			receipt, err = community.Erase(ctx, tx, account, s.people["minh"].ID)
			return err
		})
		if receipt.Counts.Posts != 2 || receipt.Counts.Cases != 2 || len(receipt.AccountHash) != 64 || receipt.ID == 0 {
			t.Errorf("the receipt says %+v", receipt)
		}
		for _, text := range []string{canary, who} {
			if found := s.holding(text); len(found) > 0 {
				t.Errorf("%q still stands in %v", text, found)
			}
		}
		s.edits(who, first, "Giao hàng mấy ngày vậy? "+canary, 5) // a late copy
		if found := s.holding(canary); len(found) > 0 {
			t.Errorf("a late copy brought it back to %v", found)
		}
		if s.text(stays) == "" {
			t.Error("somebody else's post is gone")
		}
		all, err := community.Erasures(t.Context(), s.db.Read(), s.brand.ID, 10)
		if err != nil || len(all) != 1 || all[0].Counts != receipt.Counts || all[0].RequestedBy != s.people["minh"].ID {
			t.Errorf("the list of receipts says %+v, %v", all, err)
		}
	})
}
