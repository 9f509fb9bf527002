package listeners

import (
	"strings"
	"testing"
)

func TestReadLink(t *testing.T) {
	for _, c := range []struct{ written, url, key, host string }{
		{
			"https://www.facebook.com/groups/saigoncafe/posts/123/?comment_id=9&mibextid=K35XfP&__cft__[0]=AZ&__tn__=R",
			"https://www.facebook.com/groups/saigoncafe/posts/123/?comment_id=9",
			"https://facebook.com/groups/saigoncafe/posts/123?comment_id=9", "facebook.com",
		},
		{
			" http://m.Facebook.com:80/groups/saigoncafe/posts/123?comment_id=9&fbclid=Iw\n",
			"http://m.facebook.com/groups/saigoncafe/posts/123?comment_id=9",
			"https://facebook.com/groups/saigoncafe/posts/123?comment_id=9", "facebook.com",
		},
		{
			"https://www.tiktok.com/@quan/video/7?is_from_webapp=1&sender_device=pc&UTM_Source=x",
			"https://www.tiktok.com/@quan/video/7", "https://tiktok.com/@quan/video/7", "tiktok.com",
		},
		{"https://x.com/lan/status/20?s=20&t=abc", "https://x.com/lan/status/20", "https://x.com/lan/status/20", "x.com"},
		{"https://www.youtube.com/watch?v=a&t=20&si=z", "https://www.youtube.com/watch?t=20&v=a", "https://youtube.com/watch?t=20&v=a", "youtube.com"},
		{"https://voz.vn/t/chu-de.1/page-2#post-77", "https://voz.vn/t/chu-de.1/page-2#post-77", "https://voz.vn/t/chu-de.1/page-2#post-77", "voz.vn"},
		{"https://voz.vn/t/chu-de.1/#:~:text=ngon", "https://voz.vn/t/chu-de.1/", "https://voz.vn/t/chu-de.1", "voz.vn"},
		{"https://diễnđàn.vn./a", "https://xn--dinn-2na70al94p.vn/a", "https://xn--dinn-2na70al94p.vn/a", "xn--dinn-2na70al94p.vn"},
		{"https://m.vn/a", "https://m.vn/a", "https://m.vn/a", "m.vn"},
		{"http://forum.example:8080/p/1", "http://forum.example:8080/p/1", "https://forum.example:8080/p/1", "forum.example:8080"},
	} {
		l, ok := ReadLink(c.written)
		if !ok || l != (Link{c.url, c.key, c.host}) {
			t.Errorf("%q: got %+v, %v", c.written, l, ok)
		}
		if again, ok := ReadLink(l.Key); !ok || again.Key != l.Key {
			t.Errorf("the key %q reads as %q, %v", l.Key, again.Key, ok)
		}
	}
	for _, none := range []string{
		"", "quán có wifi không?", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x.com/a", "https:///a", "https://lan:secret@x.com/a",
		"https://x.com/" + strings.Repeat("a", longestLink), "https://a b.com/", "https://evil\u202emoc.com/", "https://x.com\x00/", "ftp://x.com/a",
	} {
		if l, ok := ReadLink(none); ok {
			t.Errorf("%q is read as %+v", none, l)
		}
	}
}

func TestBounded(t *testing.T) {
	if got := Bounded("  lan \n anh "); got != "lan anh" {
		t.Errorf("a short one is %q", got)
	}
	long := strings.Repeat("ạ", 300)
	a, b := Bounded(long+"1"), Bounded(long+"2")
	if a == b || len(a) > longestID || !strings.HasPrefix(a, "ạạ") {
		t.Errorf("long ones are %q and %q", a, b)
	}
}
