package server

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// mailTime is how long the mail server has for one message.
const mailTime = 20 * time.Second

var errMail = errors.New("--smtp-url is smtps://HOST:PORT or smtp://HOST:PORT, and --smtp-from says whom mail comes from")

// mailer hands messages to the operator's mail server.
type mailer struct {
	from    string
	host    string
	options []mail.Option
}

// mailer reads how mail leaves; nil where the operator has named no server.
func (c *Config) mailer() (*mailer, error) {
	if c.SMTPURL == "" {
		return nil, nil
	}
	u, err := url.Parse(c.SMTPURL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || c.SMTPFrom == "" {
		return nil, errMail
	}
	if err := mail.NewMsg().From(c.SMTPFrom); err != nil {
		return nil, errMail
	}
	m := &mailer{from: c.SMTPFrom, host: u.Hostname(), options: []mail.Option{mail.WithTimeout(mailTime)}}
	secure := mail.TLSMandatory
	if u.User == nil && near(u.Hostname()) {
		secure = mail.TLSOpportunistic // nothing secret, and no wire between us
	}
	if u.Scheme == "smtps" {
		m.options = append(m.options, mail.WithSSL())
	} else {
		m.options = append(m.options, mail.WithTLSPolicy(secure))
	}
	if u.Port() != "" {
		port, err := strconv.Atoi(u.Port())
		if err != nil {
			return nil, errMail
		}
		m.options = append(m.options, mail.WithPort(port))
	}
	if u.User != nil {
		password, err := os.ReadFile(c.SMTPKeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the mail server's password: %w", err)
		}
		m.options = append(m.options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover),
			mail.WithUsername(u.User.Username()), mail.WithPassword(strings.TrimSpace(string(password))))
	}
	return m, nil
}

// near tells whether a host is this very machine.
func near(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// send hands over one message. The same id twice is the same message.
func (m *mailer) send(ctx context.Context, id, to, subject, text string) error {
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(m.from), msg.To(to)); err != nil {
		return err
	}
	_, domain, _ := strings.Cut(strings.Trim(m.from, "<> "), "@")
	msg.SetMessageIDWithValue(id + "@" + strings.Trim(domain, "<> "))
	msg.SetDate()
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.Subject(subject)
	msg.SetBodyString(mail.TypeTextPlain, text)
	client, err := mail.NewClient(m.host, m.options...)
	if err != nil {
		return fmt.Errorf("prepare for the mail server: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("the mail server did not take it: %w", err)
	}
	return nil
}
