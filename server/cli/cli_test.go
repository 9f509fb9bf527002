package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/cli"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// kith runs one command and returns its exit code and what it printed.
func kith(t *testing.T, in string, args ...string) (code int, out, messages string) {
	t.Helper()
	var o, e bytes.Buffer
	code = cli.Main(t.Context(), args, cli.IO{In: strings.NewReader(in), Out: &o, Err: &e})
	return code, o.String(), e.String()
}

// must is kith that must end well; it returns what was printed.
func must(t *testing.T, in string, args ...string) string {
	t.Helper()
	code, out, messages := kith(t, in, args...)
	if code != 0 {
		t.Fatalf("kith %s ends with %d: %s%s", strings.Join(args, " "), code, out, messages)
	}
	return out
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// world is a stopped product with a brand, its people and an account, and the flags that name it.
func world(t *testing.T) (w *servertest.World, flags []string) {
	t.Helper()
	w = servertest.New(t, dbtest.SQLite(t))
	w.Connect(servertest.Handle)
	return w, flagsOf(t, w)
}

func flagsOf(t *testing.T, w *servertest.World) []string {
	t.Helper()
	net, err := url.Parse(w.Net)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"--db", w.Config.DB, "--secret-key-file", w.Config.SecretKeyFile, "--allow-host", net.Host}
}

func TestExitCodes(t *testing.T) {
	_, flags := world(t)
	with := func(args ...string) []string { return append(args, flags...) }
	posts := file(t, "posts.csv", "text,id\nhello,1\n")
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"help", []string{"--help"}, 0, "Usage: kith"},
		{"version", []string{"version"}, 0, "kith dev"},
		{"nothing", nil, 2, "kith --help"},
		{"an unknown command", []string{"dance"}, 2, "dance"},
		{"an unknown flag", []string{"version", "--loud"}, 2, "--loud"},
		{"a flag of a wrong value", []string{"serve", "--roles", "dance"}, 2, "roles"},
		{"a duration that is none", []string{"serve", "--undo", "soon"}, 2, "undo"},
		{"a database that is not understood", []string{"migrate", "--db", "mysql://x"}, 1, "sqlite:PATH or postgres://"},
		{"a database that is there", with("migrate"), 0, "schema"},
		{"an unknown brand", with("member", "add", "an@example.com", "--brand", "nobody", "--role", "advocate"), 1, "no brand"},
		{"an unknown role", with("member", "add", "an@example.com", "--brand", "saomai", "--role", "king"), 2, "role"},
		{"trust beyond the end", with("member", "add", "an@example.com", "--brand", "saomai", "--role", "advocate", "--trust", "9"), 2, "trust"},
		{"an unknown topic", with("member", "add", "an@example.com", "--brand", "saomai", "--role", "advocate", "--topics", "Trà"), 2, "Trà"},
		{"no address", with("member", "add", "an", "--brand", "saomai", "--role", "advocate"), 1, "not an e-mail address"},
		{"a token for nobody", with("member", "token", "an@example.com"), 1, "find a person"},
		{"a brand of a bad name", with("brand", "add", "Sao Mai", "--name", "Sao Mai"), 1, "small letters"},
		{"an unknown connection", with("import", posts, "--brand", "saomai", "--connection", "@other"), 2, "@other"},
		{"a file that is not there", with("import", "/nowhere.csv", "--brand", "saomai", "--connection", "1"), 2, "nowhere.csv"},
		{"a column that is not there", with("import", posts, "--brand", "saomai", "--connection", "1", "--text", "body"), 2, "body"},
		{"a line that is no JSON", with("import", file(t, "bad.jsonl", "{\"text\":\"a\"}\n{"), "--brand", "saomai", "--connection", "1"), 2, "line 2"},
		{"a token that the network refuses", with("connection", "add", "--brand", "saomai", "--token-file", "-", "--set", "host=http://"+flags[5]+"/x"), 1, "401"},
		{"a backup over a file", with("backup", posts), 1, "already exists"},
		{"a backup of nothing", []string{"backup", filepath.Join(t.TempDir(), "b"), "--data", filepath.Join(t.TempDir(), "none")}, 1, "no database"},
		{"a restore of what is no backup", []string{"restore", posts, "--data", t.TempDir()}, 1, "not an intact backup"},
		{"a restore over a database", with("restore", posts), 1, "already holds data"},
		{"PostgreSQL without a key file", []string{"serve", "--db", "postgres://127.0.0.1:1/x"}, 1, "--secret-key-file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, messages := kith(t, "wrong", c.args...)
			if code != c.code || !strings.Contains(out+messages, c.says) {
				t.Errorf("kith %s ends with %d and says %s%s; want %d and %q", strings.Join(c.args, " "), code, out, messages, c.code, c.says)
			}
		})
	}
}

