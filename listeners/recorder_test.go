package listeners

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestRecorder(t *testing.T) {
	acted := new(atomic.Int32)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		acted.Add(1)
		switch r.URL.Path {
		case "/drop":
			panic(http.ErrAbortHandler)
		case "/half":
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "half")
		case "/endless":
			for range 6 {
				w.Write(make([]byte, 1<<20))
			}
		case "/teapot":
			w.WriteHeader(http.StatusTeapot)
			io.WriteString(w, "short and stout")
		default:
			w.Header().Set("X-Told", "yes")
			io.WriteString(w, "hello")
		}
	}))
	server.Start()
	defer server.Close()

	for _, c := range []struct {
		name, url, instead string
		status             int
		read               string // by the library
		body               string // recorded
		sent, failed       bool
	}{
		{"answered", server.URL + "/", "", 200, "hello", "hello", true, false},
		{"answered, the library reads something else", server.URL + "/", "{}", 200, "{}", "hello", true, false},
		{"an error is for the library too", server.URL + "/teapot", "{}", 418, "short and stout", "short and stout", true, false},
		{"dropped after the request", server.URL + "/drop", "", 0, "", "", true, true},
		{"cut in the middle", server.URL + "/half", "", 200, "", "half", true, true},
		{"no end", server.URL + "/endless", "", 200, "", strings.Repeat("\x00", maxAnswer+1), true, true},
		{"nobody there", "http://127.0.0.1:1/", "", 0, "", "", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			acted.Store(0)
			var instead []byte
			if c.instead != "" {
				instead = []byte(c.instead)
			}
			ctx, call := Record(t.Context(), instead)
			client := &http.Client{Transport: Recorder{new(http.Transport)}}
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Idempotency-Key", "makes net/http send again")
			var read []byte
			res, err := client.Do(req)
			if err == nil {
				read, err = io.ReadAll(res.Body)
			}
			if (err != nil) != c.failed || call.Status != c.status || string(read) != c.read || string(call.Body) != c.body || call.Sent() != c.sent {
				t.Errorf("got status %d, read %.20q, recorded %.20q, sent %t, %v; want %+v", call.Status, read, call.Body, call.Sent(), err, c)
			}
			if c.status == 200 && c.read == "hello" && call.Header.Get("X-Told") != "yes" {
				t.Errorf("the headers are lost: %v", call.Header)
			}
			if n := acted.Load(); c.sent != (n == 1) {
				t.Errorf("the server saw %d requests", n)
			}
		})
	}
}

// TestWriteGoesOutOnce: a connection that dies when it is used again makes net/http repeat what it may.
func TestWriteGoesOutOnce(t *testing.T) {
	requests := new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if requests.Add(1) > 1 {
			conn, _, _ := http.NewResponseController(w).Hijack()
			conn.Close()
		}
	}))
	defer server.Close()
	client := &http.Client{Transport: Recorder{new(http.Transport)}}
	post := func() (*Exchange, error) {
		ctx, call := Record(t.Context(), nil)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Idempotency-Key", "makes net/http send again")
		_, err = client.Do(req)
		return call, err
	}
	if _, err := post(); err != nil {
		t.Fatal(err)
	}
	call, err := post()
	if err == nil || !call.Sent() || requests.Load() != 2 {
		t.Errorf("got %v, sent %t, after %d requests; want an error after 2", err, call.Sent(), requests.Load())
	}
}

func TestSentWhenStoppedWhileWriting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ctx, call := Record(ctx, nil)
	dial := func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe() // takes no byte until somebody reads
		t.Cleanup(func() { there.Close() })
		go func() { there.Read(make([]byte, 1)); cancel() }()
		return here, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://x.example/", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Long", strings.Repeat("a", 64<<10)) // the headers never get through
	_, err = Recorder{&http.Transport{DialContext: dial}}.RoundTrip(req)
	if !errors.Is(err, context.Canceled) || !call.Sent() {
		t.Errorf("got %v, sent %t; a request under way may have arrived", err, call.Sent())
	}
}

func TestUnrecordedCall(t *testing.T) {
	req := httptest.NewRequest(http.MethodGet, "http://x.example/", nil)
	if _, err := (Recorder{http.DefaultTransport}).RoundTrip(req); err == nil {
		t.Error("a call without a record went out")
	}
}

func TestScrub(t *testing.T) {
	secrets := map[string]string{"token": "s3cr3t/+=", "none": ""}
	inner := errors.New(`Get "https://x.example/?t=s3cr3t%2F%2B%3D": Bearer s3cr3t/+= refused`)
	err := Scrub(fmt.Errorf("call: %w", inner), secrets)
	if want := `call: Get "https://x.example/?t=[secret]": Bearer [secret] refused`; err.Error() != want || errors.Is(err, inner) {
		t.Errorf("got %q, want %q and nothing wrapped", err, want)
	}
	if clean := fmt.Errorf("call: %w", io.EOF); Scrub(clean, secrets) != clean {
		t.Error("an error without a secret lost its cause")
	}
	if Scrub(nil, secrets) != nil {
		t.Error("no error became one")
	}
}
