package server_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/servertest"
)

// shared is one app with accounts of several brands on a network.
type shared struct {
	t       *testing.T
	w       *servertest.World
	network string
	secrets map[string]string
	said    int
}

// connect connects an account of a brand with the app.
func (s *shared) connect(brand community.Brand, handle string) listeners.Connection {
	s.t.Helper()
	var account struct{ ID, Token string }
	sandboxed(s.t, s.w, http.MethodPost, "/admin/accounts", map[string]any{"network": s.network, "handle": handle, "name": handle, "brand": true}, &account)
	settings := listeners.Settings{"poll": "24h", "host": s.w.Net + map[string]string{"facebook": "/graph", "x": "/x"}[s.network], "app_id": "1000", "client_id": "cafe"}
	secrets := map[string]string{"token": account.Token}
	for name, value := range s.secrets {
		secrets[name] = value
	}
	c, err := s.w.App.Connect(s.t.Context(), brand.ID, s.network, settings, secrets)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// subscribe asks the network to bring news, as connecting does where the network can reach us.
func (s *shared) subscribe(c listeners.Connection) {
	s.t.Helper()
	ch, err := s.w.App.OpenChannel(c)
	if err == nil {
		err = ch.(listeners.Subscriber).Subscribe(s.t.Context(), s.w.URL+"/hooks/"+c.Hook)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// heard lets a customer write to an account, and waits until its connection has heard it.
func (s *shared) heard(c listeners.Connection) {
	s.t.Helper()
	say := func(author, text, parent string) string {
		var made struct{ ID string }
		sandboxed(s.t, s.w, http.MethodPost, "/admin/posts", map[string]any{"network": s.network, "author": author, "text": text, "in_reply_to": parent}, &made)
		return made.ID
	}
	s.said++
	question, parent := fmt.Sprintf("@%s quán mở cửa mấy giờ ạ, lần %d?", c.Handle, s.said), ""
	if s.network == "facebook" {
		parent = say(c.Handle, fmt.Sprintf("Món mới số %d", s.said), "")
	}
	say("lananh", question, parent)
	s.w.Wait(servertest.Soon, c.Handle+" does not hear what is brought", func() bool {
		return s.w.Count("SELECT COUNT(*) FROM mentions WHERE brand_id = ? AND network = ? AND text = ?", c.BrandID, s.network, question) == 1
	})
}

func (s *shared) brought(c listeners.Connection) int {
	s.t.Helper()
	return s.w.Count("SELECT COUNT(*) FROM deliveries WHERE connection_id = ?", c.ID)
}

// TestOneAddressForAnApp: accounts of one app, of several brands, are all brought their news at the app's
// one address, and nobody is brought what is another's.
func TestOneAddressForAnApp(t *testing.T) {
	for network, secrets := range map[string]map[string]string{
		"facebook": {"app_secret": "sandbox-secret-1000"}, "x": nil,
	} {
		t.Run(network, func(t *testing.T) {
			servertest.Each(t, func(t *testing.T, w *servertest.World) {
				s := &shared{t: t, w: w, network: network, secrets: secrets}
				if network == "x" {
					var app map[string]string
					sandboxed(t, w, http.MethodGet, "/x/developer/cafe", nil, &app)
					s.secrets = map[string]string{"consumer_secret": app["consumer_secret"], "app_token": app["app_token"]}
				}
				var other community.Brand
				w.Write(func(ctx context.Context, tx listeners.Tx) (err error) {
					other, err = community.AddBrand(ctx, tx, community.Brand{Slug: "tra", Name: "Trà", Language: "vi", ReviewSeed: "s"}, nil)
					return err
				})
				cafe, tea, strangers := s.connect(w.Brand, "saomaihcm"), s.connect(w.Brand, "saomaitra"), s.connect(other, "tracungdinh")
				if cafe.Hook == "" || tea.Hook != cafe.Hook || strangers.Hook != cafe.Hook {
					t.Errorf("one app has the addresses %q, %q and %q", cafe.Hook, tea.Hook, strangers.Hook)
				}
				for _, c := range []listeners.Connection{cafe, tea, strangers} {
					s.subscribe(c)
				}
				s.heard(tea)
				if s.brought(tea) == 0 || s.brought(cafe) != 0 || s.brought(strangers) != 0 {
					t.Errorf("of one account's news %d, %d and %d pieces were brought", s.brought(tea), s.brought(cafe), s.brought(strangers))
				}
				s.heard(strangers)
				s.heard(cafe)

				// Who asked last goes, another has an address of before, and somebody without the app's secret
				// claims the account.
				w.Write(func(ctx context.Context, tx listeners.Tx) error {
					if err := listeners.Disconnect(ctx, tx, strangers.ID); err != nil {
						return err
					}
					_, err := tx.NewRaw("UPDATE connections SET hook = 'ofbefore' WHERE id = ?", tea.ID).Exec(ctx)
					return err
				})
				impostor := cafe
				impostor.ID, impostor.BrandID, impostor.Hook = 0, other.ID, ""
				w.Write(func(ctx context.Context, tx listeners.Tx) (err error) {
					impostor, err = listeners.Connect(ctx, tx, w.App.Keys, impostor, map[string]string{"token": "t", "app_secret": "mine", "consumer_secret": "mine"})
					return err
				})
				s.heard(cafe)
				s.heard(tea)
				if n := s.brought(impostor); n != 0 {
					t.Errorf("%d deliveries went to who has no secret of the app", n)
				}
			})
		})
	}
}
