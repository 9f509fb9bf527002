package web

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/kith-social/kith/clock"
)

// browser is one tab of a headless Chromium, which collects what pages complain of.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// newBrowser starts Chromium, or skips the test where it is not installed. KITH_TEST_REQUIRE naming
// chromium makes that a failure.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if strings.Contains(os.Getenv("KITH_TEST_REQUIRE"), "chromium") {
			t.Fatal("Chromium is required here and not installed")
		}
		t.Skip("needs Chromium")
	}
	if err := CheckAssets(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("disable-dev-shm-usage", true))
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &browser{t: t, ctx: ctx}
	b.do(chromedp.Navigate("about:blank"))
	b.listen()
	return b
}

func (b *browser) listen() {
	err := chromedp.Listen(b.ctx, func(ev any) {
		switch ev := ev.(type) {
		case *log.EventEntryAdded:
			b.complain("%s: %s (%s)", ev.Entry.Level, ev.Entry.Text, ev.Entry.URL)
		case *runtime.EventExceptionThrown:
			b.complain("exception: %s", ev.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			for _, arg := range ev.Args {
				b.complain("console.%s: %s", ev.Type, arg.Value)
			}
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, fmt.Sprintf(format, args...))
}

// quiet fails the test if a page broke its Content-Security-Policy, threw or logged anything.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.complaints {
		b.t.Errorf("the page complains: %s", complaint)
	}
	b.complaints = nil
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// open loads a page at a width and waits until its fonts have come.
func (b *browser) open(url string, width, height int64) {
	b.t.Helper()
	options := []chromedp.EmulateViewportOption{}
	if width < 500 {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2))
	}
	b.do(chromedp.EmulateViewport(width, height, options...), chromedp.Navigate(url))
	value[bool](b, `document.fonts.ready.then(() => true)`)
}

// system makes the browser prefer a colour scheme, "light" or "dark", and no motion.
func (b *browser) system(scheme string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"},
		}})
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// value is the result of a script in the page; promises are waited for.
func value[T any](b *browser, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return v
}

// wait returns when the script's result is true, which must happen within a minute, also if the
// page goes elsewhere meanwhile.
func (b *browser) wait(script string) {
	b.t.Helper()
	for deadline := clock.System().Add(time.Minute); ; {
		_, err := chromedp.Run(b.ctx, chromedp.Poll[bool](script, chromedp.WithPollingTimeout(deadline.Sub(clock.System()))))
		if err == nil {
			return
		}
		if clock.System() >= deadline {
			b.t.Fatalf("waiting for %s: %v", script, err)
		}
	}
}

// screenshot keeps a picture of the page in the folder KITH_SCREENSHOTS, where one is named.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("KITH_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// axe returns what the accessibility checker axe finds wrong with the page, by WCAG 2.2 A and AA.
func (b *browser) axe() []string {
	b.t.Helper()
	source, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		b.t.Fatal(err)
	}
	value[bool](b, string(source)+";true")
	return value[[]string](b, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.target.join(" ") + " — " + n.failureSummary)))`)
}
