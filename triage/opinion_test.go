package triage

import (
	"testing"
)

// What is shown as the reason must be the reason: without it, the head is less probable.
func TestTheStrongestSpanIsTheReason(t *testing.T) {
	s := New(nil)
	asked, lowered := 0, 0
	for _, text := range []string{
		"Làm ăn gì kì cục, gọi hoài không ai bắt máy", "đồ lừa đảo, trả tiền đây", "bực ghê, đợi cả tiếng chưa có nước", "buc minh qua, goi hoai khong nghe",
		"đơn của em tới đâu rồi shop", "mấy giờ quán đóng cửa vậy ad?", "cho mình gặp nhân viên với", "đừng nhắn tin cho tôi nữa nhé", "ship lau qua troi, chan that su",
		"quán dễ thương, nước ngon lắm", "app đơ hoài, vô không được", "máy mới mua đã hư loa, thất vọng ghê", "tôi sẽ kiện công ty ra tòa", "vl lại sập mạng nữa rồi 😡",
		"This is the worst airline I have ever flown", "my bag never arrived and nobody answers", "Where is my refund? Order 448213", "can I talk to a real person",
		"thank you so much, lovely crew", "stop messaging me", "three hours on hold, absolutely ridiculous", "Do you ship to Canada?", "I'm furious with your support team",
		"you leaked my phone number, this is a data breach", "free followers, click the link in my bio", "great, cancelled again. thanks for nothing",
		"the app keeps crashing since the update", "my account is locked, please help", "food was cold and the waiter was rude", "how do I descale the machine",
	} {
		score := s.Score(text)
		top := map[Head]Span{}
		for _, span := range s.Why(text, 0) {
			if span.Weight > top[span.Head].Weight {
				top[span.Head] = span
			}
		}
		runes := []rune(text)
		for _, h := range heads {
			span, known := top[h]
			if !known || score.Of(h) < 0.5 {
				continue
			}
			asked++
			without := s.Score(string(runes[:span.Start]) + string(runes[span.End:]))
			if without.Of(h) < score.Of(h) {
				lowered++
			} else {
				t.Logf("%q: %s %.2f, without %q %.2f", text, h, score.Of(h), string(runes[span.Start:span.End]), without.Of(h))
			}
		}
	}
	if asked < 50 || lowered*100 < asked*95 {
		t.Errorf("taking the strongest span away lowers %d of %d heads, want 95 of 100 of at least 50", lowered, asked)
	}
}
