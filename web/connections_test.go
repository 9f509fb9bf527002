package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/sandbox"
	"github.com/kith-social/kith/listeners/twitter"
)

// far is a sandbox network that the café can reach.
type far struct {
	t   *testing.T
	url string
}

// outside lets the café reach a sandbox network of its own.
func (c *cafe) outside() far {
	c.t.Helper()
	server := httptest.NewServer(sandbox.New(sandbox.Config{Now: func() time.Time { return c.clock.Now().Std() }}))
	c.t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	reach := listeners.Guard([]string{at.Host}, "test")
	c.Connector.Outside, c.Doctor.Outside = reach, reach
	return far{c.t, server.URL}
}

// account makes an account on the network, or finds it, and gives its token.
func (f far) account(network, handle string) string {
	f.t.Helper()
	body, err := json.Marshal(map[string]any{"network": network, "handle": handle, "name": "Sao Mai", "brand": true})
	if err != nil {
		f.t.Fatal(err)
	}
	res, err := http.Post(f.url+"/admin/accounts", "application/json", bytes.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	var made struct{ Token string }
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || made.Token == "" {
		f.t.Fatalf("no account: status %d, %v", res.StatusCode, err)
	}
	return made.Token
}

// connects fills in the form of X.
func (v *visitor) connects(f far, token string) answered {
	v.c.t.Helper()
	return v.post("/connections/add/x", url.Values{"field_token": {token}, "field_host": {f.url + "/x"}})
}

// TestConnectAnAccount follows an admin from the list to a connected account, through a token that the
// network refuses and a field that is empty.
func TestConnectAnAccount(t *testing.T) {
	c := newCafe(t)
	f, an := c.outside(), c.visits("an", "vi")
	token := f.account("x", "saomai2")
	an.get("/connections").says("a[href=/connections/add]", "Kết nối tài khoản")
	an.get("/connections/add").says("a[href=/connections/add/x]", "X")
	page := an.get("/connections/add/x")
	page.says("h2", "Kết nối X")
	page.says(".permissions dt", "tweet.write")
	page.says(".prose li", "developer.x.com")
	if len(page.all("#redirect[value=http://kith.test/connections/callback]")) != 1 {
		t.Error("the page does not say where X sends people back to")
	}

	c.Connector.Networks["x"] = pasting(twitter.Network)
	an.post("/connections/add/x", url.Values{"field_host": {"nowhere"}}).says("#field_token-error", "Hãy điền ô này.")
	an.post("/connections/add/x", url.Values{"field_token": {token}, "field_host": {"nowhere"}}).says("#field_host-error", "bắt đầu bằng https://")
	wrong := an.connects(f, "not-a-token")
	wrong.says(".notice.failure", "Mạng từ chối mã này")
	if wrong.status != http.StatusUnprocessableEntity || strings.Contains(wrong.body, "not-a-token") {
		t.Errorf("status %d, or the token stands on the page", wrong.status)
	}

	page = an.connects(f, token)
	page.says(".notice", "Đã kết nối.")
	page.says("h2", "@saomai2")
	page.says(".finding", "Mạng trả lời và biết chúng ta là saomai2")
	if strings.Contains(page.body, token) {
		t.Error("the token stands on the page")
	}
	c.audited("connected", "x:saomai2")
	an.get("/connections").says(".connection", "@saomai2")
}

// audited fails unless the history says that a connection was changed in this way.
func (c *cafe) audited(what, account string) {
	c.t.Helper()
	n, err := c.DB.Read().NewSelect().Table("activities").
		Where("kind = ? AND detail LIKE ? AND detail LIKE ?", community.ConnectionChanged, `%"rule":"`+what+`"%`, `%"account":"`+account+`"%`).Count(c.t.Context())
	if err != nil || n == 0 {
		c.t.Errorf("the history does not say that %s was %s (%v)", account, what, err)
	}
}

// stored is the café's connection as it is in the database.
func (c *cafe) connNow() listeners.Connection {
	c.t.Helper()
	stored, err := listeners.FindConnection(c.t.Context(), c.DB.Read(), c.conn.ID)
	if err != nil {
		c.t.Fatal(err)
	}
	return stored
}

func TestSwitchesOfAConnection(t *testing.T) {
	c := newCafe(t)
	an, at := c.visits("an", "en"), connectionPath(c.conn.ID)
	an.post(at+"/pause", nil).says(".chip", "Paused")
	if got := c.connNow().State; got != listeners.Paused {
		t.Errorf("state %s after a pause", got)
	}
	c.audited("paused", "x:saomaicafe")
	an.post(at+"/resume", nil).says(".chip", "Listening")
	an.post(at+"/stop", nil).says(".notice", "Nothing leaves from this account any more.")
	if c.connNow().StoppedAt == 0 {
		t.Error("answers still leave")
	}
	an.get("/connections").says(".finding.warning", "Nothing has left from here since")
	an.post(at+"/start", nil).says(".notice", "Answers leave again.")
	if c.connNow().StoppedAt != 0 {
		t.Error("answers are still stopped")
	}
}

func TestBudgetOfAConnection(t *testing.T) {
	c := newCafe(t)
	an, at := c.visits("an", "en"), connectionPath(c.conn.ID)
	day := int64(c.clock.Now().Std().Unix() / (24 * 60 * 60))
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewRaw("INSERT INTO spending (connection_id, day, unit, rule, n, cost) VALUES (?, ?, 'post_read', '', 900, 900000), (?, ?, 'post_read', '', 5, 7000000)",
			c.conn.ID, day, c.conn.ID, day-40).Exec(ctx)
		return err
	})
	an.get(at).says(".finding.warning", "costs money ($0.90 this month)")
	page := an.post(at+"/budget", url.Values{"budget": {"lots"}})
	page.says("#budget-error", "amount in US dollars")
	an.post(at+"/budget", url.Values{"budget": {"1,00"}}).says(".finding.warning", "nearly used up: $0.90 of $1.00")
	if got := c.connNow().Budget; got != 1_000_000 {
		t.Errorf("a budget of %d", got)
	}
	an.post(at+"/budget", url.Values{"budget": {"0.9"}}).says(".finding.problem", "used up: $0.90 of $0.90")
	an.get("/connections").says("progress", "")
}

