package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// hostile is a network that looks like X and answers as a test wants it to.
type hostile struct {
	mu     sync.Mutex
	items  map[string]string // posts in the mentions timeline, as raw JSON, by id
	answer func(http.ResponseWriter)
	calls  int // of the mentions timeline
	now    func() time.Time
	made   int
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/users/me"):
		fmt.Fprint(w, `{"data":{"id":"100","username":"saomaicafe","name":"Sao Mai"}}`)
	case !strings.HasSuffix(r.URL.Path, "/mentions"):
		fmt.Fprint(w, `{"meta":{"result_count":0}}`)
	case h.answer != nil:
		h.calls++
		h.answer(w)
	default:
		h.calls++
		since, _ := strconv.ParseUint(r.URL.Query().Get("since_id"), 10, 64)
		var items []string
		for id, item := range h.items {
			if n, err := strconv.ParseUint(id, 10, 64); err != nil || n > since {
				items = append(items, item)
			}
		}
		fmt.Fprintf(w, `{"data":[%s],"includes":{"users":[{"id":"7","username":"lananh","name":"Lan Anh"},{"id":"8","username":"\u0000\u202ela\u0000n\n`+
			strings.Repeat("x", 5000)+`","name":"\ud800"},{"id":9}]},"meta":{"result_count":%d}}`, strings.Join(items, ","), len(items))
	}
}

// newID is an id of now, as X makes them.
func (h *hostile) newID() string {
	h.made++
	return strconv.FormatInt((h.now().UnixMilli()-1288834974657)<<22|int64(h.made), 10)
}

// says puts posts into the timeline; a %s in one is replaced by a new id, which is returned.
func (h *hostile) says(raw string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := h.newID()
	h.items[id] = strings.Replace(raw, "%s", id, 1)
	return id
}

func (h *hostile) answers(f func(http.ResponseWriter)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = f
}

func (h *hostile) called() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls
}

const neighbour = `{"id":"%s","author_id":"7","text":"@saomaicafe mở cửa mấy giờ ạ?","entities":{"mentions":[{"id":"100","username":"saomaicafe"}]}}`

// eachHostile tells a story of a brand whose account is on a hostile network.
func eachHostile(t *testing.T, story func(*testing.T, *servertest.World, *hostile)) {
	t.Helper()
	for engine, place := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.PostgreSQL} {
		t.Run(engine, func(t *testing.T) {
			h := &hostile{items: map[string]string{}}
			net := httptest.NewServer(h)
			t.Cleanup(net.Close)
			address, err := url.Parse(net.URL)
			if err != nil {
				t.Fatal(err)
			}
			w := servertest.New(t, place(t), func(c *server.Config) { c.AllowHost = append(c.AllowHost, address.Host) })
			h.now = func() time.Time { return w.Clock.Now().Std() }
			w.ConnectAt(net.URL, "token")
			w.Serve(w.Product)
			story(t, w, h)
		})
	}
}

func heard(w *servertest.World, id string) bool {
	return w.Count("SELECT COUNT(*) FROM mentions WHERE native_id = ?", id) == 1
}

