package demo

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// TestEveryNetworkIsAnswered: a question on each of the brand's networks is heard, answered and stands
// under the customer's post once, also for a product and a network that were started anew since.
func TestEveryNetworkIsAnswered(t *testing.T) {
	each(t, func(t *testing.T, begin func() *opening) {
		o := begin()
		answers := map[string]string{}
		for network := range places {
			answers[network] = "Dạ có sữa hạt rồi bạn nha, quán ở " + network + " cũng nhận giữ chỗ."
			o.answers(network, "@saomaicafe quán mình có sữa hạt không ạ, mình hỏi trên "+network, answers[network])
		}
		o.answered(answers)
		stored := o.mentions()
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}

		o = begin()
		o.answered(answers)
		o.hear()
		o.hear()
		if fresh := o.mentions() - stored; fresh > int64(len(places)) { // the replies, where they had not come back
			t.Errorf("%d posts were heard after the restart as if they were new", fresh)
		}
		for network := range places {
			if n := o.goneFrom(network); n > 0 {
				t.Errorf("%d posts of %s are gone after the restart", n, network)
			}
		}
	})
}

// answers has a customer ask on a network and lan answer.
func (o *opening) answers(network, question, answer string) {
	o.t.Helper()
	asked := post{Network: network, Author: "hoa_sua", Text: question}
	if err := o.stage.call(o.t.Context(), http.MethodPost, "/admin/posts", asked, nil); err != nil {
		o.t.Fatal(err)
	}
	var c community.Case
	for range 20 {
		o.hear()
		err := o.DB.Read().NewSelect().Model(&c).
			Where("c.id IN (SELECT case_id FROM mentions WHERE network = ? AND text LIKE ?)", network, "%"+strings.TrimPrefix(question, "@saomaicafe ")).
			Scan(o.t.Context())
		if err == nil {
			break
		}
	}
	if c.ID == 0 || c.Delivery != listeners.ByAPI {
		o.t.Fatalf("on %s the question became case %d, answered by %s (%s)", network, c.ID, c.Delivery, c.DeliveryWhy)
	}
	var a community.Answer
	o.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		if _, err = community.ClaimCase(ctx, tx, o.members["lan"], c.ID); err == nil {
			a, err = o.Desk.Submit(ctx, tx, o.members["lan"], c.ID, 0, answer)
		}
		return err
	})
	if a.State != community.Approved {
		o.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := o.Desk.Approve(ctx, tx, o.members["minh"], a.ID, "")
			return err
		})
	}
	o.hands.Advance(undo + time.Second)
	o.Deliverer.Tick(o.t.Context())
	replies, err := listeners.Replies(o.t.Context(), o.DB.Read(), []int64{a.ID})
	if err != nil || replies[a.ID].State != listeners.Delivered {
		o.t.Fatalf("on %s the reply is %s (%s), %v", network, replies[a.ID].State, replies[a.ID].Error, err)
	}
}

// answered looks whether each answer stands on its network once.
func (o *opening) answered(answers map[string]string) {
	o.t.Helper()
	for network, text := range answers {
		found := 0
		for _, p := range o.on(network) {
			if strings.Contains(p.Text, text) && p.InReplyTo != "" {
				found++
			}
		}
		if found != 1 {
			o.t.Errorf("the answer stands on %s %d times", network, found)
		}
	}
}

func (o *opening) goneFrom(network string) (n int) {
	o.t.Helper()
	err := o.DB.Read().NewRaw("SELECT COUNT(*) FROM mentions WHERE network = ? AND gone_at IS NOT NULL AND text LIKE '%sữa hạt%'", network).Scan(o.t.Context(), &n)
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}