func TestFlagsFromTheEnvironment(t *testing.T) {
	w, _ := world(t)
	t.Setenv("KITH_DB", w.Config.DB)
	t.Setenv("KITH_SECRET_KEY_FILE", w.Config.SecretKeyFile)
	if out := must(t, "", "connection", "list", "--json"); !strings.Contains(out, `"handle":"saomaicafe"`) {
		t.Errorf("got %s, want the connection of the database that the environment names", out)
	}
}

func TestPeopleAndTokens(t *testing.T) {
	_, flags := world(t)
	out := must(t, "", append([]string{"member", "add", "an@example.com", "--brand", "saomai", "--role", "advocate", "--public-url", "https://kith.example/"}, flags...)...)
	if !strings.HasPrefix(out, "sign-in an@example.com https://kith.example/sign-in/") || strings.Count(out, "\n") != 1 {
		t.Errorf("member add prints %q, want one link", out)
	}
	if out := must(t, "", append([]string{"member", "token", "an@example.com"}, flags...)...); !strings.HasPrefix(out, "kith_") {
		t.Errorf("member token prints %q", out)
	}
}

func TestImport(t *testing.T) {
	csv := "\ufeffid,text,author,created_at,in_reply_to,extra\n" +
		"1,\"quán mở mấy giờ, shop ơi?\",@lananh,2026-11-01T08:00:00Z,,x\n" +
		"2,7h tới 22h ạ,@SaoMaiCafe,2026-11-01T08:05:00Z,1\n" +
		"3,cảm ơn nha,@lananh,2026-11-01T08:06:00Z,2\n" +
		"4,Wi-Fi có không?,hoa,2026-11-01 09:00:00,\n" +
		"5,Có ạ,saomaivn,2026-11-01 09:01:00,4\n" +
		"6,   ,ai,2026-11-01 09:00:00,\n" +
		",không id,\x00b\xff,,\n"
	json := `{"id":1857712345678900001,"text":"quán mở mấy giờ, shop ơi?","author":"lananh","created_at":"2026-11-01T08:00:00Z"}
{"id":"1857712345678900002","text":"7h tới 22h ạ","author":"saomaicafe","created_at":"2026-11-01T08:05:00Z","in_reply_to":1857712345678900001}

{"id":"1857712345678900003","text":"a\u0000b","author":null}
`
	for _, c := range []struct {
		name, text  string
		posts, ours int
		cases       map[string]int // by state
	}{
		{"posts.csv", csv, 6, 2, map[string]int{"open": 2, "answered_elsewhere": 1}},
		{"posts.jsonl", json, 3, 1, map[string]int{"open": 1, "answered_elsewhere": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, flags := world(t)
			w.Connect("saomaivn")
			args := append([]string{"import", file(t, c.name, c.text), "--brand", "saomai", "--connection", "@saomaicafe"}, flags...)
			for range 2 { // the same file again stores nothing
				must(t, "", args...)
				if n := w.Count("SELECT COUNT(*) FROM mentions"); n != c.posts {
					t.Errorf("%d posts are stored, want %d", n, c.posts)
				}
			}
			if n := w.Count("SELECT COUNT(*) FROM mentions WHERE ours"); n != c.ours {
				t.Errorf("%d posts are the brand's, want %d", n, c.ours)
			}
			if n := w.Count("SELECT COUNT(*) FROM mentions WHERE ours AND case_id IS NULL"); n != 0 {
				t.Errorf("%d of the brand's posts belong to no case", n)
			}
			for state, want := range c.cases {
				if n := w.Count("SELECT COUNT(*) FROM cases WHERE state IN (?, 'ignored')", state); n != want {
					t.Errorf("%d cases are %s, want %d", n, state, want)
				}
			}
		})
	}
}

