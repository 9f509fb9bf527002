// Package browsertest drives a headless Chromium in tests: it opens pages at a width, presses what a
// person would press, waits for what a person would wait for, and collects what pages complain of.
package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/kith-social/kith/clock"
)

// Browser is one tab of a headless Chromium, which collects what pages complain of.
type Browser struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// New starts Chromium, or skips the test where it is not installed. KITH_TEST_REQUIRE naming
// chromium makes that a failure.
func New(t *testing.T) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if strings.Contains(os.Getenv("KITH_TEST_REQUIRE"), "chromium") {
			t.Fatal("Chromium is required here and not installed")
		}
		t.Skip("needs Chromium")
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("disable-dev-shm-usage", true))
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &Browser{t: t, ctx: ctx}
	b.Do(chromedp.Navigate("about:blank"))
	b.listen()
	return b
}

func (b *Browser) listen() {
	err := chromedp.Listen(b.ctx, func(ev any) {
		switch ev := ev.(type) {
		case *log.EventEntryAdded:
			if ev.Entry.Level == log.EntryLevelVerbose {
				return // what Chromium recommends
			}
			if page, err := url.Parse(ev.Entry.URL); err == nil && strings.Contains(ev.Entry.Text, "icon from the Manifest") && !strings.Contains(ev.Entry.Text, page.Host) {
				return // of a page on another site, which was left before its icon had come
			}
			b.complain("%s: %s (%s)", ev.Entry.Level, ev.Entry.Text, ev.Entry.URL)
		case *runtime.EventExceptionThrown:
			d := ev.ExceptionDetails
			what := d.Text
			if d.Exception != nil {
				what = d.Exception.Description
			}
			b.complain("exception: %s (%s:%d)", what, d.URL, d.LineNumber)
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

func (b *Browser) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, fmt.Sprintf(format, args...))
}

// Quiet fails the test if a page broke its Content-Security-Policy, threw or logged anything.
func (b *Browser) Quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.complaints {
		b.t.Errorf("the page complains: %s", complaint)
	}
	b.complaints = nil
}

func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// Open loads a page at a width and waits until its fonts have come.
func (b *Browser) Open(url string, width, height int64) {
	b.t.Helper()
	options := []chromedp.EmulateViewportOption{}
	if width < 500 {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2))
	}
	b.Do(chromedp.EmulateViewport(width, height, options...), chromedp.Navigate(url))
	Value[bool](b, `document.fonts.ready.then(() => true)`)
}

// System makes the browser prefer a colour scheme, "light" or "dark", and no motion.
func (b *Browser) System(scheme string) {
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

// Value is the result of a script in the page; promises are waited for.
func Value[T any](b *Browser, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return v
}

// Wait returns when the script's result is true, which must happen within a minute, also if the
// page goes elsewhere meanwhile.
func (b *Browser) Wait(script string) {
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

// Screenshot keeps a picture of the page in the folder KITH_SCREENSHOTS, where one is named.
func (b *Browser) Screenshot(name string) {
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

// Axe returns what the accessibility checker axe finds wrong with the page, by WCAG 2.2 A and AA.
func (b *Browser) Axe() []string {
	b.t.Helper()
	source, err := os.ReadFile(filepath.Join(root(b.t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		b.t.Fatal(err)
	}
	Value[bool](b, string(source)+";true")
	return Value[[]string](b, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.target.join(" ") + " — " + n.failureSummary)))`)
}

// root is the folder of the module.
func root(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// Press presses a key as a keyboard does: what is typed by it is dropped where a script takes the press.
func (b *Browser) Press(k string, modifiers int64) {
	b.t.Helper()
	text := k
	if k == "Enter" {
		text = "\r"
	}
	for _, event := range []input.DispatchKeyEventParams{
		{Type: input.DispatchKeyEventTypeKeyDown, Key: k, Text: text, Modifiers: modifiers}, {Type: input.DispatchKeyEventTypeKeyUp, Key: k, Modifiers: modifiers},
	} {
		_, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
			return cdp.Call(ctx, t, input.DispatchKeyEvent, event)
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// Write types a text into what has the focus.
func (b *Browser) Write(text string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// Type puts a text into a field, as if typed.
func (b *Browser) Type(selector, text string) {
	b.t.Helper()
	Value[bool](b, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.focus(); e.value = %q;
		e.dispatchEvent(new Event("input", {bubbles: true})); return true; })()`, selector, text))
}

// Click presses what the selector finds, and fails if it finds nothing.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	b.Wait(fmt.Sprintf(`document.querySelector(%q) !== null`, selector))
	Value[bool](b, fmt.Sprintf(`(() => { document.querySelector(%q).click(); return true; })()`, selector))
}

// Reads waits until the page's text holds a text.
func (b *Browser) Reads(text string) {
	b.t.Helper()
	b.Wait(fmt.Sprintf(`document.body.innerText.includes(%q)`, text))
}
