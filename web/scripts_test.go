package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/chromedp"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/web/browsertest"
)

// stage serves one page and remembers what it is sent.
type stage struct {
	*httptest.Server
	mu     sync.Mutex
	posts  []string // path and text of each POST
	answer func(w http.ResponseWriter, r *http.Request)
	events chan string
}

func newStage(t *testing.T, body templ.Component) *stage {
	s := &stage{events: make(chan string, 1), answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }}
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", Assets())
	mux.HandleFunc("GET /stream", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		select {
		case event := <-s.events:
			_, _ = io.WriteString(w, "event: change\ndata: "+event+"\n\n")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		templ.Handler(page(Frame{Title: "Stage", Nav: "feed", Work: body})).ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /fresh", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "3 bài mới") })
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.posts = append(s.posts, r.URL.Path+" "+r.FormValue("text"))
		answer := s.answer
		s.mu.Unlock()
		answer(w, r)
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := View{Lang: "en", Now: clock.At(time.Now()), User: &User{Name: "Huy", Role: "advocate"}}
		Protect(mux).ServeHTTP(w, r.WithContext(WithView(r.Context(), v)))
	}))
	t.Cleanup(s.CloseClientConnections)
	return s
}

func (s *stage) reply(answer func(http.ResponseWriter, *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *stage) sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.posts...)
}

// now renders a component that depends on the time of the request.
func now(build func(clock.Time) templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error { return build(view(ctx).Now).Render(ctx, w) })
}

