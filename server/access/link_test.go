package access_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-social/kith/server/access"
)

// use signs a new browser in by link.
func (h *house) use(secret string) (p access.Person, err error) {
	h.guard.ByCookie(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		p, err = h.guard.SignInByLink(r.Context(), secret)
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
	return p, err
}

func TestLinkWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		secret := h.link(access.Link{})
		for range 3 { // a scanner of mail looks at it
			if p, err := h.guard.LookAtLink(t.Context(), secret); err != nil || p.ID != h.lan.ID {
				t.Fatalf("looked at the link: %v, %v", p, err)
			}
		}
		if p, err := h.use(secret); err != nil || p.ID != h.lan.ID {
			t.Fatalf("used the link: %v, %v", p, err)
		}
		if _, err := h.use(secret); !errors.Is(err, access.ErrLink) {
			t.Errorf("used it again: %v", err)
		}
		if _, err := h.guard.LookAtLink(t.Context(), secret); !errors.Is(err, access.ErrLink) {
			t.Errorf("looked at a used link: %v", err)
		}
	})
}

func TestLinkOf64WhoUseItAtOnceOneGetsIn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		secret := h.link(access.Link{})
		var in, out atomic.Int32
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				switch _, err := h.use(secret); {
				case err == nil:
					in.Add(1)
				case errors.Is(err, access.ErrLink):
					out.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 || out.Load() != 63 {
			t.Errorf("%d got in and %d were refused, want 1 and 63", in.Load(), out.Load())
		}
	})
}

func TestLinkEnds(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		short, long := h.link(access.Link{}), h.link(access.Link{Life: time.Hour})
		h.clock.Advance(access.LinkLife)
		if _, err := h.use(short); !errors.Is(err, access.ErrLink) {
			t.Errorf("after its life: %v", err)
		}
		newest := h.link(access.Link{Newest: true})
		if _, err := h.use(long); !errors.Is(err, access.ErrLink) {
			t.Errorf("an older link still works: %v", err)
		}
		if _, err := h.use(newest); err != nil {
			t.Errorf("the newest link: %v", err)
		}
	})
}

// Invitations and resets of others worked with an empty token, a NULL one, or one in another spelling.
func TestCVE_LinkTokens(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		secret := h.link(access.Link{})
		h.do(func(ctx context.Context, tx access.Tx) error { // as if something had stored no hash, or that of nothing
			for _, hash := range []string{"", fmt.Sprintf("%x", sha256.Sum256(nil))} {
				_, err := tx.NewRaw("INSERT INTO sign_in_links (hash, person_id, created_at, expires_at) VALUES (?, ?, ?, ?)",
					hash, h.lan.ID, tx.Now(), tx.Now().Add(time.Hour)).Exec(ctx)
				if err != nil {
					return err
				}
			}
			return nil
		})
		var hash string
		if err := h.db.Read().NewSelect().Table("sign_in_links").Column("hash").Where("expires_at < ?", h.clock.Now().Add(time.Hour)).Scan(t.Context(), &hash); err != nil {
			t.Fatal(err)
		}
		raw, err := base64.RawURLEncoding.DecodeString(secret)
		if err != nil {
			t.Fatal(err)
		}
		last := secret[len(secret)-1]
		for name, bad := range map[string]string{
			"empty": "", "null": "null", "NUL": "\x00", "percent": "%", "blank": " ", "the hash": hash, "upper case": strings.ToUpper(secret),
			"with a newline": secret + "\n", "with a blank": " " + secret, "padded": secret + "=", "cut": secret[:42], "doubled": secret + secret,
			"another base64": base64.StdEncoding.EncodeToString(raw), "loose bits": secret[:42] + string(rune(last+1)), "a token": "kith_" + secret,
		} {
			if _, err := h.use(bad); !errors.Is(err, access.ErrLink) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := h.guard.LookAtLink(t.Context(), bad); !errors.Is(err, access.ErrLink) {
				t.Errorf("%s, looked at: %v", name, err)
			}
		}
		if _, err := h.use(secret); err != nil {
			t.Errorf("the link itself: %v", err)
		}
	})
}
