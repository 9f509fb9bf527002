package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/kith-social/kith/community"
)

// The cost of a password: 19 MiB and two passes, which OWASP gives as the least for argon2id. Each
// hash takes that memory, so only a few are made at the same time; the others wait in line.
const (
	hashMemory   = 19 * 1024 // KiB
	hashPasses   = 2
	hashThreads  = 1
	hashBytes    = 32
	saltBytes    = 16
	hashesAtOnce = 2
)

const (
	shortestPassword = 12  // characters
	longestPassword  = 256 // characters
)

// dummyHash is compared with where there is no password, so that an answer takes the same time
// whether the person exists or not. No text hashes to it.
var dummyHash = phc(make([]byte, saltBytes), make([]byte, hashBytes))

// SetPassword gives a person a password and ends all their sessions.
func (g *Guard) SetPassword(ctx context.Context, personID int64, password string) error {
	hashed, err := g.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	return g.Transact(ctx, func(ctx context.Context, tx Tx) error {
		return changePerson(ctx, tx, personID, "password_hash = ?, epoch = epoch + 1", hashed)
	})
}

// hashPassword checks a new password and hashes it.
func (g *Guard) hashPassword(ctx context.Context, password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < shortestPassword || n > longestPassword || !utf8.ValidString(password) {
		return "", &community.Invalid{Field: "password", Sentence: "a password has 12 to 256 characters"}
	}
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	sum, err := g.hash(ctx, password, salt)
	if err != nil {
		return "", err
	}
	return phc(salt, sum), nil
}

// checkPassword compares in constant time; stored may be "", which no password fits.
func (g *Guard) checkPassword(ctx context.Context, stored, password string) (bool, error) {
	if len(password) > 4*longestPassword {
		return false, nil
	}
	if stored == "" {
		stored = dummyHash
	}
	salt, want, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	got, err := g.hash(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// hash waits for its turn; the same characters give the same hash however they were typed.
func (g *Guard) hash(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case g.hashing <- struct{}{}:
		defer func() { <-g.hashing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey(norm.NFKC.Bytes([]byte(password)), salt, hashPasses, hashMemory, hashThreads, hashBytes), nil
}

var phcHead = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, hashMemory, hashPasses, hashThreads)

func phc(salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return phcHead + b64.EncodeToString(salt) + "$" + b64.EncodeToString(sum)
}

func parsePHC(text string) (salt, sum []byte, err error) {
	rest, ok := strings.CutPrefix(text, phcHead)
	s, h, two := strings.Cut(rest, "$")
	b64 := base64.RawStdEncoding.Strict()
	salt, err1 := b64.DecodeString(s)
	sum, err2 := b64.DecodeString(h)
	if !ok || !two || err1 != nil || err2 != nil || len(salt) != saltBytes || len(sum) != hashBytes {
		return nil, nil, fmt.Errorf("a stored password hash is not one of ours")
	}
	return salt, sum, nil
}
