package access_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/server/access"
)

func TestAddPersonTwiceIsOnePerson(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.do(func(ctx context.Context, tx access.Tx) error {
			again, err := access.AddPerson(ctx, tx, access.Person{
				ID: 99, Email: "LAN@example.com", Name: "Somebody else", Language: "en", PasswordHash: "planted", Epoch: 7,
			})
			if err != nil {
				return err
			}
			if again != h.lan {
				t.Errorf("added again: %+v, want %+v", again, h.lan)
			}
			fresh, err := access.AddPerson(ctx, tx, access.Person{Email: "huy@example.com", PasswordHash: "planted", Epoch: 7})
			if err != nil {
				return err
			}
			if fresh.Name != "huy" || fresh.Language != "en" || fresh.PasswordHash != "" || fresh.Epoch != 1 {
				t.Errorf("added %+v", fresh)
			}
			return access.SetLanguage(ctx, tx, fresh.ID, "vi")
		})
		huy, err := access.FindPerson(t.Context(), h.db.Read(), " Huy@Example.COM")
		if err != nil || huy.Language != "vi" {
			t.Errorf("found %+v, %v", huy, err)
		}
	})
}

func TestAddPersonRefuses(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for name, bad := range map[string]access.Person{
			"nothing":              {},
			"no address":           {Email: "huy"},
			"two":                  {Email: "huy@example.com,lan@example.com"},
			"a name besides":       {Email: "Huy <huy@example.com>"},
			"a header":             {Email: "huy@example.com\r\nBcc: all@example.com"},
			"a look-alike":         {Email: "lаn@example.com"}, // the second letter is Cyrillic
			"a zero-width space":   {Email: "lan\u200b@example.com"},
			"long":                 {Email: strings.Repeat("a", 250) + "@example.com"},
			"an unknown language":  {Email: "huy@example.com", Language: "xx"},
			"a name of many lines": {Email: "huy@example.com", Name: "Huy\nadmin"},
			"a long name":          {Email: "huy@example.com", Name: strings.Repeat("ư", 101)},
		} {
			err := h.try(func(ctx context.Context, tx access.Tx) error {
				_, err := access.AddPerson(ctx, tx, bad)
				return err
			})
			if invalid := (*community.Invalid)(nil); !errors.As(err, &invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
