package sandbox_test

import (
	"html"
	"os"
	"strings"
	"testing"

	"github.com/g8rswimmer/go-twitter/v2"
)

const threadsFile = "../../../shared/data/measure/twcs-sample/threads.csv"

func TestLoadThreads(t *testing.T) {
	f, err := os.Open(threadsFile)
	if err != nil {
		t.Skipf("SKIPPED, no archive: %v", err)
	}
	defer f.Close()
	s := open(t, false)
	posts, handles, err := s.net.LoadThreads(f)
	if err != nil {
		t.Fatal(err)
	}
	if posts != 4999 || len(handles) != 76 || handles[0] != "ATVIAssist" || handles[75] != "sprintcare" {
		t.Errorf("got %d posts of %d brands %v", posts, len(handles), handles)
	}
	raw, err := os.ReadFile(threadsFile)
	if err != nil {
		t.Fatal(err)
	}
	ledger, prefixed := s.ledger(), 0
	original := html.UnescapeString(strings.ReplaceAll(string(raw), `""`, `"`))
	for _, line := range ledger {
		_, text, _ := strings.Cut(line, ": ")
		text, _, _ = strings.Cut(text, "\n")
		if !strings.Contains(original, text) {
			prefixed++
		}
	}
	if len(ledger) != posts {
		t.Errorf("the ledger holds %d posts, want %d", len(ledger), posts)
	}
	if prefixed != 601 {
		t.Errorf("%d posts got a brand's handle, want 601", prefixed)
	}
	// Counted from the file by other means.
	for handle, want := range map[string]int{"AmazonHelp": 240, "ChipotleTweets": 232, "Tesco": 220} {
		brand := s.connect(handle)
		if got, _ := readAllLarge(t, brand); len(got) != want {
			t.Errorf("%s: %d mentions, want %d", handle, len(got), want)
		}
	}
	brand := s.connect("Ask_Spectrum")
	got, err := brand.TweetLookup(ctx, []string{"3", "29", "42"}, twitter.TweetLookupOpts{
		TweetFields: []twitter.TweetField{twitter.TweetFieldAuthorID, twitter.TweetFieldCreatedAt, twitter.TweetFieldConversationID},
	})
	if err != nil {
		t.Fatal(err)
	}
	first := got.Raw.Tweets[0]
	if first.CreatedAt != "2017-10-31T22:08:27.000Z" || first.AuthorID != "115712" || !strings.HasPrefix(first.Text, "@sprintcare I have sent several") {
		t.Errorf("post 3: %+v", first)
	}
	if text := got.Raw.Tweets[1].Text; !strings.HasPrefix(text, "@Ask_Spectrum actually that's a broken link") {
		t.Errorf("a post that had lost the brand: %q", text)
	}
	if text := got.Raw.Tweets[2].Text; !strings.HasPrefix(text, "@") || !strings.Contains(text, "@115722 MD. And this") {
		t.Errorf("a post that names a customer: %q", text)
	}
}

func readAllLarge(t *testing.T, brand account) (ids []string, texts []string) {
	t.Helper()
	for token := ""; ; {
		page, err := brand.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{MaxResults: 100, PaginationToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Raw.Tweets {
			ids, texts = append(ids, p.ID), append(texts, p.Text)
		}
		if token = page.Meta.NextToken; token == "" {
			return ids, texts
		}
	}
}

func TestLoadSmallArchives(t *testing.T) {
	const head = "text,tweet_id,author_id,inbound,created_at,response_tweet_id,in_response_to_tweet_id\n"
	const when = ",x,Tue Oct 31 22:10:47 +0000 2017,,"
	for _, test := range []struct {
		name, rows string
		want       []string // ledger; nil: refused
	}{
		{"the brand answers below", "help,1,10" + when + "\n@10 hello,2,Tesco" + when + "1\n", []string{"10: @Tesco help", "Tesco: @10 hello"}},
		{"the brand above wins", "help,1,10" + when + "\n@10 hi,2,Tesco" + when + "1\n@10 hey,3,O2" + when + "2\nok,4,10" + when + "3\n", []string{"10: @Tesco help", "Tesco: @10 hi", "O2: @10 hey", "10: @O2 ok"}},
		{"a brand is named already", "@o2 help,1,10" + when + "\n@10 hi,2,Tesco" + when + "1\n@10 hey,3,O2" + when + "2\n", []string{"10: @o2 help", "Tesco: @10 hi", "O2: @10 hey"}},
		{"no brand in the thread", "@11 help,1,10" + when + "\n", []string{"10: @11 help"}},
		{"the parent is missing", "help,1,10" + when + "99\n", []string{"10: help"}},
		{"a circle", "a,1,10" + when + "2\nb,2,11" + when + "1\n", []string{"10: a", "11: b"}},
		{"its own parent", "a,1,10" + when + "1\n", []string{"10: a"}},
		{"escaped", "&lt;3 &amp; more,1,10" + when + "\n", []string{"10: <3 & more"}},
		{"id twice", "a,1,10" + when + "\nb,1,11" + when + "\n", nil},
		{"bad id", "a,one,10" + when + "\n", nil},
		{"bad time", "a,1,10,x,yesterday,,\n", nil},
		{"bad quotes", "\"a,1,10" + when + "\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, false)
			_, _, err := s.net.LoadThreads(strings.NewReader(head + test.rows))
			if (err == nil) != (test.want != nil) {
				t.Fatalf("error: %v", err)
			}
			if got := strings.Join(s.ledger(), "\n"); got != strings.Join(test.want, "\n") {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if _, _, err := open(t, false).net.LoadThreads(strings.NewReader("a,b\n")); err == nil {
		t.Error("an archive without the columns was taken")
	}
}
