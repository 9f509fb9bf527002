package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// place is an account of the café on a network whose posts can be changed.
type place struct {
	*cafe
	conn listeners.Connection
}

// connects gives the café an account on a network.
func (c *cafe) connects(network, handle string, settings listeners.Settings) (p place) {
	c.t.Helper()
	p.cafe = c
	c.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		p.conn, err = listeners.Connect(ctx, tx, c.Connector.Keys, listeners.Connection{
			BrandID: c.brand.ID, Network: network, NativeID: "9001", Handle: handle, Settings: settings,
		}, map[string]string{"key": "k", "token": "t", "app_secret": "s"})
		return err
	})
	return p
}

// asks lets a customer write there, below a post of the brand, and gives the case.
func (p place) asks(id, author, text string, surface listeners.Surface) (k community.Case) {
	p.t.Helper()
	p.do(p.Intake.Sink(p.conn, []listeners.Post{{
		NativeID: id, ThreadKey: id, ParentID: "9", Author: listeners.Author{NativeID: author, Handle: author, Name: author},
		Reason: listeners.Mentioned, Surface: surface, Text: text, URL: "https://network.example/" + id,
		Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: p.clock.Now(),
	}}))
	if err := p.DB.Read().NewSelect().Model(&k).Where("c.thread_key = ?", id).Scan(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	return k
}

// stands lets lan answer a question, and puts the answer on the network.
func (p place) stands(k community.Case, text string) listeners.Reply {
	p.t.Helper()
	a := p.answers("lan", k, text)
	p.isSent(a)
	return p.replyTo(a)
}

// changed has a change asked for and, unless it is to be under way still, made.
func (c *cafe) changed(ask func(context.Context, listeners.Tx) error, made bool) {
	c.t.Helper()
	c.do(ask)
	if !made {
		return
	}
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewUpdate().Model((*listeners.Change)(nil)).Set("state = ?, done_at = ?", listeners.Changed, tx.Now()).Where("state = ?", listeners.ChangeQueued).Exec(ctx)
		return err
	})
}

