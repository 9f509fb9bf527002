package triage

import (
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/triage/golden"
)

func BenchmarkScore(b *testing.B) {
	s := New([]Topic{{ID: 1, Name: "Warranty", Keywords: []string{"warranty", "bảo hành", "repair"}}})
	for name, text := range map[string]string{
		"en":    "@kithcoffee I ordered two bags of the dark roast last Monday and the tracking still says label created. Nobody answers the phone, this is really frustrating. Can somebody please check?",
		"vi":    "Shop ơi mình đặt 2 gói cà phê rang đậm từ thứ hai tuần trước mà tới giờ vẫn chưa thấy giao, gọi tổng đài thì không ai nghe máy, làm ăn kiểu gì vậy? Kiểm tra giúp mình với ạ",
		"mixed": "App lag quá shop ơi, I tried to log in five times and it keeps crashing, mình không đăng nhập được luôn. Please check giúp mình với, thanks shop nhiều nha",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Score(text)
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		loadHeart()
	}
}

// BenchmarkTriage does everything with a golden post, as when one comes in: its score with topics, and why. Of many posts it
// reports how long one of a hundred takes at least.
func BenchmarkTriage(b *testing.B) {
	posts, err := golden.Read("testdata/golden/posts.tsv")
	if err != nil {
		b.Fatal(err)
	}
	s := New([]Topic{{ID: 1, Name: "Warranty", Keywords: []string{"warranty", "bảo hành", "repair"}, Examples: []string{"my grinder broke after a week", "máy mới mua đã hư"}}})
	var took []time.Duration
	for n := 0; b.Loop(); n++ {
		text := posts[n%len(posts)].Said()
		began := time.Now()
		s.Score(text)
		s.Why(text, 5)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

func BenchmarkHostile(b *testing.B) {
	s := New(nil)
	for name, text := range hostile() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.Score(text)
				s.Why(text, 3)
			}
		})
	}
}
