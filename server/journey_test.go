package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/demo"
	"github.com/kith-social/kith/web"
	"github.com/kith-social/kith/web/browsertest"
)

// startDemo runs what kith demo runs, on free ports, until the test ends.
func startDemo(t *testing.T) demo.Ready {
	t.Helper()
	if err := web.CheckAssets(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	cfg := demo.Config{
		Server: server.Config{
			Data: t.TempDir(), Listen: "127.0.0.1:0", Roles: []string{"web", "listen", "work"}, Undo: 300 * time.Millisecond,
		},
		SandboxListen: "127.0.0.1:0",
	}
	ready, ended := make(chan demo.Ready, 1), make(chan error, 1)
	go func() {
		ended <- demo.Run(ctx, cfg, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), func(r demo.Ready) { ready <- r })
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	select {
	case r := <-ready:
		return r
	case err := <-ended:
		ended <- err
		t.Fatalf("the demo did not start: %v", err)
	}
	return demo.Ready{}
}

func signIn(t *testing.T, b *browsertest.Browser, r demo.Ready, email string, width, height int64) {
	t.Helper()
	for _, link := range r.SignIn {
		if link.Email == email {
			b.Open(link.URL, width, height)
			b.Click("main form button")
			b.Wait(`location.pathname === "/feed"`)
			return
		}
	}
	t.Fatalf("no sign-in link for %s", email)
}

// One question, seen by everybody who has a part in it: a customer on the network, an advocate on a
// phone in Vietnamese, a moderator at a desk. Nobody's browser complains, which is also how a
// violated Content-Security-Policy would show.
func TestJourneyInTheBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("drives three browsers")
	}
	customer, huy, minh := browsertest.New(t), browsertest.New(t), browsertest.New(t)
	r := startDemo(t)
	const question = "Quán mình cuối tuần có mở xuyên đêm không ạ? <script>document.title='hacked'</script>"
	const answer = "Dạ cuối tuần quán mở từ 7h đến 23h, không mở xuyên đêm bạn nhé."

	customer.Open(r.Sandbox+"/?lang=vi", 1280, 900)
	customer.Type("#text", "@saomaicafe "+question)
	customer.Click(".composer button:not(.plain)")
	customer.Reads("xuyên đêm")
	customer.Screenshot("1-customer-asks")

	signIn(t, huy, r, "huy@example.com", 390, 844)
	began := time.Now()
	huy.Wait(`[...document.querySelectorAll("a.row")].some(r => r.innerText.includes("xuyên đêm")) || (document.querySelector("#fresh a")?.click(), false)`)
	t.Logf("in the feed %s after the sign-in", time.Since(began).Round(time.Millisecond))
	huy.Screenshot("2-advocate-feed")
	browsertest.Value[bool](huy, `([...document.querySelectorAll("a.row")].find(r => r.innerText.includes("xuyên đêm")).click(), true)`)
	huy.Wait(`location.pathname.startsWith("/cases/")`)
	path := browsertest.Value[string](huy, `location.pathname`)
	huy.Screenshot("3-advocate-case")
	huy.Click(`form[action="` + path + `/claim"] button`)
	huy.Wait(`document.querySelector("#answer") !== null`)
	huy.Type("#answer", answer)
	huy.Screenshot("4-advocate-writes")
	huy.Click(`#composer button[data-send]`)
	huy.Wait(`document.querySelector("#composer") === null`)
	huy.Reads("duyệt")
	huy.Screenshot("5-advocate-waits")

	signIn(t, minh, r, "minh@example.com", 1440, 900)
	minh.Click(`a[href="/review"]`)
	minh.Wait(`location.pathname.startsWith("/review")`)
	find := `[...document.querySelectorAll('a[href^="/review/"]')].find(a => a.innerText.includes("Huy") && a.innerText.includes("xuyên đêm"))`
	minh.Wait(find + ` !== undefined`)
	browsertest.Value[bool](minh, `(`+find+`.click(), true)`)
	minh.Reads(answer)
	minh.Screenshot("6-moderator-reviews")
	minh.Click(`form[action$="/approve"] button`)
	minh.Wait(`!document.body.innerText.includes(` + fmt.Sprintf("%q", answer) + `) || document.querySelector(".toast") !== null`)

	customer.Open(r.Sandbox+"/?lang=vi", 1280, 900)
	for range 40 {
		if strings.Contains(browsertest.Value[string](customer, `document.body.innerText`), answer) {
			break
		}
		time.Sleep(250 * time.Millisecond)
		customer.Open(r.Sandbox+"/?lang=vi", 1280, 900)
	}
	customer.Reads(answer)
	customer.Screenshot("7-customer-reads")
	if title := browsertest.Value[string](customer, `document.title`); title == "hacked" {
		t.Error("a customer's script ran on the sandbox")
	}

	huy.Open(r.URL+"/points", 390, 844)
	huy.Reads("+3")
	huy.Screenshot("8-advocate-points")
	huy.Open(r.URL+path, 390, 844)
	huy.Reads(answer)
	if title := browsertest.Value[string](huy, `document.title`); title == "hacked" {
		t.Error("a customer's script ran in the app")
	}
	huy.Quiet()
	minh.Quiet()

	lan := minh // another person at the same desk; the picture in the README is of her
	signIn(t, lan, r, "lan@example.com", 1440, 900)
	asked := `[...document.querySelectorAll("a.row")].find(r => r.innerText.includes("thẻ sao"))`
	lan.Wait(asked + ` !== undefined`)
	browsertest.Value[bool](lan, `(`+asked+`.click(), true)`)
	lan.Wait(`location.pathname.startsWith("/cases/")`)
	lan.Click(`form[action$="/claim"] button`)
	lan.Wait(`document.querySelector("#answer") !== null`)
	lan.Type("#answer", "Dạ được bạn ơi! Thẻ Sao tính theo số đăng ký, nên hai mẹ con đọc chung một số ở quầy là cộng điểm vào cùng một thẻ. Quà sinh nhật thì theo ngày của mẹ nha. – Lan, khách quen Sao Mai")
	lan.Screenshot("readme")
	lan.Quiet()
	customer.Quiet()
}
