package moderation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/triage"
)

// heard gives the mention of a case and what triage thinks of it.
func (s *shop) heard(caseID int64) (listeners.Mention, triage.Score) {
	s.t.Helper()
	all, err := listeners.Thread(s.t.Context(), s.db.Read(), caseID)
	if err != nil || len(all) == 0 {
		s.t.Fatalf("read case %d: %v", caseID, err)
	}
	var score triage.Score
	if err := json.Unmarshal([]byte(all[len(all)-1].Score), &score); err != nil {
		s.t.Fatal(err)
	}
	return all[len(all)-1], score
}

// wonders lets a new customer write, and gives the case.
func (s *shop) wonders(text string) community.Case {
	s.t.Helper()
	id := s.writes(fmt.Sprintf("customer%d", s.posts), text, "")
	var c community.Case
	if err := s.db.Read().NewSelect().Model(&c).Where("c.thread_key = ?", id).Scan(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *shop) says(who string, c community.Case, said ...moderation.Said) error {
	return s.try(func(ctx context.Context, tx listeners.Tx) error {
		return s.intake.Correct(ctx, tx, s.people[who], c.MentionID, moderation.FromCase, said)
	})
}

func (s *shop) now(c community.Case) community.Case {
	s.t.Helper()
	if err := s.db.Read().NewSelect().Model(&c).WherePK().Scan(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func TestACorrectionOutranksTriageAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.wonders("Quán mở cửa tới mấy giờ vậy?")
		if _, score := s.heard(c.ID); score.Anger > 0.5 || c.Lane != community.Community {
			t.Fatalf("a plain question has anger %.2f and is in lane %s", score.Anger, c.Lane)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.says("minh", c, moderation.Said{Head: triage.Anger, Yes: true}))
		if _, score := s.heard(c.ID); score.Anger != 1 || score.Staff < 0.8 {
			t.Errorf("after staff said that it is angry: %+v", score)
		}
		if now := s.now(c); now.Lane != community.Staff || now.LaneWhy != "very_angry" || now.Urgency <= c.Urgency || now.DueAt >= c.DueAt || !now.Hostile {
			t.Errorf("after staff said that it is angry the case is %+v", now)
		}
		must(s.says("minh", c, moderation.Said{Head: triage.Anger}))
		if now := s.now(c); now.Lane != community.Community || now.Hostile {
			t.Errorf("after staff took that back the case is in lane %s", now.Lane)
		}
		must(s.says("minh", c, moderation.Said{Head: triage.Staff, Yes: true}, moderation.Said{Head: moderation.AboutTopic, Topic: 1}))
		if now := s.now(c); now.Lane != community.Staff || now.LaneWhy != community.LaneCorrected || now.TopicID != 1 {
			t.Errorf("after staff said that it is theirs, about the first topic, the case is %+v", now)
		}
		must(s.says("mai", c, moderation.Said{Head: triage.Question, Yes: true}))
		if now := s.now(c); now.Lane != community.Staff {
			t.Errorf("another correction took it from the staff: %+v", now)
		}
		labels, err := moderation.LabelsOf(t.Context(), s.db.Read(), s.people["minh"], c.MentionID)
		must(err)
		if l := labels[triage.Staff]; l == nil || !l.Yes || l.Predicted > 0.5 {
			t.Errorf("a correction of the anger is taken for what triage had predicted of the staff: %+v", l)
		}
		if l := labels[triage.Anger]; l == nil || l.Yes || l.Predicted > 0.5 || l.MemberID != s.people["minh"].ID {
			t.Errorf("the label that counts is %+v; want the later one, with what triage had said first", l)
		}
		if l := labels[moderation.AboutTopic]; l.TopicID != 1 || l.PredictedTopic != 0 {
			t.Errorf("the topic's label is %+v", l)
		}
	})
}

