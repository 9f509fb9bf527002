package server_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/server/servertest"
	"github.com/kith-social/kith/server/stream"
)

// TestAPageIsToldWhatItMissed: between the making of a page and the opening of its stream a post may be
// heard, and nothing else may happen for a while.
func TestAPageIsToldWhatItMissed(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		lan := w.As("lan")
		lan.Finds(w.Says("lananh", question, ""))
		var member community.Member
		if err := w.App.DB.Read().NewSelect().Model(&member).Where("public_name = 'lan'").Limit(1).Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		hub := stream.NewHub(w.App.DB.Read(), slog.New(slog.DiscardHandler))
		ctx, leave := context.WithTimeout(t.Context(), 20*time.Second)
		defer leave()
		page := &leaving{httptest.NewRecorder(), leave}
		hub.Serve(page, httptest.NewRequest("GET", "/stream?since=1", nil).WithContext(ctx), member, func(context.Context) bool { return true })
		if told := page.Body.String(); !strings.Contains(told, `"feed"`) {
			t.Errorf("a page from before the post is told %q, want the topic feed", told)
		}
	})
}

// leaving is a page that goes away after the first change it hears of.
type leaving struct {
	*httptest.ResponseRecorder
	leave context.CancelFunc
}

func (l *leaving) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "event:") {
		l.leave()
	}
	return l.ResponseRecorder.Write(b)
}
