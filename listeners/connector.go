package listeners

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// What connecting an account can meet. Each text is a sentence for people and the key of its translation.
var (
	ErrUnknownNetwork = errors.New("this version knows no such network")
	ErrOneForum       = errors.New("this brand has a forum of this kind at another address; a second one needs a brand of its own")
	ErrOtherAccount   = errors.New("this is another account than the one to connect again; connect it as a new one")
	ErrGrantOver      = errors.New("this attempt to connect is over; begin again")
	ErrGrantDenied    = errors.New("the network says that access was not allowed; nothing was connected")
	ErrNoAccount      = errors.New("there is no account there that Kith could use; look whether you are its administrator")
)

// stepTime bounds one step of connecting: what somebody waits for in front of a page.
const stepTime = 20 * time.Second

// Connector connects accounts: it checks what was filled in with the network, or sends a person to the
// network's own pages and takes the accounts that they come back with; it seals and stores the secrets,
// asks the network to bring its news, and looks how the connection stands.
type Connector struct {
	Networks map[string]Network
	Transact Transact
	Read     bun.IDB
	Keys     *Keyring
	Outside  http.RoundTripper
	Now      clock.Func
	// Secret makes a text that nobody can guess.
	Secret func() string
	// PublicURL is where people and networks reach this installation, without a slash at its end.
	PublicURL string
	// Open makes the Channel of a stored connection.
	Open func(Connection) (Channel, error)
}

// Note writes down, in the transaction that stores a connection, who did it.
type Note func(context.Context, Tx, Connection) error

// Kinds are the networks that can be connected, in the order of their names.
func (k *Connector) Kinds() []string {
	var kinds []string
	for kind := range k.Networks {
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b string) int { return strings.Compare(k.Networks[a].Name, k.Networks[b].Name) })
	return kinds
}

// Network is what is known of a kind of network; ErrUnknownNetwork where nothing is.
func (k *Connector) Network(kind string) (Network, error) {
	n, ok := k.Networks[kind]
	if !ok {
		return n, ErrUnknownNetwork
	}
	return n, nil
}

// complete checks a form. Where it renews a connection, secrets that it leaves out stay as they are, and so
// do settings that no form asks for.
func (k *Connector) complete(ctx context.Context, f Form) (Form, error) {
	n, err := k.Network(f.Network)
	if err != nil {
		return f, err
	}
	if f.Renews != 0 {
		c, err := k.renewed(ctx, f)
		if err != nil {
			return f, err
		}
		before, err := c.Open(k.Keys, k.Now)
		if err != nil && !errors.Is(err, ErrSealed) {
			return f, err
		}
		f.Secrets = keep(f.Secrets, n.asked(before.Secrets))
		f.Settings = keep(f.Settings, n.unasked(c.Settings))
	}
	if fault := n.Check(f.Settings, f.Secrets); fault != nil {
		return f, fault
	}
	return f, nil
}

// renewed is the connection that a form is about.
func (k *Connector) renewed(ctx context.Context, f Form) (Connection, error) {
	c, err := FindConnection(ctx, k.Read, f.Renews)
	if err == nil && (c.BrandID != f.BrandID || c.Network != f.Network) {
		err = ErrOtherAccount
	}
	return c, err
}

// Connect checks a form that carries a token with its network and stores the account that the token
// belongs to. *FieldFault where the form cannot be used, *Error where the network says no.
func (k *Connector) Connect(ctx context.Context, f Form, note Note) (Connection, error) {
	f, err := k.complete(ctx, f)
	if err != nil {
		return Connection{}, err
	}
	return k.take(ctx, f, Granted{Identity: Identity{NativeID: "0"}, Settings: f.Settings, Secrets: f.Secrets}, note)
}

