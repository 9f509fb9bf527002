package simulation

import (
	"math/rand/v2"
	"strings"
)

// kind is what a post is about.
type kind int

const (
	question kind = iota
	complaint
	anger
	praise
	noise
	risk
)

// tongue is the language of a conversation.
type tongue int

const (
	vietnamese tongue = iota
	english
)

// frames are sentences with places: {what} is what the post is about, {more} how it goes on.
var frames = map[kind][2][]string{
	question: {
		{
			"cho mình hỏi {what} thì làm sao ạ? {more}", "{what} mất bao lâu vậy shop?", "mình muốn biết {what} có được không ạ {more}?",
			"shop ơi {what} ở đâu vậy? {more}", "{more} {what} thế nào ạ, ai chỉ mình với?", "bên mình {what} tới mấy giờ vậy ạ?",
		},
		{
			"how do I {what}? {more}", "how long does it take to {what}?", "could you tell me where I can {what}? {more}",
			"is it possible to {what}? {more}", "{more} what do I need to {what}?",
		},
	},
	complaint: {
		{
			"{what} mà đợi hoài không thấy gì, {more}", "lại lỗi nữa rồi, {what} không được. {more}", "{more} {what} chậm quá, mình hơi thất vọng",
			"mình {what} từ hôm qua tới giờ vẫn chưa xong, {more}",
		},
		{
			"tried to {what} and nothing happens. {more}", "{more} it still does not let me {what}, a bit disappointing", "waiting since yesterday to {what}. {more}",
		},
	},
	anger: {
		{
			"LÀM ĂN KIỂU GÌ VẬY!!! {what} mà cả ngày không xong, {more} quá bực mình 😡", "quá tệ, {what} lần thứ ba rồi vẫn lỗi, vô trách nhiệm!!! {more}",
			"bực mình hết chịu nổi, {what} hoài không được, lừa đảo à?! {more}",
		},
		{
			"THIS IS RIDICULOUS!!! I can't {what} all day, {more} worst service ever 😡", "absolutely furious, third time I fail to {what}. {more} unacceptable!!!",
		},
	},
	praise: {
		{"cảm ơn shop nhiều, {what} nhanh lắm luôn 🥰 {more}", "{what} ok nha, nhân viên dễ thương ghê {more}", "thích nhất là {what} ở đây, tuyệt vời {more}"},
		{"thank you so much, it was so easy to {what} 🥰 {more}", "love how quick it is to {what} {more}, great job"},
	},
	noise: {
		{"kiếm tiền online tại nhà 500k mỗi ngày, inbox mình liền nha {more}", "follow chéo không ạ, mình trả liền {more}", "vay nhanh không thế chấp lãi thấp, bấm link bio {more}"},
		{"make money from home, 500 a day, dm me now {more}", "follow for follow? link in bio {more}"},
	},
	risk: {
		{"uống xong bị ngộ độc phải đi bệnh viện cấp cứu, {more} mình sẽ kiện", "tài khoản của mình bị hack mất tiền, {more} mình báo công an", "mình sẽ gửi đơn kiện vì {what}, {more}"},
		{"I got food poisoning and ended up in hospital, {more} my lawyer will call you", "my account was hacked and money is gone, {more} I am calling the police"},
	},
}

// subjects are what posts are about, alike for all topics of the scenario that ships.
var subjects = [2][]string{
	{
		"đổi địa chỉ giao hàng", "huỷ đơn hàng vừa đặt", "theo dõi đơn ship", "giao hàng về Gò Vấp", "gọi lại cho shipper", "thanh toán bằng ví",
		"hoàn tiền đơn bị huỷ", "xuất hoá đơn công ty", "đăng nhập app", "nhận mã OTP", "đổi mật khẩu ứng dụng", "cập nhật app mới",
		"gửi xe ở chi nhánh quận 3", "dùng wifi ở cửa hàng", "xem giờ mở cửa ngày lễ", "đặt bàn cho tám người", "đổi quà sinh nhật", "tích điểm cho đơn cũ",
	},
	{
		"change the delivery address", "cancel the order I just placed", "track my delivery", "pay with a wallet", "get a refund for a cancelled order",
		"get an invoice", "log in to the app", "get the code to log in", "reset my password", "find the opening hours", "park near the store", "book a table for eight",
	},
}

