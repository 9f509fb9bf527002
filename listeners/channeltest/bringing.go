package channeltest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
)

func receives(n *Network, ch listeners.Channel) bool {
	_, receiver := ch.(listeners.Receiver)
	_, subscriber := ch.(listeners.Subscriber)
	return receiver && (subscriber || n.Subscribe != nil)
}

var bringing = []testCase{
	{"C30", "a network that asks whether the address is ours is answered, anybody else is not", challenge, receives},
	{"C31", "only what the network signed is taken", signatures, receives},
	{"C32", "a delivery has one id, however often it is brought", deliveryIDs, receives},
	{"C35", "what we could not take is brought again", broughtAgain, receives},
	{"C36", "while a secret is changed, what the old one signed is taken", rotation, func(n *Network, ch listeners.Channel) bool {
		return receives(n, ch) && n.Rotate != nil
	}},
	{"brought", "what is brought is what a look at the network gives", broughtIsHeard, receives},
	{"removed", "a deletion is brought", broughtRemovals, receives},
}

// delivered is one request of the network.
type delivered struct {
	header http.Header
	body   []byte
}

// address is a URL of ours that a network brings news to.
type address struct {
	mu     sync.Mutex
	got    []delivered
	refuse int // so many more are answered with 500
	asked  int // challenges
}

func (a *address) take(ch listeners.Receiver, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	answer, kind, asked, err := ch.Challenge(r, body)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err != nil:
		w.WriteHeader(http.StatusForbidden)
	case asked:
		a.asked++
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(answer)
	case a.refuse > 0:
		a.refuse--
		a.got = append(a.got, delivered{r.Header, body})
		w.WriteHeader(http.StatusInternalServerError)
	default:
		a.got = append(a.got, delivered{r.Header, body})
	}
}

// subscribe makes the network bring news to an address, and shows what it brings.
func subscribe(t *testing.T, n *Network) (*address, listeners.Receiver) {
	t.Helper()
	ch := n.Open(t, Options{})
	a := new(address)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.take(ch.(listeners.Receiver), w, r) }))
	t.Cleanup(server.Close)
	if n.Subscribe != nil {
		n.Subscribe(t, server.URL+"/hooks/key")
	} else if err := ch.(listeners.Subscriber).Subscribe(context.Background(), server.URL+"/hooks/key"); err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	return a, ch.(listeners.Receiver)
}

