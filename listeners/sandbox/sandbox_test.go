package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/g8rswimmer/go-twitter/v2"

	"github.com/kith-social/kith/listeners/sandbox"
)

var start = time.Date(2026, 11, 3, 8, 0, 0, 0, time.UTC)

// stage is a running sandbox with a clock that the test moves.
type stage struct {
	t   testing.TB
	net *sandbox.Network
	url string
	mu  sync.Mutex
	at  time.Time
}

func open(t testing.TB, limits bool) *stage {
	s := &stage{t: t, at: start}
	s.net = sandbox.New(sandbox.Config{Now: s.now, Limits: limits, Seed: 7})
	srv := httptest.NewServer(s.net)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func (s *stage) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *stage) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

// admin calls the admin API and decodes its answer.
func (s *stage) admin(method, path, body string, want int) map[string]any {
	s.t.Helper()
	status, answer := s.try(method, path, body)
	if status != want {
		s.t.Fatalf("%s %s %.200s: status %d, want %d: %v", method, path, body, status, want, answer)
	}
	return answer
}

func (s *stage) try(method, path, body string) (int, map[string]any) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res.StatusCode, answer
}

// say posts as a customer and returns the id.
func (s *stage) say(author, text, inReplyTo string) string {
	s.t.Helper()
	body, _ := json.Marshal(map[string]string{"network": "x", "author": author, "text": text, "in_reply_to": inReplyTo})
	return s.admin("POST", "/admin/posts", string(body), 201)["id"].(string)
}

func (s *stage) weather(rule string) {
	s.t.Helper()
	s.admin("PUT", "/admin/weather", rule, 200)
}

// ledger lists who said what.
func (s *stage) ledger() []string {
	s.t.Helper()
	var lines []string
	for _, item := range s.admin("GET", "/admin/posts", "", 200)["items"].([]any) {
		p := item.(map[string]any)
		lines = append(lines, fmt.Sprintf("%v: %v", p["author"], p["text"]))
	}
	return lines
}

// bearer authorises calls with a token.
type bearer string

func (b bearer) Add(r *http.Request) { r.Header.Set("Authorization", "Bearer "+string(b)) }

// account is one that a real client library is logged in to.
type account struct {
	*twitter.Client
	ID, Token, Refresh string
}

func (s *stage) connect(handle string) account {
	s.t.Helper()
	a := s.admin("POST", "/admin/accounts", fmt.Sprintf(`{"network":"x","handle":%q,"name":"Sao Mai","brand":true}`, handle), 201)
	token := a["token"].(string)
	return account{s.client(token), a["id"].(string), token, a["refresh_token"].(string)}
}

func (s *stage) client(token string) *twitter.Client {
	return &twitter.Client{Host: s.url + "/x", Client: http.DefaultClient, Authorizer: bearer(token)}
}

// raw makes one authorised call without the library.
func (s *stage) raw(method, path, token, body string) (*http.Response, []byte) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, bytes.TrimSpace(b)
}

func (a account) reply(to, text string) (string, error) {
	res, err := a.CreateTweet(context.Background(), twitter.CreateTweetRequest{
		Text: text, Reply: &twitter.CreateTweetReply{InReplyToTweetID: to},
	})
	if err != nil {
		return "", err
	}
	return res.Tweet.ID, nil
}

// refusal is the status and detail of an error of X.
func refusal(t testing.TB, err error) (int, string) {
	t.Helper()
	var res *twitter.ErrorResponse
	if !errors.As(err, &res) {
		t.Fatalf("got %v, want an error answer", err)
	}
	return res.StatusCode, res.Detail
}
