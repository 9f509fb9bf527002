package server_test

import (
	"encoding/csv"
	"html"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// tweet is a line of the archive, read without any of the product's code.
type tweet struct {
	id, author, text, parent string
	at                       time.Time
}

// customers have numbers for names in the archive.
func (t tweet) brand() bool {
	_, err := strconv.Atoi(t.author)
	return err != nil
}

// talk is what a case should be: one customer in one thread.
type talk struct{ thread, customer string }

// readArchive reads real conversations of customers and brands; the test is skipped where they are not.
func readArchive(t *testing.T) (file string, tweets map[string]tweet) {
	t.Helper()
	file = filepath.Join("..", "..", "shared", "data", "measure", "twcs-sample", "threads.csv")
	f, err := os.Open(file)
	if os.IsNotExist(err) {
		t.Skipf("skipped: no archive of real tweets at %s", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	tweets = map[string]tweet{}
	for _, r := range rows[1:] { // text, tweet_id, author_id, inbound, created_at, response_tweet_id, in_response_to_tweet_id
		at, err := time.Parse(time.RubyDate, r[4])
		if err != nil {
			t.Fatal(err)
		}
		tweets[r[1]] = tweet{id: r[1], author: r[2], text: html.UnescapeString(r[0]), parent: r[6], at: at}
	}
	return file, tweets
}

// TestReplay hears 4,999 real tweets over the wire, with a restart in the middle, and counts them again
// in the archive.
func TestReplay(t *testing.T) {
	file, tweets := readArchive(t)
	t.Run("sqlite", func(t *testing.T) { replay(t, dbtest.SQLite(t), file, tweets) })
	t.Run("postgres", func(t *testing.T) { replay(t, dbtest.PostgreSQL(t), file, tweets) })
}

func replay(t *testing.T, database, file string, tweets map[string]tweet) {
	brands := map[string]bool{}
	for _, tw := range tweets {
		if tw.brand() {
			brands[tw.author] = true
		}
	}
	w := servertest.New(t, database)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	posts, handles, err := w.Network.LoadThreads(f)
	if err != nil || posts != len(tweets) || len(handles) != len(brands) {
		t.Fatalf("loaded %d posts and %d brands, %v; want %d and %d", posts, len(handles), err, len(tweets), len(brands))
	}
	w.Settings["poll"] = "1s"
	for brand := range brands {
		w.Connect(brand)
	}

	heard := func() int { return w.Count("SELECT COUNT(*) FROM mentions") }
	start := time.Now()
	w.Serve(w.Product)
	w.Wait(3*time.Minute, "nothing is heard", func() bool { return heard() > len(tweets)/5 })
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	w.Product = w.Open()
	before := heard()
	if before == len(tweets) {
		t.Fatal("everything had been heard before the restart; it proves nothing")
	}
	w.Serve(w.Product)
	w.Wait(3*time.Minute, "not all is heard", func() bool { return heard() >= len(tweets) })
	w.Wait(servertest.Soon, "not every account was heard to the end", func() bool {
		return w.Count("SELECT COUNT(*) FROM connections WHERE heard_at IS NULL OR failures > 0") == 0
	})
	t.Logf("%d tweets, %d of them before the restart, heard in %s", heard(), before, time.Since(start).Round(time.Millisecond))
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	w.Product = w.Open()
	compare(t, w, tweets)
}

// stored is a mention with its case as the database has it.
type stored struct {
	NativeID, Text, Author, CaseState, CaseThread, Customer string
	CaseID                                                  int64
	Ours                                                    bool
	CreatedAt                                               int64
}

func compare(t *testing.T, w *servertest.World, tweets map[string]tweet) {
	var all []stored
	err := w.App.DB.Read().NewRaw(`SELECT m.native_id, m.text, a.handle AS author, m.ours, m.created_at, COALESCE(m.case_id, 0) AS case_id,
			COALESCE(c.state, '') AS case_state, COALESCE(c.thread_key, '') AS case_thread, COALESCE(who.handle, '') AS customer
		FROM mentions m JOIN accounts a ON a.id = m.account_id
		LEFT JOIN cases c ON c.id = m.case_id LEFT JOIN accounts who ON who.id = c.account_id`).Scan(t.Context(), &all)
	if err != nil {
		t.Fatal(err)
	}
	want := expect(tweets)
	seen, ids := map[string]bool{}, map[talk]int64{}
	for _, m := range all {
		tw, ok := tweets[m.NativeID]
		switch {
		case !ok:
			t.Errorf("post %s is not in the archive", m.NativeID)
			continue
		case seen[m.NativeID]:
			t.Errorf("tweet %s is there twice", tw.id)
		case m.Author != tw.author || m.CreatedAt != tw.at.UnixMicro():
			t.Errorf("tweet %s is by %s at %d, want %s at %s", tw.id, m.Author, m.CreatedAt, tw.author, tw.at)
		case m.Ours != tw.brand():
			t.Errorf("tweet %s of %s: ours is %t", tw.id, tw.author, m.Ours)
		}
		seen[m.NativeID] = true
		k := want.talkOf[tw.id]
		if (talk{m.CaseThread, m.Customer}) != k {
			t.Errorf("tweet %s of %s belongs to the case of %s in %s, want %+v", tw.id, tw.author, m.Customer, m.CaseThread, k)
			continue
		}
		if id, ok := ids[k]; ok && id != m.CaseID {
			t.Errorf("%+v has the cases %d and %d", k, id, m.CaseID)
		}
		ids[k] = m.CaseID
		if state := want.state[k]; m.CaseState != state && !(state == "open" && m.CaseState == "ignored" || state == "answered_elsewhere" && m.CaseState == "ignored") {
			t.Errorf("case of %+v is %s, want %s", k, m.CaseState, state)
		}
	}
	for id := range tweets {
		if !seen[id] {
			t.Errorf("tweet %s is lost", id)
		}
	}
	if n := w.Count("SELECT COUNT(*) FROM cases"); n != len(want.state) {
		t.Errorf("%d cases, want %d", n, len(want.state))
	}
	if n := w.Count("SELECT COUNT(*) FROM cases c WHERE c.mentions <> (SELECT COUNT(*) FROM mentions m WHERE m.case_id = c.id AND NOT m.ours)"); n != 0 {
		t.Errorf("%d cases count their customers' posts wrongly", n)
	}
	if n := w.Count("SELECT COUNT(*) FROM dead_letters"); n != 0 {
		t.Errorf("%d dead letters, want none", n)
	}
}

// expected is what the archive says without any of the product's code.
type expected struct {
	talkOf map[string]talk // by tweet; nothing for a brand's post that answers no customer
	state  map[talk]string // of the case, unless it is noise
}

func expect(tweets map[string]tweet) expected {
	e := expected{map[string]talk{}, map[talk]string{}}
	asked, answered := map[talk]time.Time{}, map[talk]time.Time{}
	later := func(m map[talk]time.Time, k talk, at time.Time) {
		if at.After(m[k]) {
			m[k] = at
		}
	}
	for _, tw := range tweets {
		if !tw.brand() {
			k := talk{rootOf(tweets, tw), tw.author}
			e.talkOf[tw.id] = k
			later(asked, k, tw.at)
			continue
		}
		// Whom does a brand's post answer? The second half of an answer answers whom the first half does.
		up, ok := tweets[tw.parent]
		for ok && up.brand() {
			up, ok = tweets[up.parent]
		}
		if ok {
			k := talk{rootOf(tweets, tw), up.author}
			e.talkOf[tw.id] = k
			later(answered, k, tw.at)
		}
	}
	for k, at := range asked {
		e.state[k] = "open"
		if !answered[k].Before(at) {
			e.state[k] = "answered_elsewhere"
		}
	}
	return e
}

// rootOf is the first tweet of a tweet's thread.
func rootOf(tweets map[string]tweet, tw tweet) string {
	for {
		up, ok := tweets[tw.parent]
		if !ok {
			return tw.id
		}
		tw = up
	}
}
