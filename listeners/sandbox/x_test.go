package sandbox_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/g8rswimmer/go-twitter/v2"
)

var ctx = context.Background()

func texts(raw *twitter.TweetRaw) []string {
	var all []string
	for _, t := range raw.Tweets {
		all = append(all, t.Text)
	}
	return all
}

func TestUsers(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	s.say("an_nguyen", "chào", "")

	me, err := brand.AuthUserLookup(ctx, twitter.UserLookupOpts{UserFields: []twitter.UserField{twitter.UserFieldPublicMetrics, twitter.UserFieldVerified, twitter.UserFieldCreatedAt}})
	if err != nil {
		t.Fatal(err)
	}
	u := me.Raw.Users[0]
	if u.ID != brand.ID || u.UserName != "saomaicafe" || u.Name != "Sao Mai" || !u.Verified || u.PublicMetrics.Followers < 10_000 {
		t.Errorf("me: got %+v", u)
	}
	names, err := brand.UserNameLookup(ctx, []string{"SaoMaiCafe", "nobody"}, twitter.UserLookupOpts{})
	if err != nil {
		t.Fatal(err)
	}
	if len(names.Raw.Users) != 1 || len(names.Raw.Errors) != 1 || names.Raw.Errors[0].Title != "Not Found Error" {
		t.Errorf("by names: got %+v, errors %+v", names.Raw.Users, names.Raw.Errors)
	}
	one, err := brand.UserNameLookup(ctx, []string{"an_nguyen"}, twitter.UserLookupOpts{})
	if err != nil || one.Raw.Users[0].Name != "Nguyễn Hoài An" {
		t.Fatalf("by name: got %+v, %v", one, err)
	}
	both, err := brand.UserLookup(ctx, []string{brand.ID, one.Raw.Users[0].ID, "5"}, twitter.UserLookupOpts{})
	if err != nil || len(both.Raw.Users) != 2 || len(both.Raw.Errors) != 1 {
		t.Fatalf("by ids: got %+v, %v", both, err)
	}
	byID, err := brand.UserLookup(ctx, []string{brand.ID}, twitter.UserLookupOpts{})
	if err != nil || byID.Raw.Users[0].UserName != "saomaicafe" {
		t.Fatalf("by id: got %+v, %v", byID, err)
	}
	if again := s.connect("SaoMaiCafe"); again.ID != brand.ID || again.Token != brand.Token {
		t.Error("the same handle again gave another account")
	}
}

