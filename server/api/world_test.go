package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/uuid"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/api"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

// shop is two brands with their people, cases that customers opened by writing, and the API.
type shop struct {
	t      *testing.T
	db     *db.DB
	clock  *clock.Manual
	log    *strings.Builder
	guard  *access.Guard
	site   chi.Router
	intake *moderation.Intake
	desk   *moderation.Desk
	brands map[string]listeners.Connection // by short name
	people map[string]*somebody
	posts  int
}

type somebody struct {
	community.Member
	token string
}

// everybody, by the brand they are a member of. The rival's people come first, so that ids are not
// the same by chance.
var everybody = []struct {
	name, brand string
	role        community.Role
	trust       int
}{
	{"rival", "rival", community.Moderator, 0},
	{"huy", "saomai", community.Advocate, 1},
	{"lan", "saomai", community.Advocate, 3},
	{"guest", "saomai", community.Advocate, 0},
	{"minh", "saomai", community.Moderator, 0},
	{"mai", "saomai", community.Expert, 0},
	{"admin", "saomai", community.Admin, 0},
	{"out", "", "", 0},
}

func each(t *testing.T, story func(*testing.T, *shop)) {
	c := clock.NewManual(func() clock.Time { return clock.At(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)) })
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, open(t, d, c)) }, dbtest.Clock(c.Now))
}

