package listeners_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/kith-social/kith/listeners"
)

func keyLine(t *testing.T, id string) string {
	t.Helper()
	line, err := listeners.NewKeyLine(id, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func ring(t *testing.T, lines string) *listeners.Keyring {
	t.Helper()
	k, err := listeners.ParseKeyring(lines, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSecretsOpenOnlyInTheirRowWithTheirKey(t *testing.T) {
	first, second := keyLine(t, "k1"), keyLine(t, "k2")
	old := ring(t, first)
	sealed, err := old.Seal([]byte("a-canary-token"), "connections/1/x/100")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("canary")) {
		t.Fatal("the sealed text shows the secret")
	}
	tampered := bytes.Clone(sealed)
	tampered[len(tampered)-1] ^= 1
	for name, c := range map[string]struct {
		ring   *listeners.Keyring
		sealed []byte
		row    string
		opens  bool
	}{
		"same row, same key":        {old, sealed, "connections/1/x/100", true},
		"after a new key was added": {ring(t, first+second), sealed, "connections/1/x/100", true},
		"moved to another row":      {old, sealed, "connections/2/x/100", false},
		"the key is gone":           {ring(t, second), sealed, "connections/1/x/100", false},
		"another key of that name":  {ring(t, keyLine(t, "k1")), sealed, "connections/1/x/100", false},
		"tampered with":             {old, tampered, "connections/1/x/100", false},
		"cut off":                   {old, sealed[:8], "connections/1/x/100", false},
		"empty":                     {old, nil, "connections/1/x/100", false},
	} {
		t.Run(name, func(t *testing.T) {
			plain, err := c.ring.Open(c.sealed, c.row)
			if c.opens && (err != nil || string(plain) != "a-canary-token") {
				t.Fatalf("got %q, %v; want the secret", plain, err)
			}
			if !c.opens && !errors.Is(err, listeners.ErrSealed) {
				t.Fatalf("got %q, %v; want ErrSealed", plain, err)
			}
		})
	}
}

func TestNewestKeySeals(t *testing.T) {
	first, second := keyLine(t, "k1"), keyLine(t, "k2")
	sealed, err := ring(t, first+second).Seal([]byte("x"), "row")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring(t, second).Open(sealed, "row"); err != nil {
		t.Errorf("the newest key does not open what was sealed last: %v", err)
	}
}

func TestKeyFileThatMakesNoSense(t *testing.T) {
	for _, text := range []string{"", "no colon", "k1:notbase64!", "k1:c2hvcnQ=", ":" + strings.Repeat("A", 44)} {
		if _, err := listeners.ParseKeyring(text, rand.Reader); err == nil {
			t.Errorf("key file %q was taken", text)
		}
	}
}