func TestHostilePosts(t *testing.T) {
	const post = `{"id":"%s","author_id":"7","text":`
	long, err := json.Marshal(strings.Repeat("ạ", 1<<19))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, raw string
		text      string // as it is stored, or
		reason    string // why it is a dead letter
	}{
		{"invalid UTF-8", post + "\"gi\xff\xc3 cả?\"}", "gi\uFFFD cả?", ""},
		{"half a character escaped", post + `"giá \ud83d cả?"}`, "giá \uFFFD cả?", ""},
		{"NUL and control characters", post + `"gi\u0000á\u001b[31m cả?"}`, "giá[31m cả?", ""},
		{"HTML", post + `"<script>alert(1)</script><img src=x onerror=alert(2)>"}`, "<script>alert(1)</script><img src=x onerror=alert(2)>", ""},
		{"1 MiB of text", post + string(long) + `}`, "", ""},
		{"a name of control characters", `{"id":"%s","author_id":"8","text":"tên lạ"}`, "tên lạ", ""},
		{"thread and parent that are no ids", post + `"lạ","conversation_id":"x'; DROP TABLE cases","referenced_tweets":[{"type":"replied_to","id":"\u0000"}]}`, "lạ", ""},
		{"in a far future", post + `"tương lai","created_at":"9999-12-31T23:59:59Z"}`, "tương lai", ""},
		{"with the largest id", `{"id":"9223372036854775807","author_id":"7","text":"id lớn nhất"}`, "id lớn nhất", ""},
		{"in an ancient past", post + `"xưa","created_at":"0001-01-01T00:00:00Z"}`, "", "the post's created_at is not a time"},
		{"at no time", post + `"lúc nào","created_at":"hôm qua"}`, "", "the post's created_at is not a time"},
		{"without an author", `{"id":"%s","text":"của ai"}`, "", "the post does not say who wrote it"},
		{"of an author who is not there", `{"id":"%s","author_id":"77","text":"của ai"}`, "", "the post came without its author"},
		{"of an author who is a number", `{"id":"%s","author_id":9,"text":"của ai"}`, "", "the post's author_id is not text"},
		{"with a number for an id", `{"id":123,"author_id":"7","text":"số"}`, "", "the post's id is not text"},
		{"with an id that is no number", `{"id":"abc","author_id":"7","text":"chữ"}`, "", "the post has no id"},
		{"with an id that is too long", `{"id":"123456789012345678901","author_id":"7","text":"dài"}`, "", "the post has no id"},
		{"with a text that is an object", post + `{"a":1}}`, "", "the post's text is not text"},
		{"that is a text", `"post"`, "", "the post is not an object"},
		{"that is null", `null`, "", "the post is not an object"},
		{"nested deeply", post + `"sâu","entities":` + strings.Repeat(`{"a":[`, 100_000) + strings.Repeat(`]}`, 100_000) + `}`, "", "the post is nested too deeply"},
	}
	eachHostile(t, func(t *testing.T, w *servertest.World, h *hostile) {
		letters := 0
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				before, bad, after := h.says(neighbour), h.says(c.raw), h.says(neighbour)
				w.Wait(servertest.Soon, "the neighbours are not heard", func() bool { return heard(w, before) && heard(w, after) })
				if c.reason != "" {
					letters++
					w.Wait(servertest.Soon, "there is no dead letter", func() bool {
						return w.Count("SELECT COUNT(*) FROM dead_letters") >= letters
					})
					if n := w.Count("SELECT COUNT(*) FROM dead_letters WHERE reason = ?", c.reason); n == 0 {
						t.Errorf("no dead letter says %q", c.reason)
					}
					return
				}
				if strings.Contains(c.raw, "9223372036854775807") {
					bad = "9223372036854775807"
				}
				w.Wait(servertest.Soon, "the post is not stored", func() bool { return heard(w, bad) })
				var text string
				if err := w.App.DB.Read().NewRaw("SELECT text FROM mentions WHERE native_id = ?", bad).Scan(t.Context(), &text); err != nil {
					t.Fatal(err)
				}
				if c.text != "" && text != c.text || !utf8.ValidString(text) || len(text) > 64<<10 || text == "" {
					t.Errorf("stored is %.100q of %d bytes, want %q", text, len(text), c.text)
				}
			})
		}
		if n := w.Count("SELECT COUNT(*) FROM dead_letters"); n != letters {
			t.Errorf("%d dead letters after several rounds, want each of the %d once", n, letters)
		}
		if n := w.Count("SELECT COUNT(*) FROM mentions WHERE created_at > ?", int64(w.Clock.Now().Add(time.Hour))); n != 0 {
			t.Errorf("%d posts lie in the future", n)
		}
		// What came in can be shown.
		if list := w.As("minh").List("limit=100"); len(list) == 0 {
			t.Error("nothing can be listed")
		}
	})
}

