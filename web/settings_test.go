package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/riverqueue/river"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// TestModeratorsReadSettings opens every part of the settings: who may not change one reads the same
// form, closed, with a word why.
func TestModeratorsReadSettings(t *testing.T) {
	c := newCafe(t)
	minh, an := c.visits("minh", "vi"), c.visits("an", "vi")
	for _, p := range settingsPages {
		minh.get("/settings").says(".parts a[href="+p.href+"]", T(WithView(t.Context(), View{Lang: "vi"}), p.title))
		if !strings.HasPrefix(p.href, "/settings/") {
			continue
		}
		page := minh.get(p.href)
		page.says(".notice", "Chỉ quản trị viên sửa được phần này.")
		page.lacks("main form button", "")
		if len(page.all("main form")) == 0 {
			continue // a list, whose parts are forms
		}
		if len(page.all("fieldset.plain[disabled]")) != 1 {
			t.Errorf("%s is open to a moderator", p.href)
		}
		page = an.get(p.href)
		page.lacks(".notice", "quản trị viên")
		page.says("main form button", "")
		if len(page.all("fieldset.plain[disabled]")) != 0 {
			t.Errorf("%s is closed to an admin", p.href)
		}
	}
}

func TestPromiseSettings(t *testing.T) {
	c := newCafe(t)
	an, form := c.visits("an", "vi"), url.Values{"minutes": {"60"}, "raise": {"90"}, "staff": {"80"}}
	an.post("/settings/promise", form).says("#raise-error", "muộn nhất là 100 phần trăm")
	form.Set("raise", "50")
	an.post("/settings/promise", form).says(".notice", "Đã lưu.")
	got, err := community.Setting(t.Context(), c.DB.Read(), c.brand.ID, community.DefaultPromised)
	if want := (community.Promised{Minutes: 60, Raise: 50, Staff: 80}); err != nil || got != want {
		t.Errorf("stored %+v (%v), want %+v", got, err, want)
	}
	if page := c.visits("minh", "vi").post("/settings/promise", form); page.status != http.StatusForbidden {
		t.Errorf("a moderator sets the promise: status %d", page.status)
	}
}

// givesNotices is a transaction in which members hear at once what is enqueued for them.
type givesNotices struct{ listeners.Tx }

func (tx givesNotices) Enqueue(ctx context.Context, jobs ...river.InsertManyParams) error {
	for _, job := range jobs {
		if err := community.Give(ctx, tx.Tx, job.Args.(community.NoticeJob)); err != nil {
			return err
		}
	}
	return nil
}

// TestNoticesOfReviewsLeadToReview follows a notice that an answer waits to where it can be decided.
func TestNoticesOfReviewsLeadToReview(t *testing.T) {
	c := newCafe(t)
	a := c.waiting("Quán mở cửa mấy giờ ạ?", "Dạ từ 7h ạ.")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		return community.Alarm(ctx, givesNotices{tx}, &a, []community.Member{*c.members["minh"]})
	})
	minh := c.visits("minh", "vi")
	page := minh.get("/notices")
	at := page.all(".notices li a")
	if len(at) != 1 {
		t.Fatalf("%d notices", len(at))
	}
	minh.get(attr(at[0], "href")).says(".proposed .post-text", "Dạ từ 7h ạ.")
}