func TestWhoMayCorrect(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.wonders("Quán mở cửa tới mấy giờ vậy?")
		angry := moderation.Said{Head: triage.Anger, Yes: true}
		for _, p := range []struct {
			who string
			may bool
		}{{"out", false}, {"huy", false}, {"lan", true}, {"minh", true}} {
			if err := s.says(p.who, c, angry); (err == nil) != p.may {
				t.Errorf("%s corrects: %v", p.who, err)
			}
		}
		other := s.wonders("Có ship về quận 7 không shop?")
		if err := s.says("lan", other, angry, moderation.Said{Head: moderation.AboutTopic}); err != nil {
			t.Fatal(err)
		}
		if _, score := s.heard(other.ID); score.Anger != 1 || len(score.Topics) != 0 {
			t.Errorf("what a trusted member says does not count for the mention: %+v", score)
		}
		if now := s.now(other); now.Lane != community.Community || now.TopicID != other.TopicID {
			t.Errorf("what a member said moved the case: %+v", now)
		}
		var invalid *community.Invalid
		for _, bad := range []moderation.Said{{Head: triage.OptOut}, {Head: "x"}, {Head: moderation.AboutTopic, Topic: 99}} {
			if err := s.says("minh", c, bad); !errors.As(err, &invalid) {
				t.Errorf("%+v: %v, want that it is invalid", bad, err)
			}
		}
	})
}

func TestNoiseIsClosedAndOpens(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.wonders("Quán mở cửa tới mấy giờ vậy?")
		if err := s.says("minh", c, moderation.Said{Head: triage.Spam, Yes: true}, moderation.Said{Head: triage.Question}); err != nil {
			t.Fatal(err)
		}
		if now := s.now(c); now.State != community.Closed {
			t.Errorf("noise is %s, want closed", now.State)
		}
		spam := s.wonders("Giảm giá sốc!!! Mua iphone rẻ tại https://spam.example https://spam2.example inbox zalo kiếm tiền online ngay")
		if spam.State != community.Ignored {
			t.Skipf("triage does not take this for noise: %s", spam.State)
		}
		if err := s.says("minh", spam, moderation.Said{Head: triage.Spam}); err != nil {
			t.Fatal(err)
		}
		if now := s.now(spam); now.State != community.Open || now.Lane != community.Community {
			t.Errorf("what is no noise is %s in lane %s", now.State, now.Lane)
		}
	})
}

// A case that an advocate holds leaves them when it turns out to be for employees.
func TestACorrectedCaseLeavesWhoHoldsIt(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.wonders("Quán mở cửa tới mấy giờ vậy?")
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.ClaimCase(ctx, tx, s.people["huy"], c.ID)
			return err
		})
		if err := s.says("minh", c, moderation.Said{Head: triage.Staff, Yes: true}); err != nil {
			t.Fatal(err)
		}
		if now := s.now(c); now.State != community.Open || now.Lane != community.Staff || now.HolderID != 0 {
			t.Errorf("the case is %+v", now)
		}
	})
}

