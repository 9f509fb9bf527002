package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// schemas checks values against the part of OpenAPI that X's document uses.
type schemas struct {
	Components struct {
		Schemas map[string]*schema
	}
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Nullable   bool
	Required   []string
	Properties map[string]*schema
	Items      *schema
	Enum       []any
	OneOf      []*schema
}

// check returns what is wrong with a value. Members that the document does not
// name are wrong too.
func (d *schemas) check(s *schema, v any, at string) []string {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.check(d.Components.Schemas[name], v, at)
	}
	if len(s.OneOf) > 0 {
		var wrong []string
		for _, one := range s.OneOf {
			w := d.check(one, v, at)
			if len(w) == 0 {
				return nil
			}
			wrong = append(wrong, w...)
		}
		return wrong
	}
	if v == nil && s.Nullable {
		return nil
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		return []string{fmt.Sprintf("%s: %v is none of %v", at, v, s.Enum)}
	}
	var wrong []string
	switch s.Type {
	case "object":
		o, ok := v.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s: %T is no object", at, v)}
		}
		for _, name := range s.Required {
			if _, ok := o[name]; !ok {
				wrong = append(wrong, at+"."+name+" is missing")
			}
		}
		for name, member := range o {
			if p := s.Properties[name]; p != nil {
				wrong = append(wrong, d.check(p, member, at+"."+name)...)
			} else if s.Properties != nil && !(name == "url" && strings.Contains(at, "entities")) {
				// The document leaves the url of a url entity out, but X sends it.
				wrong = append(wrong, at+"."+name+" is not in the document")
			}
		}
	case "array":
		a, ok := v.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s: %T is no array", at, v)}
		}
		for i, item := range a {
			wrong = append(wrong, d.check(s.Items, item, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case "string":
		if _, ok := v.(string); !ok {
			wrong = append(wrong, fmt.Sprintf("%s: %T is no string", at, v))
		}
	case "integer":
		if f, ok := v.(float64); !ok || f != float64(int64(f)) {
			wrong = append(wrong, fmt.Sprintf("%s: %v is no integer", at, v))
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			wrong = append(wrong, fmt.Sprintf("%s: %T is no boolean", at, v))
		}
	}
	return wrong
}

func TestAnswersFitTheDocument(t *testing.T) {
	b, err := os.ReadFile("../../../shared/specs/x/openapi-2.167-2026-08-22.json")
	if err != nil {
		t.Skipf("SKIPPED, no document: %v", err)
	}
	var doc schemas
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	s := open(t, true)
	brand := s.connect("saomaicafe")
	root := s.say("an_nguyen", "@saomaicafe đâu? #trasua https://example.com", "")
	gone := s.say("an_nguyen", "xoá đi", "")
	long := s.say("an_nguyen", "@saomaicafe "+strings.Repeat("dài ", 200), gone)
	s.admin("POST", "/admin/posts", `{"author":"chi_le","text":"@saomaicafe xem","quotes":"`+root+`"}`, 201)
	if _, err := brand.reply(root, "Đây ạ"); err != nil {
		t.Fatal(err)
	}
	s.admin("DELETE", "/admin/posts/"+gone, "", 200)

	everything := url.Values{
		"post.fields": {"author_id,conversation_id,created_at,edit_controls,entities,in_reply_to_user_id,lang,note_post,possibly_sensitive,public_metrics,referenced_posts,reply_settings,source"},
		"user.fields": {"created_at,description,protected,public_metrics,url,verified,verified_type"},
		"expansions":  {"author_id,in_reply_to_user_id,entities.mentions.username,referenced_posts.id,referenced_posts.id.author_id"},
	}.Encode()
	users := "user.fields=created_at,description,protected,subscription_type,url,verified,verified_type"
	app := s.app("kith")
	s.raw("POST", "/x/2/webhooks", app.Token, `{"url":"`+app.url+`"}`)
	_, listed := s.raw("GET", "/x/2/webhooks", app.Token, "")
	hook := gjson.GetBytes(listed, "data.0.id").Str
	mine := s.say("saomaicafe", "chào cả nhà", "")
	ad := s.say("chi_le", "quảng cáo", mine)
	for _, test := range []struct {
		method, path, body, schema string
		status                     int
	}{
		{"GET", "/2/users/" + brand.ID + "/mentions?max_results=5&" + everything, "", "GetUsersMentionsResponse", 200},
		{"GET", "/2/users/" + brand.ID + "/tweets?" + everything, "", "GetUsersPostsResponse", 200},
		{"GET", "/2/tweets/search/recent?query=saomaicafe+OR+xem&" + everything, "", "SearchPostsRecentResponse", 200},
		{"GET", "/2/tweets?ids=" + root + "," + gone + "," + long + "&" + everything, "", "GetPostsByIdsResponse", 200},
		{"GET", "/2/tweets/" + root + "?" + everything, "", "GetPostsByIdResponse", 200},
		{"GET", "/2/tweets/" + gone + "?" + everything, "", "GetPostsByIdResponse", 200},
		{"GET", "/2/users/me?" + users, "", "GetUsersMeResponse", 200},
		{"GET", "/2/users/" + brand.ID + "?" + users, "", "GetUsersByIdResponse", 200},
		{"GET", "/2/users?ids=" + brand.ID + ",5&" + users, "", "GetUsersByIdsResponse", 200},
		{"GET", "/2/users/by/username/nobody", "", "GetUsersByUsernameResponse", 200},
		{"GET", "/2/users/by?usernames=saomaicafe,nobody", "", "GetUsersByUsernamesResponse", 200},
		{"GET", "/2/tweets/counts/recent?query=saomaicafe&granularity=day", "", "GetPostsCountsRecentResponse", 200},
		{"PUT", "/2/tweets/" + ad + "/hidden", `{"hidden":true}`, "HidePostsReplyResponse", 200},
		{"POST", "/2/activity/subscriptions", `{"event_type":"post.mention.create","filter":{"user_id":"` + brand.ID + `"},"webhook_id":"` + hook + `"}`, "CreateActivitySubscriptionResponse", 200},
		{"GET", "/2/activity/subscriptions", "", "GetActivitySubscriptionsResponse", 200},
		{"APP GET", "/2/usage/tweets", "", "GetUsageResponse", 200},
		{"APP GET", "/2/webhooks", "", "GetWebhooksResponse", 200},
		{"APP PUT", "/2/webhooks/" + hook, "", "ValidateWebhooksResponse", 200},
		{"APP POST", "/2/webhooks/replay", `{"webhook_id":"` + hook + `","from_date":"202601010000","to_date":"202601010001"}`, "CreateWebhookReplayJobResponse", 200},
		{"APP DELETE", "/2/webhooks/" + hook, "", "DeleteWebhooksResponse", 200},
		{"DELETE", "/2/tweets/" + mine, "", "DeletePostsResponse", 200},
		{"GET", "/2/users/" + brand.ID + "/mentions?max_results=1", "", "InvalidRequestProblem", 400},
		{"GET", "/2/nothing", "", "ResourceNotFoundProblem", 404},
	} {
		t.Run(test.schema, func(t *testing.T) {
			token := brand.Token
			if method, ok := strings.CutPrefix(test.method, "APP "); ok {
				test.method, token = method, app.Token
			}
			res, body := s.raw(test.method, "/x"+test.path, token, test.body)
			if res.StatusCode != test.status {
				t.Fatalf("status %d, want %d: %s", res.StatusCode, test.status, body)
			}
			if res.Header.Get("x-rate-limit-limit") == "" && test.status < 404 {
				t.Errorf("no rate limit headers: %v", res.Header)
			}
			var answer any
			if err := json.Unmarshal(body, &answer); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
			kind := doc.Components.Schemas[test.schema]
			if kind == nil {
				t.Fatalf("the document has no %s", test.schema)
			}
			if test.status >= 400 {
				delete(answer.(map[string]any), "errors") // X sends them beside the problem
			}
			for _, wrong := range doc.check(kind, answer, test.schema) {
				t.Error(wrong)
			}
		})
	}
}
