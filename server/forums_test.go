package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/servertest"
)

// TestAForumIsHeardAndAnswered: a topic of a NodeBB forum becomes a case, and the answer stands under it.
// The same forum's feed gives a case that can be answered by hand only, and when the feed is gone for good
// nobody goes on asking for it.
func TestAForumIsHeardAndAnswered(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		connect := func(network string, settings listeners.Settings, secrets map[string]string) {
			t.Helper()
			maps.Copy(settings, w.Settings)
			if _, err := w.App.Connect(t.Context(), w.Brand.ID, network, settings, secrets); err != nil {
				t.Fatal(err)
			}
		}
		var brand struct{ Token string }
		onNetwork(t, w, http.MethodPost, "/admin/accounts", map[string]any{"network": "nodebb", "handle": servertest.Handle, "brand": true}, &brand)
		connect("nodebb", listeners.Settings{"address": w.Net + "/nodebb"}, map[string]string{"token": brand.Token})
		connect("feed", listeners.Settings{"address": w.Net + "/feed/posts.rss"}, nil)
		says := func(network, text string) string {
			t.Helper()
			var made struct{ ID string }
			onNetwork(t, w, http.MethodPost, "/admin/posts", map[string]any{"network": network, "author": "lananh", "text": text}, &made)
			return made.ID
		}
		huy, minh := w.As("huy"), w.As("minh")

		topic := says("nodebb", "Quán mở cửa mấy giờ ạ?\nMình muốn ghé sáng mai.")
		c := huy.Finds(topic)
		if c.Delivery.Mode != "api" {
			t.Errorf("the topic's case is %+v", c)
		}
		huy.Claims(c.ID)
		a := huy.Answers(c.ID, "Dạ quán mở từ 7h tới 22h ạ")
		minh.Approves(a.ID)
		w.Wait(10*servertest.Soon, "the answer is not on the forum", func() bool {
			var list struct{ Items []servertest.Post }
			onNetwork(t, w, http.MethodGet, "/admin/posts?network=nodebb", nil, &list)
			return len(list.Items) == 2 && list.Items[1].Author == servertest.Handle && list.Items[1].InReplyTo == topic && list.Items[1].Text == a.Text
		})

		item := w.Net + "/post/" + says("feed", "Cà phê sữa đá ở Sao Mai có ngon không mọi người?")
		w.Advance(2 * time.Minute) // the feed wants to be left alone for one
		c = huy.Finds(item)
		if c.Delivery.Mode != "assisted" || c.Delivery.Reason != "read_only" {
			t.Errorf("the item's case is %+v, want it answered by hand", c)
		}
		onNetwork(t, w, http.MethodPut, "/admin/weather", map[string]any{"network": "feed", "fault": "status:410"}, nil)
		w.Advance(2 * time.Minute)
		w.Wait(10*time.Second, "a feed that is gone is asked for again and again", func() bool {
			return w.Count("SELECT COUNT(*) FROM connections WHERE network = 'feed' AND state = 'broken' AND error LIKE '%gone for good%'") == 1
		})
	})
}

// onNetwork plays the network through its admin API.
func onNetwork(t *testing.T, w *servertest.World, method, path string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, w.Net+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode > 299 {
		t.Fatalf("%s %s: status %d", method, path, res.StatusCode)
	}
	if out != nil {
		if err := json.NewDecoder(res.Body).Decode(out); err != nil {
			t.Fatal(err)
		}
	}
}

// TestABrandHasOneForumOfAKind: each forum numbers its own posts, so a second one would give a post of the
// first another text.
func TestABrandHasOneForumOfAKind(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		var brand struct{ Token string }
		onNetwork(t, w, http.MethodPost, "/admin/accounts", map[string]any{"network": "discourse", "handle": servertest.Handle, "brand": true}, &brand)
		settings := maps.Clone(w.Settings)
		settings["host"], settings["user"] = w.Net+"/discourse", servertest.Handle
		secrets := map[string]string{"key": brand.Token}
		connect := func() (listeners.Connection, error) {
			return w.App.Connect(t.Context(), w.Brand.ID, "discourse", settings, secrets)
		}
		first, err := connect()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := connect(); err != nil {
			t.Errorf("the same forum again: %v", err)
		}
		w.Write(func(ctx context.Context, tx listeners.Tx) error {
			elsewhere := listeners.Settings{"host": "https://forum.elsewhere.example", "user": servertest.Handle}
			_, err := tx.NewUpdate().Model((*listeners.Connection)(nil)).Set("settings = ?", elsewhere).Where("network = 'discourse'").Exec(ctx)
			return err
		})
		if _, err := connect(); !errors.Is(err, listeners.ErrOneForum) {
			t.Errorf("a forum at another address: got %v, want %v", err, listeners.ErrOneForum)
		}
		moved := listeners.Form{BrandID: w.Brand.ID, Network: "discourse", Settings: settings, Secrets: secrets, Renews: first.ID}
		if _, err := w.App.Connector.Connect(t.Context(), moved, nil); err != nil {
			t.Errorf("the forum itself at another address: %v", err)
		}
	})
}
