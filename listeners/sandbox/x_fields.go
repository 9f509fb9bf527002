package sandbox

import (
	"net/url"
	"strings"
)

// xFields are the parts of objects that a caller asked for.
type xFields uint32

// Parts of a tweet.
const (
	xAuthorID xFields = 1 << iota
	xConversationID
	xCreatedAt
	xEntities
	xInReplyTo
	xLang
	xMetrics
	xReferenced
	xNote
	xReplySettings
	xSensitive
	xSource
	xEditControls
)

// Parts of a user.
const (
	xUserCreatedAt xFields = 1 << iota
	xUserDescription
	xUserMetrics
	xUserProtected
	xUserVerified
	xUserVerifiedType
	xUserURL
	xUserSubscription
)

// Expansions.
const (
	xExpandAuthor xFields = 1 << iota
	xExpandReferenced
	xExpandReferencedAuthor
	xExpandInReplyTo
	xExpandMentions
)

// xDialect holds the names that changed when X renamed tweets to posts. A call
// that asks for post.fields, or expands referenced posts, is answered in the
// new names, every other in the old.
type xDialect struct {
	param       string // of the fields
	referenced  string
	editHistory string
	note        string
	reposts     string
	userPosts   string
	includes    string
}

var (
	xTweetDialect = &xDialect{"tweet.fields", "referenced_tweets", "edit_history_tweet_ids", "note_tweet", "retweet_count", "tweet_count", "tweets"}
	xPostDialect  = &xDialect{"post.fields", "referenced_posts", "edit_history_post_ids", "note_post", "repost_count", "post_count", "posts"}
)

// xShape is the form in which a caller wants objects.
type xShape struct {
	*xDialect
	tweet, user, expand xFields
}

// The names that may be asked for. Those with 0 are taken and, as with posts
// that have no such part, not served.
var (
	xTweetFields = map[string]xFields{
		"id": 0, "text": 0, "attachments": 0, "author_id": xAuthorID, "context_annotations": 0,
		"conversation_id": xConversationID, "created_at": xCreatedAt, "edit_controls": xEditControls,
		"entities": xEntities, "geo": 0, "in_reply_to_user_id": xInReplyTo, "lang": xLang, "non_public_metrics": 0,
		"organic_metrics": 0, "possibly_sensitive": xSensitive, "promoted_metrics": 0, "public_metrics": xMetrics,
		"reply_settings": xReplySettings, "source": xSource, "withheld": 0, "display_text_range": 0, "scopes": 0,
		"card_uri": 0, "community_id": 0, "article": 0, "media_metadata": 0, "paid_partnership": 0,
	}
	xUserFields = map[string]xFields{
		"id": 0, "name": 0, "username": 0, "created_at": xUserCreatedAt, "description": xUserDescription, "entities": 0,
		"location": 0, "pinned_tweet_id": 0, "pinned_post_id": 0, "most_recent_tweet_id": 0, "most_recent_post_id": 0,
		"profile_image_url": 0, "profile_banner_url": 0, "protected": xUserProtected, "public_metrics": xUserMetrics,
		"url": xUserURL, "verified": xUserVerified, "verified_type": xUserVerifiedType, "withheld": 0,
		"subscription_type": xUserSubscription, "is_identity_verified": 0, "parody": 0, "connection_status": 0, "affiliation": 0,
	}
	xExpansions = map[string]xFields{
		"author_id": xExpandAuthor, "in_reply_to_user_id": xExpandInReplyTo, "entities.mentions.username": xExpandMentions,
		"attachments.media_keys": 0, "attachments.poll_ids": 0, "geo.place_id": 0, "edit_history_tweet_ids": 0,
		"edit_history_post_ids": 0, "pinned_tweet_id": 0, "pinned_post_id": 0,
		"referenced_tweets.id": xExpandReferenced, "referenced_posts.id": xExpandReferenced, "referenced_posts": xExpandReferenced,
		"referenced_tweets.id.author_id": xExpandReferenced | xExpandReferencedAuthor,
		"referenced_posts.id.author_id":  xExpandReferenced | xExpandReferencedAuthor,
	}
)

func xShapeOf(q url.Values) (xShape, error) {
	s := xShape{xDialect: xTweetDialect}
	if q.Has("post.fields") || strings.Contains(q.Get("expansions"), "referenced_posts") {
		s.xDialect = xPostDialect
	}
	own := map[string]xFields{s.referenced: xReferenced, s.editHistory: 0, s.note: xNote}
	var err error
	if s.tweet, err = xAsked(q, s.param, xTweetFields, own); err != nil {
		return s, err
	}
	if s.user, err = xAsked(q, "user.fields", xUserFields, nil); err != nil {
		return s, err
	}
	s.expand, err = xAsked(q, "expansions", xExpansions, nil)
	return s, err
}

func xAsked(q url.Values, param string, known, more map[string]xFields) (xFields, error) {
	var asked xFields
	list := q.Get(param)
	for list != "" {
		var name string
		name, list, _ = strings.Cut(list, ",")
		bit, ok := known[name]
		if !ok {
			bit, ok = more[name]
		}
		if !ok {
			return 0, xInvalid(param, name, "The `"+param+"` query parameter value ["+name+"] is not one of the known values")
		}
		asked |= bit
	}
	return asked, nil
}
