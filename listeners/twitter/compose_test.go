package twitter

import (
	"testing"

	"github.com/kith-social/kith/listeners"
)

func TestLink(t *testing.T) {
	sandbox := listeners.Settings{"host": "http://127.0.0.1:8090/x"}
	for _, c := range []struct {
		settings   listeners.Settings
		link, want string
	}{
		{nil, "https://x.com/an_nguyen/status/1857712345678900001", "1857712345678900001"},
		{nil, "https://x.com/an_nguyen/status/1857712345678900001?s=20&t=abc#m", "1857712345678900001"},
		{nil, " https://twitter.com/an_nguyen/statuses/12/photo/1\n", "12"},
		{nil, "https://mobile.twitter.com/i/web/status/12", "12"},
		{nil, "HTTPS://X.COM/a/status/12/", "12"},
		{nil, "https://x.com/an_nguyen", ""},
		{nil, "https://x.com/an_nguyen/status/", ""},
		{nil, "https://x.com/an_nguyen/status/12a", ""},
		{nil, "https://x.com.evil.example/a/status/12", ""},
		{nil, "javascript:alert(1)//x.com/a/status/12", ""},
		{nil, "http://127.0.0.1:8090/post/12", ""},
		{sandbox, "http://127.0.0.1:8090/post/12", "12"},
		{sandbox, "http://127.0.0.1:8091/post/12", ""},
		{sandbox, "http://127.0.0.1:8090/x/12", ""},
	} {
		if got := Network.Link(c.settings, c.link); got != c.want {
			t.Errorf("%s: got %q, want %q", c.link, got, c.want)
		}
	}
}

func TestCompose(t *testing.T) {
	for _, c := range []struct {
		mention listeners.Mention
		want    string
	}{
		{listeners.Mention{NativeID: "12", URL: "https://x.com/an/status/12"}, "https://x.com/intent/post?in_reply_to=12&text=Xin+l%E1%BB%97i+%26+c%E1%BA%A3m+%C6%A1n"},
		{listeners.Mention{NativeID: "12", Target: "13", URL: "https://x.com/an/status/13"}, "https://x.com/intent/post?in_reply_to=13&text=Xin+l%E1%BB%97i+%26+c%E1%BA%A3m+%C6%A1n"},
		{listeners.Mention{NativeID: "12", URL: "http://127.0.0.1:8090/post/12"}, "http://127.0.0.1:8090/post/12?text=Xin+l%E1%BB%97i+%26+c%E1%BA%A3m+%C6%A1n"},
	} {
		if got := Network.Compose(c.mention, "Xin lỗi & cảm ơn"); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