func TestMentionTimeline(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	root := s.say("an_nguyen", "@SaoMaiCafe trà nguội quá! #saomai https://example.com/anh?x=1&y=2 <3", "")
	s.advance(time.Second)
	s.say("chi_le", "không liên quan", "")
	s.say("saomaicafe", "we love @saomaicafe", "")
	s.say("chi_le", "write to me@saomaicafe.vn", "")
	answer, err := brand.reply(root, "Sao Mai xin lỗi ạ & cảm ơn")
	if err != nil {
		t.Fatal(err)
	}
	thanks := s.say("an_nguyen", "cảm ơn nhé", answer)

	page, err := brand.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{
		TweetFields: []twitter.TweetField{
			twitter.TweetFieldAuthorID, twitter.TweetFieldConversationID, twitter.TweetFieldCreatedAt, twitter.TweetFieldEntities,
			twitter.TweetFieldInReplyToUserID, twitter.TweetFieldLanguage, twitter.TweetFieldPublicMetrics, twitter.TweetFieldReferencedTweets,
		},
		Expansions: []twitter.Expansion{twitter.ExpansionAuthorID, twitter.ExpansionReferencedTweetsID},
		UserFields: []twitter.UserField{twitter.UserFieldPublicMetrics},
		MaxResults: 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	raw := page.Raw
	if len(raw.Tweets) != 2 || raw.Tweets[0].ID != thanks || raw.Tweets[1].ID != root {
		t.Fatalf("got %v, want the thanks and the complaint", texts(raw))
	}
	if page.Meta.NewestID != thanks || page.Meta.OldestID != root || page.Meta.ResultCount != 2 || page.Meta.NextToken != "" {
		t.Errorf("meta: %+v", page.Meta)
	}
	follow, first := raw.Tweets[0], raw.Tweets[1]
	if follow.Text != "@saomaicafe cảm ơn nhé" || follow.InReplyToUserID != brand.ID || follow.ConversationID != root || follow.Language != "vi" {
		t.Errorf("follow-up: %+v", follow)
	}
	if len(follow.ReferencedTweets) != 1 || *follow.ReferencedTweets[0] != (twitter.TweetReferencedTweetObj{Type: "replied_to", ID: answer}) {
		t.Errorf("follow-up answers %+v", follow.ReferencedTweets)
	}
	if first.PublicMetrics.Replies != 1 || first.CreatedAt != "2026-11-03T08:00:00.000Z" {
		t.Errorf("complaint: %+v", first)
	}
	link := first.Entities.URLs[0]
	if !strings.HasPrefix(link.URL, "https://t.co/") || len(link.URL) != 23 || link.ExpandedURL != "https://example.com/anh?x=1&y=2" {
		t.Errorf("link: %+v", link)
	}
	if want := "@SaoMaiCafe trà nguội quá! #saomai " + link.URL + " &lt;3"; first.Text != want {
		t.Errorf("text: got %q, want %q", first.Text, want)
	}
	runes := []rune(first.Text)
	for what, at := range map[string][2]int{
		"@SaoMaiCafe": {first.Entities.Mentions[0].Start, first.Entities.Mentions[0].End},
		"#saomai":     {first.Entities.HashTags[0].Start, first.Entities.HashTags[0].End},
		link.URL:      {link.Start, link.End},
	} {
		if got := string(runes[at[0]:at[1]]); got != what {
			t.Errorf("entity at %v: got %q, want %q", at, got, what)
		}
	}
	if len(raw.Includes.Users) != 1 || raw.Includes.Users[0].UserName != "an_nguyen" {
		t.Errorf("includes.users: %+v", raw.Includes.Users)
	}
	if len(raw.Includes.Tweets) != 1 || raw.Includes.Tweets[0].Text != "@an_nguyen Sao Mai xin lỗi ạ &amp; cảm ơn" {
		t.Errorf("includes.tweets: %+v", raw.Includes.Tweets)
	}

	since, err := brand.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{SinceID: root})
	if err != nil || len(since.Raw.Tweets) != 1 || since.Raw.Tweets[0].ID != thanks {
		t.Errorf("since the complaint: %+v, %v", since, err)
	}
	until, err := brand.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{UntilID: thanks})
	if err != nil || len(until.Raw.Tweets) != 1 || until.Raw.Tweets[0].ID != root {
		t.Errorf("until the thanks: %+v, %v", until, err)
	}
	from, err := brand.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{StartTime: start.Add(time.Second)})
	if err != nil || len(from.Raw.Tweets) != 1 || from.Raw.Tweets[0].ID != thanks {
		t.Errorf("from a second later: %+v, %v", from, err)
	}
}

