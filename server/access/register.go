package access

import (
	"context"
	"errors"
)

// ErrKnown means that a person with this address exists, who must sign in to do more.
var ErrKnown = errors.New("somebody with this e-mail address is known here already; sign in first")

// Register stores a person who was not known before, with a password, and what they came for, which
// then does; all of it or nothing. Afterwards the browser of ctx is signed in. ErrKnown if the address
// is taken: it never touches a person who exists.
func (g *Guard) Register(ctx context.Context, p Person, password string, then func(context.Context, Tx, Person) error) error {
	hashed, err := g.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	err = g.Transact(ctx, func(ctx context.Context, tx Tx) error {
		if _, err := FindPerson(ctx, tx, p.Email); err == nil {
			return ErrKnown
		}
		if p, err = AddPerson(ctx, tx, p); err != nil {
			return err
		}
		if p.CreatedAt != tx.Now() { // somebody else stored it since the look
			return ErrKnown
		}
		if err := changePerson(ctx, tx, p.ID, "password_hash = ?", hashed); err != nil {
			return err
		}
		return then(ctx, tx, p)
	})
	if err != nil {
		return err
	}
	return g.begin(ctx, p)
}
