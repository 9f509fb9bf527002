package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const maxHandleRunes = 50

var errHandle = errors.New("a handle has 1 to 50 visible characters and no spaces")

// account is a person or a brand on one network.
type account struct {
	ID        int64
	Network   string
	Handle    string
	Name      string
	Brand     bool
	Opened    bool // made on purpose, not by writing a post; survives a reset
	CreatedAt time.Time
	Token     string // bearer token that does not expire
	Refresh   string // the refresh token that is good for one use
	Protected bool   // only followers see what it writes
	Suspended bool   // nobody does
	Moderated bool   // what it writes is held until it is approved
	Premium   bool   // on X: it has a subscription, with which posts may be long
	posts     feed
}

// grant is what a bearer token allows: to act as an account, or, without one,
// to read as an application.
type grant struct {
	Account *account
	Until   time.Time // zero: for ever
	App     string    // the application it was given to, where one asked
	Scope   string    // what it allows, in the network's words; "": everything
}

// grantLife is how long a refreshed token is good.
const grantLife = 2 * time.Hour

// handleKey finds accounts and mentions: handles ignore case.
type handleKey struct{ network, handle string }

func keyOf(network, handle string) handleKey {
	return handleKey{network, strings.ToLower(handle)}
}

// cleanHandle drops a leading @ and refuses what no page could show.
func cleanHandle(handle string) (string, error) {
	handle = strings.TrimPrefix(strings.TrimSpace(handle), "@")
	if handle == "" || !utf8.ValidString(handle) || utf8.RuneCountInString(handle) > maxHandleRunes {
		return "", errHandle
	}
	for _, r := range handle {
		if !unicode.IsGraphic(r) || unicode.IsSpace(r) {
			return "", errHandle
		}
	}
	return handle, nil
}

// account finds the account of a handle, or makes it.
func (w *world) account(network, handle string) *account {
	if a := w.accounts[keyOf(network, handle)]; a != nil {
		return a
	}
	a := &account{Network: network, Handle: handle, Name: nameOf(handle), CreatedAt: w.now().UTC()}
	a.ID = w.accountID(a)
	a.Token = w.secret("token", a.Network, strings.ToLower(a.Handle))
	a.Refresh = w.secret("refresh", a.Network, strings.ToLower(a.Handle))
	w.join(a)
	return a
}

// open makes an account on purpose, or finds it, and gives it a name.
func (w *world) open(network, handle, name string, brand bool) (*account, error) {
	if network == "" {
		network = "x"
	}
	if !slices.Contains(networkNames, network) {
		return nil, errNetwork
	}
	handle, err := cleanHandle(handle)
	if err != nil {
		return nil, err
	}
	a := w.account(network, handle)
	a.Opened = true
	a.Brand = a.Brand || brand
	if name = strings.TrimSpace(strings.ToValidUTF8(name, "\uFFFD")); name != "" {
		a.Name = name
	}
	return a, nil
}

func (w *world) join(a *account) {
	w.accounts[keyOf(a.Network, a.Handle)] = a
	w.accountIDs[a.ID] = a
	w.joined = append(w.joined, a)
	w.grants[a.Token] = grant{Account: a}
	w.refresh[a.Refresh] = a
}

// accountID is the same in every run, so that what a product stored about an
// account stays true after a restart. A handle that is a number is its own id,
// as in archives that replaced names by numbers.
func (w *world) accountID(a *account) int64 {
	id, err := strconv.ParseInt(a.Handle, 10, 64)
	if err != nil || id <= 0 || len(a.Handle) > 18 {
		sum := sha256.Sum256([]byte(a.Network + "\x00" + strings.ToLower(a.Handle)))
		id = int64(binary.BigEndian.Uint64(sum[:8])%9e17 + 1e17)
	}
	for w.accountIDs[id] != nil {
		id++
	}
	return id
}

// secret makes a token, the same in every run with the same seed.
func (w *world) secret(parts ...string) string {
	mac := hmac.New(sha256.New, binary.BigEndian.AppendUint64(nil, w.seed))
	mac.Write([]byte(strings.Join(parts, "\x00")))
	return "sandbox-" + parts[0] + "-" + hex.EncodeToString(mac.Sum(nil)[:16])
}

// granted looks a bearer token up.
func (w *world) granted(token string) (grant, bool) {
	g, ok := w.grants[token]
	return g, ok && (g.Until.IsZero() || w.now().Before(g.Until))
}

// renew spends a refresh token and hands out its successor with a new bearer
// token. It reports false for a refresh token that was spent or never given.
func (w *world) renew(refresh string) (token string, a *account, ok bool) {
	a, ok = w.refresh[refresh]
	if !ok {
		return "", nil, false
	}
	delete(w.refresh, refresh)
	a.Refresh = w.secret("refresh", refresh)
	w.refresh[a.Refresh] = a
	token = w.secret("token", refresh)
	w.grants[token] = grant{Account: a, Until: w.now().Add(grantLife), Scope: w.scopes[refresh]}
	w.scopes[a.Refresh] = w.scopes[refresh]
	delete(w.scopes, refresh)
	return token, a, true
}

// grantApp hands out a token of an application that acts as nobody.
func (w *world) grantApp(client string) string {
	token := w.secret("app", client)
	w.grants[token] = grant{App: client}
	return token
}
