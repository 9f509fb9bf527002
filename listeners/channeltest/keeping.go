package channeltest

import (
	"context"
	"errors"
	"testing"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

func canEdit(_ *Network, ch listeners.Channel) bool { _, ok := ch.(listeners.Editor); return ok }

func canRenew(n *Network, ch listeners.Channel) bool {
	_, ok := ch.(listeners.AuthKeeper)
	return ok && n.Renewable != nil && n.Expire != nil
}

var keeping = []testCase{
	{"C49", "secrets that ended are renewed, once", renewing, canRenew},
	{"C50", "access that was taken away is told from access that ended", revoked, func(n *Network, ch listeners.Channel) bool {
		return canRenew(n, ch) && n.Revoke != nil
	}},
	{"C51", "an answer that is held is neither sent nor lost", held, func(n *Network, _ listeners.Channel) bool {
		return n.Hold != nil && n.Decide != nil
	}},
	{"C52", "an own answer can be taken away", takeAway, canEdit},
	{"edit", "an own answer can be changed", changeOwn, canEdit},
	{"hide others", "a customer's post can be hidden and shown again", hideOthers, func(_ *Network, ch listeners.Channel) bool {
		_, ok := ch.(listeners.Hider)
		return ok
	}},
}

func renewing(t *testing.T, n *Network) {
	old := n.Renewable(t)
	n.Secrets = append(n.Secrets, values(old)...)
	ch := n.Open(t, Options{Secrets: old})
	if _, err := ch.Check(context.Background()); err != nil {
		t.Fatalf("check with fresh secrets: %v", err)
	}
	n.Expire(t, old)
	_, err := ch.(listeners.Fetcher).Fetch(context.Background(), "")
	wantClass(t, "fetch with secrets that ended", err, listeners.AuthExpired)
	noSecret(t, n, "fetch", err)
	fresh, err := ch.(listeners.AuthKeeper).Renew(context.Background())
	if err != nil {
		t.Fatalf("renew: %v", err)
	}
	if _, err := n.Open(t, Options{Secrets: fresh}).Check(context.Background()); err != nil {
		t.Errorf("check with renewed secrets: %v", err)
	}
	if until := n.Open(t, Options{Secrets: fresh}).(listeners.AuthKeeper).Expires(); until != 0 && until <= clock.System() {
		t.Errorf("the renewed secrets end at %v", until)
	}
	n.Weather(t, "", "status:503", 0)
	_, err = n.Open(t, Options{Secrets: fresh}).(listeners.AuthKeeper).Renew(context.Background())
	var e *listeners.Error
	if !errors.As(err, &e) || e.Class == listeners.AuthRevoked {
		t.Errorf("renew while the network is down: got %v, want anything but a need to connect anew", err)
	}
}

func values(m map[string]string) (list []string) {
	for _, v := range m {
		if len(v) >= 8 {
			list = append(list, v)
		}
	}
	return list
}

func revoked(t *testing.T, n *Network) {
	secrets := n.Renewable(t)
	n.Secrets = append(n.Secrets, values(secrets)...)
	n.Revoke(t, secrets)
	ch := n.Open(t, Options{Secrets: secrets})
	_, err := ch.(listeners.Fetcher).Fetch(context.Background(), "")
	var e *listeners.Error
	if !errors.As(err, &e) || e.Class != listeners.AuthExpired && e.Class != listeners.AuthRevoked {
		t.Fatalf("fetch: got %v, want that access ended", err)
	}
	_, err = ch.(listeners.AuthKeeper).Renew(context.Background())
	wantClass(t, "renew", err, listeners.AuthRevoked)
	noSecret(t, n, "renew", err)
}

func held(t *testing.T, n *Network) {
	n.Hold(t, true)
	ch, started := n.Open(t, Options{}), clock.System()
	for _, approve := range []bool{true, false} {
		out := question(t, n)
		if approve {
			out.Text += " (approved)"
		}
		reply(t, ch, out, listeners.Held)
		verdict, _, err := ch.(listeners.Replier).Reconcile(context.Background(), out, started)
		if err != nil || verdict == listeners.Found || verdict == listeners.Refused {
			t.Errorf("while it is held: got %s, %v", verdict, err)
		}
		all := answers(t, n, out.ParentID)
		if len(all) != 1 {
			t.Fatalf("the network holds %d answers, want 1", len(all))
		}
		n.Decide(t, all[0].ID, approve)
		if approve {
			reconcile(t, ch, out, started, listeners.Found)
			continue
		}
		verdict, _, err = ch.(listeners.Replier).Reconcile(context.Background(), out, started)
		if err != nil || verdict == listeners.Found {
			t.Errorf("refused: got %s, %v", verdict, err)
		}
	}
}

func takeAway(t *testing.T, n *Network) {
	out, ch := question(t, n), n.Open(t, Options{})
	sent, _ := reply(t, ch, out, "")
	if err := ch.(listeners.Editor).Delete(context.Background(), sent.NativeID); err != nil {
		t.Fatalf("delete: %v", err)
	}
	wantAnswers(t, n, out.ParentID, 0)
	if err := ch.(listeners.Editor).Delete(context.Background(), sent.NativeID); err != nil {
		wantClass(t, "delete again", err, listeners.Gone)
	}
	other, _ := reply(t, ch, question(t, n), "")
	n.Weather(t, "", "drop_after_act", 1)
	wantClass(t, "delete with a lost answer", ch.(listeners.Editor).Delete(context.Background(), other.NativeID), listeners.Ambiguous)
}

func changeOwn(t *testing.T, n *Network) {
	out, ch := question(t, n), n.Open(t, Options{})
	sent, _ := reply(t, ch, out, "")
	if err := ch.(listeners.Editor).Edit(context.Background(), sent.NativeID, "Xin lỗi, it is on its way."); err != nil {
		t.Fatalf("edit: %v", err)
	}
	if all := answers(t, n, out.ParentID); len(all) != 1 || all[0].Text != "Xin lỗi, it is on its way." {
		t.Errorf("the network has %+v", all)
	}
}

func hideOthers(t *testing.T, n *Network) {
	id := n.Post(t, mention(n, 1))
	ch := n.Open(t, Options{}).(listeners.Hider)
	if err := ch.Hide(context.Background(), id, true); err != nil {
		t.Fatalf("hide: %v", err)
	}
	if page := look(t, n, id); len(page.Gone) != 1 || page.Gone[0].Why != listeners.Hidden {
		t.Errorf("hidden: got %+v", page)
	}
	if err := ch.Hide(context.Background(), id, false); err != nil {
		t.Fatalf("show: %v", err)
	}
	if page := look(t, n, id); len(page.Posts) != 1 {
		t.Errorf("shown again: got %+v", page)
	}
}
