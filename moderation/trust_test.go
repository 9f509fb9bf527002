package moderation_test

import (
	"testing"
)

func TestHostileCases(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		rage := s.writes("hung", "@saomaicafe Đồ lừa đảo, làm ăn mất dạy, tao tẩy chay tụi mày!!!", "")
		calm := s.writes("lananh", "@saomaicafe quán mở cửa mấy giờ ạ?", "")
		if !s.caseOf(rage).Hostile || s.caseOf(calm).Hostile {
			t.Errorf("hostile: %v and %v, want the rage only", s.caseOf(rage).Hostile, s.caseOf(calm).Hostile)
		}
		s.writes("lananh", "@saomaicafe Đồ lừa đảo, làm ăn mất dạy, tao tẩy chay tụi mày!!!", calm)
		if !s.caseOf(calm).Hostile {
			t.Error("a customer who begins to rage is not hostile")
		}
	})
}