// teach lets staff correct so many mentions, of which half have a word that nobody knew and are angry.
func (s *shop) teach(n int, random *rand.Rand, angry func(i int) bool) {
	s.t.Helper()
	words := strings.Fields("quán mình chi nhánh ly menu ghế bàn nhạc sáng chiều tối hẹn bạn cũ mới xe đường phố mưa nắng")
	for i := range n {
		text := ""
		for range 7 {
			text += words[random.IntN(len(words))] + " "
		}
		if i%2 == 0 {
			text += "lủng củng"
		}
		c := s.wonders(fmt.Sprintf("%s số %d", text, s.posts))
		if err := s.says("minh", c, moderation.Said{Head: triage.Anger, Yes: angry(i)}); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *shop) learn(by string) (moderation.Layer, error) {
	return s.intake.Learn(s.t.Context(), s.transact, s.brand.ID, s.people[by])
}

func TestABrandLearnsFromItsCorrections(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		random := rand.New(rand.NewPCG(1, 1))
		even := func(i int) bool { return i%2 == 0 }
		s.teach(40, random, even)
		if _, err := s.learn("minh"); !errors.Is(err, moderation.ErrNothingToLearn) {
			t.Errorf("40 corrections: %v, want that there are too few", err)
		}
		s.teach(30, random, even)
		if due, err := moderation.LearningDue(t.Context(), s.db.Read(), s.clock.Now().Add(3*time.Second)); err != nil || len(due) != 1 {
			t.Errorf("after many corrections learning is due for %v (%v), want one brand", due, err)
		}
		other := &moderation.Intake{Read: s.db.Read(), Rules: moderation.DefaultRules} // in another process
		new := s.wonders("hẹn ở chi nhánh cũ lủng củng chiều nay")
		if _, score := s.heard(new.ID); score.Anger > 0.5 {
			t.Fatalf("the shipped head knows the word: %.2f", score.Anger)
		}
		if _, err := other.Why(s.t.Context(), s.db.Read(), s.brand.ID, "x", 1); err != nil {
			t.Fatal(err)
		}
		layer, err := s.learn("minh")
		if err != nil || !layer.Accepted() || layer.Labels != 70 {
			t.Fatalf("learned %+v (%v)", layer.How, err)
		}
		if due, err := moderation.LearningDue(t.Context(), s.db.Read(), s.clock.Now().Add(3*time.Second)); err != nil || len(due) != 0 {
			t.Errorf("learning is due again: %v %v", due, err)
		}
		with, without := s.wonders("hôm kia ngồi ở quận tám mà lủng củng"), s.wonders("hôm kia ngồi ở quận tám mà vui")
		if _, score := s.heard(with.ID); score.Anger < 0.5 {
			t.Errorf("an unseen text with the word has anger %.2f", score.Anger)
		}
		if _, score := s.heard(without.ID); score.Anger > 0.5 {
			t.Errorf("an unseen text without the word has anger %.2f", score.Anger)
		}
		why := func(in *moderation.Intake) bool {
			spans, err := in.Why(s.t.Context(), s.db.Read(), s.brand.ID, "lủng củng", 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, span := range spans {
				if span.Head == triage.Anger && span.Weight > 1 {
					return true
				}
			}
			return false
		}
		if !why(s.intake) || why(other) {
			t.Errorf("the word is a reason here: %v; in another process before it looked: %v", why(s.intake), why(other))
		}
		if err := other.Refresh(t.Context()); err != nil || !why(other) {
			t.Errorf("another process does not take over what was learned (%v)", err)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error { return moderation.Pin(ctx, tx, s.people["minh"], 0) })
		if err := other.Refresh(t.Context()); err != nil || why(other) {
			t.Errorf("the shipped heads do not speak after a revert (%v)", err)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.Pin(ctx, tx, s.people["minh"], layer.ID)
		})
		if err := other.Refresh(t.Context()); err != nil || !why(other) {
			t.Errorf("a pinned version does not speak (%v)", err)
		}
		if err := s.try(func(ctx context.Context, tx listeners.Tx) error { return moderation.Pin(ctx, tx, s.people["minh"], 99) }); err == nil {
			t.Error("a version that does not exist was pinned")
		}
		if err := s.try(func(ctx context.Context, tx listeners.Tx) error { return moderation.Pin(ctx, tx, s.people["lan"], 0) }); !errors.Is(err, community.ErrNotAllowed) {
			t.Errorf("an advocate pins a version: %v", err)
		}
	})
}

func TestCorrectionsDrawnByLotTeachNothing(t *testing.T) {
	for seed := range uint64(3) {
		each(t, func(t *testing.T, s *shop) {
			random := rand.New(rand.NewPCG(seed, 3))
			s.teach(64, random, func(int) bool { return random.IntN(2) == 0 })
			layer, err := s.learn("minh")
			if err != nil || layer.Accepted() || layer.How[0].Verdict != triage.NoBetter {
				t.Errorf("seed %d: learned %+v (%v), want nothing", seed, layer.How, err)
			}
		})
	}
}

// Where a network forbids learning, corrections count and measure, and teach nothing.
func TestSomeNetworksDoNotTeach(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.intake.Network = func(string) listeners.Network { return listeners.Network{Policy: listeners.Policy{NoTraining: true}} }
		s.teach(70, rand.New(rand.NewPCG(1, 1)), func(i int) bool { return i%2 == 0 })
		if layer, err := s.learn("minh"); !errors.Is(err, moderation.ErrNothingToLearn) || layer.Labels != 0 {
			t.Errorf("learned from %d labels (%v)", layer.Labels, err)
		}
		set := func(settings string) {
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				_, err := tx.NewRaw("UPDATE connections SET settings = ?", settings).Exec(ctx)
				return err
			})
		}
		set(`{"training":"allowed"}`)
		if layer, err := s.learn("minh"); !errors.Is(err, moderation.ErrNothingToLearn) || layer.Labels != 0 {
			t.Errorf("a setting lifted what the network itself forbids: learned from %d labels (%v)", layer.Labels, err)
		}
		q, err := s.intake.QualityOf(t.Context(), s.db.Read(), s.brand.ID, s.clock.Now())
		if err != nil || q.Silent != 70 || q.Heads[0].Labels != 70 {
			t.Errorf("70 corrections do not measure: %d silent, %+v (%v)", q.Silent, q.Heads[0], err)
		}
		set(`{"training":"allowed","host":"http://sandbox.example"}`)
		if layer, err := s.learn("minh"); err != nil || !layer.Accepted() {
			t.Errorf("a connection that allows it teaches nothing: %+v (%v)", layer.How, err)
		}
	})
}