func TestTriageScoreKeepsOrder(t *testing.T) {
	var in strings.Builder
	var want []string
	for i := range 500 {
		id := fmt.Sprintf("%d", 1857712345678900001+i*7%500)
		if i%2 == 0 {
			fmt.Fprintf(&in, `{"id":%s,"text":"quán mở mấy giờ?"}`+"\n", id)
		} else {
			fmt.Fprintf(&in, `{"id":%q,"text":"I hate this!!!"}`+"\n\n", id)
		}
		want = append(want, id)
	}
	out := must(t, strings.TrimSuffix(in.String(), "\n"), "triage", "score", "--topics", file(t, "topics.toml", "[[topic]]\nname = \"Giờ\"\nkeywords = [\"giờ\"]\n"))
	var got []string
	for lines := json.NewDecoder(strings.NewReader(out)); lines.More(); {
		var r struct {
			ID              string
			Language        string
			Anger, Question float64
			Priority        int
			Topics          []struct{ Name string }
			Why             []struct{ Span [2]int }
		}
		if err := lines.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if len(got)%2 == 0 && (r.Language != "vi" || r.Question < 0.5 || len(r.Topics) != 1) || len(got)%2 == 1 && (r.Anger < 0.5 || len(r.Why) == 0) {
			t.Fatalf("line %d scores %+v", len(got)+1, r)
		}
		got = append(got, r.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the ids come out as %.5v…, want the order they went in", got)
	}
	if code, out, messages := kith(t, "{\"id\":\"1\",\"text\":\"a\"}\nnonsense\n", "triage", "score"); code != 2 || !strings.Contains(messages, "line 2") || strings.Count(out, "\n") != 1 {
		t.Errorf("a bad line ends with %d, %s; want 2, the line, and what came before it", code, messages)
	}
}

func TestPointsVerifyFindsTampering(t *testing.T) {
	w, flags := world(t)
	w.Serve(w.Product)
	c := w.As("lan").Finds(w.Says("lananh", "@saomaicafe quán mở cửa mấy giờ vậy ạ?", ""))
	w.As("lan").Claims(c.ID)
	w.As("lan").Answers(c.ID, "Dạ 7h tới 22h ạ")
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	verify := append([]string{"points", "verify"}, flags...)
	if out := must(t, "", verify...); out != "" {
		t.Errorf("an untouched ledger: %s", out)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	must(t, "", append([]string{"backup", copied}, flags...)...)
	for _, c := range []struct{ name, change, says string }{
		{"a larger amount", "UPDATE point_entries SET amount = 300", "pays 300"},
		{"an entry without a cause", `INSERT INTO point_entries (brand_id, member_id, event, rule, rule_version, amount, created_at, matures_at)
			SELECT brand_id, member_id, 'review:999', 'approved', 1, 3, created_at, matures_at FROM point_entries`, "does not exist"},
		{"a missing entry", "DELETE FROM point_entries", "has no entry"},
		{"an entry of somebody else", "UPDATE point_entries SET member_id = (SELECT MIN(id) FROM members)", "has no entry"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.Config.DB = servertest.Empty(t, "sqlite")
			must(t, "", append([]string{"restore", copied}, flagsOf(t, w)...)...)
			tampered := w.Open()
			err := tampered.App.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) error {
				for _, statement := range []string{"DROP TRIGGER point_entries_no_update", "DROP TRIGGER point_entries_no_delete", c.change} {
					if _, err := tx.NewRaw(statement).Exec(ctx); err != nil {
						return err
					}
				}
				return nil
			})
			if err := errors.Join(err, tampered.Stop()); err != nil {
				t.Fatal(err)
			}
			code, out, _ := kith(t, "", append([]string{"points", "verify"}, flagsOf(t, w)...)...)
			if code != 1 || !strings.Contains(out, c.says) {
				t.Errorf("ends with %d and prints %q; want 1 and %q", code, out, c.says)
			}
		})
	}
}

