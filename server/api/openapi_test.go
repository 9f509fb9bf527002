package api_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestDescriptionListsExactlyTheRoutes(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		spec := s.want(200, "", "GET", "/openapi.json", "")
		if v := spec["openapi"].(string); !strings.HasPrefix(v, "3.1.") {
			t.Errorf("OpenAPI %s", v)
		}
		var described, mounted []string
		for path, item := range spec["paths"].(object) {
			for method := range item.(object) {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
		for _, r := range s.guard.Routes() {
			if r.Pattern != "/openapi.json" {
				mounted = append(mounted, r.Method+" "+r.Pattern)
			}
		}
		slices.Sort(described)
		slices.Sort(mounted)
		if !slices.Equal(described, mounted) {
			t.Errorf("described: %v\nmounted: %v", described, mounted)
		}
		promised := []string{
			"GET /api/v1/me", "GET /api/v1/cases", "GET /api/v1/cases/{id}", "POST /api/v1/cases/{id}/claim", "DELETE /api/v1/cases/{id}/claim",
			"POST /api/v1/cases/{id}/answers", "POST /api/v1/cases/{id}/escalate", "GET /api/v1/reviews", "POST /api/v1/answers/{id}/approve",
			"POST /api/v1/answers/{id}/return", "GET /api/v1/me/points", "GET /api/v1/leaderboard",
		}
		for _, p := range promised {
			if !slices.Contains(mounted, p) {
				t.Errorf("%s is missing", p)
			}
		}
	})
}

// Every text that can be sent has a longest length, and nothing can be sent that is not described.
func TestEverythingSentIsBounded(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		spec := s.want(200, "", "GET", "/openapi.json", "")
		schemas := at(t, spec, "components", "schemas").(object)
		var bounded func(where string, schema object)
		bounded = func(where string, schema object) {
			if ref, ok := schema["$ref"].(string); ok {
				schema = schemas[ref[strings.LastIndex(ref, "/")+1:]].(object)
			}
			switch kind := fmt.Sprint(schema["type"]); {
			case strings.Contains(kind, "string"):
				if schema["maxLength"] == nil && schema["enum"] == nil {
					t.Errorf("%s is a text of any length", where)
				}
			case strings.Contains(kind, "integer"):
				if schema["maximum"] == nil || schema["minimum"] == nil {
					t.Errorf("%s is any number", where)
				}
			case strings.Contains(kind, "boolean"):
			case strings.Contains(kind, "object"):
				if schema["additionalProperties"] != false {
					t.Errorf("%s takes properties that are not described", where)
				}
				for name, p := range schema["properties"].(object) {
					bounded(where+"."+name, p.(object))
				}
			default:
				t.Errorf("%s is a %s", where, kind)
			}
		}
		for _, path := range slices.Sorted(maps.Keys(spec["paths"].(object))) {
			for method, op := range at(t, spec, "paths", path).(object) {
				where := method + " " + path
				params, _ := op.(object)["parameters"].([]any)
				for _, p := range params {
					bounded(where+" "+at(t, p, "name").(string), at(t, p, "schema").(object))
				}
				if body := op.(object)["requestBody"]; body != nil {
					bounded(where, at(t, body, "content", "application/json", "schema").(object))
				}
			}
		}
	})
}

// Fields that only the product sets are refused wherever a body is read.
func TestCVE_MassAssignment(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id, answer := s.answered()
		for path, body := range map[string]string{
			"POST /api/v1/cases/" + id + "/answers":       `{"text":"a",%s}`,
			"PUT /api/v1/cases/" + id + "/draft":          `{"text":"a",%s}`,
			"POST /api/v1/cases/" + id + "/escalate":      `{"reason":"a",%s}`,
			"POST /api/v1/answers/" + answer + "/approve": `{"text":"a",%s}`,
			"POST /api/v1/answers/" + answer + "/return":  `{"reason":"a",%s}`,
		} {
			method, path, _ := strings.Cut(path, " ")
			for _, extra := range []string{
				`"id":"7"`, `"member_id":2`, `"memberID":2`, `"MemberID":2`, `"brand_id":1`, `"state":"approved"`, `"role":"admin"`, `"trust":4`, `"review":false`,
				`"delivery":{"mode":"api"}`, `"lane":"community"`, `"points":100`, `"__proto__":{"a":1}`, `"$schema":"x"`, `"":""`,
			} {
				s.want(422, "minh", method, path, fmt.Sprintf(body, extra))
			}
		}
		c := s.want(200, "minh", "GET", "/api/v1/cases/"+id, "")
		if c["state"] != "in_review" || at(t, c, "answers", 0, "state") != "submitted" {
			t.Errorf("something was changed: %v", c)
		}
	})
}
