package listeners

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrSealed is returned for secrets that no key of the ring opens.
var ErrSealed = errors.New("the secrets of this connection cannot be read with the keys of this installation")

// Keyring seals secrets at rest with AES-256-GCM. Each sealed text names its key, so that keys can be
// added and old ones kept, and is bound to its row: moved to another row it does not open.
type Keyring struct {
	newest string
	keys   map[string]cipher.AEAD
	rand   io.Reader
}

// NewKeyLine makes a fresh key as one line of a key file: an id, a colon, 32 bytes in base64.
func NewKeyLine(id string, rand io.Reader) (string, error) {
	key := make([]byte, 32)
	if _, err := io.ReadFull(rand, key); err != nil {
		return "", fmt.Errorf("make a key: %w", err)
	}
	return id + ":" + base64.StdEncoding.EncodeToString(key) + "\n", nil
}

// ParseKeyring reads a key file; the last line is the key that seals.
func ParseKeyring(file string, rand io.Reader) (*Keyring, error) {
	k := &Keyring{keys: map[string]cipher.AEAD{}, rand: rand}
	for i, line := range strings.Split(strings.TrimSpace(file), "\n") {
		id, text, ok := strings.Cut(strings.TrimSpace(line), ":")
		key, err := base64.StdEncoding.DecodeString(text)
		if !ok || err != nil || len(key) != 32 || id == "" || len(id) > 255 {
			return nil, fmt.Errorf("line %d of the key file is not an id, a colon and 32 bytes in base64", i+1)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if k.keys[id], err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
		k.newest = id
	}
	return k, nil
}

// Seal encrypts plain for the row named by bound.
func (k *Keyring) Seal(plain []byte, bound string) ([]byte, error) {
	aead := k.keys[k.newest]
	out := append([]byte{byte(len(k.newest))}, k.newest...)
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(k.rand, nonce); err != nil {
		return nil, fmt.Errorf("seal secrets: %w", err)
	}
	return aead.Seal(append(out, nonce...), nonce, plain, []byte(bound)), nil
}

// Open decrypts what Seal made for the same row.
func (k *Keyring) Open(sealed []byte, bound string) ([]byte, error) {
	if len(sealed) == 0 || len(sealed) < 1+int(sealed[0]) {
		return nil, ErrSealed
	}
	id, rest := sealed[1:1+int(sealed[0])], sealed[1+int(sealed[0]):]
	aead := k.keys[string(id)]
	if aead == nil || len(rest) < aead.NonceSize() {
		return nil, ErrSealed
	}
	plain, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], []byte(bound))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// token makes 128 unguessable bits as text for a URL.
func (k *Keyring) token() (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(k.rand, raw); err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	return hex.EncodeToString(raw), nil
}
