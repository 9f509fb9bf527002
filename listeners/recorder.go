package listeners

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
)

// maxAnswer is the most of an answer that is read, in bytes. Pages of posts are far smaller.
const maxAnswer = 4 << 20

// errTooLarge is the end of an answer that does not stop.
var errTooLarge = errors.New("the network's answer is larger than 4 MiB")

// Exchange is what went over the wire in one call of a network's library, which keeps less of it.
type Exchange struct {
	Status int // 0 where no answer came
	Header http.Header
	Body   []byte // as much of it as arrived

	instead []byte
	sent    atomic.Bool
}

// Sent tells whether the network may have got the request. Until then a failed write was not done;
// from then on only reading back can tell.
func (e *Exchange) Sent() bool { return e.sent.Load() }

type exchangeKey struct{}

// Record returns a context whose next call is recorded. Where instead is not nil, the library gets it
// to read in place of the body of a 200: decoding a page twice more than we do costs twice as much as
// everything else.
func Record(ctx context.Context, instead []byte) (context.Context, *Exchange) {
	e := &Exchange{instead: instead}
	return context.WithValue(ctx, exchangeKey{}, e), e
}

// Recorder is the http.RoundTripper between a network's library and the network. It reads every answer
// to its end, so it is not for streams, and writes go out at most once.
type Recorder struct {
	Next http.RoundTripper
}

// RoundTrip makes the call and notes in the context's Exchange how it went.
func (r Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	e, ok := req.Context().Value(exchangeKey{}).(*Exchange)
	if !ok {
		return nil, errors.New("a network was called without a record of it")
	}
	// The headers are enough: a server may act before it has read the rest.
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { connected.Store(true) },
		WroteHeaders: func() { e.sent.Store(true) },
		WroteRequest: func(w httptrace.WroteRequestInfo) {
			if w.Err == nil {
				e.sent.Store(true)
			}
		},
	}
	req = req.Clone(httptrace.WithClientTrace(req.Context(), trace))
	if req.Method != http.MethodGet {
		req.GetBody = nil // net/http would use it to send the request again
	}
	res, err := r.Next.RoundTrip(req)
	if err != nil {
		if connected.Load() && req.Context().Err() != nil {
			e.sent.Store(true) // net/http may be writing it at this moment
		}
		return nil, err
	}
	defer res.Body.Close()
	e.Status, e.Header = res.StatusCode, res.Header
	e.Body, err = readAll(res)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	body := e.Body
	if e.instead != nil && res.StatusCode == http.StatusOK {
		body = e.instead
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	res.ContentLength = int64(len(body))
	return res, nil
}

func readAll(res *http.Response) ([]byte, error) {
	var b bytes.Buffer
	if n := res.ContentLength; n > 0 && n <= maxAnswer {
		b.Grow(int(n) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil && n > maxAnswer {
		err = errTooLarge
	}
	return b.Bytes(), err
}

// Scrub returns err with every secret taken out of its text. A network may repeat a token in what it
// says about a call, also written as in a URL.
func Scrub(err error, secrets map[string]string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	var pairs []string
	for _, s := range secrets {
		for _, form := range slices.Compact([]string{s, url.QueryEscape(s), url.PathEscape(s)}) {
			if form != "" {
				pairs = append(pairs, form, "[secret]")
			}
		}
	}
	if clean := strings.NewReplacer(pairs...).Replace(text); clean != text {
		return errors.New(clean)
	}
	return err
}
