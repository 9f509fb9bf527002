package listeners

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// inside is a server on this machine that nobody may be led to.
func inside(t *testing.T, h http.HandlerFunc) (server *httptest.Server, port string, hits *atomic.Int32) {
	hits = new(atomic.Int32)
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		h(w, r)
	}))
	t.Cleanup(server.Close)
	return server, server.URL[strings.LastIndex(server.URL, ":")+1:], hits
}

func TestGuardKnowsEverySpelling(t *testing.T) {
	_, port, hits := inside(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "the crown jewels") })
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:"+port) // must be ignored
	client := &http.Client{Transport: newGuard(nil, "test", names{"evil.example": {127, 0, 0, 1}}.resolver())}
	for _, host := range []string{
		"127.0.0.1", "127.1", "127.0.1", "127.0.0.001", "127.000.000.001", "0177.0.0.1", "0177.1", "0x7f.0.0.1", "0x7f000001",
		"2130706433", "017700000001", "127.8.9.10", "127.0.0.1.", "0.0.0.0", "0", "0x0", "localhost", "LOCALHOST", "localhost.",
		"[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
		"[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]",
		"[fe80::1]", "[::1%25lo]", "[::1%25]", "①②⑦.⓪.⓪.①", "127。0。0。1", "ⓛocalhost", "evil.example", "EVIL.example", "evil.example.",
		"user@127.0.0.1", "127.0.0.1%2f", "169.254.169.254", "10.0.0.1",
	} {
		res, err := client.Get("http://" + host + ":" + port + "/")
		if err == nil {
			res.Body.Close()
			t.Errorf("%s was let through", host)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d calls arrived inside", n)
	}
}

func TestOutside(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "104.244.42.1": true, "2606:4700::1111": true, "2a03:2880::1": true, "::ffff:8.8.8.8": true,
		"172.15.255.255": true, "172.32.0.1": true, "100.128.0.1": true, "198.20.0.1": true,
		"0.0.0.0": false, "10.255.255.255": false, "100.64.0.1": false, "127.255.255.254": false, "169.254.169.254": false,
		"172.16.0.1": false, "172.31.255.255": false, "192.0.0.8": false, "192.0.2.1": false, "192.88.99.1": false, "192.168.1.1": false,
		"198.18.0.1": false, "198.51.100.7": false, "203.0.113.7": false, "224.0.0.1": false, "239.255.255.255": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:10.0.0.1": false, "::10.0.0.1": false, "64:ff9b::a00:1": false, "100::1": false, "fc00::1": false, "fd12::1": false,
		"fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false, "2001::1": false, "2001:db8::1": false, "2002:a00:1::": false, "3fff::1": false, "4000::1": false,
	} {
		if got := outside(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: got outside %t, want %t", address, got, want)
		}
	}
	if outside(netip.Addr{}) {
		t.Error("no address is outside")
	}
}

func TestGuardAllows(t *testing.T) {
	server, port, hits := inside(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.UserAgent()) })
	client := &http.Client{Transport: Guard([]string{"127.0.0.1:" + port}, "1.2.3")}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer fine here")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if agent, _ := io.ReadAll(res.Body); string(agent) != "Kith/1.2.3" {
		t.Errorf("the call was made as %q", agent)
	}
	if _, err := client.Get("http://localhost:" + port); err == nil || hits.Load() != 1 {
		t.Errorf("another spelling of what is allowed: got %v after %d calls", err, hits.Load())
	}
	if _, err := client.Get("http://127.0.0.1:1"); !errors.Is(err, ErrInside) {
		t.Errorf("another port of what is allowed: got %v, want %v", err, ErrInside)
	}
}

// TestGuardRebinding: a name is looked up once for each connection, and what is checked is what is dialled.
func TestGuardRebinding(t *testing.T) {
	_, port, hits := inside(t, func(http.ResponseWriter, *http.Request) {})
	lookups := new(atomic.Int32)
	resolver := names{}.answering(func(string) [4]byte {
		if lookups.Add(1) == 1 {
			return [4]byte{192, 0, 2, 1} // of documentation: refused without a packet
		}
		return [4]byte{127, 0, 0, 1}
	})
	client := &http.Client{Transport: newGuard(nil, "test", resolver)}
	for range 3 {
		if _, err := client.Get("http://rebind.example:" + port); !errors.Is(err, ErrInside) {
			t.Errorf("got %v, want %v", err, ErrInside)
		}
	}
	if hits.Load() != 0 || lookups.Load() < 3 {
		t.Errorf("%d calls arrived inside, %d lookups", hits.Load(), lookups.Load())
	}
}

