package torture

import (
	"bytes"
	"context"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// wire lies between the server and the sandbox. It lets the answer about a reply travel for a while
// after the network has acted, as the real one does, so that many kills fall into that gap.
type wire struct {
	url     string
	network string
	open    context.Context // ends with the test

	mu      sync.Mutex
	dice    *rand.Rand
	made    int
	doubled []string // texts asked for although they were there: only the network's rule against repetition stopped them
}

// slowest is how long an answer travels at most.
const slowest = 60 * time.Millisecond

func newWire(t testing.TB, network string, dice *rand.Rand) *wire {
	w := &wire{network: network, open: t.Context(), dice: dice}
	to, err := url.Parse(network)
	if err != nil {
		t.Fatal(err)
	}
	cut := func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	reads := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:    &http.Transport{MaxIdleConnsPerHost: 64},
		ErrorHandler: cut,
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	mux := http.NewServeMux()
	mux.Handle("/", reads)
	for _, route := range []string{"POST /x/2/tweets", "POST /graph/{version}/{id}/comments", "POST /discourse/posts.json"} {
		mux.HandleFunc(route, func(rw http.ResponseWriter, r *http.Request) {
			if err := w.reply(rw, r); err != nil {
				cut(rw, r, err)
			}
		})
	}
	srv := httptest.NewUnstartedServer(mux)
	srv.Config.ErrorLog = reads.ErrorLog
	srv.Start()
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

// reply carries one reply to the network. What has been sent arrives, whatever becomes of its sender.
func (w *wire) reply(rw http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(w.open, r.Method, w.network+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = r.Header.Clone()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	w.note(body, res.StatusCode, string(answer))
	if err != nil {
		return err
	}
	select {
	case <-time.After(w.travel()):
	case <-r.Context().Done():
	}
	for name, values := range res.Header {
		rw.Header()[name] = values
	}
	rw.WriteHeader(res.StatusCode)
	_, err = rw.Write(answer)
	return err
}

// repeated is how networks refuse a text that is there already.
var repeated = []string{"duplicate content", `"code":506`, "too similar"}

func (w *wire) note(body []byte, status int, answer string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case status == http.StatusCreated || status == http.StatusOK:
		w.made++
	case slices.ContainsFunc(repeated, func(words string) bool { return strings.Contains(answer, words) }):
		w.doubled = append(w.doubled, string(body))
	}
}

func (w *wire) travel() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.dice.Int64N(int64(slowest)))
}
