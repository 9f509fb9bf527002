package moderation_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// holding lists the columns of all tables in which a text still stands, those of bytes and of jobs too.
func (s *shop) holding(text string) (found []string) {
	s.t.Helper()
	var columns []struct{ Tab, Col, Type string }
	query := `SELECT m.name AS tab, p.name AS col, p.type FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p WHERE m.type = 'table'`
	stands := func(string) string { return "instr(CAST(%q AS BLOB), CAST(? AS BLOB)) > 0" }
	if s.db.IsPostgres() {
		query = `SELECT table_name AS tab, column_name AS col, data_type AS type FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name IN (SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE')`
		stands = func(kind string) string {
			if kind == "bytea" {
				return "position(convert_to(?, 'UTF8') in %q) > 0"
			}
			return "position(? in CAST(%q AS TEXT)) > 0"
		}
	}
	if err := s.db.Read().NewRaw(query).Scan(s.t.Context(), &columns); err != nil {
		s.t.Fatal(err)
	}
	if len(columns) < 100 {
		s.t.Fatalf("only %d columns are looked at", len(columns))
	}
	for _, c := range columns {
		if n := s.number(fmt.Sprintf("SELECT COUNT(*) FROM %q WHERE ", c.Tab)+fmt.Sprintf(stands(c.Type), c.Col), text); n > 0 {
			found = append(found, c.Tab+"."+c.Col)
		}
	}
	return found
}

// copies lets a post be copied wherever the product and its people copy posts to: a draft, notes, the
// history, a handover, practice, examples, dead letters and a delivery that cannot be read.
func (s *shop) copies(thread, text, id string) {
	s.t.Helper()
	lan, minh, c := s.people["lan"], s.people["minh"], s.caseOf(thread)
	admin := *minh
	admin.Role = community.Admin
	s.drafts("lan", thread, "Dạ về "+text+" ạ")
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		if _, err := community.AskStaff(ctx, tx, lan, c.ID, "Khách viết: "+text+", trả lời sao ạ?"); err != nil {
			return err
		}
		if _, err := community.HandToStaff(ctx, tx, lan, c.ID, "vì khách viết "+text); err != nil {
			return err
		}
		topics, err := community.Topics(ctx, tx, s.brand.ID)
		if err != nil {
			return err
		}
		topics[0].Examples = []string{text, "Ship mấy ngày?"}
		if _, err := community.SaveTopic(ctx, tx, &admin, topics[0]); err != nil {
			return err
		}
		if err := community.AddCases(ctx, tx, minh, topics[0].ID, "vi", "solved", []community.NewCase{{Question: text, Choices: []string{"2 ngày"}, Why: "vì vậy"}}); err != nil {
			return err
		}
		for _, query := range []string{
			"INSERT INTO dead_letters (connection_id, raw, reason, created_at) VALUES (?, ?, 'x', 1)",
			"INSERT INTO deliveries (connection_id, native_id, headers, body, state, tries, due_at, error, created_at) VALUES (?, 'd', '', ?, 'waiting', 2, 1, 'x', 1)",
		} {
			if _, err := tx.NewRaw(query, s.conn.ID, []byte(`{"id":"`+id+`","text":"`+text+`"}`)).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestWhoAsksToBeForgottenIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		const who, canary = "nguyenhoangyen77", "hoàng yến"
		s.posts = 1_000_000 // ids that mean a post wherever they stand
		question := "Giao hàng mấy ngày vậy ạ? Mình tên " + canary
		first := s.writes(who, question, "")
		s.copies(first, question, first)
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
		if receipt.Counts != (community.Erased{Posts: 2, Cases: 2, Drafts: 1, Notes: 2}) || len(receipt.AccountHash) != 64 || receipt.ID == 0 {
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
