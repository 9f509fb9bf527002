package torture

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
)

// plan says what a trial is made of.
type plan struct {
	database string  // address; empty for SQLite in the test's folder
	networks []place // that customers write on
	replicas int
	kills    int // over all replicas
	posts    int
	weather  []map[string]any // of the network while servers are killed; none for sun
	enough   int              // texts after which nobody claims a case any more; 0: until all are answered
	least    int              // replies that must have left, so that the trial proves something
	settle   time.Duration    // how long everything may take to end after the last kill
}

// place is a network of the sandbox: how a connection to it is made, and where answers are posted.
type place struct {
	network, prefix string
	settings        []string
	secrets         string // lines for a connection's secrets, with the account's token
	reply           string // the route, as the weather and the wire name it
}

var (
	onX         = place{network: "x", prefix: "/x", secrets: "token=%s", reply: "POST /2/tweets"}
	onFacebook  = place{network: "facebook", prefix: "/graph", settings: []string{"app_id=1000"}, secrets: "token=%s\napp_secret=sandbox-secret-1000", reply: "/comments"}
	onDiscourse = place{network: "discourse", prefix: "/discourse", settings: []string{"user=" + brandHandle}, secrets: "key=%s", reply: "POST /posts.json"}
)

// storms are faults of the routes that answers are posted over, and of reading.
func storms(networks []place) (rules []map[string]any) {
	for _, on := range networks {
		strikes := func(route, fault string, rate float64) {
			rules = append(rules, map[string]any{"network": on.network, "route": route, "fault": fault, "rate": rate})
		}
		strikes(on.reply, "rate_limit:1", 0.1)
		strikes(on.reply, "drop_before", 0.1)
		strikes(on.reply, "drop_after_act", 0.2)
		strikes(on.reply, "status_after:503", 0.05)
		strikes("GET /", "status:503", 0.02)
	}
	return rules
}

// trial is one run.
type trial struct {
	plan
	t       testing.TB
	seed    uint64
	folder  string
	common  []string // flags of every command that works on the database
	network *process
	wire    *wire
	book    *book
	log     *logbook
	http    *http.Client

	mu      sync.Mutex
	servers []string // the URL of each replica, empty while it is dead
}

// The streams of chance of a trial: each actor has its own, so that one does not disturb another.
const (
	streamWire = 1 + iota
	streamCustomers
	streamReplicas // and those after it
	streamMembers  = 100
)

func (tr *trial) chance(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(tr.seed, stream)) }

// people are the crowd's members; the first of them, who have a seat, answer, the others decide.
var people = []struct {
	name, role string
	trust      int
}{
	{"huy", "advocate", 1},
	{"ngoc", "advocate", 1},
	{"lan", "advocate", 3},
	{"tam", "advocate", 3},
	{"vy", "advocate", 4},
	{"binh", "expert", 0},
	{"khoa", "expert", 0},
	{"minh", "moderator", 0},
	{"mai", "moderator", 0},
}

const seats = 7

const brandHandle = "saomaicafe"

// open starts the network and prepares the brand, its people and its connection.
func open(t testing.TB, seed uint64, p plan) (*trial, []*client) {
	tr := &trial{
		plan: p, t: t, seed: seed, folder: t.TempDir(), book: newBook(), servers: make([]string, p.replicas),
		http: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 2 * len(people)}},
	}
	file, err := os.Create(filepath.Join(tr.folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	tr.log = &logbook{file: file}
	if tr.network, err = start(t, tr.log, "sandbox", "--limits", "off", "--listen", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	tr.wire = newWire(t, tr.network.url, tr.chance(streamWire))
	if tr.database == "" {
		tr.database = "sqlite:" + filepath.Join(tr.folder, "data", "kith.db")
	}
	tr.common = []string{"--db", tr.database, "--secret-key-file", tr.keyFile(), "--allow-host", strings.TrimPrefix(tr.wire.url, "http://")}

	tr.run("", "brand", "add", "saomai", "--name", "Sao Mai")
	for _, on := range p.networks {
		var account struct{ Token string }
		tr.admin("POST", "/admin/accounts", map[string]any{"network": on.network, "handle": brandHandle, "name": "Sao Mai", "brand": true}, &account)
		args := []string{"connection", "add", "--brand", "saomai", "--network", on.network, "--secrets-file", "-", "--set", "host=" + tr.wire.url + on.prefix, "--set", "poll=500ms", "--set", "pace=off"}
		for _, setting := range on.settings {
			args = append(args, "--set", setting)
		}
		tr.run(fmt.Sprintf(on.secrets, account.Token), args...)
	}
	var crowd []*client
	for i, who := range people {
		email := who.name + "@example.com"
		tr.run("", "member", "add", email, "--brand", "saomai", "--role", who.role, "--trust", fmt.Sprint(who.trust))
		token := strings.TrimSpace(tr.run("", "member", "token", email))
		crowd = append(crowd, &client{trial: tr, name: who.name, seat: i, token: token, dice: tr.chance(streamMembers + uint64(i))})
	}
	return tr, crowd
}

// run runs a command on the trial's database.
func (tr *trial) run(in string, args ...string) string {
	tr.t.Helper()
	out, err := command(tr.t.Context(), in, append(args, tr.common...)...)
	if err != nil {
		tr.t.Fatal(err)
	}
	return out
}

// admin calls the sandbox's admin API, which is not killed and always answers.
func (tr *trial) admin(method, path string, in, out any) {
	body, err := json.Marshal(in)
	if err != nil {
		tr.t.Error(err)
		return
	}
	req, err := http.NewRequest(method, tr.network.url+path, bytes.NewReader(body))
	if err != nil {
		tr.t.Error(err)
		return
	}
	res, err := tr.http.Do(req)
	if err != nil {
		tr.t.Error(err)
		return
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		tr.t.Errorf("%s %s: %d %s %v", method, path, res.StatusCode, answer, err)
		return
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			tr.t.Errorf("%s %s: %v", method, path, err)
		}
	}
}

// server is where a living replica serves, empty if none lives.
func (tr *trial) server(dice *rand.Rand) string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	alive := slices.DeleteFunc(slices.Clone(tr.servers), func(url string) bool { return url == "" })
	if len(alive) == 0 {
		return ""
	}
	return alive[dice.IntN(len(alive))]
}