func open(t *testing.T, d *db.DB, c *clock.Manual) *shop {
	s := &shop{
		t: t, db: d, clock: c, log: &strings.Builder{}, site: chi.NewRouter(), brands: map[string]listeners.Connection{}, people: map[string]*somebody{},
		intake: &moderation.Intake{Read: d.Read(), Rules: moderation.DefaultRules},
		desk: &moderation.Desk{
			Network: func(string) listeners.Network {
				return listeners.Network{Measure: func(text string) listeners.Length { return listeners.Length{Used: len([]rune(text)), Limit: 280} }}
			},
			Undo:  10 * time.Second,
			NewID: func() string { return uuid.Must(uuid.NewV7()).String() },
		},
	}
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		line, err := listeners.NewKeyLine("k1", bytes.NewReader(make([]byte, 256)))
		if err != nil {
			return err
		}
		keys, err := listeners.ParseKeyring(line, rand.Reader)
		if err != nil {
			return err
		}
		ids := map[string]int64{}
		for i, slug := range []string{"rival", "saomai"} {
			b, err := community.AddBrand(ctx, tx, community.Brand{Slug: slug, Name: slug, Language: "vi", ReviewSeed: "seed"},
				[]community.Topic{{Name: "Giao hàng", Keywords: []string{"giao hàng", "ship"}}})
			if err != nil {
				return err
			}
			ids[slug] = b.ID
			s.brands[slug], err = listeners.Connect(ctx, tx, keys, listeners.Connection{
				BrandID: b.ID, Network: "x", NativeID: fmt.Sprint(100 + i), Handle: slug + "cafe",
			}, nil)
			if err != nil {
				return err
			}
		}
		for _, e := range everybody {
			p, err := access.AddPerson(ctx, tx, access.Person{Email: e.name + "@example.com", Language: "vi"})
			if err != nil {
				return err
			}
			who := &somebody{}
			if e.brand != "" {
				who.Member, err = community.AddMember(ctx, tx, community.Member{
					BrandID: ids[e.brand], PersonID: p.ID, Role: e.role, Trust: e.trust, PublicName: e.name, Languages: []string{"vi", "en"}, Topics: []int64{ids[e.brand]},
				})
				if err != nil {
					return err
				}
			}
			who.token, _, err = access.AddToken(ctx, tx, access.Token{PersonID: p.ID, Name: "test", Scopes: []access.Scope{access.Read, access.Write}})
			if err != nil {
				return err
			}
			s.people[e.name] = who
		}
		return nil
	})
	var err error
	s.guard, err = access.New(access.Config{Read: d.Read(), Transact: s.transact, Now: c.Now, Log: slog.New(slog.NewTextHandler(s.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	s.site.Use(middleware.RequestID)
	if err := api.Mount(s.site, api.Config{DB: d, Desk: s.desk, Guard: s.guard, Now: c.Now, Version: "test", Deliverer: &listeners.Deliverer{Read: d.Read(), Now: c.Now, Open: nowhere}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) transact(ctx context.Context, f func(context.Context, listeners.Tx) error) error {
	return s.db.Transact(ctx, db.Full, func(ctx context.Context, tx db.Tx) error { return f(ctx, tx) })
}

func (s *shop) do(f func(context.Context, listeners.Tx) error) {
	s.t.Helper()
	if err := s.transact(s.t.Context(), f); err != nil {
		s.t.Fatal(err)
	}
}

// post lets a customer of a brand write, which opens a case, and gives its id.
func (s *shop) post(brand, author, text string) string {
	s.t.Helper()
	s.posts++
	native := fmt.Sprint(1000 + s.posts)
	return s.hear(brand, listeners.Post{NativeID: native, ThreadKey: native, Text: text, Author: listeners.Author{NativeID: author, Handle: author, Name: author}})
}

func (s *shop) hear(brand string, p listeners.Post) string {
	s.t.Helper()
	p.Reason, p.CreatedAt, p.URL = listeners.Mentioned, s.clock.Now(), "https://x.example/"+p.NativeID
	if p.Delivery.Mode == "" {
		p.Delivery = listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}
	}
	s.do(s.intake.Sink(s.brands[brand], []listeners.Post{p}))
	var c community.Case
	err := s.db.Read().NewSelect().Model(&c).Where("c.brand_id = ? AND c.thread_key = ?", s.brands[brand].BrandID, p.ThreadKey).Scan(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprint(c.ID)
}

// object is a JSON object as a program sees it.
type object = map[string]any

// ask sends a request as somebody and gives the status and the body.
func (s *shop) ask(who, method, path, body string) (int, object) {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if p := s.people[who]; p != nil {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	return s.send(r)
}

func (s *shop) send(r *http.Request) (int, object) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.site.ServeHTTP(w, r)
	var got object
	text, err := io.ReadAll(w.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal(text, &got); err != nil {
		s.t.Fatalf("%s %s gave %d %q: %v", r.Method, r.URL, w.Code, text, err)
	}
	kind := "application/json"
	if w.Code >= 400 {
		kind = "application/problem+json"
		if got["status"] != float64(w.Code) || got["detail"] == "" {
			s.t.Errorf("%s %s gave %d and the problem %s", r.Method, r.URL, w.Code, text)
		}
	}
	if r.URL.Path != "/openapi.json" && w.Header().Get("Content-Type") != kind {
		s.t.Errorf("%s %s gave %d as %s, want %s", r.Method, r.URL, w.Code, w.Header().Get("Content-Type"), kind)
	}
	return w.Code, got
}

// want sends a request as somebody and wants a status.
func (s *shop) want(status int, who, method, path, body string) object {
	s.t.Helper()
	got, answer := s.ask(who, method, path, body)
	if got != status {
		s.t.Fatalf("%s: %s %s gave %d %v, want %d", who, method, path, got, answer, status)
	}
	return answer
}

// answered is an own case with an answer by huy that waits for a reviewer: the ids of both.
func (s *shop) answered() (caseID, answerID string) {
	s.t.Helper()
	caseID = s.post("saomai", "tuan", "quán mở cửa mấy giờ ạ?")
	s.want(200, "huy", "POST", "/api/v1/cases/"+caseID+"/claim", "")
	a := s.want(201, "huy", "POST", "/api/v1/cases/"+caseID+"/answers", `{"text":"Dạ 7h tới 22h ạ"}`)
	return caseID, a["id"].(string)
}

// at follows names and indexes into a body.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch p := p.(type) {
		case string:
			o, ok := v.(object)
			if !ok {
				t.Fatalf("%v has no %q", v, p)
			}
			v = o[p]
		case int:
			l, ok := v.([]any)
			if !ok || len(l) <= p {
				t.Fatalf("%v has no item %d", v, p)
			}
			v = l[p]
		}
	}
	return v
}

// nowhere opens no network: the API makes no calls but to follow a link.
func nowhere(listeners.Connection) (listeners.Channel, error) {
	return nil, errors.New("no network here")
}
