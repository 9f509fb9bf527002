package api_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/uptrace/bun"
)

// counter counts queries through bun.
type counter struct{ n atomic.Int64 }

func (*counter) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }
func (c *counter) AfterQuery(context.Context, *bun.QueryEvent)                      { c.n.Add(1) }

// A list asks the database as often for many rows as for one.
func TestListsDoNotAskForEachRow(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		queries := &counter{}
		//lint:ignore SA1019 the pool belongs to the database and cannot be exchanged for one with a hook
		s.db.Read().(*bun.DB).AddQueryHook(queries)
		cost := func(who, path string, rows int) int64 {
			t.Helper()
			before := queries.n.Load()
			if l := s.want(200, who, "GET", path, "")["items"].([]any); len(l) != rows {
				t.Fatalf("%s has %d rows, want %d", path, len(l), rows)
			}
			return queries.n.Load() - before
		}
		lists := func(rows int) [3]int64 {
			return [3]int64{
				cost("minh", "/api/v1/cases", rows), cost("minh", "/api/v1/cases?state=in_review", rows), cost("minh", "/api/v1/reviews", rows),
			}
		}
		grow := func(n int) {
			for range n {
				s.answered()
				s.post("saomai", fmt.Sprint("customer", s.posts), "quán mở cửa mấy giờ ạ?")
			}
		}
		grow(1)
		one := lists(1)
		grow(9)
		if ten := lists(10); ten != one {
			t.Errorf("10 rows took %v queries, 1 row took %v", ten, one)
		}
		t.Logf("queries of a feed, a list by state and a review queue, signing in included: %v", one)
	})
}
