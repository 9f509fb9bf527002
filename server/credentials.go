package server

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"

	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
)

const (
	// credentialBits is the length of the key that signs badges; the standard asks for 2048 at least.
	credentialBits = 2048
	// credentialBound is what the sealed key is bound to: its row.
	credentialBound = "credential_keys:1"
)

// credentialKey reads the key with which the installation signs badges, and makes it when the first is given out.
func (a *App) credentialKey(ctx context.Context) (*rsa.PrivateKey, error) {
	sealed, err := gamification.SealedKey(ctx, a.DB.Read())
	if err != nil {
		return nil, err
	}
	if sealed == nil {
		key, err := rsa.GenerateKey(rand.Reader, credentialBits)
		if err != nil {
			return nil, fmt.Errorf("make a key for badges: %w", err)
		}
		made, err := a.Keys.Seal(x509.MarshalPKCS1PrivateKey(key), credentialBound)
		if err != nil {
			return nil, err
		}
		err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
			return gamification.KeepSealedKey(ctx, tx, made, tx.Now())
		})
		if err != nil {
			return nil, err
		}
		if sealed, err = gamification.SealedKey(ctx, a.DB.Read()); err != nil {
			return nil, err
		}
	}
	plain, err := a.Keys.Open(sealed, credentialBound)
	if err != nil {
		return nil, fmt.Errorf("open the key for badges: %w", err)
	}
	key, err := x509.ParsePKCS1PrivateKey(plain)
	if err != nil {
		return nil, fmt.Errorf("read the key for badges: %w", err)
	}
	return key, nil
}
