package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
	"github.com/kith-social/kith/web"
	"github.com/kith-social/kith/web/browsertest"
)

// TestFromInvitationToThanks is a newcomer's first days on a phone in Vietnamese: invited, tested,
// in, a first answer with eight minutes of a sleeping phone in the middle, returned with advice,
// sent again at night when no employee is there, approved by a peer, and thanked.
func TestFromInvitationToThanks(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	if err := web.CheckAssets(); err != nil {
		t.Fatal(err)
	}
	w := servertest.Start(t, dbtest.SQLite(t))
	vietnam := time.FixedZone("", 7*3600)
	evening := time.Date(2026, 11, 23, 21, 30, 0, 0, vietnam)
	w.Clock.Advance(evening.Sub(w.Clock.Now().Std()))
	minh, lan := desk(w, "minh"), desk(w, "lan")
	employeesGoHomeAtTen(w)

	// Minh invites Vy, whose link is shown once.
	invited := minh.post("/people/invitations", url.Values{"name": {"Vy"}, "note": {"Vy hay giúp mọi người ở nhóm mê cà phê."}, "level": {"1"}})
	link := between(t, invited, "/join/invited/", "<")

	phone := browsertest.New(t)
	phone.Open(w.URL+"/join/invited/"+link, 390, 844)
	phone.Click(`button[name=language][value=vi]`)
	phone.Reads("Chào Vy")
	phone.Screenshot("together-1-invited")
	phone.Type("#email", "vy@example.com")
	phone.Type("#password", "một ly bạc xỉu đá")
	phone.Type("#motivation", "Mình uống ở Sao Mai ba năm rồi và thích chỉ đường cho người mới.")
	browsertest.Value[bool](phone, `(document.querySelectorAll("#apply input[type=checkbox]").forEach(c => { if (!c.disabled) c.checked = true }), true)`)
	phone.Click("#apply button.primary")
	phone.Wait(`location.pathname === "/application"`)
	phone.Screenshot("together-2-status")
	passesTest(t, w, phone)

	member := w.Count("SELECT id FROM members WHERE public_name = 'Vy' AND state = 'active' AND trust = 1")

	// A customer asks, Vy takes it and writes; the phone sleeps for eight minutes.
	asked := w.Says("thuha_1990", "@saomaicafe shop ơi giao hàng về quận 7 phí ship bao nhiêu vậy ạ?", "")
	id := w.As("minh").Finds(asked).ID
	phone.Open(w.URL+"/cases/"+id, 390, 844)
	phone.Click(`form[action^="/cases/` + id + `/claim"] button`)
	phone.Wait(`document.querySelector("#answer") !== null`)
	phone.Type("#answer", "phí 15k nha")
	phone.Screenshot("together-3-writes")
	phone.Open("about:blank", 390, 844) // the phone sleeps, and the page is thrown out of its memory
	w.Advance(8 * time.Minute)
	phone.Open(w.URL+"/cases/"+id, 390, 844)
	phone.Wait(`document.querySelector("#answer")?.value === "phí 15k nha"`)
	if held := w.Count("SELECT COUNT(*) FROM cases WHERE id = ? AND state = 'claimed' AND holder_id = ?", id, member); held != 1 {
		t.Error("the claim did not outlive eight minutes of a sleeping phone")
	}
	phone.Click(`#composer button[data-send]`)
	phone.Wait(`document.querySelector("#composer") === null`)

	// Minh returns it with advice; Vy reads it on the phone.
	first := w.Count("SELECT MAX(id) FROM answers WHERE state = 'submitted'")
	minh.post(fmt.Sprintf("/review/%d/return", first), url.Values{"reason": {"Vy ơi, chào khách trước rồi nói rõ bán kính giao nhé. Ý thì đúng rồi!"}})
	phone.Open(w.URL+"/cases/"+id, 390, 844)
	phone.Reads("chào khách trước")
	phone.Screenshot("together-4-returned")

	// After ten at night no employee is there; a peer approves.
	const better = "Dạ chào Hà, quán giao trong bán kính 5 km với phí 15k, về quận 7 thì vừa tầm luôn ạ. Vy, tình nguyện viên Sao Mai"
	w.Advance(25 * time.Minute)
	phone.Open(w.URL+"/cases/"+id, 390, 844)
	phone.Wait(`document.querySelector("#answer") !== null`)
	phone.Type("#answer", better)
	phone.Click(`#composer button[data-send]`)
	phone.Wait(`document.querySelector("#composer") === null`)
	phone.Screenshot("together-5-waits-at-night")
	if page := lan.get("/review"); !strings.Contains(page, "bán kính 5 km") {
		t.Errorf("a trusted peer does not find the answer at night:\n%s", page)
	}
	lan.post(fmt.Sprintf("/review/%d/approve", w.Count("SELECT MAX(id) FROM answers WHERE state = 'submitted'")), nil)
	w.Wait(servertest.Soon, "the reply to be on the network", func() bool { return len(w.Replies(asked)) == 1 })
	w.Wait(servertest.Soon, "Kith to know that it is", func() bool {
		return w.Count("SELECT COUNT(*) FROM cases WHERE id = ? AND answered_by = ?", id, member) == 1
	})

	// The customer says thanks, and Vy reads it.
	w.Says("thuha_1990", "Được rồi nha, cảm ơn Vy nhiều lắm!", w.Replies(asked)[0].ID)
	w.Wait(servertest.Soon, "Vy to be told of the thanks", func() bool {
		return w.Count("SELECT COUNT(*) FROM notices WHERE member_id = ? AND kind IN ('case_solved', 'customer_thanks')", member) > 0
	})
	phone.Open(w.URL+"/feed", 390, 844)
	phone.Reads("cảm ơn")
	phone.Screenshot("together-6-thanked")
	phone.Quiet()
	if wrong, err := moderation.VerifyPoints(t.Context(), w.App.DB.Read()); err != nil || len(wrong) > 0 {
		t.Errorf("points do not equal their events: %v %q", err, wrong)
	}
}