// TestChangesLookRight opens what members and reviewers see of answers that stand on networks, with all that
// can have become of them.
func TestChangesLookRight(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	c := newCafe(t)
	c.everyNetwork()
	c.Deliverer.Open = c.open
	page := c.connects("facebook", "Cà phê Sao Mai", listeners.Settings{"app_id": "1000"})
	forum := c.connects("discourse", "saomai", listeners.Settings{"host": "https://dien-dan-ca-phe.example", "user": "saomai"})
	facebook := c.Deliverer.Changeable(page.conn, listeners.Reply{NativeID: "1"})
	correct := func(who string, r listeners.Reply, text string) func(context.Context, listeners.Tx) error {
		return func(ctx context.Context, tx listeners.Tx) error {
			_, err := c.Desk.Correct(ctx, tx, c.members[who], r.ID, text, facebook)
			return err
		}
	}

	hidden := page.asks("c1", "Thu Hà", "Giao trễ quá, gọi mình 0912 345 678 báo lại nha shop?", listeners.InPublic)
	c.changed(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewUpdate().Model((*listeners.Mention)(nil)).Set("hidden_at = ?", tx.Now()).Where("id = ?", hidden.MentionID).Exec(ctx)
		return errors.Join(err, listeners.AskChange(ctx, tx, listeners.Change{
			ID: c.Desk.NewID(), BrandID: c.brand.ID, ConnectionID: page.conn.ID, CaseID: hidden.ID, MentionID: hidden.MentionID, NativeID: "c1",
			Kind: listeners.HidePost, Why: listeners.HoldsPhone,
		}))
	}, true)
	page.stands(hidden, "Dạ chào Hà, quán xin lỗi bạn. Đơn của bạn đang trên đường, khoảng 15 phút nữa tới ạ.")
	edited := page.asks("c2", "Minh Trần", "Cuối tuần quán mở cửa tới mấy giờ ạ?", listeners.InPublic)
	right := page.stands(edited, "Dạ quán mở tới 22h30 cả cuối tuần ạ.")
	c.changed(correct("minh", right, "Dạ cuối tuần quán mở tới 23h ạ."), true)
	deleted := page.asks("c3", "Bảo Trân", "Quán có bán hạt rang theo ký không?", listeners.InPublic)
	gone := page.stands(deleted, "Dạ 350k một ký ạ.")
	c.changed(func(ctx context.Context, tx listeners.Tx) error {
		return community.DeleteReply(ctx, tx, c.members["minh"], gone.ID, facebook, community.Deletion{
			ID: c.Desk.NewID(), Why: community.WasWrong, Note: "Giá năm ngoái rồi bạn ơi",
		})
	}, true)
	refused := page.asks("c4", "Quang Huy", "Is there parking for a car at the shop near the river?", listeners.InPublic)
	kept := page.stands(refused, "Yes, right beside it, and it is free with a receipt.")
	c.changed(correct("minh", kept, "Yes, right beside the shop, for 10k an hour."), false)
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewUpdate().Model((*listeners.Change)(nil)).Set("state = ?, error = ?", listeners.NotChanged, listeners.Forbidden).Where("reply_id = ?", kept.ID).Exec(ctx)
		return err
	})
	topic := forum.asks("77", "lan_anh", "@saomai quán có chỗ đậu xe ô tô không ạ, mình đi cùng gia đình năm người?", listeners.InPublic)
	forum.stands(topic, "Dạ có bãi xe ngay bên cạnh, gửi miễn phí khi có hoá đơn ạ.")
	under := forum.asks("78", "hoang.nv", "@saomai cho mình xin menu món mới với ạ?", listeners.InPublic)
	going := forum.stands(under, "Dạ món mới có cà phê trứng và trà sen vàng ạ.")
	c.changed(correct("minh", going, "Dạ món mới có cà phê muối và trà sen vàng ạ."), false)

	huys := page.asks("c5", "Gia Bảo", "Có giảm giá cho sinh viên không shop?", listeners.InPublic)
	first := c.answers("huy", huys, "Dạ có, giảm 10% khi có thẻ sinh viên ạ.")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := c.Desk.Approve(ctx, tx, c.members["minh"], first.ID, "")
		return err
	})
	c.isSent(first)
	c.do(correct("huy", c.replyTo(first), "Dạ có, giảm 15% từ thứ hai tới thứ sáu khi có thẻ sinh viên ạ."))
	var second community.Answer
	if err := c.DB.Read().NewSelect().Model(&second).Where("corrects_id <> 0").Where("state = ?", community.Submitted).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.looks(b, []look{
		{"change-review", "minh", reviewPath(second.ID), ""},
		{"change-facebook", "minh", changePath(right.ID), ""},
		{"change-going", "minh", changePath(going.ID), ""},
		{"change-deleted", "minh", changePath(gone.ID), ""},
		{"case-hidden", "minh", casePath(hidden.ID), ""},
		{"case-edited", "minh", casePath(edited.ID), ""},
		{"case-deleted", "minh", casePath(deleted.ID), ""},
		{"case-refused", "minh", casePath(refused.ID), ""},
		{"case-forum", "minh", casePath(topic.ID), ""},
		{"hide-page", "minh", hidePath(refused.MentionID), ""},
		{"change-newcomer", "huy", changePath(c.replyTo(first).ID), ""},
		{"case-newcomer", "huy", casePath(huys.ID), ""},
		{"case-author", "lan", casePath(edited.ID), ""},
	})
	b.Quiet()
	c.looks(b, []look{{"hide-none", "minh", hidePath(topic.MentionID), ""}})
}

// errSpent is what a network says to a code that it does not take.
var errSpent = errors.New("invalid_grant: Authorization code expired or was used before")

// granting is a network on whose own pages somebody lets Kith in: the code tells what is found there.
func granting(n listeners.Network, all ...listeners.Identity) listeners.Network {
	n.Fields = []listeners.Field{{Name: "host", Kind: "url", Optional: true}}
	n.Grant = &listeners.OAuth{
		URL: func(g listeners.Grant) (string, error) { return "https://network.example/oauth?state=" + g.State, nil },
		Exchange: func(_ context.Context, _ listeners.Grant, code string, _ http.RoundTripper) (granted []listeners.Granted, err error) {
			if code == "spent" {
				return nil, &listeners.Error{Class: listeners.Invalid, Err: errSpent}
			}
			for _, who := range all {
				granted = append(granted, listeners.Granted{Identity: who, Secrets: map[string]string{"token": "t"}})
			}
			return granted, nil
		},
	}
	n.Open = func(a listeners.Access, _ http.RoundTripper) (listeners.Channel, error) {
		return known{who: listeners.Identity{NativeID: a.NativeID, Handle: a.Handle}}, nil
	}
	return n
}

// known is an account that the network knows.
type known struct {
	listeners.Channel
	who listeners.Identity
}

