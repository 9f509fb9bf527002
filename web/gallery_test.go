package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/web/browsertest"
)

var galleryNow = clock.At(time.Date(2026, 11, 21, 7, 52, 0, 0, time.UTC))

// parts renders components one after the other.
func parts(components ...templ.Component) templ.Component { return templ.Join(components...) }

// within puts components into an element, as a page's own template would.
func within(open, end string, components ...templ.Component) templ.Component {
	return templ.Join(templ.Raw(open), templ.Join(components...), templ.Raw(end))
}

// with renders a component around children.
func with(outer templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return outer.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

func minutes(n int) clock.Time { return galleryNow.Add(time.Duration(n) * time.Minute) }

func galleryRows() []Row {
	row := func(id int64, who, mark string, mood Mood, since int, text string, points int, topics ...string) Row {
		return Row{
			ID: id, Href: "/case", Who: who, Mark: mark, Network: mark, Mood: mood, Since: minutes(-since), Due: minutes(120 - since),
			Text: text, Topics: topics, Points: points,
		}
	}
	rows := []Row{
		row(1, "@lan.ng", "X", Angry, 4, "Đặt 3 lần vẫn giao nhầm, gọi tổng đài không ai nghe máy. @saomaicafe làm ăn kiểu gì vậy?", 12, "Giao hàng"),
		row(2, "@minh.tr", "FB", Calm, 11, "Cho mình hỏi chi nhánh Nguyễn Trãi cuối tuần mở cửa tới mấy giờ ạ?", 5, "Giờ mở cửa"),
		row(3, "@thuha_1990", "X", Upset, 38, "App báo lỗi hoài không tích được điểm, đã cài lại hai lần rồi.", 8, "Ứng dụng", "Thẻ thành viên"),
		row(4, "@nguyenphuongthao.official", "X", Uneasy, 97, "Cà phê rang mộc nhà mình giờ đổi vị hay sao mà mình uống thấy chua hơn trước nhiều, hay là tại mình pha sai cách nhỉ mọi người ơi", 6, "Hạt cà phê"),
		row(5, "@dr_ok", "X", Crisis, 130, "Con tôi uống xong bị dị ứng phải vào viện, tôi cần nói chuyện với người có trách nhiệm ngay.", 0, "Sức khoẻ"),
		row(6, "@coffee_addict", "DC", Calm, 1500, "Love the new cold brew! Is it coming to Da Nang?", 5, "Sản phẩm"),
	}
	rows[0].Current, rows[0].Mine = true, true
	rows[2].Holder = "Huy"
	return rows
}

func galleryList() templ.Component {
	items := []templ.Component{
		templ.Raw(`<div class="pane-head"><h2>Bảng tin</h2><div class="choices"><a href="#" aria-current="true">Cho bạn</a><a href="#">Tất cả</a></div></div><ol class="rows">`),
	}
	for _, r := range galleryRows() {
		items = append(items, within("<li>", "</li>", row(r)))
	}
	return parts(append(items, templ.Raw("</ol>"))...)
}

func galleryCase() templ.Component {
	claim := within(`<div class="claim mine" id="claim"><span>Giữ chỗ cho bạn còn `, `</span>`, countdown(minutes(14).Add(52*time.Second)))
	return within(`<div class="stack">`, `</div>`,
		within(`<section class="thread">`, `</section>`,
			post(Post{Who: "@lan.ng", At: minutes(-60 * 26), Text: "Sáng nay lại giao nhầm nữa rồi @saomaicafe", URL: "https://x.com/"}),
			post(Post{Who: "@saomaicafe", Via: "Thảo", At: minutes(-60 * 25), Text: "Chào Lan, mình là Thảo của Sao Mai. Mình đã báo quán đổi lại ly cho bạn, khoảng 20 phút nữa sẽ tới.", Ours: true, URL: "https://x.com/"}),
			with(post(Post{Who: "@lan.ng", At: minutes(-4), Text: "Đặt 3 lần vẫn giao nhầm, gọi tổng đài không ai nghe máy.\n@saomaicafe làm ăn kiểu gì vậy?", Focus: true, URL: "https://x.com/"}),
				mood(Angry), ring(minutes(-4), minutes(116)), chip("Giao hàng", ""), chip("nhầm · 3 lần", "warning")),
		),
		within(`<div class="stack tight dock">`, `</div>`,
			claim, button(Button{Label: "Trả lại", Look: "quiet small"}), templ.Raw("</div>"),
			composer(Composer{
				Action: "/case", DraftURL: "/draft", Key: "1:7", Limit: 280, Counting: "x", Reviewed: true,
				Text: "Chào Lan, mình là Huy, một khách quen giúp Sao Mai trả lời. Mình rất tiếc vì bạn đã phải đợi ba lần mà vẫn chưa nhận đúng món.",
			}),
			within(`<p class="exit">Không chắc?`, `</p>`, button(Button{Label: "Chuyển nhân viên", Icon: "hand", Look: "quiet small", Key: "e", Opens: "exit"})),
		),
		with(sheet("exit", "Chuyển cho nhân viên"), templ.Raw(`<p>Bạn không mất gì cả. Chọn điều gần đúng nhất.</p>`)),
	)
}

func galleryContext() templ.Component {
	return parts(
		templ.Raw(`<section><div class="stack tight"><strong>Lan</strong><dl class="facts"><dt>Đã liên hệ</dt><dd>3 lần</dd><dt>Đã giải quyết</dt><dd>2</dd><dt>Đồng ý</dt><dd>Công khai</dd></dl></div></section>`),
		within(`<section><h2>Diễn biến</h2>`, `</section>`, timeline([]Entry{
			{Icon: "inbox", Text: "Lan viết trên X", At: minutes(-4)},
			{Icon: "hand", Text: "Bạn giữ chỗ", At: minutes(-1)},
			{Icon: "check", Text: "Câu trả lời trước được duyệt", Look: "good", At: minutes(-60 * 25)},
		})),
	)
}

func galleryParts() templ.Component {
	long := "Chuyển cho nhân viên chăm sóc khách hàng có chuyên môn về giao hàng"
	return within(`<div class="stack loose">`, `</div>`,
		within(`<div class="stack"><h2>Điểm của tôi</h2><dl class="figures"><div><dt>Điểm</dt><dd>1.284</dd></div><div><dt>Đang chờ</dt><dd>+15</dd></div><div><dt>Người đã giúp</dt><dd>31</dd></div></dl>`, `</div>`,
			templ.Raw(`<progress class="bar" value="7" max="20" aria-label="Tới bậc T2"></progress>`)),
		within(`<ol class="ledger">`, `</ol>`,
			ledgerLine(12, "Câu trả lời được duyệt, Lan nói cảm ơn", minutes(-30), 0),
			ledgerLine(15, "Khách xác nhận đã giải quyết xong chuyện giao nhầm ba lần liên tiếp ở chi nhánh Nguyễn Trãi", minutes(-60*5), minutes(60*20)),
			ledgerLine(-5, "Câu trả lời bị gỡ vì giọng điệu", minutes(-60*50), 0)),
		within(`<div class="cluster">`, `</div>`, mood(Calm), mood(Uneasy), mood(Upset), mood(Angry), mood(Crisis),
			ring(minutes(-10), minutes(110)), ring(minutes(-100), minutes(20)), ring(minutes(-130), minutes(-10)), countdown(minutes(1)), countdown(minutes(0))),
		within(`<div class="cluster">`, `</div>`, chip("Giao hàng", ""), chip("Đạt", "good"), chip("Sắp hạn", "warning"), chip("Sai giọng", "bad"), points(12, false), points(-5, false), points(15, true)),
		within(`<div class="cluster">`, `</div>`,
			button(Button{Label: "Duyệt", Icon: "check", Look: "primary", Key: "a"}), button(Button{Label: "Trả lại kèm góp ý", Key: "x"}),
			button(Button{Label: "Bỏ qua", Look: "quiet"}), button(Button{Label: "Xoá", Look: "danger"}), button(Button{Label: long, Icon: "hand"}), button(Button{Label: "Nhỏ", Look: "small"})),
		with(notice(""), templ.Raw(`<p>Lan vừa viết thêm. Đọc lại trước khi gửi.</p>`)),
		with(notice("warning"), templ.Raw(`<p>Bạn không còn giữ chỗ này. Bản nháp vẫn còn.</p>`)),
		with(notice("failure"), templ.Raw(`<p>Không gửi được lên X. Chúng tôi sẽ thử lại sau 2 phút.</p>`)),
		within(`<form class="stack">`, `</form>`,
			field(Field{Name: "name", Label: "Tên hiển thị", Value: "Huy", Hint: "Khách nhìn thấy tên này."}),
			field(Field{Name: "mail", Label: "Email", Type: "email", Value: "huy@", Error: "Địa chỉ này chưa đầy đủ."}),
			field(Field{Name: "why", Label: "Lý do", Type: "textarea"})),
		templ.Raw(`<div class="table-wrap"><table class="table"><thead><tr><th>Người</th><th>Chủ đề</th><th class="num">Đã duyệt</th></tr></thead><tbody><tr><td>Huy</td><td>Giao hàng</td><td class="num">12</td></tr><tr><td>Lan</td><td>Ứng dụng, thẻ thành viên</td><td class="num">1.204</td></tr></tbody></table></div>`),
		with(empty("inbox", "Chưa có bài nào cho bạn", "Bài mới hợp với chủ đề và ngôn ngữ của bạn sẽ hiện ở đây."), button(Button{Label: "Xem tất cả bài", Href: "/feed"})),
		within(`<div class="panel stack tight">`, `</div>`, toast("Đã gửi. Bạn có 10 giây để hoàn tác.", "/undo", galleryNow.Add(10*time.Second)), toast("Đã giữ chỗ.", "", minutes(1))),
	)
}

func galleryGate() templ.Component {
	return with(gate("Đăng nhập"), within(`<div class="stack loose"><div><h1>Chào bạn trở lại</h1><p class="meta">Đăng nhập để giúp khách hàng của Sao Mai.</p></div><form class="stack" method="post">`, `</form></div>`,
		field(Field{Name: "email", Label: "Email", Type: "email", Attrs: templ.Attributes{"autocomplete": "username"}}), field(Field{Name: "password", Label: "Mật khẩu", Type: "password", Attrs: templ.Attributes{"autocomplete": "current-password"}}),
		button(Button{Label: "Đăng nhập", Look: "primary wide"})))
}

// gallery serves every component in the frames that pages use: /case, /feed, /parts and /gate, with
// ?lang= and ?theme=.
func gallery() http.Handler {
	pages := map[string]templ.Component{
		"/case": page(Frame{Title: "@lan.ng", Nav: "feed", List: galleryList(), Work: galleryCase(), Context: galleryContext(), Open: true, Back: "/feed"}),
		"/feed": page(Frame{
			Title: "Bảng tin", Nav: "feed", List: galleryList(),
			Work: empty("inbox", "Chọn một bài để bắt đầu", "Bài chờ lâu nhất đứng đầu danh sách."),
		}),
		"/parts": page(Frame{Title: "Điểm", Nav: "points", Work: galleryParts()}),
		"/gate":  galleryGate(),
	}
	mux := http.NewServeMux()
	mux.Handle("/assets/", Assets())
	mux.Handle(ServiceWorker().Pattern, ServiceWorker().Handler)
	mux.HandleFunc("GET /stream", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for path, component := range pages {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { templ.Handler(component).ServeHTTP(w, r) })
	}
	withView := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v := View{
				Lang: Language(r.URL.Query().Get("lang"), ""), Theme: r.URL.Query().Get("theme"), Now: galleryNow, Path: r.URL.String(),
				Zone: time.FixedZone("", 7*3600),
				User: &User{Name: "Nguyễn Quang Huy", Brand: "Cà phê Sao Mai", Role: "moderator", Reviews: true, Review: 3},
			}
			next.ServeHTTP(w, r.WithContext(WithView(r.Context(), v)))
		})
	}
	return withView(Protect(mux))
}