func TestGuardRedirects(t *testing.T) {
	other, _, hits := inside(t, func(http.ResponseWriter, *http.Request) {})
	var to string
	server, port, _ := inside(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
		}
	})
	client := &http.Client{Transport: Guard([]string{"127.0.0.1:" + port, other.URL[len("http://"):]}, "test")}
	to = "/elsewhere"
	if res, err := client.Get(server.URL); err != nil || res.StatusCode != 200 {
		t.Errorf("within the host: got %v, %v", res, err)
	}
	for _, to = range []string{other.URL, "http://localhost:" + port, "https://127.0.0.1:" + port, "http://127.0.0.1/"} {
		if _, err := client.Get(server.URL); !errors.Is(err, ErrRedirect) {
			t.Errorf("to %s: got %v, want %v", to, err, ErrRedirect)
		}
	}
	if hits.Load() != 0 {
		t.Error("the other host was called")
	}
}

func TestGuardKeepsSecretsOffTheWire(t *testing.T) {
	for name, value := range map[string]string{"Authorization": "Bearer x", "Cookie": "a=b", "Api-Key": "x"} {
		req := httptest.NewRequest(http.MethodPost, "http://network.example/", strings.NewReader("body"))
		req.Header.Set(name, value)
		if _, err := Guard(nil, "test").RoundTrip(req); !errors.Is(err, ErrPlainText) {
			t.Errorf("%s: got %v, want %v", name, err, ErrPlainText)
		}
	}
	req := httptest.NewRequest(http.MethodGet, "http://network.example/", nil)
	req.URL.User = url.UserPassword("a", "b")
	if _, err := Guard(nil, "test").RoundTrip(req); !errors.Is(err, ErrPlainText) {
		t.Errorf("credentials in the URL: got %v, want %v", err, ErrPlainText)
	}
}

func TestGuardEndsEndlessAnswers(t *testing.T) {
	size := maxGuard
	server, port, _ := inside(t, func(w http.ResponseWriter, _ *http.Request) {
		for left := size; left > 0; left -= 1 << 20 {
			if _, err := w.Write(make([]byte, min(left, 1<<20))); err != nil {
				return
			}
		}
	})
	client := &http.Client{Transport: Guard([]string{"127.0.0.1:" + port}, "test")}
	for _, c := range []struct {
		size int
		want error
	}{{maxGuard, nil}, {maxGuard + 1, errEndless}} {
		size = c.size
		res, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if !errors.Is(err, c.want) || c.want == nil && n != int64(c.size) {
			t.Errorf("of %d bytes %d were read: %v, want %v", c.size, n, err, c.want)
		}
	}
}

// names is a DNS of its own: it knows these names, and none has an IPv6 address.
type names map[string][4]byte

func (n names) resolver() *net.Resolver {
	return n.answering(func(name string) [4]byte { return n[strings.ToLower(strings.TrimSuffix(name, "."))] })
}

func (names) answering(address func(name string) [4]byte) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			size := make([]byte, 2)
			if _, err := io.ReadFull(there, size); err != nil {
				return
			}
			query := make([]byte, binary.BigEndian.Uint16(size))
			if _, err := io.ReadFull(there, query); err != nil {
				return
			}
			there.Write(dnsAnswer(query, address))
		}()
		return here, nil
	}}
}

// dnsAnswer answers a query over TCP: the header and question repeated, and one address for type A.
func dnsAnswer(query []byte, address func(string) [4]byte) []byte {
	const header, typeA = 12, 1
	var labels []string
	at := header
	for n := int(query[at]); n > 0; n = int(query[at]) {
		labels = append(labels, string(query[at+1:at+1+n]))
		at += 1 + n
	}
	end := at + 5
	answer := append([]byte(nil), query[:end]...)
	answer[2], answer[3] = 0x81, 0x80 // an answer, recursion available
	clear(answer[6:header])
	a := address(strings.Join(labels, "."))
	switch {
	case a == [4]byte{}:
		answer[3] |= 3 // no such name
	case binary.BigEndian.Uint16(query[at+1:]) == typeA:
		answer[7] = 1
		answer = append(answer, 0xC0, header, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, a[:]...)
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)
}