func (k known) Check(context.Context) (listeners.Identity, error) { return k.who, nil }

// TestConnectingLooksRight opens the steps between us and a network's own pages: before, after a no, after a
// code that the network does not take, the choice of accounts, another account than the one to renew, too late.
func TestConnectingLooksRight(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	c := newCafe(t)
	c.everyNetwork()
	state := strings.Repeat("s", 24)
	c.Connector.Secret = func() string { return state }
	for kind, all := range map[string][]listeners.Identity{
		"facebook": {
			{NativeID: "501", Name: "Cà phê Sao Mai chi nhánh Nguyễn Trãi, Thanh Xuân, Hà Nội", Handle: "caphesaomainguyentraithanhxuan"},
			{NativeID: "502", Name: "Sao Mai HCM", Handle: "saomaihcm"},
			{NativeID: "503", Name: "Sao Mai Đà Nẵng"},
		},
		"x": {{NativeID: "200", Handle: "saomaitra", Name: "Trà Sao Mai"}},
	} {
		c.Connector.Networks[kind] = granting(c.Connector.Networks[kind], all...)
	}
	an := c.stays("an")
	back := func(query string) string { return "/connections/callback?state=" + state + query }
	attempt := an.post("/connections/add/facebook", nil).path
	c.looks(b, []look{
		{"oauth-denied", "an", back("&error=access_denied"), ""},
		{"oauth-refused", "an", back("&code=spent"), ""},
		{"oauth-late", "an", "/connections/callback?state=other&code=1", ""},
	})
	an.get(back("&code=1"))
	c.looks(b, []look{{"oauth-choose", "an", attempt, ""}})
	state = strings.Repeat("x", 24)
	an.post("/connections/add/x", url.Values{"renews": {"1"}})
	c.looks(b, []look{{"oauth-other", "an", back("&code=1"), ""}})
}

// TestOnlyWhatCanBeDoneIsOffered: an answer is changed where its network and the reader's role allow it, by
// the pages and by a key; a post is hidden where its network hides posts.
func TestOnlyWhatCanBeDoneIsOffered(t *testing.T) {
	c := newCafe(t)
	c.everyNetwork()
	c.Deliverer.Open = c.open
	offers := func(who string, k community.Case) (texts []string) {
		t.Helper()
		for _, link := range c.stays(who).get(casePath(k.ID)).all("a.button") {
			if strings.HasSuffix(attr(link, "href"), "/change") {
				texts = append(texts, attr(link, "data-key-name")+" "+attr(link, "data-key"))
			}
		}
		return texts
	}
	want := func(who string, k community.Case, texts ...string) {
		t.Helper()
		if got := offers(who, k); !slices.Equal(got, texts) {
			t.Errorf("%s is offered %q, want %q", who, got, texts)
		}
	}
	page := c.connects("facebook", "Sao Mai", listeners.Settings{"app_id": "1000"})
	forum := c.connects("discourse", "saomai", listeners.Settings{"host": "https://forum.example", "user": "saomai"})
	edited := page.asks("c1", "Minh", "Cuối tuần quán mở cửa tới mấy giờ ạ?", listeners.InPublic)
	page.stands(edited, "Dạ quán mở tới 22h30 cả cuối tuần ạ.")
	want("minh", edited, "Sửa hoặc xoá m")
	want("lan", edited, "Sửa lại m")
	want("huy", edited)

	x := c.writes("baotran", "Quán có chỗ đậu xe không?", "")
	a := c.answers("lan", x, "Dạ có bãi xe ngay bên cạnh ạ.")
	c.isSent(a)
	want("minh", x, "Xoá đi m")
	want("lan", x)
	can := c.Deliverer.Changeable(c.conn, c.replyTo(a))
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		return community.DeleteReply(ctx, tx, c.members["minh"], c.replyTo(a).ID, can, community.Deletion{ID: c.Desk.NewID(), Why: community.WasNeeded})
	})
	want("minh", x)

	topic := forum.asks("77", "lan_anh", "Quán có wifi không ạ?", listeners.InPublic)
	if page := c.stays("minh").get(hidePath(topic.MentionID)); page.status != http.StatusConflict || len(page.all("form input[name=reason]")) != 0 {
		t.Errorf("a forum that hides nothing: status %d", page.status)
	}
	if page := c.stays("minh").get(hidePath(edited.MentionID)); page.status != http.StatusOK || len(page.all("form input[name=reason]")) != 1 {
		t.Errorf("a Page's comment: status %d", page.status)
	}
}
