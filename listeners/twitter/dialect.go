package twitter

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	sdk "github.com/g8rswimmer/go-twitter/v2"
)

// dialect is the set of names with which we ask for fields.
type dialect struct {
	fieldsName string // of the query parameter; the library always writes tweet.fields
	fields     []sdk.TweetField
	expansions []sdk.Expansion
	quoted     []sdk.Expansion // brings quoted posts along, to see whose they are
}

var dialects = map[string]dialect{"": tweetDialect, "tweet": tweetDialect, "post": postDialect}

var tweetDialect = dialect{
	fieldsName: "tweet.fields",
	fields: []sdk.TweetField{
		"author_id", "conversation_id", "created_at", "edit_history_tweet_ids", "entities",
		"in_reply_to_user_id", "note_tweet", "referenced_tweets", "text", "withheld",
	},
	expansions: []sdk.Expansion{"author_id"},
	quoted:     []sdk.Expansion{"referenced_tweets.id"},
}

// In the dialect of August 2026 what refers to something else is no field but an expansion.
var postDialect = dialect{
	fieldsName: "post.fields",
	fields:     []sdk.TweetField{"conversation_id", "created_at", "entities", "note_post", "text", "withheld"},
	expansions: []sdk.Expansion{"author_id", "edit_history_post_ids", "in_reply_to_user_id", "referenced_posts"},
}

var userFields = []sdk.UserField{"name", "protected", "public_metrics", "username"}

// parameters are what every question for posts asks, for calls that the library does not make.
func (d dialect) parameters(expansions ...sdk.Expansion) url.Values {
	return url.Values{
		d.fieldsName: {join(d.fields)}, "expansions": {join(slices.Concat(expansions, d.expansions))}, "user.fields": {join(userFields)},
	}
}

func join[S ~string](names []S) string {
	var all []string
	for _, n := range names {
		all = append(all, string(n))
	}
	return strings.Join(all, ",")
}

// renamer gives the field parameter the name of the dialect.
type renamer struct {
	fieldsName string
	next       http.RoundTripper
}

// RoundTrip makes the call with the renamed parameter.
func (r renamer) RoundTrip(req *http.Request) (*http.Response, error) {
	const written = "tweet.fields"
	if q := req.URL.Query(); r.fieldsName != written && q.Has(written) {
		q[r.fieldsName] = q[written]
		q.Del(written)
		req = req.Clone(req.Context())
		req.URL.RawQuery = q.Encode()
	}
	return r.next.RoundTrip(req)
}
