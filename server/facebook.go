package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/facebook"
)

// largestRequest is the most of a signed request that is read, in bytes.
const largestRequest = 64 << 10

// facebookCallbacks are the addresses that every Facebook app has to name. Facebook tells them that a
// person has removed the app, or wants what it keeps of them deleted. The person is one who connected a
// Page: a customer asks Facebook to delete what they wrote, which we hear as everybody does.
func (a *App) facebookCallbacks() http.Handler {
	r := chi.NewRouter()
	r.Post("/facebook/deauthorize", func(w http.ResponseWriter, r *http.Request) {
		a.facebookCallback(w, r, func(ctx context.Context, tx listeners.Tx, c listeners.Connection) error {
			return listeners.Break(ctx, tx, c.ID, string(listeners.AuthRevoked))
		})
	})
	r.Post("/facebook/data-deletion", func(w http.ResponseWriter, r *http.Request) {
		person, ok := a.facebookCallback(w, r, func(ctx context.Context, tx listeners.Tx, c listeners.Connection) error {
			return listeners.Disconnect(ctx, tx, c.ID)
		})
		if !ok {
			return
		}
		sum := sha256.Sum256([]byte(person))
		code := hex.EncodeToString(sum[:8])
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"url": a.publicURL() + "/facebook/deletion/" + code, "confirmation_code": code})
	})
	r.Get("/facebook/deletion/{code}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "Of a person who connects a Page, Kith keeps the access that Facebook gave for it and nothing else.",
			"It was deleted when Facebook asked for it, before this address was given out.")
	})
	return r
}

// facebookCallback does something about every Page that the person of a signed request has connected, and
// tells who it is. A request that no app of ours has signed is refused.
func (a *App) facebookCallback(w http.ResponseWriter, r *http.Request, do func(context.Context, listeners.Tx, listeners.Connection) error) (person string, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestRequest))
	if err != nil {
		http.Error(w, "the request did not arrive whole", http.StatusBadRequest)
		return "", false
	}
	person, theirs, err := a.grantedBy(r.Context(), body)
	if errors.Is(err, listeners.ErrSignature) {
		http.Error(w, err.Error(), http.StatusForbidden)
		return "", false
	}
	if err == nil {
		err = a.Write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
			for _, c := range theirs {
				if err := do(ctx, tx, c); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		a.Log.Error("what Facebook told of a person cannot be done", "error", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
		return "", false
	}
	return person, true
}

// grantedBy finds who a signed request is about, and the Pages that they have connected.
func (a *App) grantedBy(ctx context.Context, body []byte) (person string, theirs []listeners.Connection, err error) {
	all, err := listeners.Connections(ctx, a.DB.Read(), 0)
	if err != nil {
		return "", nil, err
	}
	for _, c := range all {
		if c.Network != "facebook" || len(c.Secrets) == 0 {
			continue
		}
		access, err := c.Open(a.Keys, a.Now)
		if err != nil { // of another installation's key: the others must be heard all the same
			a.Log.Warn("a Page's secrets cannot be opened", "connection", c.ID, "error", err)
			continue
		}
		who, err := facebook.SignedRequest(body, access.Secrets)
		if err != nil {
			continue
		}
		if person = who; c.Settings["user"] == who {
			theirs = append(theirs, c)
		}
	}
	if person == "" {
		return "", nil, listeners.ErrSignature
	}
	return person, theirs, nil
}
