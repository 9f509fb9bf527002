package triage

import "testing"

func TestFollowUpsAreRead(t *testing.T) {
	for text, want := range map[string]Outcome{
		"It works now, thank you!":                                    Solved,
		"that fixed it, cheers mate":                                  Solved,
		"Got it working, you guys rock":                               Solved,
		"All sorted, thanks so much ❤️":                               Solved,
		"That did the trick! Thanks Lan":                              Solved,
		"I can log in again, thanks":                                  Solved,
		"the parcel arrived, all good":                                Solved,
		"Được rồi ạ, cảm ơn shop nhiều":                               Solved,
		"mình vào được rồi nha, cảm ơn bạn":                           Solved,
		"dc rồi bạn ơi, tks nhìu":                                     Solved,
		"duoc roi, cam on ban nhieu":                                  Solved,
		"Hết lỗi rồi, cảm ơn ad":                                      Solved,
		"em đã nhận được hàng rồi ạ":                                  Solved,
		"ok rồi nè, cám ơn anh":                                       Solved,
		"Wow thanks, that worked":                                     Solved,
		"Hết bị lỗi rồi nha, cảm ơn nhiều":                            Solved,
		"You have been a great help, thank you":                       Thanks,
		"thanks!":                                                     Thanks,
		"Thank you so much for the quick reply":                       Thanks,
		"Cảm ơn bạn nhiều nha":                                        Thanks,
		"tks shop":                                                    Thanks,
		"không, vẫn hỏng":                                             StillBroken,
		"khong, van hong":                                             StillBroken,
		"ko dc bạn ơi, vẫn báo lỗi":                                   StillBroken,
		"cảm ơn nhưng vẫn chưa được":                                  StillBroken,
		"làm theo rồi mà vẫn không vào được":                          StillBroken,
		"Được rồi mà giờ lại lỗi nữa":                                 StillBroken,
		"thử rồi mà có được đâu":                                      StillBroken,
		"chưa được ạ":                                                 StillBroken,
		"Still not working, same error":                               StillBroken,
		"it doesn't work":                                             StillBroken,
		"No luck, it's still broken. Thanks anyway":                   StillBroken,
		"It worked for a minute and then it stopped working":          StillBroken,
		"tried that already, nothing changed":                         StillBroken,
		"it is not fixed":                                             StillBroken,
		"It has not arrived, thanks":                                  StillBroken,
		"chưa nhận được tiền bạn ơi":                                  StillBroken,
		"It works now? No, it does not":                               StillBroken,
		"ok thanks, and the second parcel?":                           OtherOutcome,
		"It never worked":                                             StillBroken,
		"thanks for nothing":                                          Sarcastic,
		"Wow, so helpful 🙄":                                           Sarcastic,
		"gee thanks, another copy and paste answer":                   Sarcastic,
		"Thanks for wasting my time, it works now because I fixed it": Sarcastic,
		"cảm ơn vì đã không giúp được gì":                             Sarcastic,
		"hay quá nhỉ, trả lời như không":                              Sarcastic,
		"I'll try that and let you know":                              OtherOutcome,
		"if it works now I'll be happy":                               OtherOutcome,
		"does it work now?":                                           OtherOutcome,
		"it works now but the price is wrong":                         OtherOutcome,
		"để mình thử xem sao":                                         OtherOutcome,
		"nếu được rồi thì mình báo":                                   OtherOutcome,
		"được rồi, để em thử":                                         OtherOutcome,
		"được rồi hả shop?":                                           OtherOutcome,
		"The agent said it is fixed now":                              OtherOutcome,
		"app báo đã hoàn tiền rồi":                                    OtherOutcome,
		"hopefully it works now":                                      OtherOutcome,
		"what is the address of the shop":                             OtherOutcome,
		"":                                                            OtherOutcome,
	} {
		t.Run(text, func(t *testing.T) {
			if got := ReadOutcome(text); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
