package server

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// phone is a browser with a push service of its own, which takes what is sent and can read it.
type phone struct {
	t      *testing.T
	key    *ecdh.PrivateKey
	auth   []byte
	server *httptest.Server
	status int
	got    []string
	header http.Header
}

func newPhone(t *testing.T) *phone {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{t: t, key: key, auth: []byte("sixteen bytes ok"), status: http.StatusCreated}
	p.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.header = r.Header
		p.got = append(p.got, p.reads(body))
		w.WriteHeader(p.status)
	}))
	t.Cleanup(p.server.Close)
	return p
}

func (p *phone) device(person access.Person) community.Device {
	return community.Device{
		PersonID: person.ID, Epoch: person.Epoch, Endpoint: p.server.URL + "/push/1", Name: "điện thoại",
		P256dh: base64.RawURLEncoding.EncodeToString(p.key.PublicKey().Bytes()), Auth: base64.RawURLEncoding.EncodeToString(p.auth),
	}
}

// reads decrypts a message as RFC 8291 says a browser does.
func (p *phone) reads(body []byte) string {
	p.t.Helper()
	must := func(b []byte, err error) []byte {
		if err != nil {
			p.t.Error(err)
		}
		return b
	}
	salt, sender, sealed := body[:16], body[21:21+int(body[20])], body[21+int(body[20]):]
	public, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	shared := must(p.key.ECDH(public))
	info := "WebPush: info\x00" + string(p.key.PublicKey().Bytes()) + string(sender)
	material := must(hkdf.Key(sha256.New, shared, p.auth, info, 32))
	cek := must(hkdf.Key(sha256.New, material, salt, "Content-Encoding: aes128gcm\x00", 16))
	nonce := must(hkdf.Key(sha256.New, material, salt, "Content-Encoding: nonce\x00", 12))
	block, err := aes.NewCipher(cek)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	plain := must(gcm.Open(nil, nonce, sealed, nil))
	return strings.TrimSuffix(strings.TrimRight(string(plain), "\x00"), "\x02")
}

// called is an app with a firm, whose advocate has a phone.
func called(t *testing.T) (*App, *firm, *phone, access.Person, community.Device) {
	t.Helper()
	app, _, _ := site(t)
	f, p := newFirm(t, app, "saomai"), newPhone(t)
	app.outside = p.server.Client().Transport
	who, err := access.PersonByID(t.Context(), app.DB.Read(), f.people[community.Advocate].PersonID)
	if err != nil {
		t.Fatal(err)
	}
	d := p.device(who)
	write(t, app, func(ctx context.Context, tx listeners.Tx) (err error) {
		d, err = community.AddDevice(ctx, tx, d)
		return err
	})
	return app, f, p, who, d
}

func write(t *testing.T, app *App, do func(context.Context, listeners.Tx) error) {
	t.Helper()
	if err := app.Write(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

func TestAPhoneReadsWhatIsPushed(t *testing.T) {
	app, f, p, _, d := called(t)
	job := community.PushJob{DeviceID: d.ID, MemberID: f.people[community.Advocate].ID, CaseID: 12, About: community.FitsYou, Minutes: 38, At: app.Now()}
	if err := app.push(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	want := `{"text":"Có chuyện hợp với bạn, còn 38 phút để trả lời.","path":"/cases/12"}`
	if len(p.got) != 1 || p.got[0] != want {
		t.Errorf("the phone shows %q, want %q", p.got, want)
	}
	key, err := app.pushKey(t.Context())
	if err != nil || !strings.Contains(p.header.Get("Authorization"), key.Public) {
		t.Errorf("signed as %q, want the installation's key (%v)", p.header.Get("Authorization"), err)
	}
	var sealed []byte
	if err := app.DB.Read().NewRaw("SELECT sealed FROM push_keys").Scan(t.Context(), &sealed); err != nil || strings.Contains(string(sealed), key.Private) {
		t.Errorf("the private key lies in the database unsealed (%v)", err)
	}
}

func TestASilencedPhoneStaysSilent(t *testing.T) {
	for name, silence := range map[string]func(*App, *firm, access.Person) func(context.Context, listeners.Tx) error{
		"signed out everywhere": func(_ *App, _ *firm, who access.Person) func(context.Context, listeners.Tx) error {
			return func(ctx context.Context, tx listeners.Tx) error { return access.SignOutEverywhere(ctx, tx, who.ID) }
		},
		"suspended": func(_ *App, f *firm, _ access.Person) func(context.Context, listeners.Tx) error {
			return func(ctx context.Context, tx listeners.Tx) error {
				_, err := tx.NewRaw("UPDATE members SET state = 'suspended' WHERE id = ?", f.people[community.Advocate].ID).Exec(ctx)
				return err
			}
		},
		"revoked": func(_ *App, _ *firm, who access.Person) func(context.Context, listeners.Tx) error {
			return func(ctx context.Context, tx listeners.Tx) error { return community.RemoveDevice(ctx, tx, who.ID, 1) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			app, f, p, who, d := called(t)
			write(t, app, silence(app, f, who))
			job := community.PushJob{DeviceID: d.ID, MemberID: f.people[community.Advocate].ID, About: community.AnswerReturned, At: app.Now()}
			if err := app.push(t.Context(), job); err != nil || len(p.got) != 0 {
				t.Errorf("the phone shows %q (%v)", p.got, err)
			}
		})
	}
}

func TestADeviceThatIsGoneIsForgotten(t *testing.T) {
	for _, status := range []int{http.StatusGone, http.StatusNotFound, http.StatusTooManyRequests} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			app, f, p, who, d := called(t)
			p.status = status
			err := app.push(t.Context(), community.PushJob{DeviceID: d.ID, MemberID: f.people[community.Advocate].ID, About: community.AnswerReturned, At: app.Now()})
			left, readErr := community.Devices(t.Context(), app.DB.Read(), who.ID, who.Epoch)
			if readErr != nil {
				t.Fatal(readErr)
			}
			again := status == http.StatusTooManyRequests
			if (err != nil) != again || (len(left) == 1) != again {
				t.Errorf("gave %v and left %d devices", err, len(left))
			}
		})
	}
}

func TestAnEndpointIsHostileInput(t *testing.T) {
	app, f, p, who, d := called(t)
	app.outside = listeners.Guard(nil, "test")
	err := app.push(t.Context(), community.PushJob{DeviceID: d.ID, MemberID: f.people[community.Advocate].ID, About: community.AnswerReturned, At: app.Now()})
	if !errors.Is(err, listeners.ErrInside) || len(p.got) != 0 {
		t.Errorf("an endpoint inside was called: %v", err)
	}
	var invalid *community.Invalid
	for _, endpoint := range []string{"http://push.example/1", "https://", "ftp://push.example/1", "https://user:secret@push.example/1", "", "https://push.example/" + strings.Repeat("a", 1000)} {
		odd := p.device(who)
		odd.Endpoint = endpoint
		err := app.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.AddDevice(ctx, tx, odd)
			return err
		})
		if !errors.As(err, &invalid) {
			t.Errorf("the endpoint %.40q was taken: %v", endpoint, err)
		}
	}
}
