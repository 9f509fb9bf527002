package server

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// alarming is an app with a brand that has one receiver and one urgent alert.
func alarming(t *testing.T, r moderation.Receiver, to moderation.Destination) (*App, moderation.TellJob, string) {
	t.Helper()
	app, _, _ := site(t)
	f := newFirm(t, app, "saomai")
	r.Language, r.Pace, r.Zone = "en", moderation.AtOnce, "UTC"
	job, secret := moderation.TellJob{Urgent: true, At: app.Now()}, ""
	write(t, app, func(ctx context.Context, tx listeners.Tx) (err error) {
		r, secret, err = moderation.AddReceiver(ctx, tx, app.Keys, f.people[community.Admin], r, to)
		if err != nil {
			return err
		}
		a := moderation.Alert{
			BrandID: f.brand.ID, Kind: moderation.StormAlert, State: moderation.AlertOpen, Urgent: true, OpenedAt: tx.Now(), SeenAt: tx.Now(), Version: 1,
			Detail: moderation.AlertDetail{Posts: 1240, Angry: 800},
		}
		if _, err := tx.NewInsert().Model(&a).Exec(ctx); err != nil {
			return err
		}
		job.ReceiverID, job.Alerts = r.ID, []int64{a.ID}
		return nil
	})
	return app, job, secret
}