var tails = [2][]string{
	{"", "mình ở Thủ Đức", "đặt lúc sáng", "đơn tối qua", "mua cho mẹ mình", "lần đầu mình dùng", "sáng mai mình cần rồi", "mình dùng máy Android", "bạn mình cũng bị vậy", "cuối tuần này", "ở chi nhánh Bình Thạnh", "hai ngày rồi"},
	{"", "I ordered this morning", "it is for my mother", "first time here", "I need it tomorrow", "I use an old phone", "same for my friend", "for this weekend", "since two days"},
}

// write is what a customer writes, about one thing or anything.
func write(dice *rand.Rand, k kind, t tongue, about []string) string {
	pick := func(all []string) string { return all[dice.IntN(len(all))] }
	what := pick(subjects[t])
	if len(about) > 0 {
		what = about[t]
	}
	text := strings.NewReplacer("{what}", what, "{more}", pick(tails[t])).Replace(pick(frames[k][t]))
	return strings.Join(strings.Fields(text), " ")
}

// What customers write who were answered.
var (
	thanks = [2][]string{
		{"cảm ơn bạn nhiều nha, mình làm được rồi", "ok mình hiểu rồi, cảm ơn bạn", "được rồi ạ, cảm ơn nhiều"},
		{"thank you, that worked", "got it, thanks a lot", "it works now, thank you"},
	}
	again = [2][]string{
		{"mình làm theo rồi mà vẫn chưa được, giờ sao ạ?", "vẫn không được bạn ơi, còn cách nào khác không?"},
		{"I did that and it still does not work, what now?", "still not working, is there another way?"},
	}
)

// parts of an answer: an opening, a step, what to look at, and an end. Some thousands of answers differ.
var parts = [2][4][]string{
	{
		{"Chào bạn", "Chào bạn, cảm ơn đã nhắn", "Dạ chào bạn", "Xin lỗi bạn vì chờ lâu", "Chào bạn, mình xem giúp ngay đây", "Mình hiểu, đợi vậy cũng sốt ruột thật", "Cảm ơn bạn đã báo", "Chào bạn, chuyện này mình gặp rồi"},
		{
			"bạn mở ứng dụng, vào mục đơn của tôi và chọn dòng đầu tiên", "bạn vào phần hỗ trợ trong ứng dụng rồi chọn đơn gần nhất", "bạn ghé trang trợ giúp và chọn đúng cửa hàng",
			"bạn thoát ứng dụng, mở lại rồi thử thêm một lần", "bạn kiểm tra lại tên đăng nhập giúp mình", "bạn chọn mục thanh toán rồi bấm xem chi tiết", "bạn cập nhật bản mới nhất rồi vào lại",
			"bạn bấm vào biểu tượng góc phải và chọn liên hệ", "bạn xem thông tin đơn ở trang cá nhân",
		},
		{
			"ở đó có ghi rõ từng bước", "bạn sẽ thấy nút cần bấm ở cuối trang", "thường vài phút là xong", "nếu dòng chữ màu xanh hiện ra là được", "cửa hàng sẽ thấy và gọi lại", "trạng thái đổi ngay sau đó",
			"nhân viên quầy cũng xem được giúp bạn", "phần này chạy ổn nhất khi có wifi",
		},
		{"Chưa được thì nhắn lại mình nhé", "Bạn thử rồi cho mình biết với", "Cần gì thêm cứ nhắn ở đây", "Mình chờ tin bạn", "Chúc bạn một ngày vui", "Có gì mình xem tiếp cho bạn", "Hy vọng giúp được bạn"},
	},
	{
		{"Hi there", "Hello, thanks for writing", "Hi, sorry for the wait", "Thanks for telling us", "Hello, I know this one", "Hi, let me help"},
		{
			"open the app, go to your orders and choose the first line", "choose support in the app and pick the latest order", "visit the help page and choose your store", "close the app, open it and try once more",
			"check the name that you sign in with", "choose payment and look at the details", "update to the newest version and come back",
		},
		{"every step is written there", "the button is at the end of the page", "it usually takes a few minutes", "a green line means that it worked", "the store sees it and calls you", "people at the counter can look as well"},
		{"Tell me if it does not help", "Let me know how it goes", "Write here if you need more", "Have a good day", "Happy to look again"},
	},
}

// answer is what a member writes.
func answer(dice *rand.Rand, t tongue) string {
	p := parts[t]
	pick := func(all []string) string { return all[dice.IntN(len(all))] }
	return pick(p[0]) + ", " + pick(p[1]) + ": " + pick(p[2]) + ". " + pick(p[3]) + "."
}

// tongueOf is what is spoken in a conversation.
func tongueOf(language string) tongue {
	if language == "en" {
		return english
	}
	return vietnamese
}
