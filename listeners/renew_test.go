package listeners_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

// onBoth tells a story on both engines with a clock that moves by hand.
func onBoth(t *testing.T, story func(*testing.T, *db.DB, *clock.Manual)) {
	c := clock.NewManual(nil)
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, d, c) }, dbtest.Clock(c.Now))
}

func TestSecretsAreRenewedOnceAndHearingGoesOn(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		e.far.write("xin chào", c.Now())
		e.far.do(func() { e.far.token = "another" }) // what we have ends without notice
		e.hear()
		if now := e.now(); now.State != listeners.On || now.Error != "" || now.SecretsVersion != 2 || now.RenewingUntil != 0 {
			t.Errorf("after the secrets ended: %s %q, version %d, renewing until %v", now.State, now.Error, now.SecretsVersion, now.RenewingUntil)
		}
		if n := e.count("SELECT COUNT(*) FROM mentions"); n != 1 || e.far.renewals != 1 {
			t.Errorf("%d mentions after %d renewals, want 1 after 1", n, e.far.renewals)
		}
	})
}

func TestSecretsAreRenewedBeforeTheyEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, map[string]string{"expires": strconv.FormatInt(int64(c.Now().Add(2*time.Minute)), 10)})
		e.hear()
		if e.far.renewals != 1 || e.now().SecretsVersion != 2 {
			t.Errorf("renewed %d times, want once before the end", e.far.renewals)
		}
	})
}

func TestOnlyAPersonCanGoOnWhenAccessIsTakenAway(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		e.far.do(func() { e.far.refused = true })
		e.hear()
		if now := e.now(); now.State != listeners.Broken || now.Error == "" || now.RenewingUntil != 0 {
			t.Errorf("the connection is %s because of %q, want broken with a reason", now.State, now.Error)
		}
		_, err := e.renewer.Renew(t.Context(), e.conn)
		var failed *listeners.Error
		if !errors.As(err, &failed) || failed.Class != listeners.AuthRevoked || e.far.renewals != 0 {
			t.Errorf("renewing what is broken gives %v after %d renewals", err, e.far.renewals)
		}
	})
}

func TestManyWhoRenewRenewOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		e.far.slow = 300 * time.Millisecond // longer than it takes the others to find it taken
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				now, err := e.renewer.Renew(t.Context(), e.conn)
				if err != nil || now.SecretsVersion != 2 {
					t.Errorf("version %d, %v; want 2", now.SecretsVersion, err)
					return
				}
				if a, err := now.Open(e.keys, c.Now); err != nil || a.Secrets["token"] != "token-2" {
					t.Errorf("opened with %q, %v", a.Secrets["token"], err)
				}
			})
		}
		all.Wait()
		if e.far.renewals != 1 {
			t.Errorf("the network was asked for new secrets %d times, want once", e.far.renewals)
		}
	})
}