func (a *App) receiver(t *testing.T, id int64) moderation.Receiver {
	t.Helper()
	r, err := moderation.FindReceiver(t.Context(), a.DB.Read(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestWebhooksAreSigned: a call carries its id, its time and a signature over both and the body that whoever has the
// secret can check; it is what chats take; it is tried again as the same, and not where that is of no use.
func TestWebhooksAreSigned(t *testing.T) {
	var got []*http.Request
	var bodies [][]byte
	status := http.StatusBadGateway
	chat := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, bodies = append(got, r), append(bodies, body)
		if status == http.StatusFound {
			w.Header().Set("Location", "https://elsewhere.example/")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(chat.Close)
	app, job, secret := alarming(t, moderation.Receiver{Kind: moderation.ByWebhook}, moderation.Destination{To: chat.URL + "/services/very-secret"})
	if err := app.tell(t.Context(), job); err == nil || len(got) != 0 {
		t.Fatalf("the guarded client reaches a private network: %v", err)
	}
	app.outside = chat.Client().Transport
	if err := app.tell(t.Context(), job); err == nil || strings.Contains(err.Error(), "very-secret") {
		t.Errorf("a chat that fails gives %v", err)
	}
	if r := app.receiver(t, job.ReceiverID); r.FailedAt == 0 || r.FailedWhy != "it answers 502 Bad Gateway" || r.ToldAt != 0 {
		t.Errorf("after a failure the receiver is %+v", r)
	}
	status = http.StatusOK
	if err := app.tell(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if r := app.receiver(t, job.ReceiverID); r.FailedAt != 0 || r.FailedWhy != "" || r.ToldAt == 0 {
		t.Errorf("after a success the receiver is %+v", r)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got {
		id, at := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", id, at, bodies[i])
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("webhook-signature") != want {
			t.Errorf("call %d is signed %s, want %s", i, r.Header.Get("webhook-signature"), want)
		}
		if id != job.ID() || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("call %d: %s %v", i, r.Method, r.Header)
		}
	}
	var b alertBody
	if err := json.Unmarshal(bodies[1], &b); err != nil {
		t.Fatal(err)
	}
	facts := b.Metadata.Payload.Alerts
	if !strings.Contains(b.Text, "URGENT: A crisis: 1,240 posts within an hour, 800 of them angry.") || !strings.Contains(b.Text, "http://127.0.0.1:8080/alerts") ||
		len(facts) != 1 || facts[0].Kind != moderation.StormAlert || !facts[0].Urgent || facts[0].Detail.Posts != 1240 {
		t.Errorf("the chat is told %s", bodies[1])
	}
	status = http.StatusFound
	if err := app.tell(t.Context(), job); err == nil || len(got) != 3 {
		t.Errorf("a chat that sends elsewhere is followed: %v after %d calls", err, len(got))
	}
	late := job
	late.At = job.At.Add(-7 * time.Hour)
	if err := (&tellReceiver{app: app}).Work(t.Context(), &river.Job[moderation.TellJob]{Args: late}); err != nil || len(got) != 3 {
		t.Errorf("what is long over is told: %v after %d calls", err, len(got))
	}
	write(t, app, func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewDelete().Model((*moderation.Receiver)(nil)).Where("id = ?", job.ReceiverID).Exec(ctx)
		return err
	})
	if err := app.tell(t.Context(), job); err != nil {
		t.Errorf("a receiver that somebody has removed: %v", err)
	}
}

// postbox is a mail server that takes what it is handed, after refusing the first so many.
type postbox struct {
	net.Listener
	t      *testing.T
	refuse int

	mu    sync.Mutex
	said  []string // by the client
	mails []string
	open  []net.Conn
}

func newPostbox(t *testing.T) *postbox {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postbox{Listener: l, t: t}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.open = append(p.open, conn)
			p.mu.Unlock()
			open.Go(func() { p.talk(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		for _, conn := range p.open {
			conn.Close()
		}
		p.mu.Unlock()
		open.Wait()
	})
	return p
}

// talk is one conversation as RFC 5321 says.
func (p *postbox) talk(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	say("220 postbox ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		p.mu.Lock()
		p.said = append(p.said, line)
		p.mu.Unlock()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch verb {
		case "EHLO":
			say("250-postbox\r\n250-8BITMIME\r\n250 SMTPUTF8")
		case "DATA":
			say("354 go on")
			var mail strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				mail.WriteString(strings.TrimPrefix(line, "."))
			}
			p.mu.Lock()
			refused := p.refuse > 0
			p.refuse--
			if !refused {
				p.mails = append(p.mails, mail.String())
			}
			p.mu.Unlock()
			if refused {
				say("451 later")
			} else {
				say("250 taken")
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (p *postbox) got() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.mails...)
}

// TestAlertsGoByMail talks to a mail server: what it refuses is handed over again as the same message.
func TestAlertsGoByMail(t *testing.T) {
	box := newPostbox(t)
	app, job, _ := alarming(t, moderation.Receiver{Kind: moderation.ByMail}, moderation.Destination{To: "team@example.com"})
	if err := app.tell(t.Context(), job); err == nil || !strings.Contains(app.receiver(t, job.ReceiverID).FailedWhy, "no mail server") {
		t.Errorf("without a mail server: %v", err)
	}
	cfg := Config{SMTPURL: "smtp://" + box.Addr().String(), SMTPFrom: "Kith <kith@saomai.example>"}
	var err error
	if app.mail, err = cfg.mailer(); err != nil {
		t.Fatal(err)
	}
	box.mu.Lock()
	box.refuse = 1
	box.mu.Unlock()
	if err := app.tell(t.Context(), job); err == nil || app.receiver(t, job.ReceiverID).FailedAt == 0 {
		t.Errorf("a server that refuses gives %v", err)
	}
	for range 2 {
		if err := app.tell(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	mails := box.got()
	if len(mails) != 2 {
		t.Fatalf("the server has %d mails", len(mails))
	}
	for _, mail := range mails {
		for _, want := range []string{
			"Message-ID: <" + job.ID() + "@saomai.example>", "To: <team@example.com>", `From: "Kith" <kith@saomai.example>`, "Auto-Submitted: auto-generated",
			"Subject: saomai: URGENT: A crisis: 1,240 posts within an hour", "Read a few posts to see what happened", "http://127.0.0.1:8080/alerts",
		} {
			if !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(mail, "=\r\n", ""), "\r\n ", " "), want) {
				t.Errorf("the mail has no %q:\n%s", want, mail)
			}
		}
	}
	app.mail.host = "127.0.0.1"
	box.Close()
	if err := app.tell(t.Context(), job); err == nil {
		t.Error("a mail server that is not there takes mail")
	}
}

// TestMailServersAreChecked: what an operator wrote wrongly ends the start; a password leaves over TLS only.
func TestMailServersAreChecked(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("very-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []Config{
		{SMTPURL: "mail.example.com:25", SMTPFrom: "kith@example.com"},
		{SMTPURL: "http://mail.example.com", SMTPFrom: "kith@example.com"},
		{SMTPURL: "smtp://mail.example.com:25"},
		{SMTPURL: "smtp://mail.example.com:25", SMTPFrom: "nobody"},
		{SMTPURL: "smtp://me@mail.example.com", SMTPFrom: "kith@example.com"},
	} {
		if m, err := wrong.mailer(); err == nil {
			t.Errorf("%+v is %+v", wrong, m)
		}
	}
	if m, err := new(Config).mailer(); m != nil || err != nil {
		t.Errorf("without a server: %v, %v", m, err)
	}
	box := newPostbox(t)
	cfg := Config{SMTPURL: "smtp://me@" + box.Addr().String(), SMTPFrom: "kith@example.com", SMTPKeyFile: password}
	m, err := cfg.mailer()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.send(t.Context(), "id", "team@example.com", "subject", "text"); err == nil {
		t.Error("a password leaves without TLS")
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	for _, line := range box.said {
		if strings.HasPrefix(strings.ToUpper(line), "AUTH") || strings.HasPrefix(strings.ToUpper(line), "MAIL") {
			t.Errorf("without TLS the server hears %q", line)
		}
	}
}