// TestBackupAndRestore goes through the commands; on PostgreSQL they run pg_dump and pg_restore.
func TestBackupAndRestore(t *testing.T) {
	for engine, place := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.PostgreSQL} {
		t.Run(engine, func(t *testing.T) {
			w := servertest.Start(t, place(t), servertest.Undo(10*time.Minute))
			lan := w.As("minh")
			for i := range 3 {
				c := lan.Finds(w.Says(fmt.Sprintf("khach%d", i), "@saomaicafe quán mở cửa mấy giờ vậy ạ?", ""))
				lan.Claims(c.ID)
				lan.Answers(c.ID, fmt.Sprintf("Dạ 7h tới 22h ạ, số %d", i))
			}
			copied := filepath.Join(t.TempDir(), "kith.backup")
			must(t, "", append([]string{"backup", copied}, flagsOf(t, w)...)...) // while it serves
			w.Advance(11 * time.Minute)
			w.Wait(servertest.Soon, "the replies do not leave", func() bool { return len(w.Ledger()) == 6 })
			if err := w.Stop(); err != nil {
				t.Fatal(err)
			}
			if code, _, messages := kith(t, "", append([]string{"restore", copied}, flagsOf(t, w)...)...); code != 1 || !strings.Contains(messages, "already holds data") {
				t.Errorf("restoring over data ends with %d: %s", code, messages)
			}
			w.Config.DB = servertest.Empty(t, engine)
			must(t, "", append([]string{"restore", copied}, flagsOf(t, w)...)...)
			w.Product = w.Open()
			w.Serve(w.Product)
			w.Wait(servertest.Soon, "the replies are not found", func() bool { return w.Count("SELECT COUNT(*) FROM replies WHERE state = 'sent' AND attempts = 0") == 3 })
			if n := len(w.Ledger()); n != 6 {
				t.Errorf("%d posts are on the network, want 3 and their 3 replies", n)
			}
			if engine == "sqlite" {
				if err := w.Stop(); err != nil {
					t.Fatal(err)
				}
				must(t, "", append([]string{"restore", copied, "--force"}, flagsOf(t, w)...)...)
			}
		})
	}
}

// TestServersEndWithTheirContext: serve, sandbox and demo print that they are ready and end with 0.
func TestServersEndWithTheirContext(t *testing.T) {
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"serve":   {"serve", "--data", filepath.Join(dir, "a"), "--listen", "127.0.0.1:0"},
		"worker":  {"serve", "--data", filepath.Join(dir, "b"), "--roles", "listen,work"},
		"sandbox": {"sandbox", "--listen", "127.0.0.1:0"},
		"demo":    {"demo", "--data", filepath.Join(dir, "c"), "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			out := &untilReady{stop: stop}
			var messages bytes.Buffer
			if code := cli.Main(ctx, args, cli.IO{Out: out, Err: &messages}); code != 0 || !out.ready {
				t.Errorf("ends with %d, ready %t: %s", code, out.ready, messages.String())
			}
		})
	}
}

// untilReady stops a server as soon as it prints that it is ready.
type untilReady struct {
	stop  func()
	ready bool
}

func (u *untilReady) Write(b []byte) (int, error) {
	if bytes.HasPrefix(b, []byte("ready ")) {
		u.ready = true
		u.stop()
	}
	return len(b), nil
}

func TestTriageScoreLearnsFromExamples(t *testing.T) {
	topics := "[[topic]]\nname = \"Delivery\"\nkeywords = [\"parcel\"]\n"
	text := `{"id":"1","text":"your driver left the package at the wrong house"}`
	without := must(t, text, "triage", "score", "--topics", file(t, "keywords.toml", topics))
	with := must(t, text, "triage", "score", "--topics", file(t, "examples.toml", topics+"examples = [\"my package never arrived at the house\", \"when will the driver drop it off\"]\n"))
	if !strings.Contains(without, `"topics":[]`) || !strings.Contains(with, `"topics":[{"name":"Delivery"`) {
		t.Errorf("without examples it is %s, with them %s", without, with)
	}
}
