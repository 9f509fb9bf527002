package server_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/servertest"
)

// TestOverflowOverTheAPI: an angry post waits for the staff; as nobody of them is there it goes to who said that
// they are ready, and to no newcomer: not in a list, not by its id, not to claim.
func TestOverflowOverTheAPI(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		w.Says("khach", "@saomaicafe đồ lừa đảo khốn nạn, giao hàng như cứt, tao điên lên rồi đây", "")
		w.Wait(servertest.Soon, "the case", func() bool { return w.Count("SELECT COUNT(*) FROM cases") == 1 })
		if n := w.Count("SELECT COUNT(*) FROM cases WHERE lane = 'staff' AND lane_why = 'very_angry' AND overflow = 'very_angry'"); n != 1 {
			t.Fatal("the angry case is not with the staff, or may not overflow")
		}
		id := w.Count("SELECT id FROM cases")
		path := fmt.Sprintf("/cases/%d", id)
		for _, who := range []string{"huy", "lan"} {
			if status := w.As(who).Try(http.MethodGet, path, nil, nil); status != http.StatusNotFound {
				t.Errorf("%s asks for a case of the staff: status %d", who, status)
			}
		}
		var lan community.Member
		w.Write(func(ctx context.Context, tx listeners.Tx) error {
			if err := tx.NewSelect().Model(&lan).Where("public_name = 'lan'").Scan(ctx); err != nil {
				return err
			}
			return community.SetCare(ctx, tx, &lan, true)
		})
		w.Wait(servertest.Soon, "the case to overflow", func() bool {
			return w.Count("SELECT COUNT(*) FROM cases WHERE lane = 'community-care' AND lane_why = 'overflow'") == 1
		})
		if n := w.Count("SELECT COUNT(*) FROM activities WHERE kind = 'case_overflowed' AND case_id = ?", id); n != 1 {
			t.Errorf("%d activities of it", n)
		}
		var list struct{ Items []struct{ ID, Lane string } }
		for who, sees := range map[string]int{"huy": 0, "lan": 1} {
			if status := w.As(who).Try(http.MethodGet, "/cases", nil, &list); status != http.StatusOK || len(list.Items) != sees {
				t.Errorf("%s is offered %d cases, status %d", who, len(list.Items), status)
			}
			if status := w.As(who).Try(http.MethodGet, "/cases?lane=community-care", nil, &list); status != http.StatusOK || len(list.Items) != sees {
				t.Errorf("%s is offered %d cases of community-care, status %d", who, len(list.Items), status)
			}
		}
		if status := w.As("huy").Try(http.MethodGet, path, nil, nil); status != http.StatusNotFound {
			t.Errorf("a newcomer reads it: status %d", status)
		}
		if status := w.As("huy").Try(http.MethodPost, path+"/claim", nil, nil); status != http.StatusNotFound {
			t.Errorf("a newcomer claims it: status %d", status)
		}
		if status := w.As("lan").Try(http.MethodPost, path+"/claim", nil, nil); status != http.StatusOK {
			t.Fatalf("lan claims it: status %d", status)
		}
		var answer struct{ State string }
		if status := w.As("lan").Try(http.MethodPost, path+"/answers", map[string]string{"text": "Dạ quán xin lỗi bạn nhiều ạ, quán đang kiểm tra đơn của bạn."}, &answer); status != http.StatusCreated || answer.State != "submitted" {
			t.Errorf("lan's answer is %s, status %d; want it read first", answer.State, status)
		}
	})
}