// TestScripts plays with the scripts in a browser, as a person would.
func TestScripts(t *testing.T) {
	draft := composer(Composer{Action: "/answer", DraftURL: "/draft", Key: "7", Limit: 280, Counting: "x"})
	body := parts(
		templ.Raw(`<ol class="rows">`), within("<li>", "</li>", row(Row{ID: 1, Href: "#one", Who: "one"})), within("<li>", "</li>", row(Row{ID: 2, Href: "#two", Who: "two"})), templ.Raw("</ol>"),
		templ.Raw(`<div id="case"><div id="claim"></div>`), draft, templ.Raw(`</div>`),
		button(Button{Label: "Hand over", Key: "e", Opens: "exit"}), sheet("exit", "Hand over"),
		templ.Raw(`<p id="lease">`), now(func(at clock.Time) templ.Component { return countdown(at.Add(time.Second)) }), templ.Raw("</p>"),
		templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
			_, err := fmt.Fprintf(w, `<div id="fresh" data-live="feed" hx-get="/fresh" hx-trigger="live" hx-nonce="%s"></div>`, view(ctx).Nonce)
			return err
		}),
		templ.Raw(`<button id="smuggled" hx-post="/smuggled">smuggled</button>`),
	)
	s := newStage(t, body)
	b := newBrowser(t)
	b.System("light")
	reload := func() { b.Open(s.URL+"/", 1440, 900) }

	t.Run("a lease runs out", func(t *testing.T) {
		reload()
		b.Wait(`document.querySelector("#lease .countdown").matches(".over") && document.querySelector("#lease").textContent.trim() == "0:00"`)
	})

	t.Run("keys walk, open and can be switched off", func(t *testing.T) {
		reload()
		b.Do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
		b.Wait(`document.activeElement.matches('[href="#two"]')`)
		b.Do(chromedp.KeyEvent("k"))
		b.Wait(`document.activeElement.matches('[href="#one"]')`)
		b.Do(chromedp.KeyEvent("e"))
		b.Wait(`document.querySelector("#exit").matches(":popover-open")`)
		b.Do(chromedp.KeyEvent("?"))
		b.Wait(`document.querySelector("#keys").matches(":popover-open") && document.querySelector("[data-keys-here]").textContent.includes("Hand over")`)
		b.Do(chromedp.Click(chromedp.CSS("[data-keys-switch]")))
		browsertest.Value[bool](b, `(document.querySelector("#keys").hidePopover(), document.activeElement.blur(), true)`)
		b.Do(chromedp.KeyEvent("e"))
		if browsertest.Value[bool](b, `document.querySelector("#exit").matches(":popover-open")`) {
			t.Error("a single key acted although they are switched off")
		}
		browsertest.Value[bool](b, `(localStorage.setItem("keys", "on"), true)`)
		b.Do(chromedp.KeyEvent("r"))
		b.Wait(`document.activeElement.id == "answer"`)
		b.Do(chromedp.KeyEvent("e"))
		if browsertest.Value[bool](b, `document.querySelector("#exit").matches(":popover-open")`) {
			t.Error("a key acted while typing")
		}
	})

	t.Run("a draft is kept until the server has it", func(t *testing.T) {
		s.reply(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		reload()
		browsertest.Value[bool](b, `(document.querySelector("#answer").value = "", localStorage.clear(), true)`)
		b.Do(chromedp.SendKeys(chromedp.CSS("#answer"), "Chào Lan"))
		b.Wait(`document.querySelector(".length").textContent == "8/280"`)
		b.Wait(`document.querySelector(".draft-state").textContent.startsWith("Not saved yet")`)
		s.reply(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `<div id="claim">lease renewed</div>`)
		})
		reload()
		b.Wait(`document.querySelector("#answer").value == "Chào Lan" && document.querySelector(".draft-state").textContent.startsWith("Brought back")`)
		b.Do(chromedp.SendKeys(chromedp.CSS("#answer"), "!"))
		b.Wait(`document.querySelector("#claim").textContent == "lease renewed" && document.querySelector(".draft-state").textContent == "Draft saved"`)
		if kept := browsertest.Value[int](b, `Object.keys(localStorage).filter(k => k.startsWith("draft:")).length`); kept != 0 {
			t.Error("a draft that the server has stays on this machine")
		}
		if posts := s.sent(); posts[len(posts)-1] != "/draft Chào Lan!" {
			t.Errorf("the last post was %q", posts[len(posts)-1])
		}
	})

	t.Run("what is typed while a composer is put into the page is sent", func(t *testing.T) {
		s.reply(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/draft" {
				_, _ = io.WriteString(w, `<div id="claim">lease renewed</div>`)
				return
			}
			templ.Handler(parts(templ.Raw(`<div id="case"><div id="claim"></div>`), draft, templ.Raw(`</div>`))).ServeHTTP(w, r)
		})
		reload()
		browsertest.Value[bool](b, `(localStorage.clear(), document.addEventListener("htmx:before:settle", () => {
			const area = document.querySelector("#answer");
			area.value = "Early";
			area.dispatchEvent(new Event("input", { bubbles: true }));
		}, { once: true }), document.querySelector("#answer").value = "first", document.querySelector("[data-send]").click(), true)`)
		b.Wait(`document.querySelector("#claim").textContent == "lease renewed" && document.querySelector(".draft-state").textContent == "Draft saved"`)
		if posts := s.sent(); posts[len(posts)-1] != "/draft Early" {
			t.Errorf("the last post was %q", posts[len(posts)-1])
		}
	})

	t.Run("a form is sent once", func(t *testing.T) {
		arrived, answer := make(chan struct{}, 1), make(chan struct{})
		s.reply(func(w http.ResponseWriter, r *http.Request) {
			arrived <- struct{}{}
			select {
			case <-answer:
			case <-r.Context().Done():
			}
			w.WriteHeader(http.StatusNoContent)
		})
		t.Cleanup(func() { close(answer) })
		reload()
		browsertest.Value[bool](b, `(document.querySelector("#answer").value = "once", document.querySelector("[data-send]").click(), true)`)
		<-arrived
		again := `document.querySelector(".composer").dispatchEvent(new SubmitEvent("submit", {bubbles: true, cancelable: true}))`
		if browsertest.Value[bool](b, again) {
			t.Error("a second press would send the form again")
		}
	})

	t.Run("a live change asks the server", func(t *testing.T) {
		reload()
		s.events <- `{"topics":["feed"]}`
		b.Wait(`document.querySelector("#fresh").textContent == "3 bài mới"`)
	})

	t.Run("markup without the nonce does nothing", func(t *testing.T) {
		reload()
		before := len(s.sent())
		browsertest.Value[bool](b, `(document.querySelector("#smuggled").click(), true)`)
		browsertest.Value[bool](b, `fetch("/fresh").then(() => true)`)
		if posts := s.sent(); len(posts) != before {
			t.Errorf("smuggled markup sent %q", posts[before:])
		}
	})

	t.Run("the theme changes at once", func(t *testing.T) {
		reload()
		browsertest.Value[bool](b, `(document.querySelector("button[name=theme][value=dark]").click(), true)`)
		if got := browsertest.Value[string](b, `getComputedStyle(document.documentElement).colorScheme`); got != "dark" {
			t.Errorf("colour scheme: got %q, want dark", got)
		}
	})
}