func (tr *trial) serves(replica int, url string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.servers[replica] = url
}

// live starts a replica, waits until it is ready for requests and tells the crowd.
func (tr *trial) live(replica int) (*process, error) {
	began := time.Now()
	args := []string{"serve", "--listen", "127.0.0.1:0", "--undo", "0s", "--readback", "500ms,1s,2s,5s,10s"}
	p, err := start(tr.t, tr.log, append(args, tr.common...)...)
	if err != nil {
		return nil, err
	}
	res, err := tr.http.Get(p.url + "/readyz")
	if err != nil {
		return nil, err
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("/readyz says %s", res.Status)
	}
	tr.book.lived(time.Since(began))
	tr.serves(replica, p.url)
	return p, nil
}

// haunt lets a replica live and die as often as its part of the plan says; each life calls born.
func (tr *trial) haunt(ctx context.Context, replica int, born func()) error {
	dice := tr.chance(streamReplicas + uint64(replica))
	for range tr.kills / tr.replicas {
		life := time.Duration(20+dice.IntN(481)) * time.Millisecond
		p, err := tr.live(replica)
		if err != nil {
			return err
		}
		born()
		wait(ctx, life)
		tr.serves(replica, "")
		p.kill()
	}
	return nil
}

// customers post in bursts, one or two a life, until all posts are there.
func (tr *trial) customers(ctx context.Context, lives <-chan struct{}) {
	dice := tr.chance(streamCustomers)
	threads := []thread{}
	for left := tr.posts; left > 0 && ctx.Err() == nil; {
		_, more := <-lives
		wait(ctx, time.Duration(dice.IntN(300))*time.Millisecond)
		burst := min(left, 1+dice.IntN(2*tr.posts/tr.kills))
		if !more {
			burst = min(left, 100)
		}
		left -= burst
		threads = tr.burst(dice, threads, burst)
	}
}

// thread is where a customer may go on. None goes on after a hard question: pages come newest first, so
// it may be heard last and take the case out of the hands of who has it.
type thread struct{ author, id, network string }

func (tr *trial) burst(dice *rand.Rand, threads []thread, size int) []thread {
	posts := make([]map[string]any, size)
	authors := make([]string, size)
	for i := range posts {
		author, text, in := fmt.Sprintf("customer%d", dice.IntN(tr.posts)), questions[dice.IntN(len(questions))], ""
		network := tr.networks[dice.IntN(len(tr.networks))].network
		if len(threads) > 0 && dice.IntN(10) == 0 {
			on := threads[dice.IntN(len(threads))]
			author, in, text, network = on.author, on.id, followUps[dice.IntN(len(followUps))], on.network
		}
		authors[i] = author
		posts[i] = map[string]any{"network": network, "author": author, "text": "@" + brandHandle + " " + text, "in_reply_to": in}
	}
	var made struct{ Items []struct{ ID string } }
	tr.admin("POST", "/admin/posts", posts, &made)
	for i, p := range made.Items {
		text := posts[i]["text"].(string)
		tr.book.posted(p.ID, text)
		if !strings.HasSuffix(text, hard) {
			threads = append(threads, thread{authors[i], p.ID, posts[i]["network"].(string)})
		}
	}
	return threads
}

// hard is a question for the brand's own people.
const hard = "this is the third time, absolutely unacceptable! I want to speak to a real person now"

var (
	questions = []string{
		"are you open on Sunday?",
		"shop ơi, cà phê rang đậm còn hàng không ạ?",
		"my order has not arrived, can you check it please?",
		"how do I change my delivery address?",
		"máy pha của mình không lên nguồn, phải làm sao?",
		"do you have decaf <beans> & filters?",
		hard,
	}
	followUps = []string{
		"and what about Monday?",
		"thank you, it works now!",
		"cảm ơn shop nhiều nhé",
		"which size do I need for two people?",
	}
)

// enough tells whether so much was written that the rest may stay open.
func (tr *trial) enough() bool { return tr.plan.enough > 0 && tr.book.written() >= tr.plan.enough }

// keyFile is the key of the installation, made at the first call.
func (tr *trial) keyFile() string {
	file := filepath.Join(tr.folder, "secret.key")
	if _, err := os.Stat(file); err == nil {
		return file
	}
	line, err := listeners.NewKeyLine("k1", crand.Reader)
	if err == nil {
		err = os.WriteFile(file, []byte(line), 0o600)
	}
	if err != nil {
		tr.t.Fatal(err)
	}
	return file
}