func TestPagesStandStillWhilePostsArrive(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	var want []string
	for i := range 13 {
		s.advance(time.Second)
		want = append(want, s.say("an_nguyen", "@saomaicafe số "+strconv.Itoa(i), ""))
	}
	slices.Reverse(want)
	var got []string
	pages, token := 0, ""
	for {
		page, err := brand.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{MaxResults: 5, PaginationToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Raw.Tweets {
			got = append(got, p.ID)
		}
		pages++
		s.say("chi_le", "@saomaicafe chen ngang "+strconv.Itoa(pages), "")
		if token = page.Meta.NextToken; token == "" {
			break
		}
	}
	if pages != 3 || !slices.Equal(got, want) {
		t.Errorf("got %d pages with %v, want 3 with %v", pages, got, want)
	}
}

func TestLatePostsTakeTheirPlace(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	newer := s.say("an_nguyen", "@saomaicafe mới", "")
	s.admin("POST", "/admin/posts", `[
		{"author":"chi_le","text":"@saomaicafe trả lời","in_reply_to":"77","created_at":"2026-11-02T10:00:01Z"},
		{"author":"chi_le","text":"@saomaicafe gốc","id":"77","created_at":"2026-11-02T10:00:00Z"}]`, 201)
	page, err := brand.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{TweetFields: []twitter.TweetField{twitter.TweetFieldConversationID}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := texts(page.Raw), []string{"@saomaicafe mới", "@saomaicafe trả lời", "@saomaicafe gốc"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := page.Raw.Tweets[1].ConversationID; got != "77" {
		t.Errorf("the reply that came before its parent is in conversation %s, want 77", got)
	}
	if page.Raw.Tweets[0].ID != newer {
		t.Errorf("newest is %s, want %s", page.Raw.Tweets[0].ID, newer)
	}
}

func TestReplyRules(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	named := s.say("an_nguyen", "@saomaicafe nước đâu?", "")
	unnamed := s.say("an_nguyen", "cà phê ở đây dở", "")

	first, err := brand.reply(named, "Dạ có ngay")
	if err != nil {
		t.Fatal(err)
	}
	quoting := s.admin("POST", "/admin/posts", `{"author":"chi_le","text":"xem này","quotes":"`+first+`"}`, 201)["id"].(string)
	tests := []struct {
		name, to, text string
		status         int
		detail         string
	}{
		{"not named", unnamed, "chào", 403, "not been mentioned"},
		{"quoted", quoting, "chào", 0, ""},
		{"own post", first, "thêm nữa", 0, ""},
		{"duplicate", named, "Dạ có ngay", 403, "duplicate content"},
		{"other words", named, "Dạ có ngay ạ", 0, ""},
		{"missing parent", "12345", "chào", 403, "deleted or not visible"},
		{"bad parent", "abc", "chào", 400, "invalid"},
		{"280", named, strings.Repeat("a", 280), 0, ""},
		{"281", named, strings.Repeat("b", 281), 400, "invalid"},
		{"140 that weigh 2", named, strings.Repeat("ạ", 140), 0, ""},
		{"141 that weigh 2", named, strings.Repeat("ế", 141), 400, "invalid"},
		{"blank", named, "  ", 400, "invalid"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := brand.reply(test.to, test.text)
			if test.status == 0 {
				if err != nil {
					t.Errorf("got %v, want a post", err)
				}
				return
			}
			if status, detail := refusal(t, err); status != test.status || !strings.Contains(detail, test.detail) {
				t.Errorf("got %d %q, want %d %q", status, detail, test.status, test.detail)
			}
		})
	}
	s.advance(25 * time.Hour)
	if _, err := brand.reply(named, "Dạ có ngay"); err != nil {
		t.Errorf("the same words a day later: %v", err)
	}
}

func TestDelete(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	asked := s.say("an_nguyen", "@saomaicafe nước đâu?", "")
	answer, err := brand.reply(asked, "Có ngay")
	if err != nil {
		t.Fatal(err)
	}
	_, err = brand.DeleteTweet(ctx, asked)
	if status, _ := refusal(t, err); status != http.StatusForbidden {
		t.Errorf("deleting a customer's post: status %d, want 403", status)
	}
	res, err := brand.DeleteTweet(ctx, answer)
	if err != nil || !res.Tweet.Deleted {
		t.Fatalf("deleting the own post: %+v, %v", res, err)
	}
	if got, want := s.ledger(), []string{"an_nguyen: @saomaicafe nước đâu?"}; !slices.Equal(got, want) {
		t.Errorf("ledger: got %q, want %q", got, want)
	}
	_, err = brand.DeleteTweet(ctx, answer)
	if status, _ := refusal(t, err); status != http.StatusNotFound {
		t.Errorf("deleting twice: status %d, want 404", status)
	}
	if _, err := brand.reply(asked, "Có ngay"); err != nil {
		t.Errorf("the same words after deleting them: %v", err)
	}
	s.admin("DELETE", "/admin/posts/"+asked, "", 200)
	s.admin("DELETE", "/admin/posts/"+asked, "", 404)
	page, err := brand.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{})
	if err != nil || len(page.Raw.Tweets) != 0 {
		t.Errorf("mentions after deleting: %+v, %v", page, err)
	}
	found, err := brand.TweetRecentSearch(ctx, "nước", twitter.TweetRecentSearchOpts{MaxResults: 10})
	if err != nil || len(found.Raw.Tweets) != 0 {
		t.Errorf("search after deleting: %+v, %v", found, err)
	}
}

func TestTweetLookup(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	root := s.say("an_nguyen", "@saomaicafe nước đâu?", "")
	answer, err := brand.reply(root, "Có ngay")
	if err != nil {
		t.Fatal(err)
	}
	s.admin("DELETE", "/admin/posts/"+root, "", 200)
	opts := twitter.TweetLookupOpts{Expansions: []twitter.Expansion{twitter.ExpansionReferencedTweetsID}}
	one, err := brand.TweetLookup(ctx, []string{answer}, opts)
	if err != nil || one.Raw.Tweets[0].Text != "@an_nguyen Có ngay" {
		t.Fatalf("one: %+v, %v", one, err)
	}
	if len(one.Raw.Errors) != 1 || one.Raw.Errors[0].Parameter != "referenced_tweets.id" {
		t.Errorf("the deleted parent: errors %+v", one.Raw.Errors)
	}
	two, err := brand.TweetLookup(ctx, []string{answer, root}, opts)
	if err != nil || len(two.Raw.Tweets) != 1 || two.Raw.Errors[0].Value != root {
		t.Errorf("two: %+v, %v", two, err)
	}
	own, err := brand.UserTweetTimeline(ctx, brand.ID, twitter.UserTweetTimelineOpts{SinceID: root, MaxResults: 100})
	if err != nil || len(own.Raw.Tweets) != 1 || own.Raw.Tweets[0].ID != answer {
		t.Errorf("own posts: %+v, %v", own, err)
	}
}

func TestDialects(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	root := s.say("an_nguyen", "@saomaicafe "+strings.Repeat("dài quá & ", 60)+"https://example.com", "")
	s.say("an_nguyen", "@saomaicafe đâu?", root)
	for _, d := range []struct{ fields, referenced, history, note, reposts, includes string }{
		{"tweet.fields", "referenced_tweets", "edit_history_tweet_ids", "note_tweet", "retweet_count", "tweets"},
		{"post.fields", "referenced_posts", "edit_history_post_ids", "note_post", "repost_count", "posts"},
	} {
		t.Run(d.fields, func(t *testing.T) {
			q := url.Values{d.fields: {"public_metrics," + d.referenced + "," + d.note}, "expansions": {d.referenced + ".id"}}
			_, body := s.raw("GET", "/x/2/users/"+brand.ID+"/mentions?"+q.Encode(), brand.Token, "")
			var got struct {
				Data     []map[string]any
				Includes map[string][]map[string]any
			}
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
			reply, long := got.Data[0], got.Data[1]
			if reply[d.referenced] == nil || reply[d.history] == nil || reply["public_metrics"].(map[string]any)[d.reposts] == nil {
				t.Errorf("reply: %v", reply)
			}
			if len(got.Includes[d.includes]) != 1 {
				t.Errorf("includes: %v", got.Includes)
			}
			note, _ := long[d.note].(map[string]any)
			if text, _ := note["text"].(string); !strings.Contains(text, "dài quá &amp; https://t.co/") || len([]rune(long["text"].(string))) > 400 {
				t.Errorf("long post: %v", long)
			}
		})
	}
	res, _ := s.raw("GET", "/x/2/users/"+brand.ID+"/mentions?post.fields=referenced_tweets", brand.Token, "")
	if res.StatusCode != 400 {
		t.Errorf("an old name in post.fields: status %d, want 400", res.StatusCode)
	}
}

func TestWrongCalls(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	me := "/x/2/users/" + brand.ID
	for _, test := range []struct {
		name, method, path, token, body string
		want                            int
	}{
		{"no such token", "GET", "/x/2/users/me", "nonsense", "", 401},
		{"no token", "GET", "/x/2/users/me", "", "", 401},
		{"no such path", "GET", "/x/2/nothing", brand.Token, "", 404},
		{"wrong method", "PATCH", "/x/2/users/me", brand.Token, "", 404},
		{"too few", "GET", me + "/mentions?max_results=4", brand.Token, "", 400},
		{"too many", "GET", me + "/mentions?max_results=101", brand.Token, "", 400},
		{"bad since", "GET", me + "/mentions?since_id=-1", brand.Token, "", 400},
		{"bad token", "GET", me + "/mentions?pagination_token=zz", brand.Token, "", 400},
		{"bad time", "GET", me + "/mentions?start_time=today", brand.Token, "", 400},
		{"bad field", "GET", me + "/mentions?tweet.fields=text,soul", brand.Token, "", 400},
		{"bad id", "GET", "/x/2/users/abc", brand.Token, "", 400},
		{"no ids", "GET", "/x/2/tweets", brand.Token, "", 400},
		{"101 ids", "GET", "/x/2/tweets?ids=1" + strings.Repeat(",1", 100), brand.Token, "", 400},
		{"unknown member", "POST", "/x/2/tweets", brand.Token, `{"text":"a","colour":"red"}`, 400},
		{"not JSON", "POST", "/x/2/tweets", brand.Token, `text=a`, 400},
		{"3 MiB", "POST", "/x/2/tweets", brand.Token, `{"text":"` + strings.Repeat("a", 3<<20) + `"}`, 413},
		{"user unknown", "GET", "/x/2/users/5/mentions", brand.Token, "", 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, body := s.raw(test.method, test.path, test.token, test.body)
			if res.StatusCode != test.want {
				t.Fatalf("status %d, want %d: %s", res.StatusCode, test.want, body)
			}
			var problem struct{ Title, Type, Detail string }
			if err := json.Unmarshal(body, &problem); err != nil || test.want != 200 && (problem.Title == "" || problem.Type == "" || problem.Detail == "") {
				t.Errorf("body: %s", body)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	ask := func(form url.Values) (int, map[string]any) {
		t.Helper()
		res, err := http.PostForm(s.url+"/x/2/oauth2/token", form)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var answer map[string]any
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, answer
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {"kith"}, "refresh_token": {brand.Refresh}}
	status, got := ask(refresh)
	if status != 200 || got["expires_in"] != 7200.0 || got["refresh_token"] == brand.Refresh {
		t.Fatalf("refresh: %d %v", status, got)
	}
	if status, got := ask(refresh); status != 400 {
		t.Errorf("a spent refresh token: %d %v", status, got)
	}
	renewed := s.client(got["access_token"].(string))
	me, err := renewed.AuthUserLookup(ctx, twitter.UserLookupOpts{})
	if err != nil || me.Raw.Users[0].ID != brand.ID {
		t.Errorf("renewed token: %+v, %v", me, err)
	}
	s.advance(2 * time.Hour)
	_, err = renewed.AuthUserLookup(ctx, twitter.UserLookupOpts{})
	if status, _ := refusal(t, err); status != 401 {
		t.Errorf("two hours later: status %d, want 401", status)
	}
	if _, err := brand.AuthUserLookup(ctx, twitter.UserLookupOpts{}); err != nil {
		t.Errorf("the account's own token: %v", err)
	}

	status, got = ask(url.Values{"grant_type": {"client_credentials"}, "client_id": {"kith"}})
	if status != 200 {
		t.Fatalf("app token: %d %v", status, got)
	}
	app := s.client(got["access_token"].(string))
	if _, err := app.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{}); err != nil {
		t.Errorf("app reads: %v", err)
	}
	_, err = app.AuthUserLookup(ctx, twitter.UserLookupOpts{})
	if status, _ := refusal(t, err); status != 403 {
		t.Errorf("app asks who it is: status %d, want 403", status)
	}
	if status, _ := ask(url.Values{"grant_type": {"client_credentials"}}); status != 401 {
		t.Errorf("no client: status %d, want 401", status)
	}
}

func TestLimits(t *testing.T) {
	s := open(t, true)
	brand := s.connect("saomaicafe")
	read := func() error {
		_, err := brand.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{})
		return err
	}
	for i := range 300 {
		if err := read(); err != nil {
			t.Fatalf("call %d: %v", i+1, err)
		}
		s.advance(time.Second)
	}
	err := read()
	limit, ok := twitter.RateLimitFromError(err)
	if status, _ := refusal(t, err); status != 429 || !ok || limit.Limit != 300 || limit.Remaining != 0 || !limit.Reset.Time().Equal(start.Add(15*time.Minute)) {
		t.Fatalf("call 301: %v, limit %+v", err, limit)
	}
	if _, err := brand.AuthUserLookup(ctx, twitter.UserLookupOpts{}); err != nil {
		t.Errorf("another endpoint: %v", err)
	}
	s.advance(10 * time.Minute)
	if err := read(); err != nil {
		t.Errorf("in the next window: %v", err)
	}

	res, _ := s.raw("POST", "/x/2/tweets", brand.Token, `{"text":"chào cả nhà"}`)
	if res.Header.Get("x-rate-limit-remaining") != "99" || res.Header.Get("x-user-limit-24hour-remaining") != "9999" || res.StatusCode != 201 {
		t.Errorf("create: %d %v", res.StatusCode, res.Header)
	}
}

func TestLimitsOnPosts(t *testing.T) {
	s := open(t, true)
	brand := s.connect("saomaicafe")
	posts := 0
	say := func() *http.Response {
		posts++
		res, _ := s.raw("POST", "/x/2/tweets", brand.Token, `{"text":"số `+strconv.Itoa(posts)+`"}`)
		return res
	}
	for range 3 {
		for range 100 {
			if res := say(); res.StatusCode != 201 {
				t.Fatalf("post %d: status %d", posts, res.StatusCode)
			}
		}
		if res := say(); res.StatusCode != 429 || res.Header.Get("x-rate-limit-limit") != "100" {
			t.Fatalf("post 101 of a window: %d %v", res.StatusCode, res.Header)
		}
		s.advance(15 * time.Minute)
	}
	res := say()
	if res.StatusCode != 429 || res.Header.Get("x-rate-limit-limit") != "300" {
		t.Errorf("post 301 of three hours: %d %v", res.StatusCode, res.Header)
	}
	if want := strconv.FormatInt(start.Add(3*time.Hour).Unix(), 10); res.Header.Get("x-rate-limit-reset") != want {
		t.Errorf("reset at %s, want %s", res.Header.Get("x-rate-limit-reset"), want)
	}
	if got := res.Header.Get("x-user-limit-24hour-remaining"); got == "" || got == "10000" {
		t.Errorf("the day shows %q left after 300 posts", got)
	}
}

func TestTimelineDepth(t *testing.T) {
	for _, limits := range []bool{true, false} {
		s := open(t, limits)
		brand := s.connect("saomaicafe")
		var batch []map[string]string
		for i := range 1000 {
			batch = append(batch, map[string]string{"author": "an_nguyen", "text": "@saomaicafe " + strconv.Itoa(i)})
		}
		body, _ := json.Marshal(batch)
		s.admin("POST", "/admin/posts", string(body), 201)
		got, token := 0, ""
		for {
			page, err := brand.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{MaxResults: 100, PaginationToken: token})
			if err != nil {
				t.Fatal(err)
			}
			got += len(page.Raw.Tweets)
			if token = page.Meta.NextToken; token == "" {
				break
			}
		}
		if want := map[bool]int{true: 800, false: 1000}[limits]; got != want {
			t.Errorf("limits %v: %d mentions, want %d", limits, got, want)
		}
	}
}