// TestGallery looks at every component in every width, theme and language: nothing may scroll sideways,
// break the Content-Security-Policy or fail axe. KITH_SCREENSHOTS=DIR keeps pictures, overlays included.
func TestGallery(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	server := httptest.NewServer(gallery())
	t.Cleanup(server.Close)
	all := os.Getenv("KITH_SCREENSHOTS") != ""
	for _, path := range []string{"/case", "/feed", "/parts", "/gate"} {
		for _, width := range []int64{320, 390, 834, 1440} {
			for _, look := range []struct{ theme, lang string }{{"light", "en"}, {"dark", "vi"}, {"light", "vi"}, {"dark", "en"}} {
				if !all && (look.theme == "light") == (look.lang == "vi") {
					continue
				}
				name := fmt.Sprintf("%s-%d-%s-%s", path[1:], width, look.theme, look.lang)
				height := int64(900)
				if path == "/parts" {
					height = 2600
				}
				b.Open(server.URL+path+"?lang="+look.lang+"&theme="+look.theme, width, height)
				if over := browsertest.Value[int](b, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
					t.Errorf("%s scrolls sideways by %d px", name, over)
				}
				for _, violation := range b.Axe() {
					t.Errorf("%s: %s", name, violation)
				}
				b.Screenshot(name)
				if all {
					screenshotOverlays(b, name)
				}
			}
		}
	}
	b.Quiet()
}

func screenshotOverlays(b *browsertest.Browser, name string) {
	for _, id := range browsertest.Value[[]string](b, `[...document.querySelectorAll("[popover]")].map(e => e.id)`) {
		browsertest.Value[bool](b, `(document.getElementById("`+id+`").showPopover(), true)`)
		b.Screenshot(name + "-" + id)
		browsertest.Value[bool](b, `(document.getElementById("`+id+`").hidePopover(), true)`)
	}
}
