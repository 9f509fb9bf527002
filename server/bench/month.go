package bench

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/kith-social/kith/community"
)

// What a month looks like: seven of ten posts begin a thread, the others answer one; for every
// hundred customers' posts the brand writes two or three, and two or three more are found twice,
// once as a mention and once by the words that the connection listens for.
const (
	brandHandle = "saomaicafe"
	brandName   = "Sao Mai Coffee"
	listenFor   = "#saomai"

	fresh     = 0.70
	regular   = 0.25 // of those who begin a thread: wrote before
	sameAgain = 0.60 // of the answers: the customer who began the thread
	brandTalk = 0.0263
	tagged    = 0.0263
)

// wirePost is a post as the sandbox network takes it.
type wirePost struct {
	ID        string    `json:"id"`
	Author    string    `json:"author"`
	Text      string    `json:"text"`
	InReplyTo string    `json:"in_reply_to,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// month is a brand's month of posts, oldest first.
type month struct {
	size
	posts []wirePost
}

// size is how many posts a month has.
type size struct {
	all    int
	own    int // that the brand wrote
	doubly int // that come over the wire twice
}

// newMonth makes a month of n customers' posts before end, the same for the same seed.
func newMonth(n int, seed uint64, end time.Time) month {
	r := rand.New(rand.NewPCG(seed, 0))
	var m month
	var customers, asked []int // by the post: who wrote it; -1 for the brand's
	people := 0
	const span = 30 * 24 * time.Hour
	step := span / time.Duration(n+n/30)
	at := end.Add(-span)
	add := func(author int, text string, parent int) {
		at = at.Add(time.Duration(r.Float64()*2*float64(step))/2 + time.Millisecond)
		p := wirePost{ID: xID(at, r), Author: handleOf(author), Text: text, CreatedAt: at}
		if parent >= 0 {
			p.InReplyTo = m.posts[parent].ID
		}
		m.posts, customers = append(m.posts, p), append(customers, author)
	}
	for written := 0; written < n; {
		if m.own < int(float64(written)*brandTalk) {
			to := asked[len(asked)-1-r.IntN(min(len(asked), 200))]
			add(-1, "@"+m.posts[to].Author+" "+pick(r, brandSays), to)
			m.own++
			continue
		}
		text := "@" + brandHandle + " " + says(r)
		if r.Float64() < tagged {
			text += " " + listenFor
			m.doubly++
		}
		if len(asked) == 0 || r.Float64() < fresh {
			author := people
			if people > 0 && r.Float64() < regular {
				author = r.IntN(people)
			} else {
				people++
			}
			add(author, text, -1)
			asked = append(asked, len(m.posts)-1)
		} else {
			to := asked[len(asked)-1-r.IntN(min(len(asked), 500))]
			author := customers[to]
			if r.Float64() > sameAgain {
				author = people
				people++
			}
			add(author, text, to)
		}
		written++
	}
	m.all = len(m.posts)
	return m
}

// xID is an id as X makes them: the time in milliseconds in the upper bits.
func xID(at time.Time, r *rand.Rand) string {
	const epoch = 1288834974657
	return strconv.FormatInt((at.UnixMilli()-epoch)<<22|r.Int64N(1<<22), 10)
}

func handleOf(author int) string {
	if author < 0 {
		return brandHandle
	}
	return fmt.Sprintf("%s_%s%d", givenNames[author%len(givenNames)], familyNames[author/len(givenNames)%len(familyNames)], author)
}

// says is what a customer writes: two of five in Vietnamese, one in twenty-five mixed.
func says(r *rand.Rand) string {
	switch x := r.Float64(); {
	case x < 0.04:
		return pick(r, englishAsks) + " " + pick(r, vietnameseEnds)
	case x < 0.42:
		return pick(r, vietnameseBegins) + " " + pick(r, vietnameseAsks) + " " + pick(r, vietnameseEnds)
	default:
		return pick(r, englishBegins) + " " + pick(r, englishAsks) + " " + pick(r, englishEnds)
	}
}

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

var (
	givenNames  = []string{"an", "binh", "chi", "dung", "emma", "finn", "giang", "hoa", "ivy", "jack", "kim", "lan", "minh", "noah", "oanh", "phuc", "quyen", "ruby", "son", "tess"}
	familyNames = []string{"nguyen", "tran", "le", "pham", "woods", "carter", "hoang", "vu", "mills", "dang", "stone", "bui", "ngo", "hale", "duong", "ly"}

	englishBegins = []string{"hi,", "hello there,", "ok so", "anyone home?", "seriously,", "good morning!", "quick question:", "wow.", "been a customer for years but", "third time this week:"}
	englishAsks   = []string{
		"my app says the reward expired but I bought two drinks yesterday.",
		"the branch on Pine Street closed an hour early and nobody told us",
		"do you still have the oat milk cappuccino, or is that gone for good?",
		"I was charged twice for the same order (no. 4471902) and support does not answer",
		"the barista at the station was so kind today, she made my morning 😊",
		"why does my gift card show a balance of zero? I topped it up with 20 dollars last night",
		"mobile order took 40 MINUTES. The coffee was cold when I got it!!!",
		"is the cold brew free of dairy? my son has an allergy",
		"can I use my points at the airport branch as well?",
		"your new cups leak, I have coffee all over my shirt",
		"the wifi in the old town shop has been down since Monday",
		"tracking says delivered but there is no parcel here, what now?",
		"how do I change the e-mail address of my account?",
		"the pumpkin latte is back and my week is saved ❤️",
		"would love to see a shop in Da Nang one day",
		"I will never come back, this is the worst service in town",
	}
	englishEnds = []string{"Please help.", "Thanks!", "Can somebody check?", "Any idea?", "What is going on?", "Just saying.", "", "Cheers, a fan", "I want my money back.", "https://example.com/photo"}

	vietnameseBegins = []string{"shop ơi,", "alo shop", "cho mình hỏi chút,", "trời ơi", "mình là khách quen mà", "ad ơi", "sáng nay", "hic,"}
	vietnameseAsks   = []string{
		"mình đặt hai ly từ 9 giờ mà tới giờ vẫn chưa thấy giao, gọi tổng đài thì không ai nghe máy",
		"thẻ quà tặng nạp 200k rồi mà trong app vẫn báo số dư bằng 0",
		"chi nhánh Lê Lợi còn mở cửa sau 10 giờ tối không vậy?",
		"cà phê hôm nay nhạt như nước lã, làm ăn kiểu gì vậy!!!",
		"bạn nhân viên ở quán Nguyễn Huệ dễ thương quá, cho mình gửi lời cảm ơn nha",
		"sữa yến mạch có còn không hay bỏ luôn rồi?",
		"bị trừ tiền hai lần cho đơn 5528140, kiểm tra giúp mình với",
		"app cứ đăng nhập là văng ra, cài lại cũng không được",
		"điểm thưởng tháng này dùng được ở sân bay không ạ?",
		"đổi địa chỉ giao hàng sau khi đặt thì làm sao?",
		"quán mới đẹp xỉu, sẽ quay lại 😍",
		"ly giấy bị rò, ướt hết áo mình rồi",
	}
	vietnameseEnds = []string{"Giúp mình với ạ.", "Cảm ơn shop nhiều", "Trả lời sớm nha!", "Thất vọng quá", "mọi người có biết không?", "", "kiểm tra giúp mình nhé", "🙏"}

	brandSays = []string{
		"We are sorry! Please send us your order number and we will look into it.",
		"Thank you, we will pass that on to the team ❤️",
		"It is back on the menu from Monday.",
		"Dạ quán xin lỗi bạn, bạn nhắn mã đơn giúp quán nhé ạ.",
		"Cảm ơn bạn nhiều, hẹn gặp lại bạn ở quán!",
	}
)

var topics = []community.Topic{
	{Name: "App", Keywords: []string{"app", "log in", "đăng nhập", "e-mail"}},
	{Name: "Rewards", Keywords: []string{"points", "reward", "gift card", "điểm thưởng", "thẻ quà tặng"}},
	{Name: "Orders", Keywords: []string{"order", "parcel", "giao", "đơn", "charged", "trừ tiền"}},
	{Name: "Shops", Keywords: []string{"branch", "shop", "wifi", "chi nhánh", "quán"}},
	{Name: "Menu", Keywords: []string{"milk", "cold brew", "latte", "dairy", "sữa", "cà phê"}},
}
