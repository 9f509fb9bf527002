package triage

import "testing"

func TestAnswersAreRead(t *testing.T) {
	for text, want := range map[string]Saying{
		"Chắc chắn mai tới nha bạn":                       Promises,
		"chac chan mai toi nha ban":                       Promises,
		"We will refund you today":                        Promises,
		"Mình không hứa sẽ kịp, nhưng mình hỏi giúp":      "",
		"We cannot guarantee a date":                      "",
		"Theo luật thì bạn được đổi":                      Legal,
		"you could sue them":                              Legal,
		"mẹ bầu vẫn uống được nha":                        Medical,
		"it is safe for pregnant women":                   Medical,
		"đồ ngu":                                          Insults,
		"Are you stupid?":                                 Insults,
		"There are no stupid questions":                   "",
		"tại bạn không đọc kỹ":                            Blames,
		"You should have read the page":                   Blames,
		"không phải tại bạn đâu":                          "",
		"sorry about that":                                Apologies,
		"Dạ quán mở từ 7h tới 22h ạ":                      "",
		"Bạn vào Cài đặt, chọn Đổi mật khẩu là được nha":  "",
		"Straws are off to cut waste, the app is so good": "",
		"may pha bi loi thi ban rut dien ra nha":          "",
		"mấy bạn đi ngủ sớm nha":                          "",
	} {
		got := Saying("")
		if said := ReadAnswer(text); len(said) > 0 {
			got = said[0].Saying
		}
		if got != want {
			t.Errorf("%q says %q, want %q", text, got, want)
		}
	}
}
