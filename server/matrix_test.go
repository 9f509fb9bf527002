package server

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/access/accesstest"
	"github.com/kith-social/kith/server/stream"
)

var update = flag.Bool("update", false, "write testdata/permissions.txt anew")

// firm is a brand with one member in each role, whose things can be asked for.
type firm struct {
	app    *App
	brand  community.Brand
	topic  int64
	conn   listeners.Connection
	people map[access.Role]*community.Member
	friend *community.Member // an advocate who answers what the others review
	posts  int
}

func newFirm(t *testing.T, app *App, slug string) *firm {
	t.Helper()
	f := &firm{app: app, people: map[access.Role]*community.Member{}}
	err := app.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) (err error) {
		if f.brand, err = community.AddBrand(ctx, tx, community.Brand{Slug: slug, Name: slug, Language: "vi", ReviewSeed: "s"}, []community.Topic{{Name: "Pha cà phê"}}); err != nil {
			return err
		}
		topics, err := community.Topics(ctx, tx, f.brand.ID)
		if err != nil {
			return err
		}
		f.topic = topics[0].ID
		for _, role := range append([]community.Role{"friend"}, community.Roles...) {
			p, err := access.AddPerson(ctx, tx, access.Person{Email: fmt.Sprintf("%s@%s.example", role, slug), Name: string(role), Language: "vi"})
			if err != nil {
				return err
			}
			m := community.Member{BrandID: f.brand.ID, PersonID: p.ID, Role: role, Trust: community.Guide, PublicName: string(role), Languages: []string{"vi"}}
			if role == "friend" {
				m.Role, m.Trust = community.Advocate, 1
			}
			if m, err = community.AddMember(ctx, tx, m); err != nil {
				return err
			}
			if role == "friend" {
				f.friend = &m
			} else {
				f.people[role] = &m
			}
		}
		programme, err := community.ProgrammeOf(ctx, tx, f.brand.ID)
		if err != nil {
			return err
		}
		programme.Open = true
		if err := community.SetProgramme(ctx, tx, f.people[community.Admin], programme); err != nil {
			return err
		}
		f.conn, err = listeners.Connect(ctx, tx, app.Keys, listeners.Connection{BrandID: f.brand.ID, Network: "x", NativeID: "1" + slug, Handle: slug}, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// things are a case with an author's answer that waits for a review or, published, for its reply to leave.
func (f *firm) things(t *testing.T, author *community.Member, publish bool) map[string]string {
	t.Helper()
	f.posts++
	id := fmt.Sprintf("%s-%d", f.brand.Slug, f.posts)
	found := map[string]string{"secret": "none", "token": "1", "network": "feed", "attempt": "0", "place": "new", "connection": fmt.Sprint(f.conn.ID), "badge": "solver", "tier": "1"}
	err := f.app.Write(t.Context(), f.app.Intake.Sink(f.conn, []listeners.Post{{
		NativeID: id, ThreadKey: id, Author: listeners.Author{NativeID: id, Handle: id, Name: id}, Reason: listeners.Mentioned,
		Text: "quán mở cửa mấy giờ ạ?", Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: f.app.Now(),
	}}))
	if err != nil {
		t.Fatal(err)
	}
	err = f.app.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) error {
		// One that was deleted is there again.
		if _, err := tx.NewUpdate().Table("topics").Set("archived_at = NULL").Where("id = ?", f.topic).Exec(ctx); err != nil {
			return err
		}
		if err := f.newcomer(ctx, tx, id, found); err != nil {
			return err
		}
		var c community.Case
		if err := tx.NewSelect().Model(&c).Where("c.thread_key = ?", id).Scan(ctx); err != nil {
			return err
		}
		found["mention"] = fmt.Sprint(c.MentionID)
		if _, err := community.ClaimCase(ctx, tx, author, c.ID); err != nil {
			return err
		}
		n, err := community.AskStaff(ctx, tx, f.people[community.Advocate], c.ID, "mấy giờ mở cửa ạ?")
		if err != nil {
			return err
		}
		found["note"] = fmt.Sprint(n.ID)
		if _, err := tx.NewDelete().Table("listening_rules").Where("connection_id = ?", f.conn.ID).Exec(ctx); err != nil { // or there are too many
			return err
		}
		rule, err := listeners.KeepRule(ctx, tx, network("x"), listeners.ListeningRule{ConnectionID: f.conn.ID, Name: id, Query: "espresso"})
		if err != nil {
			return err
		}
		found["rule"] = fmt.Sprint(rule.ID)
		s, err := community.KeepSnippet(ctx, tx, f.people[community.Moderator], community.Snippet{Name: id, Text: "Chào bạn ạ.", Language: "vi"})
		if err != nil {
			return err
		}
		if err := community.SuggestWording(ctx, tx, author, s.ID, "Chào bạn nhé."); err != nil {
			return err
		}
		wordings, err := community.Wordings(ctx, tx, author)
		if err != nil {
			return err
		}
		found["snippet"], found["wording"] = fmt.Sprint(s.ID), fmt.Sprint(wordings[len(wordings)-1].ID)
		if err := f.unheard(ctx, tx, found); err != nil {
			return err
		}
		a, err := f.app.Desk.Submit(ctx, tx, author, c.ID, 0, "Dạ 7h tới 22h ạ "+id)
		if err != nil {
			return err
		}
		found["id"], found["case"], found["answer"], found["reply"] = fmt.Sprint(c.ID), fmt.Sprint(c.ID), fmt.Sprint(a.ID), "none"
		if !publish {
			return nil
		}
		if a.State == community.Submitted {
			if _, err := f.app.Desk.Approve(ctx, tx, f.people[community.Moderator], a.ID, ""); err != nil {
				return err
			}
		}
		replies, err := listeners.Replies(ctx, tx, []int64{a.ID})
		if err != nil {
			return err
		}
		found["reply"] = replies[a.ID].ID
		_, err = tx.NewUpdate().Table("replies").Set("mode = 'assisted', state = 'by_hand'").Where("id = ?", found["reply"]).Exec(ctx) // or there is nothing to post
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// unheard are a gap, a dead letter, the receipt for an erasure and an alert.
func (f *firm) unheard(ctx context.Context, tx listeners.Tx, found map[string]string) error {
	for name, q := range map[string]struct {
		query string
		of    int64
	}{
		"receiver":  {"INSERT INTO alert_receivers (brand_id, kind, name, sealed, language, pace, wait_minutes, quiet_from, quiet_until, zone, made_by, created_at) SELECT brand_id, 'mail', 'a@example.com', 'x', 'en', 'at_once', 0, 0, 0, 'UTC', id, 1 FROM members WHERE brand_id = ? ORDER BY id LIMIT 1 RETURNING id", f.brand.ID},
		"alert":     {"INSERT INTO alerts (brand_id, kind, about, state, urgent, detail, opened_at, seen_at, told, version, cleared_at) VALUES (?, 'storm', '', 'open', TRUE, '{}', 1, 1, 0, 1, 1) RETURNING id", f.brand.ID},
		"incident":  {"INSERT INTO incidents (brand_id, title, state, topic_id, opened_by, opened_at, version) SELECT ?, 'x', 'open', 0, MIN(id), 1, 1 FROM members RETURNING id", f.brand.ID},
		"fair":      {"INSERT INTO fair_cases (brand_id, member_id, detector, state, evidence, created_at, until_at, word, appeal, appeal_state, appeal_word) SELECT brand_id, MAX(id), 'copied', 'lapsed', '{}', 1, 2, '', '', '', '' FROM members WHERE brand_id = ? GROUP BY brand_id RETURNING id", f.brand.ID},
		"gap":       {"INSERT INTO gaps (connection_id, from_at, to_at, state, cursor, refilled, error, created_at) VALUES (?, 1, 2, 'lost', '', 0, '', 1) RETURNING id", f.conn.ID},
		"letter":    {"INSERT INTO dead_letters (connection_id, native_id, headers, raw, reason, created_at) VALUES (?, 'd', '{}', 'x', 'x', 1) RETURNING id", f.conn.ID},
		"erasure":   {"INSERT INTO erasures (brand_id, account_hash, network, counts, created_at) VALUES (?, 'h', 'x', '{}', 1) RETURNING id", f.brand.ID},
		"programme": {"INSERT INTO reward_programmes (brand_id, kind, name, what, receives_en, receives_vi, budget, cost, made_by, created_at) SELECT ?, 'event_seat', 'x', 'x', 'x', 'x', 9, 1, MIN(id), 1 FROM members RETURNING id", f.brand.ID},
	} {
		var id int64
		if err := tx.NewRaw(q.query, q.of).Scan(ctx, &id); err != nil {
			return err
		}
		found[name] = fmt.Sprint(id)
	}
	found["request"] = "request-" + found["programme"]
	_, err := tx.NewRaw("INSERT INTO redemptions (programme_id, member_id, request, step, amount, words, by_id, created_at) VALUES (?, ?, ?, 'asked', 1, '', ?, 1)",
		found["programme"], f.friend.ID, found["request"], f.friend.ID).Exec(ctx)
	if err != nil {
		return err
	}
	return f.spoken(ctx, tx, found)
}

// spoken are a statement on the incident, and where it stands.
func (f *firm) spoken(ctx context.Context, tx listeners.Tx, found map[string]string) error {
	var id int64
	err := tx.NewRaw("INSERT INTO statements (brand_id, incident_id, text, text_hash, state, written_by, created_at, version) SELECT ?, ?, 'x', 'h', 'approved', MIN(id), 1, 1 FROM members RETURNING id",
		f.brand.ID, found["incident"]).Scan(ctx, &id)
	if err != nil {
		return err
	}
	if _, err := tx.NewRaw("INSERT INTO statement_approvals (statement_id, member_id, text_hash, created_at) SELECT ?, MAX(id), 'h', 1 FROM members", id).Exec(ctx); err != nil {
		return err
	}
	found["statement"], found["announcement"] = fmt.Sprint(id), fmt.Sprintf("said-%d", id)
	a := listeners.Announcement{
		ID: found["announcement"], BrandID: f.brand.ID, ConnectionID: f.conn.ID, StatementID: id, Text: "x", TextHash: "h", Mode: listeners.Assisted, State: listeners.ByHand, Version: 1,
	}
	_, err = tx.NewInsert().Model(&a).Exec(ctx)
	return err
}

// newcomer is a member about whom something can be decided, an applicant, an invitation, and a customer
// who helps another.
func (f *firm) newcomer(ctx context.Context, tx listeners.Tx, id string, found map[string]string) error {
	p, err := access.AddPerson(ctx, tx, access.Person{Email: id + "@new.example", Name: id, Language: "vi"})
	if err != nil {
		return err
	}
	m, err := community.AddMember(ctx, tx, community.Member{
		BrandID: f.brand.ID, PersonID: p.ID, Role: community.Advocate, Trust: 1, PublicName: id, Languages: []string{"vi"},
	})
	if err != nil {
		return err
	}
	q, err := access.AddPerson(ctx, tx, access.Person{Email: id + "@hopes.example", Name: id, Language: "vi"})
	if err != nil {
		return err
	}
	application, err := f.applies(ctx, tx, q.ID)
	if err != nil {
		return err
	}
	_, invitation, err := community.Invite(ctx, tx, f.people[community.Moderator], community.Invitation{Name: id, Level: 1})
	if err != nil {
		return err
	}
	says := func(who, to string, after time.Duration) listeners.Post {
		return listeners.Post{
			NativeID: who + "-help", ThreadKey: id + "-help", ParentID: to, ToID: to, Author: listeners.Author{NativeID: who, Handle: who, Name: who},
			Reason: listeners.Mentioned, Text: "quán có wifi không ạ?", Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: tx.Now().Add(after),
		}
	}
	if err := f.app.Intake.Sink(f.conn, []listeners.Post{says(id+"-asks", "", 0), says(id+"-helps", id+"-asks", time.Second)})(ctx, tx); err != nil {
		return err
	}
	var helper listeners.Account
	err = tx.NewSelect().Model(&helper).Where("native_id = ?", id+"-helps").Scan(ctx)
	found["member"], found["application"], found["invitation"] = fmt.Sprint(m.ID), fmt.Sprint(application), fmt.Sprint(invitation.ID)
	found["account"], found["topic"], found["brand"] = fmt.Sprint(helper.ID), fmt.Sprint(f.topic), f.brand.Slug
	return err
}

// applies lets a person apply, and gives the application's id.
func (f *firm) applies(ctx context.Context, tx listeners.Tx, personID int64) (int64, error) {
	a, err := community.Apply(ctx, tx, f.brand.ID, community.Applying{
		PersonID: personID, Profile: community.Profile{PublicName: "Tú", Languages: []string{"vi"}, Topics: []int64{f.topic}},
		Motivation: "Vì thích", CodeVersion: 1, Agrees: true, Discloses: true,
	})
	return a.ID, err
}

var param = regexp.MustCompile(`\{([^}]*)\}`)

// fill puts ids into a route's pattern.
func fill(route access.Route, ids map[string]string) string {
	return param.ReplaceAllStringFunc(route.Pattern, func(p string) string { return ids[strings.Trim(p, "{}")] })
}

// forms are what pages that need input are sent.
var forms = map[string]url.Values{
	"/answers": {"text": {"Dạ 7h ạ"}}, "/draft": {"text": {"Dạ"}}, "/check": {"text": {"Dạ"}}, "/begin": {"part": {"greeting"}},
	"/snippets": {"name": {"mới"}, "text": {"Chào"}, "language": {"vi"}}, "/snippets/{snippet}": {"name": {"cũ"}, "text": {"Chào"}, "language": {"vi"}, "version": {"1"}},
	"/suggest": {"text": {"Chào"}}, "/decide": {"accept": {"yes"}}, "/settings/limits": {"what": {"voucher"}},
	"/reveal": {"reason": {"tìm đơn"}}, "/notes": {"note": {"quán mở mấy giờ?"}, "to": {"staff"}}, "/reply": {"note": {"7h"}}, "/escalate": {"reason": {"cần tra đơn"}}, "/close": {"reason": {"xong"}},
	"/pass": {"note": {"bạn xem giúp"}}, "/presence": {"kind": {"reading"}}, "/start-from": {"answer": {"1"}},
	"/return": {"reason": {"chào khách trước nhé"}}, "/staff": {"reason": {"cần tra đơn"}}, "/preferences": {"theme": {"dark"}},
	"/me/tokens": {"name": {"máy in"}, "scope": {"read"}}, "/settle": {"there": {"yes"}},
	"/grant": {"level": {"2"}, "reason": {"quen việc"}}, "/leak": {"reason": {"số điện thoại"}},
	"/override":   {"reason": {"khách đang ở bệnh viện"}},
	"/simulation": {"press": {"start"}, "source": {"own"}, "days": {"1"}},
	"/again":      {"fine": {"yes"}}, "/appeal": {"reason": {"em trả lời đúng mà"}, "word": {"bạn nói đúng"}},
	"/requests/{request}": {"step": {"granted"}}, "/quests": {"kind": {"nobody"}},
	"/rewards": {"kind": {"thanks"}, "name": {"Cảm ơn"}, "what": {"Một tấm thiệp"}, "budget": {"1"}, "cost": {"0"}}, "/cash-like": {"on": {"yes"}, "confirmed": {"yes"}},
	"/settings/seasons": {"weekday": {"1"}, "zone": {"UTC"}},
	"/settings/review": {
		"four_eyes": {"yes"}, "quorum": {"2"}, "risk_from": {"50"}, "alarm_after": {"5"}, "apprentices": {"75"}, "advocates": {"25"}, "trusted": {"5"},
	},
	"/correct": {"text": {"Dạ 7h30 ạ"}}, "/delete": {"why": {"wrong"}}, "/hide": {"reason": {"nặng lời"}},
	"/opt-out": {"reason": {"gọi điện"}}, "/opt-in": {"reason": {"gọi điện"}},
	"/suspend": {"reason": {"nghỉ một thời gian"}, "days": {"7"}},
}

func site(t *testing.T) (*App, http.Handler, *access.Guard) {
	t.Helper()
	app, err := Open(t.Context(), Config{Data: t.TempDir(), Listen: "127.0.0.1:8080", Undo: 0}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Close(); err != nil {
			t.Error(err)
		}
	})
	handler, guard, err := app.handler(stream.NewHub(app.DB.Read(), app.Log), new(atomic.Bool))
	if err != nil {
		t.Fatal(err)
	}
	return app, handler, guard
}

// Every page and operation in one table, for people: who may ask for what.
func TestPermissions(t *testing.T) {
	_, _, guard := site(t)
	policy, err := access.ParsePolicy(access.PolicyText)
	if err != nil {
		t.Fatal(err)
	}
	got := accesstest.Table(policy, guard.Routes())
	const file = "testdata/permissions.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("who may ask for what has changed (%v); look at it and run the test with -update:\n%s", err, got)
	}
	accesstest.EachLineCounts(t, guard.Routes(), func(string) bool { return false })
}
