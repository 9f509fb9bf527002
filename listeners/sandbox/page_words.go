package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// pageWords are the words of the page in one language.
type pageWords struct {
	Motto, Language, Networks, PlayAs, AllPosts, Gone, Empty string
	Post, Reply, Delete, EditPost, Save, AnswerTo, Brand     string
	Weather, WeatherHelp, Sunny, Clear, Fault, Route, Rate   string
	Count, Always, SetFault                                  string
	Write, Answer, Change, More, Thread, TooLong             string
	Now, Minutes, Hours, Days                                string
	Edited, Held, Hidden, Private, Approve, Refuse           string
	To, OwnPlace, Stars, NoBrand, AsBrand, NothingHeld       string
	HoldHelp, Hold, LetThrough                               string
	Shows, Placeholders                                      map[string]string // by part, by network
	Refused                                                  map[error]string
	AnyRoute                                                 string
	RouteNames, FaultNames                                   map[string]string
}

var pageLanguages = map[string]*pageWords{
	"vi": {
		Motto: "Mạng xã hội giả để đóng vai khách hàng. Không có gì ở đây là thật.", Language: "Ngôn ngữ", Networks: "Mạng", PlayAs: "Bạn là ai?",
		AllPosts: "Tất cả bài viết", Gone: "Bài viết gốc đã bị xoá.", Empty: "Chợ chưa họp: chưa ai viết gì cả. Hãy là người đầu tiên!",
		Post: "Đăng", Reply: "Trả lời", Delete: "Xoá", EditPost: "Sửa", Save: "Lưu", AnswerTo: "trả lời", Brand: "Thương hiệu",
		Weather: "Thời tiết", WeatherHelp: "Làm cho mạng này trục trặc, để xem sản phẩm chịu được không.", Sunny: "Trời quang, mọi cuộc gọi đều suôn sẻ.",
		Clear: "Trời quang trở lại", Fault: "Trục trặc", Route: "Ở đâu", Rate: "Tỉ lệ", Count: "Số lần", Always: "Mãi", SetFault: "Gây trục trặc",
		Write: "Bạn đang viết với tên %s", Answer: "%s trả lời", Change: "%s sửa bài của mình", More: "Xem thêm %d câu trả lời", Thread: "Cuộc trò chuyện",
		TooLong: "Bài viết quá dài.",
		Now:     "vừa xong", Minutes: "%d phút trước", Hours: "%d giờ trước", Days: "%d ngày trước",
		Edited: "đã sửa", Held: "đang chờ duyệt", Hidden: "đã bị ẩn", Private: "tin nhắn riêng", Approve: "Duyệt", Refuse: "Từ chối",
		To: "Gửi đến", OwnPlace: "Trang của chính mình", Stars: "Số sao",
		NoBrand: "Chưa có thương hiệu nào ở mạng này. Hãy kết nối một thương hiệu trước.", AsBrand: "Chọn một khách hàng để viết ở đây.",
		NothingHeld: "Không có bài nào chờ duyệt.", HoldHelp: "Diễn đàn có thể giữ lại bài của thương hiệu để kiểm duyệt viên xem trước.",
		Hold: "Giữ lại bài của", LetThrough: "Cho qua bài của",
		Shows: map[string]string{showPosts: "Bài viết", showReviews: "Đánh giá", showMessages: "Tin nhắn", showHeld: "Chờ duyệt"},
		Placeholders: map[string]string{
			"x": "Nhắc tên thương hiệu bằng @ để họ thấy bài của bạn…", "facebook": "Bạn muốn nói gì với trang này?",
			"discourse": "Dòng đầu là tiêu đề của chủ đề…", "nodebb": "Dòng đầu là tiêu đề của chủ đề…", "feed": "Viết một bài, bài sẽ xuất hiện trong nguồn tin…",
		},
		Refused: map[error]string{
			errNoText: "Bạn chưa viết gì cả.", errNoPost: "Bài viết này không còn nữa.", errHandle: "Tên này không dùng được.", errNotYours: "Bạn chỉ xoá được bài của chính mình.",
			errNotEdited: "Bạn chỉ sửa được bài của chính mình.", errKind: "Đánh giá và tin nhắn cần có người nhận.",
			errFault: "Không có trục trặc này.", errRate: "Tỉ lệ phải từ 0 đến 1.", errCount: "Số lần phải là số nguyên.",
		},
		AnyRoute: "Mọi cuộc gọi",
		RouteNames: map[string]string{
			"mentions": "Đọc lượt nhắc tên", "reply": "Đăng câu trả lời", "search": "Tìm kiếm", "read": "Đọc bài viết", "news": "Báo tin bài mới",
		},
		FaultNames: map[string]string{
			"status:503": "Báo lỗi 503, không làm gì", "status_after:500": "Làm xong rồi báo lỗi 500", "delay:3000": "Chậm 3 giây",
			faultDropBefore: "Đứt kết nối trước khi làm", faultDropAfter: "Làm xong rồi đứt kết nối", faultTruncate: "Câu trả lời bị cắt đôi",
			faultRateLimit: "Quá nhiều cuộc gọi (429)", faultEmptyPage: "Trang trống", faultDuplicate: "Bài bị lặp", faultReorder: "Bài đảo thứ tự",
		},
	},
	"en": {
		Motto: "A pretend social network for playing customers. Nothing here is real.", Language: "Language", Networks: "Networks", PlayAs: "Who are you?",
		AllPosts: "All posts", Gone: "The first post was deleted.", Empty: "The market is quiet: nobody has written anything yet. Be the first!",
		Post: "Post", Reply: "Reply", Delete: "Delete", EditPost: "Edit", Save: "Save", AnswerTo: "answering", Brand: "Brand",
		Weather: "Weather", WeatherHelp: "Make this network misbehave and see whether the product can take it.", Sunny: "Clear sky, every call goes well.",
		Clear: "Clear the sky", Fault: "Fault", Route: "Where", Rate: "Share", Count: "Times", Always: "Always", SetFault: "Make it so",
		Write: "You write as %s", Answer: "%s answers", Change: "%s changes a post", More: "Show %d more answers", Thread: "Conversation",
		TooLong: "This post is too long.",
		Now:     "just now", Minutes: "%d min ago", Hours: "%d h ago", Days: "%d d ago",
		Edited: "edited", Held: "waiting for approval", Hidden: "hidden", Private: "private message", Approve: "Approve", Refuse: "Refuse",
		To: "To", OwnPlace: "One's own page", Stars: "Stars",
		NoBrand: "There is no brand on this network yet. Connect one first.", AsBrand: "Choose a customer to write here.",
		NothingHeld: "Nothing is waiting for approval.", HoldHelp: "A forum may hold what a brand writes until a moderator has seen it.",
		Hold: "Hold what is written by", LetThrough: "Let through what is written by",
		Shows: map[string]string{showPosts: "Posts", showReviews: "Reviews", showMessages: "Messages", showHeld: "Waiting"},
		Placeholders: map[string]string{
			"x": "Name a brand with @ and they will see your post…", "facebook": "What would you like to tell this page?",
			"discourse": "The first line is the topic's title…", "nodebb": "The first line is the topic's title…", "feed": "Write something, and it stands in the feed…",
		},
		Refused: map[error]string{
			errNoText: "You have not written anything yet.", errNoPost: "This post is gone.", errHandle: "This name cannot be used.", errNotYours: "You can delete your own posts only.",
			errNotEdited: "You can change your own posts only.", errKind: "A review and a message need somebody they are to.",
			errFault: "There is no such fault.", errRate: "The share is a number from 0 to 1.", errCount: "The count is a whole number.",
		},
		AnyRoute: "Every call",
		RouteNames: map[string]string{
			"mentions": "Reading mentions", "reply": "Posting a reply", "search": "Searching", "read": "Reading posts", "news": "Bringing news",
		},
		FaultNames: map[string]string{
			"status:503": "Error 503, nothing done", "status_after:500": "Done, then error 500", "delay:3000": "3 seconds slow",
			faultDropBefore: "Connection lost before acting", faultDropAfter: "Done, then connection lost", faultTruncate: "Half an answer",
			faultRateLimit: "Too many calls (429)", faultEmptyPage: "Empty page", faultDuplicate: "Posts come twice", faultReorder: "Posts out of order",
		},
	},
}

// pageFaults lists what the panel offers, in its order.
var pageFaultList = []string{
	"status:503", "status_after:500", "delay:3000", faultDropBefore, faultDropAfter, faultTruncate, faultRateLimit, faultEmptyPage, faultDuplicate, faultReorder,
}

// pageLanguage chooses by ?lang=, then the cookie, then what the browser
// prefers; Vietnamese if nothing is said.
func pageLanguage(r *http.Request) string {
	asked := r.URL.Query().Get("lang")
	if c, err := r.Cookie("lang"); asked == "" && err == nil {
		asked = c.Value
	}
	if pageLanguages[asked] != nil {
		return asked
	}
	for _, tag := range strings.Split(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ = strings.Cut(strings.TrimSpace(tag), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		if pageLanguages[tag] != nil {
			return tag
		}
	}
	return "vi"
}

func (t *pageWords) ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return t.Now
	case d < time.Hour:
		return fmt.Sprintf(t.Minutes, int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf(t.Hours, int(d.Hours()))
	}
	return fmt.Sprintf(t.Days, int(d.Hours()/24))
}