// TestDisconnect erases the secrets of an account, and connects it again.
func TestDisconnect(t *testing.T) {
	c := newCafe(t)
	f, an := c.outside(), c.visits("an", "en")
	c.Connector.Networks["x"] = pasting(twitter.Network)
	token := f.account("x", "saomai2")
	at, _, _ := strings.Cut(an.connects(f, token).path, "?")
	an.post(at+"/remove", nil).says(".kept a", "@saomai2")
	var left int
	err := c.DB.Read().NewRaw("SELECT COUNT(*) FROM connections WHERE handle = 'saomai2' AND state = 'removed' AND LENGTH(secrets) = 0 AND hook = ''").Scan(t.Context(), &left)
	if err != nil || left != 1 {
		t.Errorf("%d rows without secrets (%v)", left, err)
	}
	an.get(at).says("p", "disconnected and its secrets are erased")
	id := at[strings.LastIndex(at, "/")+1:]
	an.get("/connections/add/x?renew="+id).says("h2", "Connect @saomai2 again")
	other := f.account("x", "saomai3")
	again := url.Values{"field_token": {other}, "field_host": {f.url + "/x"}, "renews": {id}}
	an.post("/connections/add/x", again).says(".notice.failure", "another account")
	again.Set("field_token", token)
	if page := an.post("/connections/add/x", again); !strings.HasPrefix(page.path, at) {
		t.Errorf("connected again as %s, want %s", page.path, at)
	}
	again.Del("field_token") // what is stored stays
	an.post("/connections/add/x", again).says(".notice", "Connected.")
}

// TestDoctorTellsWhatIsWrong sets a connection up to be in each trouble that our tables tell of.
func TestDoctorTellsWhatIsWrong(t *testing.T) {
	c := newCafe(t)
	an, at := c.visits("an", "en"), connectionPath(c.conn.ID)
	hour := clock.Time(time.Hour / time.Microsecond)
	for _, trouble := range []struct {
		name, change string
		args         []any
		says         string
	}{
		{"nobody listens", "UPDATE connections SET fetch_at = ?", []any{cafeStart - hour}, "Nobody listens"},
		{"it broke", "UPDATE connections SET state = 'broken', error = 'auth_expired (status 401): no'", nil, "refuses our access: auth_expired"},
		{"rounds fail", "UPDATE connections SET state = 'on', failures = 7, error = 'transient: EOF'", nil, "The last 7 rounds failed: transient: EOF"},
		{"the network limits us", "UPDATE connections SET fetch_at = ?, failures = 0, error = 'rate_limited (status 429): x'", []any{cafeStart + hour}, "limits how often we ask"},
		{"its secrets are of another key", "UPDATE connections SET secrets = ?", []any{[]byte("\x01zzz")}, "cannot be opened with the keys"},
		{"pieces were put aside", "INSERT INTO dead_letters (connection_id, raw, reason, created_at) VALUES (?, ?, 'x', 1)", []any{c.conn.ID, []byte("x")}, "could not be understood and is kept aside (1)"},
		{"a time was missed", "INSERT INTO gaps (connection_id, from_at, to_at, state, cursor, refilled, error, created_at) VALUES (?, 1, 2, 'open', '', 0, '', 1)", []any{c.conn.ID}, "1 times were not heard"},
		{"news wait", "INSERT INTO deliveries (connection_id, native_id, headers, body, state, tries, due_at, error, created_at) VALUES (?, 'a', '', ?, 'waiting', 0, 1, '', 1)", []any{c.conn.ID, []byte("x")}, "1 deliveries of the network"},
	} {
		c.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewRaw(trouble.change, trouble.args...).Exec(ctx)
			return err
		})
		page := an.get(at)
		if !strings.Contains(page.body, trouble.says) {
			t.Errorf("%s: the page does not say %q", trouble.name, trouble.says)
		}
	}
	an.get("/connections").says(".chip.bad", "Needs you")
}

// TestModeratorsReadConnections lets a moderator see how connections stand and change nothing.
func TestModeratorsReadConnections(t *testing.T) {
	c := newCafe(t)
	minh := c.visits("minh", "en")
	minh.get("/connections").lacks("a[href=/connections/add]", "")
	page := minh.get(connectionPath(c.conn.ID))
	page.says(".chip", "Listening")
	page.lacks("main form", "")
	if page := minh.post(connectionPath(c.conn.ID)+"/pause", nil); page.status != http.StatusForbidden {
		t.Errorf("a moderator pauses: status %d", page.status)
	}
}
