package triage

import "testing"

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