// employeesGoHomeAtTen puts Minh and Mai on duty from eight to ten, and lets peers approve when nobody is.
func employeesGoHomeAtTen(w *servertest.World) {
	w.T.Helper()
	hours := community.Hours{Zone: "Asia/Ho_Chi_Minh"}
	for d := time.Sunday; d <= time.Saturday; d++ {
		hours.Spans = append(hours.Spans, community.Span{Day: d, From: 8 * 60, To: 22 * 60})
	}
	w.Write(func(ctx context.Context, tx listeners.Tx) error {
		staff, err := community.Employees(ctx, tx, w.Brand.ID)
		if err != nil {
			return err
		}
		for i := range staff {
			if err := community.SetDuty(ctx, tx, &staff[i], staff[i].ID, true, hours); err != nil {
				return err
			}
		}
		settings := moderation.DefaultReview
		settings.PeersAlone = true
		return community.Set(ctx, tx, &staff[0], settings)
	})
}

// passesTest takes the test of the one topic on the phone, choosing what is right.
func passesTest(t *testing.T, w *servertest.World, phone *browsertest.Browser) {
	t.Helper()
	phone.Open(w.URL+"/learn", 390, 844)
	phone.Click(`form[action$="/test"] button`)
	for range 8 {
		phone.Wait(`document.querySelector("input[name=choice]") !== null`)
		place := browsertest.Value[string](phone, `document.querySelector("input[name=case]").value`)
		right := w.Count("SELECT json_extract(cases, '$[" + place + "].right') FROM tests ORDER BY id DESC LIMIT 1")
		phone.Click(fmt.Sprintf(`input[name=choice][value="%d"]`, right))
		phone.Click(`main form:has(input[name=choice]) button`)
		phone.Wait(`document.querySelector("[aria-live=polite] a.primary") !== null`)
		phone.Click(`[aria-live=polite] a.primary`)
	}
	phone.Wait(`location.search === "" && document.readyState === "complete" && document.querySelector("input[name=choice]") === null`)
	phone.Screenshot("together-2-tested")
	if w.Count("SELECT COUNT(*) FROM tests WHERE passed") != 1 {
		t.Fatal("eight right choices do not pass the test")
	}
}

// person is a browser without scripts, at somebody's desk.
type person struct {
	w      *servertest.World
	client *http.Client
}

// desk signs somebody in with a link.
func desk(w *servertest.World, name string) *person {
	w.T.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.T.Fatal(err)
	}
	p := &person{w, &http.Client{Jar: jar}}
	p.post("/sign-in/"+signInLink(w, name), nil)
	return p
}

// signInLink is the secret of a link by which somebody signs in.
func signInLink(w *servertest.World, name string) (secret string) {
	w.T.Helper()
	w.Write(func(ctx context.Context, tx listeners.Tx) error {
		who, err := access.FindPerson(ctx, tx, name+"@example.com")
		if err != nil {
			return err
		}
		secret, err = access.AddLink(ctx, tx, access.Link{PersonID: who.ID})
		return err
	})
	return secret
}

func (p *person) get(path string) string { return p.send(http.MethodGet, path, nil) }

func (p *person) post(path string, form url.Values) string {
	return p.send(http.MethodPost, path, form)
}

// send asks for a page and gives its HTML; anything but success fails the test.
func (p *person) send(method, path string, form url.Values) string {
	p.w.T.Helper()
	req, err := http.NewRequestWithContext(p.w.T.Context(), method, p.w.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.w.T.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html")
	res, err := p.client.Do(req)
	if err != nil {
		p.w.T.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		p.w.T.Fatalf("%s %s: status %d, %v", method, path, res.StatusCode, err)
	}
	return string(body)
}

// between is what stands in a page after one text and before another.
func between(t *testing.T, page, after, before string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, after)
	if !found {
		t.Fatalf("the page does not hold %q:\n%s", after, page)
	}
	what, _, _ := strings.Cut(rest, before)
	return what
}