func TestAThresholdSendsToStaff(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		text := "Đơn của mình đâu rồi shop, mã đơn 448213?"
		c := s.wonders(text)
		_, score := s.heard(c.ID)
		if c.Lane != community.Community || score.Staff < 0.3 {
			t.Fatalf("an order that is looked for is in lane %s, and only staff should answer with %.2f", c.Lane, score.Staff)
		}
		admin := *s.people["minh"]
		admin.Role = community.Admin
		s.do(func(ctx context.Context, tx listeners.Tx) error { return moderation.RouteToStaff(ctx, tx, &admin, 30) })
		if err := s.intake.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c := s.wonders(text); c.Lane != community.Staff || c.LaneWhy != "needs_staff" {
			t.Errorf("with a threshold of 30 %% it is in lane %s because of %s", c.Lane, c.LaneWhy)
		}
		if err := s.try(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.RouteToStaff(ctx, tx, s.people["minh"], 20)
		}); !errors.Is(err, community.ErrNotAllowed) {
			t.Errorf("a moderator sets a threshold: %v", err)
		}
	})
}

func TestQualityIsMeasuredByLabels(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		admin := s.people["minh"]
		for i := range 30 {
			c := s.wonders(fmt.Sprintf("Quán mở cửa tới mấy giờ vậy, bàn số %d?", i))
			if err := s.says("minh", c, moderation.Said{Head: triage.Question, Yes: i%3 > 0}, moderation.Said{Head: triage.Staff, Yes: i%10 == 0}); err != nil {
				t.Fatal(err)
			}
		}
		q, err := s.intake.QualityOf(t.Context(), s.db.Read(), s.brand.ID, s.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range q.Heads {
			if m.Head == triage.Question && (m.Labels != 30 || m.Precision.Part != 20 || m.Precision.Of != 30 || m.Recall.P < 0.99 || m.Precision.Low < 0.48 || m.Precision.High > 0.81) {
				t.Errorf("of 30 that were said to ask 20 do: %+v", m)
			}
			if m.Head == triage.Question && (m.Now.Part != 30 || m.Now.Of != 30 || m.Before.Of != 0) {
				t.Errorf("30 of 30 posts of this week were said to ask: %+v", m.Now)
			}
		}
		if low := q.Points[len(q.Points)-1]; q.Posts != 30 || low.Recall.Of != 3 || low.Load > 1 {
			t.Errorf("the lowest threshold is %+v of %d posts", low, q.Posts)
		}
		for i, p := range q.Points[1:] {
			if p.Load < q.Points[i].Load || p.Recall.P < q.Points[i].Recall.P {
				t.Errorf("a lower threshold brings staff less: %+v after %+v", p, q.Points[i])
			}
		}
		if best := q.Best(1); best == nil || best.Threshold != 5 {
			t.Errorf("staff who can read everything get %+v", best)
		}
		if d, err := moderation.Draw(t.Context(), s.db.Read(), admin, triage.Question, 0, s.clock.Now()); err != nil || d != nil {
			t.Errorf("everything is labelled, and yet %+v was drawn (%v)", d, err)
		}
		sources := map[moderation.Source]bool{}
		for skip := range 12 {
			d, err := moderation.Draw(t.Context(), s.db.Read(), admin, triage.Anger, skip, s.clock.Now())
			if err != nil || d == nil {
				t.Fatalf("nothing was drawn (%v)", err)
			}
			sources[d.Source] = true
		}
		if len(sources) != 2 {
			t.Errorf("mentions were drawn as %v, want by lot and because triage was not sure", sources)
		}
		if _, err := moderation.Draw(t.Context(), s.db.Read(), s.people["lan"], triage.Anger, 0, s.clock.Now()); !errors.Is(err, community.ErrNotAllowed) {
			t.Errorf("an advocate draws: %v", err)
		}
	})
}
