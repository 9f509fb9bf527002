// Package server is the process: it opens the database, wires the domain together and serves pages,
// API, metrics and live updates until it is told to stop.
package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// Config is what an operator may set, by flag or by the environment variable KITH_ and the flag's name.
type Config struct {
	Data          string          `help:"Folder of the embedded database and the secret key." default:"data" type:"path" placeholder:"DIR"`
	DB            string          `name:"db" help:"Database: sqlite:PATH or postgres://…. Default: kith.db in the data folder." placeholder:"URL"`
	SecretKeyFile string          `help:"Key file that seals the connections' tokens. Default: secret.key in the data folder, made at the first start; required with PostgreSQL, the same for every replica." type:"path" placeholder:"FILE"`
	Pledges       string          `help:"File that repeats, as hashes, whose posts are gone, who was erased and who opted out, so that restoring a backup undoes none of it. Default: pledges.jsonl in the data folder; with PostgreSQL none, name one on another disk than the database's." type:"path" placeholder:"FILE"`
	AllowHost     []string        `help:"host:port inside the own network that outgoing calls may reach, several with commas. Default: none." placeholder:"HOST:PORT"`
	LogFormat     string          `help:"Form of log lines on stderr: text or json." default:"text" enum:"text,json"`
	Listen        string          `help:"Address to serve on." default:"127.0.0.1:8080" placeholder:"ADDR"`
	PublicURL     string          `name:"public-url" help:"Address at which people reach this installation, for links. Default: http:// and the listen address." placeholder:"URL"`
	TrustedProxy  []string        `help:"Network of a reverse proxy whose X-Forwarded-For is believed, as CIDR, several with commas. Default: none." placeholder:"CIDR"`
	Roles         []string        `help:"What this process does: web, listen (hears the networks), work (delivers replies, runs jobs)." default:"web,listen,work" enum:"web,listen,work"`
	Undo          time.Duration   `help:"How long an approved reply waits so that it can be taken back; 0s sends at once." default:"10s"`
	Readback      []time.Duration `help:"Pauses before each look whether a reply of which we do not know is on its network; after the last look a person decides. Two looks at least." default:"5s,30s,2m,10m" placeholder:"PAUSE"`
	SMTPURL       string          `name:"smtp-url" help:"Mail server that takes alerts by e-mail: smtps://HOST:465, or smtp://HOST:587 with STARTTLS; a user name stands before the host (user@). Default: none, no e-mail." placeholder:"URL"`
	SMTPFrom      string          `name:"smtp-from" help:"Address that e-mail comes from." placeholder:"ADDRESS"`
	SMTPKeyFile   string          `name:"smtp-password-file" help:"File with the password for the mail server." type:"path" placeholder:"FILE"`
	AssistURL     string          `name:"assist-url" help:"Endpoint of chat completions in OpenAI's form that may draft answers for people to rewrite. Personal data are masked before anything leaves. Default: none, no assistant." placeholder:"URL"`
	AssistKeyFile string          `help:"File with the key of that endpoint." type:"path" placeholder:"FILE"`
	AssistModel   string          `help:"Model that the endpoint is asked for." placeholder:"NAME"`

	// Clock is the product's time; nil means the machine's, and with PostgreSQL the database's.
	Clock clock.Func `kong:"-"`
	// Step, with a clock that moves by hand, advances it; it makes PUT /demo/clock answer.
	Step func(time.Duration) clock.Time `kong:"-"`
	// Outside makes all outgoing calls; nil means a client that reaches only what it may. A simulation plays the networks.
	Outside http.RoundTripper `kong:"-"`
	// Enqueue is handed the jobs of each transaction after its commit, to be given to App.Do; nil means River.
	Enqueue func([]river.InsertManyParams) `kong:"-"`
	// Simulate plays days that somebody has asked for; nil: this process cannot.
	Simulate Simulator `kong:"-"`
	// Fleeting says that nobody needs this database after a power cut.
	Fleeting bool `kong:"-"`
}

var errKeyFile = errors.New("with PostgreSQL name the key file of this installation: --secret-key-file or KITH_SECRET_KEY_FILE")

var errReadback = errors.New("--readback needs two looks at least: a network may show a new post late, so one look that does not find it proves nothing")

// readback is how doubtful replies are looked for; a configuration that was not read from flags says nothing of it.
func (c *Config) readback() ([]time.Duration, error) {
	switch len(c.Readback) {
	case 0:
		return listeners.DefaultReadback, nil
	case 1:
		return nil, errReadback
	}
	return c.Readback, nil
}

// Address is the database's.
func (c *Config) Address() string {
	if c.DB != "" {
		return c.DB
	}
	return "sqlite:" + filepath.Join(c.Data, "kith.db")
}

// PledgeBook is the file that repeats what was promised to customers; "" for none.
func (c *Config) PledgeBook() string {
	if c.Pledges != "" || c.Postgres() {
		return c.Pledges
	}
	return filepath.Join(filepath.Dir(strings.TrimPrefix(c.Address(), "sqlite:")), "pledges.jsonl")
}

// Postgres tells whether the database is PostgreSQL.
func (c *Config) Postgres() bool { return strings.HasPrefix(c.Address(), "postgres") }

func (c *Config) does(role string) bool { return slices.Contains(c.Roles, role) }

func (c *Config) now() clock.Func {
	if c.Clock != nil {
		return c.Clock
	}
	return clock.System
}

// keys reads the key file, and makes it at the first start on an embedded database.
func (c *Config) keys(rand io.Reader) (*listeners.Keyring, error) {
	file := c.SecretKeyFile
	if file == "" {
		if c.Postgres() {
			return nil, errKeyFile
		}
		file = filepath.Join(filepath.Dir(strings.TrimPrefix(c.Address(), "sqlite:")), "secret.key")
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) && c.SecretKeyFile == "" {
		line, err := listeners.NewKeyLine("k1", rand)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return nil, fmt.Errorf("make the folder of the key file: %w", err)
		}
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, fmt.Errorf("make the key file: %w", err)
		}
		_, err = f.WriteString(line)
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return nil, fmt.Errorf("write the key file: %w", err)
		}
		text = []byte(line)
	} else if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	return listeners.ParseKeyring(string(text), rand)
}

// assistant is what may draft answers, nil where none is named.
func (c *Config) assistant(outside http.RoundTripper) (*moderation.Assistant, error) {
	if c.AssistURL == "" {
		return nil, nil
	}
	s := &moderation.Assistant{
		URL: c.AssistURL, Model: c.AssistModel, Client: &http.Client{Transport: outside, Timeout: assistTime},
		Allowed: func(kind string) bool { return !network(kind).Policy.NoDrafts },
	}
	if c.AssistKeyFile != "" {
		key, err := os.ReadFile(c.AssistKeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the assistant's key: %w", err)
		}
		s.Key = strings.TrimSpace(string(key))
	}
	return s, nil
}

// assistTime is how long somebody who writes waits for a draft.
const assistTime = 30 * time.Second