// until waits for a delivery that is as wanted; the network brings them when it likes.
func (a *address) until(t *testing.T, wanted func([]delivered) bool) []delivered {
	t.Helper()
	for range 500 {
		a.mu.Lock()
		got := slices.Clone(a.got)
		a.mu.Unlock()
		if wanted(got) {
			return got
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("the network brought %d deliveries, not what was waited for", len(a.got))
	return nil
}

// brings waits for the deliveries that tell of a post.
func (a *address) brings(t *testing.T, ch listeners.Receiver, tells func(listeners.Page) bool) (listeners.Page, delivered) {
	t.Helper()
	var found listeners.Page
	var by delivered
	a.until(t, func(got []delivered) bool {
		for _, d := range got {
			page, err := ch.Decode(context.Background(), d.header, d.body)
			if err != nil {
				t.Fatalf("decode %s: %v", d.body, err)
			}
			if tells(page) {
				found, by = page, d
				return true
			}
		}
		return false
	})
	return found, by
}

func hasPost(id string) func(listeners.Page) bool {
	return func(p listeners.Page) bool { return slices.Contains(ids(p.Posts), id) }
}

func challenge(t *testing.T, n *Network) {
	a, ch := subscribe(t, n)
	a.mu.Lock()
	asked := a.asked
	a.mu.Unlock()
	if _, na := n.NA["challenge"]; asked == 0 && !na {
		t.Error("the network did not ask whether the address is ours")
	}
	for _, query := range []string{"?crc_token=", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong", "?hub.mode=subscribe&hub.challenge=%3Cscript%3E"} {
		r := httptest.NewRequest(http.MethodGet, "/hooks/key"+query, nil)
		if answer, _, asked, err := ch.Challenge(r, nil); err == nil && asked && len(answer) > 0 {
			t.Errorf("%s was answered with %q", query, answer)
		}
	}
}

func signatures(t *testing.T, n *Network) {
	a, ch := subscribe(t, n)
	p := mention(n, 1)
	p.Text += " Tiếng Việt ướt át 👩‍👩‍👧‍👦 </script>"
	n.Post(t, p)
	d := a.until(t, func(got []delivered) bool { return len(got) > 0 })[0]
	if err := ch.Verify(d.header, d.body); err != nil {
		t.Fatalf("a true delivery is refused: %v", err)
	}
	refused := func(what string, h http.Header, body []byte) {
		t.Helper()
		if err := ch.Verify(h, body); !errors.Is(err, listeners.ErrSignature) {
			t.Errorf("%s: got %v, want %v", what, err, listeners.ErrSignature)
		}
	}
	refused("a body with a byte more", d.header, append(bytes.Clone(d.body), ' '))
	refused("another body", d.header, bytes.Replace(d.body, []byte("order"), []byte("older"), 1))
	refused("no body", d.header, nil)
	refused("no headers", http.Header{}, d.body)
	for name, values := range d.header {
		if bytes.Contains([]byte(http.CanonicalHeaderKey(name)), []byte("Signature")) {
			for _, wrong := range []string{"", "sha256=", values[0] + "0", values[0][:len(values[0])-1], "sha1=" + values[0]} {
				h := d.header.Clone()
				h.Set(name, wrong)
				refused(name+": "+wrong, h, d.body)
			}
		}
	}
}

func deliveryIDs(t *testing.T, n *Network) {
	n.Weather(t, "HOOK", "duplicate", 0)
	a, ch := subscribe(t, n)
	one, two := n.Post(t, mention(n, 1)), n.Post(t, mention(n, 2))
	_, first := a.brings(t, ch, hasPost(one))
	_, second := a.brings(t, ch, hasPost(two))
	id := func(d delivered) string { return ch.DeliveryID(d.header, d.body) }
	if id(first) == "" || id(first) == id(second) && !bytes.Equal(first.body, second.body) {
		t.Errorf("the ids of two deliveries: %q and %q", id(first), id(second))
	}
	a.until(t, func(got []delivered) bool {
		same := 0
		for _, d := range got {
			if id(d) == id(first) {
				same++
			}
		}
		return same >= 2
	})
}

func broughtAgain(t *testing.T, n *Network) {
	a, ch := subscribe(t, n)
	a.mu.Lock()
	a.refuse = 1
	a.mu.Unlock()
	n.Post(t, mention(n, 1))
	got := a.until(t, func(got []delivered) bool { return len(got) >= 2 })
	if one, two := ch.DeliveryID(got[0].header, got[0].body), ch.DeliveryID(got[1].header, got[1].body); one != two {
		t.Errorf("brought again as %q, was %q", two, one)
	}
	if err := ch.Verify(got[1].header, got[1].body); err != nil {
		t.Errorf("brought again: %v", err)
	}
}

func rotation(t *testing.T, n *Network) {
	a, _ := subscribe(t, n)
	n.Post(t, mention(n, 1))
	d := a.until(t, func(got []delivered) bool { return len(got) > 0 })[0]
	if err := n.Open(t, n.Rotate(t)).(listeners.Receiver).Verify(d.header, d.body); err != nil {
		t.Errorf("signed with the old secret: %v", err)
	}
}

func broughtIsHeard(t *testing.T, n *Network) {
	a, ch := subscribe(t, n)
	id := n.Post(t, mention(n, 1))
	page, _ := a.brings(t, ch, hasPost(id))
	heard, _ := round(t, n, Options{}, "")
	if got, want := find(t, page.Posts, id), find(t, heard, id); got != want {
		t.Errorf("brought and heard differ:\n%+v\n%+v", got, want)
	}
}

func broughtRemovals(t *testing.T, n *Network) {
	a, ch := subscribe(t, n)
	id := n.Post(t, mention(n, 1))
	a.brings(t, ch, hasPost(id))
	n.Delete(t, id)
	a.brings(t, ch, func(p listeners.Page) bool {
		return slices.Contains(p.Gone, listeners.Removal{NativeID: id, Why: listeners.Deleted})
	})
}