func TestHostileAnswers(t *testing.T) {
	eachHostile(t, func(t *testing.T, w *servertest.World, h *hostile) {
		type connection struct{ State, Error string }
		connectionNow := func() connection {
			var list struct{ Items []connection }
			w.As("minh").Do(http.MethodGet, "/connections", nil, &list)
			return list.Items[0]
		}
		fails := func(what string, answer func(http.ResponseWriter)) {
			t.Helper()
			h.answers(answer)
			w.Wait(servertest.Soon, what+" is not noted", func() bool { return connectionNow().Error != "" })
			if text := connectionNow().Error; len(text) > 2000 || !utf8.ValidString(text) {
				t.Errorf("%s: the error has %d bytes: %.200q", what, len(text), text)
			}
			h.answers(nil)
		}
		recovers := func(what string) {
			t.Helper()
			post := h.says(neighbour)
			w.Wait(servertest.Soon, "no recovery from "+what, func() bool {
				w.Advance(5 * time.Second)
				return heard(w, post)
			})
			w.Wait(servertest.Soon, "the error stays after "+what, func() bool { return connectionNow() == connection{State: "on"} })
		}
		w.Wait(servertest.Soon, "the network is not asked", func() bool { return h.called() > 0 })
		for what, answer := range map[string]func(http.ResponseWriter){
			"a page of HTML":  func(w http.ResponseWriter) { fmt.Fprint(w, "<html>we are down</html>") },
			"half a page":     func(w http.ResponseWriter) { fmt.Fprint(w, `{"data":[{"id":"1"`) },
			"an array":        func(w http.ResponseWriter) { fmt.Fprint(w, `[1,2]`) },
			"nothing":         func(w http.ResponseWriter) {},
			"an endless page": func(w http.ResponseWriter) { w.Write(make([]byte, 5<<20)) },
			"an error with dirt": func(w http.ResponseWriter) {
				w.WriteHeader(500)
				fmt.Fprint(w, "{\"errors\":[{\"message\":\"a\\u0000b\xff\"}],\"title\":\"\\u0000\xff\",\"detail\":\"\\u0000"+strings.Repeat("x", 1<<20)+"\"}")
			},
			"an error without it": func(w http.ResponseWriter) { w.WriteHeader(503) },
			"a redirect":          func(w http.ResponseWriter) { w.Header().Set("Location", "http://169.254.169.254/"); w.WriteHeader(302) },
			"a closed connection": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		} {
			fails(what, answer)
			recovers(what)
		}

		// A limit parks the connection until the network takes calls again.
		reset := h.now().Add(10 * time.Minute)
		fails("a limit", func(w http.ResponseWriter) {
			w.Header().Set("x-rate-limit-remaining", "0")
			w.Header().Set("x-rate-limit-reset", strconv.FormatInt(reset.Unix(), 10))
			w.WriteHeader(http.StatusTooManyRequests)
		})
		post, calls := h.says(neighbour), h.called()
		w.Advance(9 * time.Minute)
		w.Wait(servertest.Soon, "the other sources are not looked at", func() bool { return true })
		if n := h.called(); n != calls {
			t.Errorf("asked %d times before the reset", n-calls)
		}
		w.Advance(2 * time.Minute)
		w.Wait(servertest.Soon, "the post is not heard after the reset", func() bool { return heard(w, post) })
		w.Wait(servertest.Soon, "the error stays after the reset", func() bool { return connectionNow() == connection{State: "on"} })

		// Credentials that are refused stop the connection until somebody renews them.
		fails("a refused token", func(w http.ResponseWriter) { w.WriteHeader(http.StatusUnauthorized) })
		if got := connectionNow(); got.State != "broken" {
			t.Errorf("the connection is %s, want broken", got.State)
		}
		calls = h.called()
		w.Advance(time.Hour)
		if n := h.called(); n != calls {
			t.Errorf("a broken connection was asked %d times", n-calls)
		}
		var host string
		if err := w.App.DB.Read().NewRaw("SELECT settings FROM connections").Scan(t.Context(), &host); err != nil {
			t.Fatal(err)
		}
		var settings map[string]string
		if err := json.Unmarshal([]byte(host), &settings); err != nil {
			t.Fatal(err)
		}
		w.ConnectAt(settings["host"], "new token")
		post = h.says(neighbour)
		w.Wait(servertest.Soon, "nothing is heard with the new token", func() bool { return heard(w, post) })
	})
}
