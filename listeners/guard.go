package listeners

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// What the guard refuses.
var (
	ErrInside    = errors.New("that address is inside a private network")
	ErrRedirect  = errors.New("the network sent us to another host")
	ErrPlainText = errors.New("a secret would go over the wire unencrypted")
	errEndless   = errors.New("the answer is larger than 16 MiB")
)

const (
	callTime  = 30 * time.Second // from dialling to the end of the answer
	dialTime  = 10 * time.Second
	maxGuard  = 16 << 20
	maxHeader = 256 << 10
)

// reserved are the addresses that belong to nobody on the open internet. Of IPv6, only 2000::/3 does.
var reserved = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var globalIPv6 = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, s := range list {
		parsed[i] = netip.MustParsePrefix(s)
	}
	return parsed
}

// outside tells whether an address is on the open internet.
func outside(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if a.Is6() && !globalIPv6.Contains(a) {
		return false
	}
	return a.IsValid() && !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) })
}

// guard is the http.RoundTripper for every call that leaves the process.
type guard struct {
	next  *http.Transport
	allow []string
	agent string
}

// Guard returns the client for all calls to the outside, as "Kith/<version>". Whatever a name resolves
// to, it connects only to addresses on the open internet, or to what an operator trusts: allow lists
// "host:port" as URLs write it. It knows no proxy, follows no redirect to another host, sends no
// credentials unencrypted except to what is allowed, and gives up on an answer after 30 seconds or 16 MiB.
func Guard(allow []string, version string) http.RoundTripper {
	return newGuard(allow, version, nil)
}

func newGuard(allow []string, version string, names *net.Resolver) *guard {
	g := &guard{agent: "Kith/" + version}
	for _, a := range allow {
		g.allow = append(g.allow, strings.ToLower(a))
	}
	trusted := &net.Dialer{Timeout: dialTime, Resolver: names}
	stranger := &net.Dialer{Timeout: dialTime, Resolver: names, Control: refuseInside}
	g.next = &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if g.trusts(addr) {
				return trusted.DialContext(ctx, network, addr)
			}
			return stranger.DialContext(ctx, network, addr)
		},
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    dialTime,
		MaxResponseHeaderBytes: maxHeader,
	}
	return g
}

// refuseInside runs with the very address that is about to be connected to, after every name lookup.
func refuseInside(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !outside(to.Addr()) {
		return fmt.Errorf("%w: %s", ErrInside, address)
	}
	return nil
}

func (g *guard) trusts(hostPort string) bool {
	return slices.Contains(g.allow, strings.ToLower(hostPort))
}

// RoundTrip makes one call, if it may be made.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := g.check(req); err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	ctx, cancel := context.WithTimeout(req.Context(), callTime)
	req = req.Clone(ctx)
	req.Header.Set("User-Agent", g.agent)
	res, err := g.next.RoundTrip(req)
	if err != nil {
		cancel()
		return nil, err
	}
	res.Body = &cappedBody{ReadCloser: res.Body, left: maxGuard, cancel: cancel}
	return res, nil
}

func (g *guard) check(req *http.Request) error {
	if from := req.Response; from != nil && from.Request != nil { // this call follows a redirect
		if was := from.Request.URL; was.Scheme != req.URL.Scheme || hostPort(was) != hostPort(req.URL) {
			return fmt.Errorf("%w: from %s://%s to %s://%s", ErrRedirect, was.Scheme, was.Host, req.URL.Scheme, req.URL.Host)
		}
	}
	if req.URL.Scheme != "https" && carriesSecret(req) && !g.trusts(hostPort(req.URL)) {
		return fmt.Errorf("%w: %s", ErrPlainText, req.URL.Host)
	}
	return nil
}

func carriesSecret(req *http.Request) bool {
	for _, name := range []string{"Authorization", "Cookie", "Api-Key", "User-Api-Key"} {
		if req.Header.Get(name) != "" {
			return true
		}
	}
	return req.URL.User != nil
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// cappedBody ends with an error where an answer goes on too long.
type cappedBody struct {
	io.ReadCloser
	left   int64
	cancel context.CancelFunc
}

func (b *cappedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more than may be, to see whether there is more
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		return int(b.left), errEndless
	}
	b.left -= int64(n)
	return n, err
}

func (b *cappedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
