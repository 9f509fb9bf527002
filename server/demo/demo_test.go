package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/db/dbtest"
)

// opening is a demo that a test has opened, without the pages.
type opening struct {
	*server.App
	t       *testing.T
	hands   *clock.Manual
	stage   stage
	brand   community.Brand
	members map[string]*community.Member // by nick
}

// each tells a story on both engines; begin opens the demo on the story's database, again after it was closed.
func each(t *testing.T, story func(t *testing.T, begin func() *opening)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			cfg := server.Config{Data: t.TempDir(), DB: dbtest.SQLite(t), Undo: undo}
			if engine == "postgres" {
				cfg.DB, cfg.SecretKeyFile = postgres(t)
			}
			hands := clock.NewManual(clock.System)
			story(t, func() *opening { return begins(t, cfg, hands) })
		})
	}
}

// postgres gives the address of an empty database and a key file.
func postgres(t *testing.T) (address, keys string) {
	admin, err := url.Parse(dbtest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := dbtest.New(t).Read().NewRaw("SELECT current_database()").Scan(t.Context(), &admin.Path); err != nil {
		t.Fatal(err)
	}
	line, err := listeners.NewKeyLine("k1", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys = filepath.Join(t.TempDir(), "secret.key")
	if err := os.WriteFile(keys, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	return admin.String(), keys
}

func begins(t *testing.T, cfg server.Config, hands *clock.Manual) *opening {
	t.Helper()
	network, stop, err := serve(t.Context(), "127.0.0.1:0", hands.Now)
	if err != nil {
		t.Fatal(err)
	}
	o := &opening{t: t, hands: hands, stage: stage{network}, members: map[string]*community.Member{}}
	o.App, err = open(t.Context(), cfg, hands, network, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err, stop())
	}
	t.Cleanup(func() { o.Close(); stop() })
	if o.brand, err = community.FindBrand(t.Context(), o.DB.Read(), "saomai"); err != nil {
		t.Fatal(err)
	}
	all, err := community.Members(t.Context(), o.DB.Read(), o.brand.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		p, err := access.PersonByID(t.Context(), o.DB.Read(), m.PersonID)
		if err != nil {
			t.Fatal(err)
		}
		nick, _, _ := strings.Cut(p.Email, "@")
		o.members[nick] = &m
	}
	return o
}

func (o *opening) do(f func(context.Context, listeners.Tx) error) {
	o.t.Helper()
	if err := o.Write(o.t.Context(), f); err != nil {
		o.t.Fatal(err)
	}
}

// hear lets a round of listening come due.
func (o *opening) hear() {
	o.hands.Advance(2 * time.Second)
	o.Poller.Tick(o.t.Context())
}

// onNetwork is what the network shows, oldest first.
func (o *opening) onNetwork() []post { return o.on("x") }

func (o *opening) on(network string) []post {
	o.t.Helper()
	res, err := http.Get(o.stage.url + "/admin/posts?network=" + network)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	var list struct{ Items []post }
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		o.t.Fatal(err)
	}
	return list.Items
}

func (o *opening) caseOf(native string) community.Case {
	o.t.Helper()
	var c community.Case
	err := o.DB.Read().NewSelect().Model(&c).Where("c.id = (SELECT case_id FROM mentions WHERE native_id = ?)", native).Scan(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

func TestThePast(t *testing.T) {
	each(t, func(t *testing.T, begin func() *opening) {
		began := time.Now()
		o := begin()
		t.Logf("played in %v", time.Since(began))
		t.Run("ends as written", o.endsAsWritten)
		t.Run("leaves no page empty", o.leavesNoPageEmpty)
		t.Run("holds", o.holds)
	})
}

func (o *opening) endsAsWritten(t *testing.T) {
	ctx, read := t.Context(), o.DB.Read()

	script, err := readScript()
	if err != nil {
		t.Fatal(err)
	}
	states := map[community.State]int{}
	for _, c := range script.Conversations {
		var all []listeners.Mention
		err := read.NewSelect().Model(&all).Where("m.text = ?", c.Steps[0].Text).Scan(ctx)
		if err != nil || len(all) != 1 {
			t.Fatalf("%q is stored %d times, %v", c.Steps[0].Text, len(all), err)
		}
		var is community.Case
		if err := read.NewSelect().Model(&is).Where("c.id = ?", all[0].CaseID).Scan(ctx); err != nil {
			t.Fatal(err)
		}
		states[is.State]++
		if is.State != c.Ends {
			t.Errorf("%q ends %s (lane %s, %s), want %s", c.Steps[0].Text, is.State, is.Lane, is.LaneWhy, c.Ends)
		}
	}
	for _, s := range community.States {
		if states[s] == 0 {
			t.Errorf("no case is %s", s)
		}
	}
	t.Log(states)
}

func (o *opening) leavesNoPageEmpty(t *testing.T) {
	ctx, read := t.Context(), o.DB.Read()
	for nick, least := range map[string]int{"huy": 8, "lan": 8, "emma": 4, "quan": 3, "duc": 2, "bao": 2, "minh": 12} {
		if feed, _, err := community.List(ctx, read, o.members[nick], community.Wanted{}); err != nil || len(feed) < least {
			t.Errorf("feed of %s has %d cases, %v; want %d", nick, len(feed), err, least)
		}
	}
	staff, _, err := community.List(ctx, read, o.members["minh"], community.Wanted{Lane: community.Staff})
	if err != nil || len(staff) < 4 {
		t.Errorf("%d open cases for staff, %v", len(staff), err)
	}
	queue, err := moderation.Queue(ctx, read, o.members["minh"], 50)
	if err != nil || len(queue) < 4 {
		t.Errorf("%d answers wait for review, %v", len(queue), err)
	}
	for nick, want := range map[string][]community.AnswerState{
		"huy": {community.Returned, community.Submitted, community.Approved}, "bao": {community.Draft, community.Submitted, community.Approved},
		"lan": {community.Submitted, community.Approved, community.Withdrawn},
	} {
		mine, err := community.AnswersOf(ctx, read, o.members[nick], 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range want {
			if !slices.ContainsFunc(mine, func(a community.Answer) bool { return a.State == s }) {
				t.Errorf("%s has no answer that is %s", nick, s)
			}
		}
	}
	for _, nick := range []string{"huy", "lan"} {
		p, err := gamification.PointsOf(ctx, read, o.members[nick].ID, o.Now())
		if err != nil || p.Balance < 20 || p.Pending < 5 {
			t.Errorf("%s has %+v, %v", nick, p, err)
		}
	}
	now := o.Now()
	board, err := gamification.Board(ctx, read, o.brand.ID, now.Add(-7*24*time.Hour), now, 20)
	if err != nil || len(board) < 5 {
		t.Errorf("%d on the board, %v", len(board), err)
	}
	if news, err := community.Unread(ctx, read, o.members["huy"].ID, 10); err != nil || len(news) == 0 {
		t.Errorf("%d notices for huy, %v", len(news), err)
	}
	for _, n := range o.notices() {
		if n.CreatedAt > now {
			t.Errorf("notice %s comes from the future: %v", n.Event, n.CreatedAt)
		}
	}
}

func (o *opening) notices() (all []community.Notice) {
	o.t.Helper()
	if err := o.DB.Read().NewSelect().Model(&all).Scan(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	return all
}

func (o *opening) holds(t *testing.T) {
	ctx, read := t.Context(), o.DB.Read()
	wrong, err := gamification.Verify(ctx, read)
	if err != nil || len(wrong) > 0 {
		t.Errorf("the ledger contradicts itself: %v %q", err, wrong)
	}
	if wrong, err := moderation.VerifyPoints(ctx, read); err != nil || len(wrong) > 0 {
		t.Errorf("points do not equal their events: %v %q", err, wrong)
	}
	o.repliesOnce()
	if n, err := read.NewSelect().Table("dead_letters").Count(ctx); err != nil || n > 0 {
		t.Errorf("%d posts could not be read, %v", n, err)
	}
	if n, err := read.NewSelect().Table("river_job").Count(ctx); err != nil || n > 0 {
		t.Errorf("%d jobs are left over, %v", n, err)
	}
	var late int
	err = read.NewSelect().Table("activities").Where("created_at > ?", o.Now()).ColumnExpr("COUNT(*)").Scan(ctx, &late)
	if err != nil || late > 0 {
		t.Errorf("%d activities are in the future, %v", late, err)
	}
}

// repliesOnce checks that the network shows each reply that was sent exactly once, and nothing else of the brand but
// what another tool wrote.
func (o *opening) repliesOnce() {
	o.t.Helper()
	var replies []listeners.Reply
	if err := o.DB.Read().NewSelect().Model(&replies).Where("r.state = ?", listeners.Delivered).Scan(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	shown := map[string]int{}
	brand := 0
	for _, p := range o.onNetwork() {
		if p.Author == "saomaicafe" {
			brand++
			shown[p.InReplyTo+" "+bare(p.Text)]++
		}
	}
	for _, r := range replies {
		if n := shown[r.ParentID+" "+bare(r.Text)]; n != 1 {
			o.t.Errorf("the network shows %q %d times", r.Text, n)
		}
	}
	var statements []listeners.Announcement
	if err := o.DB.Read().NewSelect().Model(&statements).Where("announcement.state = ?", listeners.Delivered).Scan(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	for _, a := range statements {
		if n := shown[" "+bare(a.Text)]; n != 1 {
			o.t.Errorf("the network shows the statement %q %d times", a.Text, n)
		}
	}
	script, err := readScript()
	if err != nil {
		o.t.Fatal(err)
	}
	besides := len(statements)
	for _, c := range script.Conversations {
		for _, s := range c.Steps {
			if s.Who == script.Brand.Handle {
				besides++
			}
		}
	}
	if len(replies) < 25 || brand != len(replies)+besides {
		o.t.Errorf("%d replies were sent, the network shows %d posts of the brand", len(replies), brand)
	}
}

// bare is a text without the names that the network put in front.
func bare(text string) string {
	for strings.HasPrefix(text, "@") {
		_, text, _ = strings.Cut(text, " ")
	}
	return text
}

func TestRestart(t *testing.T) {
	each(t, func(t *testing.T, begin func() *opening) {
		first := begin()
		before := first.onNetwork()
		first.hands.Advance(3 * time.Hour)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}

		o := begin()
		after := o.onNetwork()
		if !slices.EqualFunc(before, after, func(a, b post) bool {
			return a.ID == b.ID && a.Author == b.Author && a.InReplyTo == b.InReplyTo && bare(a.Text) == bare(b.Text) && a.CreatedAt.Equal(*b.CreatedAt)
		}) {
			t.Errorf("the network forgot: %d posts, then %d", len(before), len(after))
		}
		for _, p := range after {
			if strings.Contains(p.Text, "đặt nhầm địa chỉ rồi") {
				t.Error("the network shows a post that its customer deleted")
			}
		}
		stored := o.mentions()
		o.hear()
		if now := o.mentions(); now != stored {
			t.Errorf("%d posts are stored after the restart, %d before", now, stored)
		}

		c := o.openCase("quán có sữa yến mạch chưa ạ?")
		var a community.Answer
		o.do(func(ctx context.Context, tx listeners.Tx) (err error) {
			if _, err = community.ClaimCase(ctx, tx, o.members["lan"], c.ID); err == nil {
				a, err = o.Desk.Submit(ctx, tx, o.members["lan"], c.ID, 0, "Dạ có rồi An ơi, đổi sang sữa yến mạch thêm 10.000đ nha.")
			}
			return err
		})
		o.hands.Advance(undo + time.Second)
		o.Deliverer.Tick(t.Context())
		replies, err := listeners.Replies(t.Context(), o.DB.Read(), []int64{a.ID})
		if err != nil || replies[a.ID].State != listeners.Delivered {
			t.Fatalf("the reply is %s (%s), %v", replies[a.ID].State, replies[a.ID].Error, err)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}

		o = begin() // the reply was sent, but its post had not been heard
		o.repliesOnce()
		o.hear()
		if now := o.mentions(); now != stored+1 {
			t.Errorf("%d posts are stored, want the reply beside %d", now, stored)
		}
	})
}

func (o *opening) mentions() int64 {
	o.t.Helper()
	n, err := o.DB.Read().NewSelect().Table("mentions").Count(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return int64(n)
}

func (o *opening) openCase(text string) community.Case {
	o.t.Helper()
	var m listeners.Mention
	if err := o.DB.Read().NewSelect().Model(&m).Where("m.text LIKE ?", "%"+text).Scan(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	return o.caseOf(m.NativeID)
}

func TestTimeDoesNotRunBackwards(t *testing.T) {
	o := begins(t, server.Config{Data: t.TempDir(), DB: dbtest.SQLite(t), Undo: undo}, clock.NewManual(clock.System))
	o.hands.Advance(50 * time.Hour)
	id, err := o.stage.say(t.Context(), "an_nguyen", "@saomaicafe quán mở cửa mấy giờ ạ?", "")
	if err != nil {
		t.Fatal(err)
	}
	o.hear()
	wrote := o.caseOf(id).OpenedAt
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	again := begins(t, o.Config, clock.NewManual(clock.System))
	if now := again.Now(); now < wrote {
		t.Errorf("it is %v after the restart, before a post of %v", now, wrote)
	}
}

// TestTheSeed says how many new cases in a row Lan answers without one being drawn for review.
func TestTheSeed(t *testing.T) {
	o := begins(t, server.Config{Data: t.TempDir(), DB: dbtest.SQLite(t), Undo: undo}, clock.NewManual(clock.System))
	const want = 330
	lan := o.members["lan"]
	var fresh []post
	for i := range want {
		fresh = append(fresh, post{Network: "x", Author: fmt.Sprintf("khach_%d", i), Text: "@saomaicafe Cho mình hỏi quán mở cửa mấy giờ ạ?"})
	}
	if err := o.stage.restore(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	o.hear()
	held := 0
	for _, p := range o.onNetwork() {
		if !strings.HasPrefix(p.Author, "khach_") {
			continue
		}
		c := o.caseOf(p.ID)
		o.do(func(ctx context.Context, tx listeners.Tx) error {
			if _, err := community.ClaimCase(ctx, tx, lan, c.ID); err != nil {
				return err
			}
			a, err := o.Desk.Submit(ctx, tx, lan, c.ID, 0, "Dạ từ 7 giờ tới 22 giờ 30 ạ.")
			if a.State == community.Submitted {
				t.Errorf("case %d, the demo's new case %d, is drawn for review (%s): choose another review_seed", c.ID, held+1, a.WhyReviewed)
			}
			return err
		})
		held++
	}
	if held != want {
		t.Errorf("%d cases were answered, want %d", held, want)
	}
}

func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	cfg := Config{Server: server.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Undo: undo, Roles: []string{"web", "listen", "work"}}, SandboxListen: "127.0.0.1:0", ManualClock: true}
	ready, ended := make(chan Ready, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, cfg, slog.New(slog.NewTextHandler(t.Output(), nil)), func(r Ready) { ready <- r })
	}()
	select {
	case err := <-ended:
		t.Fatal(err)
	case r := <-ready:
		for i, s := range r.SignIn {
			if s.Email != roles[i] || !strings.HasPrefix(s.URL, r.URL+"/sign-in/") {
				t.Errorf("sign-in %s %s", s.Email, s.URL)
			}
		}
		for _, address := range []string{r.URL + "/readyz", r.Sandbox + "/", r.SignIn[0].URL} {
			res, err := http.Get(address)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("%s answers %d", address, res.StatusCode)
			}
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("stopping gave %v", err)
	}
}

func TestTakenAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for flag, cfg := range map[string]Config{
		"--sandbox-listen": {SandboxListen: taken.Addr().String()},
		"--listen":         {SandboxListen: "127.0.0.1:0", Server: server.Config{Listen: taken.Addr().String(), Roles: []string{"web"}}},
	} {
		t.Run(flag, func(t *testing.T) {
			cfg.Server.Data = t.TempDir()
			err := Run(t.Context(), cfg, slog.New(slog.DiscardHandler), func(Ready) { t.Error("it says that it is ready") })
			var told *ErrAddress
			if !errors.As(err, &told) || told.Flag != flag || !strings.Contains(err.Error(), flag) {
				t.Errorf("got %v, want to hear of %s", err, flag)
			}
		})
	}
}

func TestUnfinishedPastIsRefused(t *testing.T) {
	o := begins(t, server.Config{Data: t.TempDir(), DB: dbtest.SQLite(t), Undo: undo}, clock.NewManual(clock.System))
	script, err := readScript()
	if err != nil {
		t.Fatal(err)
	}
	if err := connect(t.Context(), o.App, o.brand, script, o.stage, "x", 0, listeners.Settings{inThePast: "being written"}); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t.Context(), o.Config, o.hands, o.stage.url, o.Log); !errors.Is(err, ErrUnfinished) {
		t.Errorf("got %v, want ErrUnfinished", err)
	}
}
