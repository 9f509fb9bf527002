package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// pageWords are the words of the page in one language.
type pageWords struct {
	Motto, Language, PlayAs, AllPosts, Gone, Empty         string
	Post, Reply, Delete, AnswerTo, Brand, Placeholder      string
	Weather, WeatherHelp, Sunny, Clear, Fault, Route, Rate string
	Count, Always, SetFault                                string
	Write, Answer, More, Timeline, Thread, TooLong         string
	Now, Minutes, Hours, Days                              string
	Refused                                                map[error]string
	AnyRoute, MentionRoute, ReplyRoute, SearchRoute        string
	FaultNames                                             map[string]string
}

var pageLanguages = map[string]*pageWords{
	"vi": {
		Motto: "Mạng xã hội giả để đóng vai khách hàng. Không có gì ở đây là thật.", Language: "Ngôn ngữ", PlayAs: "Bạn là ai?",
		AllPosts: "Tất cả bài viết", Gone: "Bài viết gốc đã bị xoá.", Empty: "Chợ chưa họp: chưa ai viết gì cả. Hãy là người đầu tiên!",
		Post: "Đăng", Reply: "Trả lời", Delete: "Xoá", AnswerTo: "trả lời", Brand: "Thương hiệu", Placeholder: "Nhắc tên thương hiệu bằng @ để họ thấy bài của bạn…",
		Weather: "Thời tiết", WeatherHelp: "Làm cho mạng này trục trặc, để xem sản phẩm chịu được không.", Sunny: "Trời quang, mọi cuộc gọi đều suôn sẻ.",
		Clear: "Trời quang trở lại", Fault: "Trục trặc", Route: "Ở đâu", Rate: "Tỉ lệ", Count: "Số lần", Always: "Mãi", SetFault: "Gây trục trặc",
		Write: "Bạn đang viết với tên %s", Answer: "%s trả lời", More: "Xem thêm %d câu trả lời", Timeline: "Bài viết", Thread: "Cuộc trò chuyện",
		TooLong: "Bài viết quá dài.",
		Now:     "vừa xong", Minutes: "%d phút trước", Hours: "%d giờ trước", Days: "%d ngày trước",
		Refused: map[error]string{
			errNoText: "Bạn chưa viết gì cả.", errNoPost: "Bài viết này không còn nữa.", errHandle: "Tên này không dùng được.", errNotYours: "Bạn chỉ xoá được bài của chính mình.",
			errFault: "Không có trục trặc này.", errRate: "Tỉ lệ phải từ 0 đến 1.", errCount: "Số lần phải là số nguyên.",
		},
		AnyRoute: "Mọi cuộc gọi", MentionRoute: "Đọc lượt nhắc tên", ReplyRoute: "Đăng câu trả lời", SearchRoute: "Tìm kiếm",
		FaultNames: map[string]string{
			"status:503": "Báo lỗi 503, không làm gì", "status_after:500": "Làm xong rồi báo lỗi 500", "delay:3000": "Chậm 3 giây",
			faultDropBefore: "Đứt kết nối trước khi làm", faultDropAfter: "Làm xong rồi đứt kết nối", faultTruncate: "Câu trả lời bị cắt đôi",
			faultRateLimit: "Quá nhiều cuộc gọi (429)", faultEmptyPage: "Trang trống", faultDuplicate: "Bài bị lặp", faultReorder: "Bài đảo thứ tự",
		},
	},
	"en": {
		Motto: "A pretend social network for playing customers. Nothing here is real.", Language: "Language", PlayAs: "Who are you?",
		AllPosts: "All posts", Gone: "The first post was deleted.", Empty: "The market is quiet: nobody has written anything yet. Be the first!",
		Post: "Post", Reply: "Reply", Delete: "Delete", AnswerTo: "answering", Brand: "Brand", Placeholder: "Name a brand with @ and they will see your post…",
		Weather: "Weather", WeatherHelp: "Make this network misbehave and see whether the product can take it.", Sunny: "Clear sky, every call goes well.",
		Clear: "Clear the sky", Fault: "Fault", Route: "Where", Rate: "Share", Count: "Times", Always: "Always", SetFault: "Make it so",
		Write: "You write as %s", Answer: "%s answers", More: "Show %d more answers", Timeline: "Posts", Thread: "Conversation",
		TooLong: "This post is too long.",
		Now:     "just now", Minutes: "%d min ago", Hours: "%d h ago", Days: "%d d ago",
		Refused: map[error]string{
			errNoText: "You have not written anything.", errNoPost: "This post is gone.", errHandle: "This name cannot be used.", errNotYours: "You can only delete your own posts.",
			errFault: "There is no such fault.", errRate: "The share is a number from 0 to 1.", errCount: "The count is a whole number.",
		},
		AnyRoute: "Every call", MentionRoute: "Reading mentions", ReplyRoute: "Posting a reply", SearchRoute: "Searching",
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
