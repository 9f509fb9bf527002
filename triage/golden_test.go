package triage

import (
	"slices"
	"strings"
	"testing"
)

// TestPostsAreRead has posts as customers write them. Of each it names the language and the heads that must come out
// above a half; those after a ! must not; the rest may be either.
func TestPostsAreRead(t *testing.T) {
	s := New(nil)
	for text, want := range map[string]string{
		// English
		"Where is my order? It's been three weeks and still nothing":                          "en question needs_account !praise !spam",
		"@kithcoffee my parcel hasn't arrived, order #448213, can you check?":                 "en question needs_account complaint !praise",
		"You charged me twice for the same order, I want my money back":                       "en needs_account complaint !praise",
		"My account is locked and I can't log in. Please help":                                "en needs_account complaint !praise",
		"I'm furious. Worst customer service ever, I will never buy from you again":           "en anger negative complaint !praise !question",
		"WTF is wrong with you people, my flight got cancelled AGAIN!!!":                      "en anger negative complaint !praise",
		"your app is absolute garbage, fix your shit":                                         "en anger negative !praise",
		"this is ridiculous, on hold for 2 hours and then you hung up on me":                  "en anger complaint negative !praise",
		"Great, another delay. Thanks for nothing.":                                           "en complaint negative !praise",
		"Thanks for ruining my birthday, guys":                                                "en anger !praise",
		"oh joy, the app crashed again. love waiting in line for nothing 🙄":                   "en complaint negative !praise",
		"The grinder arrived broken and nobody answers the phone":                             "en complaint negative !praise",
		"coffee was cold and stale today, very disappointed":                                  "en complaint negative !praise !question",
		"not happy with the new blend":                                                        "en negative !praise",
		"Not bad at all, I'll be back":                                                        "en !negative !complaint !anger",
		"What time do you open tomorrow?":                                                     "en question !complaint !anger !needs_account",
		"how do i descale the machine":                                                        "en question !anger !needs_account",
		"Hi, do you ship to Canada":                                                           "en question !complaint !needs_account",
		"anyone know if the cold brew is vegan":                                               "en question !complaint",
		"I need some help with my new machine":                                                "en question !anger",
		"Thank you so much, the barista was lovely!":                                          "en praise !complaint !anger !question !human",
		"Love the new latte :)":                                                               "en praise !negative",
		"Shoutout to the team in Hue, best coffee in town ❤️":                                 "en praise !spam !complaint",
		"The delivery guy was awesome, order 778121 came a day early, thanks!":                "en praise !complaint !anger !needs_account",
		"The manager was so kind and helpful":                                                 "en praise !human !complaint",
		"Can I talk to a human please":                                                        "en human !anger",
		"Stop with the bots. I want to speak to a real person":                                "en human !praise",
		"please have someone call me back":                                                    "en human !praise",
		"Stop messaging me":                                                                   "en opt_out !praise",
		"don't contact me again":                                                              "en opt_out",
		"unsubscribe":                                                                         "other opt_out",
		"My lawyer will be in touch, see you in court":                                        "en risk !praise",
		"my whole family got food poisoning from your sandwich":                               "en risk !praise !spam",
		"The battery caught fire on my desk":                                                  "en risk !praise",
		"some days i just want to kill myself":                                                "en risk !praise !spam",
		"you leaked my phone number, this is a data breach":                                   "en risk !praise",
		"Earn money from home, free followers! click here https://spam.example/x":             "en spam !question !complaint !praise",
		"FREE BITCOIN GIVEAWAY 🚀🚀 join our telegram https://t.example/a":                      "en spam !complaint !anger",
		"this cake is to die for":                                                             "en !risk !anger !complaint",
		"soooo gooood":                                                                        "en praise !complaint",
		"Just had breakfast.":                                                                 "en !anger !complaint !question !praise !spam !risk !needs_account !human !opt_out",
		"Why do you charge my card three times? Is this a joke? You are thieves":              "en anger complaint !praise",
		"Your driver was drunk and nearly killed me":                                          "en risk !praise",
		"I don't want to be contacted, take me off your list":                                 "en opt_out !praise",
		"where's my refund":                                                                   "en needs_account question",
		"i hate your new app, so slow and keeps crashing":                                     "en anger complaint negative !praise !question",
		"Would recommend to anyone, five stars":                                               "en praise !question !complaint",
		"Is it possible to change the beans in my subscription?":                              "en question !anger !praise",
		"idk what the hell happened but my flight was cancelled and nobody tells us anything": "en anger complaint !praise",
		"@kithcoffee thanks for the quick reply, works great now!":                            "en praise !complaint !anger !question",
		"You people are a disgrace, I have been waiting since 6am and my kids are crying":     "en anger complaint negative !praise",
		"just found a cockroach in my latte":                                                  "en risk !praise !spam",

		"I don't love this blend":                             "en !praise",
		"no complaints here, never had problems with the app": "en !complaint !negative !anger",
		"it isn't that terrible":                              "en !negative !complaint !anger",
		"K great, see you there":                              "en praise",
		"I was on the bus on a Monday":                        "en !praise",

		// Vietnamese
		"máy chạy không bị nóng, không có lỗi": "vi !complaint !negative",
		"máy này do hãng Phin làm":             "vi !negative !complaint !anger", // not "dở"
		"mình không thích vị này":              "vi !praise negative",
		"đơn của mình đâu rồi shop ơi, đặt từ thứ 2 tới giờ chưa thấy giao": "vi question needs_account complaint !praise",
		"don cua minh dau roi shop oi":                           "vi question needs_account !praise",
		"check giúp mình đơn VN12345678 với ạ":                   "vi needs_account !praise !anger",
		"Shop trừ tiền 2 lần rồi mà chưa hoàn tiền cho mình":     "vi needs_account complaint !praise",
		"tài khoản của em bị khóa, không đăng nhập được":         "vi needs_account complaint !praise",
		"Lừa đảo!!! Trả tiền lại cho tôi 😡😡":                     "vi anger negative complaint !praise",
		"lua dao, tra tien day":                                  "vi anger negative !praise",
		"shop làm ăn kiểu gì vậy, gọi mãi ko ai nghe máy":        "vi anger complaint !praise",
		"Bực mình ghê, đợi cả tiếng mà ko ai ra phục vụ":         "vi anger complaint !praise !question",
		"đm app như cc, vào mãi ko đc":                           "vi anger complaint !praise !question",
		"đồ khốn nạn, cạch mặt luôn":                             "vi anger negative !praise",
		"hay nhỉ, hủy đơn của khách xong im luôn":                "vi complaint negative !praise !question",
		"Tuyệt vời ông mặt trời, giao thiếu món lần thứ 3 rồi 🙂": "vi complaint !praise",
		"cà phê dở tệ, nhạt như nước ốc, thất vọng quá":          "vi negative complaint !praise !question",
		"ca phe do te, that vong qua":                            "vi negative complaint !praise",
		"ko hài lòng chút nào":                                   "vi negative complaint !praise",
		"Không tệ, lần sau sẽ ghé lại":                           "vi !negative !complaint !anger !question",
		"quán mình mở cửa đến mấy giờ vậy ạ":                     "vi question !complaint !anger !needs_account",
		"quan minh mo cua may gio vay":                           "vi question !complaint !anger",
		"có ship về bình dương k shop":                           "vi question !complaint !needs_account",
		"giá ntn ạ":                                              "vi question !complaint",
		"cho em hỏi máy này dùng hạt gì ngon":                    "vi question !complaint !anger",
		"Cái này pha bằng phin được không shop?":                 "vi question !complaint",
		"Cảm ơn shop nhiều nha ❤️":                               "vi praise !complaint !anger !question",
		"nhân viên dễ thương ghê, cà phê ngon nữa":               "vi praise !human !complaint",
		"ngon vl luôn":                          "vi praise !anger !complaint",
		"ca phe ngon qua, nhan vien nhiet tinh": "vi praise !human !complaint",
		"Giao nhanh, đóng gói cẩn thận, 5 sao":  "vi praise !complaint !question !needs_account",
		"đẹppppp quáaaa":                        "vi praise !complaint",
		"cho em gặp nhân viên với ạ":            "vi human !anger !praise",
		"cho mình gặp người thật đi, nói chuyện với bot hoài mệt quá": "vi human !praise",
		"cho em gap nguoi that duoc ko":              "vi human !praise",
		"gọi lại cho tôi gấp":                        "vi human !praise",
		"đừng nhắn nữa":                              "vi opt_out !praise",
		"dung nhan tin nua":                          "vi opt_out",
		"làm ơn đừng gọi cho tôi nữa, phiền quá":     "vi opt_out !praise",
		"tôi sẽ kiện ra tòa":                         "vi risk !praise",
		"uống xong cả nhà bị ngộ độc phải nhập viện": "vi risk !praise",
		"sạc máy xong bốc khói cháy luôn ổ điện":     "vi risk !praise",
		"em chán lắm, em muốn chết":                  "vi risk !praise",
		"shop làm lộ số điện thoại của mình, giờ bị lừa đảo gọi suốt": "vi risk complaint !praise",
		"mua thêm phụ kiện với điều kiện gì vậy shop":                 "vi question !risk",
		"nóng muốn chết mà uống ly này đã ghê":                        "vi !risk !anger",
		"tuyển ctv online, việc nhẹ lương cao, lh zalo 0912345678":    "vi spam !complaint !question !praise",
		"vay tiền nhanh lãi suất thấp, inbox ngay":                    "vi spam !complaint !question",
		"bao giờ mới hoàn tiền cho tôi đây??? 3 tuần rồi":             "vi question needs_account !praise",
		"tức điên, ship lâu vcl":                                      "vi anger complaint !praise",
		"hông ngon như lần trước":                                     "vi !praise !anger",
		"chưa bao giờ uống ly nào tệ như vậy":                         "vi negative complaint !praise !question",
		"App bị lỗi hoài, ai cứu em với":                              "vi complaint question !praise",
		"hôm nay trời mưa":                                            "vi !anger !complaint !question !praise !spam !risk !needs_account !human !opt_out",

		// both, neither, nothing
		"App lag quá shop ơi, I tried to log in five times and it keeps crashing, mình bực quá": "mixed complaint negative !praise",
		"Shop ơi what is the price of this one, mình muốn mua hai cái":                          "mixed question !complaint",
		"Mon café est froid et personne ne répond, c'est nul":                                   "other !anger !spam",
		"どこで買えますか": "other !anger !spam !complaint",
		"👍👍":       "other !anger !complaint",
		"😡😡😡":      "other anger negative !praise",
		"":         "other !anger !complaint !question !praise",
	} {
		t.Run(text, func(t *testing.T) {
			got := s.Score(text)
			words := strings.Fields(want)
			if string(got.Language) != words[0] {
				t.Errorf("language %s, want %s", got.Language, words[0])
			}
			for _, w := range words[1:] {
				name, not := strings.CutPrefix(w, "!")
				if !slices.Contains(heads[:], Head(name)) {
					t.Fatalf("%q is no head", name)
				}
				if p := probabilities(got)[Head(name)]; (p > 0.5) == not {
					t.Errorf("%s %.2f, want it the other side of a half", name, p)
				}
			}
			if t.Failed() {
				runes := []rune(text)
				for _, span := range s.Why(text, 0) {
					t.Logf("%s %+.2f %q", span.Head, span.Weight, string(runes[span.Start:span.End]))
				}
			}
		})
	}
}

func probabilities(s Score) map[Head]float32 {
	return map[Head]float32{
		Anger: s.Anger, Negative: s.Negative, Complaint: s.Complaint, Question: s.Question, Praise: s.Praise,
		Spam: s.Spam, Risk: s.Risk, NeedsAccount: s.NeedsAccount, Human: s.Human, OptOut: s.OptOut,
	}
}