// take asks the network whose secrets these are, and stores the account.
func (k *Connector) take(ctx context.Context, f Form, g Granted, note Note) (Connection, error) {
	c := Connection{BrandID: f.BrandID, Network: f.Network, Settings: g.Settings}
	n, err := k.Network(f.Network)
	if err != nil {
		return c, err
	}
	ch, err := n.Open(Access{NativeID: g.NativeID, Handle: g.Handle, Settings: g.Settings, Secrets: g.Secrets, Now: k.Now}, k.Outside)
	if err != nil {
		return c, &Error{Class: Invalid, Err: err}
	}
	asking, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	who, err := ch.Check(asking)
	if err != nil {
		return c, fmt.Errorf("ask %s who we are: %w", f.Network, err)
	}
	if f.Renews != 0 {
		before, err := k.renewed(ctx, f)
		if err != nil {
			return c, err
		}
		if before.NativeID != who.NativeID {
			return c, ErrOtherAccount
		}
	}
	c.NativeID, c.Handle, c.Settings = who.NativeID, who.Handle, who.keepPlan(c.Settings)
	if c.Hook, err = k.sharedHook(ctx, n, c.Network, g.Secrets); err != nil {
		return c, err
	}
	err = k.Transact(ctx, func(ctx context.Context, tx Tx) (err error) {
		if err := n.alone(ctx, tx, c, f.Renews); err != nil {
			return err
		}
		if c, err = Connect(ctx, tx, k.Keys, c, g.Secrets); err != nil || note == nil {
			return err
		}
		return note(ctx, tx, c)
	})
	return c, err
}

// SettingPlan is the setting with Identity.Plan.
const SettingPlan = "plan"

func (who Identity) keepPlan(s Settings) Settings {
	if who.Plan == "" {
		return s
	}
	return keep(Settings{SettingPlan: who.Plan}, s)
}

// alone refuses a second forum: see Network.Place. The forum of the connection that is renewed may have moved.
func (n Network) alone(ctx context.Context, tx Tx, c Connection, renews int64) error {
	if n.Place == "" {
		return nil
	}
	at := func(c Connection) string { return strings.TrimRight(c.Settings[n.Place], "/") }
	all, err := Connections(ctx, tx, c.BrandID)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.Network == c.Network && other.ID != renews && at(other) != at(c) {
			return ErrOneForum
		}
	}
	return nil
}

// sharedHook is the address that an app has already; "" where it has none.
func (k *Connector) sharedHook(ctx context.Context, n Network, kind string, secrets map[string]string) (string, error) {
	signs := func(secret string) bool {
		return secret != "" && slices.ContainsFunc(n.AppSecrets, func(name string) bool { return secrets[name] == secret })
	}
	all, err := Connections(ctx, k.Read, 0)
	if err != nil {
		return "", err
	}
	for _, c := range all {
		if c.Network != kind || c.Hook == "" || len(n.AppSecrets) == 0 {
			continue
		}
		a, err := c.Open(k.Keys, k.Now)
		if err == nil && slices.ContainsFunc(n.AppSecrets, func(name string) bool { return signs(a.Secrets[name]) }) {
			return c.Hook, nil
		}
	}
	return "", nil
}

// Subscribe asks the network of a connection to bring its news; done is false where it brings none, or
// where it could not reach us because this installation has no public https address.
func (k *Connector) Subscribe(ctx context.Context, c Connection) (done bool, err error) {
	ch, err := k.Open(c)
	if err != nil {
		return false, err
	}
	s, ok := ch.(Subscriber)
	if !ok || c.Hook == "" || !strings.HasPrefix(k.PublicURL, "https://") {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	return true, s.Subscribe(ctx, k.HookURL(c))
}

// Welcome asks the network of a connection that was just made to bring its news, looks for the first time how
// the connection stands, and keeps what is found. That news are not brought is a finding and no failure: the
// network is asked for them then.
func (k *Connector) Welcome(ctx context.Context, d *Doctor, c Connection) error {
	_, refused := k.Subscribe(ctx, c)
	found, plan := d.Examine(ctx, c)
	if refused != nil {
		found = append(found, NotSubscribed(refused))
	}
	return k.Transact(ctx, func(ctx context.Context, tx Tx) error { return Keep(ctx, tx, c.ID, found, plan) })
}

// HookURL is where the network of a connection brings its news; it is as secret as a password.
func (k *Connector) HookURL(c Connection) string { return k.PublicURL + "/hooks/" + c.Hook }

// Formless finds the brand's connection to a network that needs nothing filled in, and makes it where there
// is none, or none any more.
func (k *Connector) Formless(ctx context.Context, brandID int64, kind string, note Note) (Connection, error) {
	all, err := Connections(ctx, k.Read, brandID)
	if err != nil {
		return Connection{}, err
	}
	for _, c := range all {
		if c.Network == kind && c.State != Removed {
			return c, nil
		}
	}
	return k.Connect(ctx, Form{BrandID: brandID, Network: kind}, note)
}
