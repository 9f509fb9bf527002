package moderation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
)

func (s *shop) replyTo(a community.Answer) listeners.Reply {
	s.t.Helper()
	replies, err := listeners.Replies(s.t.Context(), s.db.Read(), []int64{a.ID})
	if err != nil {
		s.t.Fatal(err)
	}
	return replies[a.ID]
}

func (s *shop) wantReply(a community.Answer, state listeners.ReplyState, why string) listeners.Reply {
	s.t.Helper()
	r := s.replyTo(a)
	if r.State != state || r.Error != why {
		s.t.Fatalf("the reply is %s (%s), want %s (%s)", r.State, r.Error, state, why)
	}
	return r
}

// passes lets time pass in steps, after each of which the outbox is swept.
func (s *shop) passes(total, step time.Duration) {
	s.t.Helper()
	for range int(total / step) {
		s.clock.Advance(step)
		s.out.Tick(s.t.Context())
	}
}

// isAnswered lets a customer ask and lan, who is trusted, answer.
func (s *shop) isAnswered(author string) (community.Case, community.Answer) {
	s.t.Helper()
	c := s.caseOf(s.writes(author, "quán mở cửa mấy giờ ạ?", ""))
	s.claim("lan", c)
	return c, s.answer("lan", c, "Dạ quán mở từ 7h tới 22h nha "+author)
}

func (s *shop) told(who string, kind community.Kind) int { return len(s.notices(who, kind)) }

func failing(class listeners.Class) error {
	return &listeners.Error{Class: class, Err: errors.New("no")}
}

func TestHeldByTheNetwork(t *testing.T) {
	for verdict, want := range map[listeners.Verdict]listeners.ReplyState{
		listeners.Found: listeners.Delivered, listeners.Refused: listeners.Failed, listeners.Unknown: listeners.AskHuman,
	} {
		t.Run(string(verdict), func(t *testing.T) {
			each(t, func(t *testing.T, s *shop) {
				c, a := s.isAnswered("lananh")
				s.net.fail, s.net.verdict = failing(listeners.Held), listeners.Unknown
				s.passes(time.Minute, time.Minute)
				s.wantReply(a, listeners.OnHold, "held")
				s.passes(24*time.Hour, 10*time.Minute)
				if r := s.wantReply(a, listeners.OnHold, "held"); r.Attempts != 1 || r.Reads > 12 {
					t.Errorf("in a day a held reply was requested %d times and looked for %d times", r.Attempts, r.Reads)
				}
				s.want(c, community.Answered)
				s.net.verdict = verdict
				s.passes(8*24*time.Hour, time.Hour)
				if r := s.replyTo(a); r.State != want || r.Attempts != 1 {
					t.Fatalf("the reply is %s after %d attempts, want %s after one", r.State, r.Attempts, want)
				}
				if verdict == listeners.Refused {
					s.want(c, community.Open)
				}
			})
		})
	}
}

func TestSecretsEndWhileSending(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		_, a := s.isAnswered("lananh")
		s.net.fail = failing(listeners.AuthExpired)
		renewals := 0
		s.out.Renew = func(_ context.Context, c listeners.Connection) (listeners.Connection, error) {
			renewals++
			s.net.fail = nil
			return c, nil
		}
		s.passes(time.Minute, time.Minute)
		if r := s.wantReply(a, listeners.Delivered, ""); renewals != 1 || len(s.net.posted) != 1 || r.Attempts != 1 {
			t.Errorf("%d renewals, %d posts in %d attempts; want one of each", renewals, len(s.net.posted), r.Attempts)
		}
	})
	for _, class := range []listeners.Class{listeners.AuthExpired, listeners.AuthRevoked, listeners.Banned} {
		t.Run("for good "+string(class), func(t *testing.T) {
			each(t, func(t *testing.T, s *shop) {
				_, a := s.isAnswered("lananh")
				s.net.fail = failing(class)
				s.out.Renew = func(_ context.Context, c listeners.Connection) (listeners.Connection, error) {
					return c, failing(listeners.AuthExpired)
				}
				s.passes(time.Hour, time.Minute)
				if r := s.wantReply(a, listeners.Retry, string(class)); r.Attempts != 1 {
					t.Errorf("%d attempts after the network had refused us, want 1", r.Attempts)
				}
				conn, err := listeners.FindConnection(t.Context(), s.db.Read(), s.conn.ID)
				if err != nil || conn.State != listeners.Broken || conn.Error != string(class) {
					t.Fatalf("the connection is %s (%s), %v; want it broken", conn.State, conn.Error, err)
				}
				s.net.fail = nil
				s.do(func(ctx context.Context, tx listeners.Tx) error {
					_, err := tx.NewUpdate().Model(&conn).Set("state = ?, error = ''", listeners.On).WherePK().Exec(ctx)
					return err
				})
				s.passes(time.Minute, time.Minute)
				s.wantReply(a, listeners.Delivered, "")
			})
		})
	}
}

func TestBudgetHoldsTheWholeConnection(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		_, first := s.isAnswered("lananh")
		_, second := s.isAnswered("minhtu")
		s.net.fail = failing(listeners.OverBudget)
		s.out.AtOnce = 1
		s.passes(time.Minute, 20*time.Second)
		s.wantReply(first, listeners.Retry, "over_budget")
		s.wantReply(second, listeners.Waiting, "")
		s.net.fail = nil
		s.passes(30*time.Minute, time.Minute)
		if len(s.net.posted) != 0 {
			t.Fatal("something left while there was no money")
		}
		s.passes(time.Hour, time.Minute)
		s.wantReply(first, listeners.Delivered, "")
		s.wantReply(second, listeners.Delivered, "")
	})
}

func TestPaceAndUrgency(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.net.pace = []listeners.Pace{{Posts: 3, Per: time.Hour}}
		var last community.Answer
		for i := range 8 {
			_, last = s.isAnswered(fmt.Sprint("customer", i))
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error { // the last one to ask is the most urgent
			_, err := tx.NewRaw("UPDATE replies SET deadline = 1 WHERE answer_id = ?", last.ID).Exec(ctx)
			return err
		})
		ahead := func() listeners.Outlook {
			o, err := listeners.Ahead(t.Context(), s.db.Read(), s.connection(), s.net.pace, s.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		s.clock.Advance(time.Minute)
		start := s.clock.Now()
		if o := ahead(); o.Waiting != 8 || o.Now != 3 || o.Last != start.Add(2*time.Hour) {
			t.Errorf("foretold: %+v; want 3 of 8 now and the last in two hours", o)
		}
		s.out.Tick(t.Context())
		s.out.Tick(t.Context())
		if len(s.net.posted) != 3 || s.replyTo(last).State != listeners.Delivered {
			t.Fatalf("%d left at once and the most urgent is %s; want 3 and it among them", len(s.net.posted), s.replyTo(last).State)
		}
		s.passes(59*time.Minute, time.Minute)
		if len(s.net.posted) != 3 {
			t.Fatalf("%d left within an hour, want 3", len(s.net.posted))
		}
		waiting := s.waiting()
		at, err := listeners.Leaves(t.Context(), s.db.Read(), s.connection(), s.net.pace, waiting[len(waiting)-1], s.clock.Now())
		if err != nil || at != start.Add(2*time.Hour) {
			t.Errorf("the last one is said to leave at %s, %v; want %s", at, err, start.Add(2*time.Hour))
		}
		s.passes(3*time.Minute, time.Minute)
		if o := ahead(); len(s.net.posted) != 6 || o.Waiting != 2 || o.Now != 0 {
			t.Errorf("%d left in the second hour, and ahead are %+v; want 6 and 2 that wait", len(s.net.posted), o)
		}
		s.passes(time.Hour, time.Minute)
		if len(s.net.posted) != 8 {
			t.Errorf("%d left in the end, want 8", len(s.net.posted))
		}
	})
}

func (s *shop) connection() listeners.Connection {
	s.t.Helper()
	c, err := listeners.FindConnection(s.t.Context(), s.db.Read(), s.conn.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// waiting are the replies that have not left, in the order in which they do.
func (s *shop) waiting() []listeners.Reply {
	s.t.Helper()
	var all []listeners.Reply
	if err := s.db.Read().NewSelect().Model(&all).Where("state IN ('waiting', 'queued', 'retry')").Order("deadline", "due_at", "id").Scan(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return all
}

func TestStopSwitch(t *testing.T) {
	for what, of := range map[string]func(*shop) int64{
		"a connection": func(s *shop) int64 { return s.conn.ID }, "the brand": func(*shop) int64 { return 0 },
	} {
		t.Run(what, func(t *testing.T) {
			each(t, func(t *testing.T, s *shop) {
				_, a := s.isAnswered("lananh")
				if err := s.try(func(ctx context.Context, tx listeners.Tx) error {
					return community.StopSending(ctx, tx, s.people["lan"], of(s), "")
				}); !errors.Is(err, community.ErrNotAllowed) {
					t.Fatalf("an advocate stops everything: %v", err)
				}
				for range 2 { // the second time it changes nothing
					s.do(func(ctx context.Context, tx listeners.Tx) error {
						return community.StopSending(ctx, tx, s.people["minh"], of(s), " sai giá ")
					})
				}
				s.passes(time.Hour, time.Minute) // the reply has long been due
				if stops, err := community.Stops(t.Context(), s.db.Read(), s.brand.ID); err != nil || len(stops) != 1 ||
					stops[0].By != "minh" || stops[0].Why != "sai giá" || stops[0].At == 0 || (stops[0].Account == "") != (of(s) == 0) {
					t.Errorf("members are told of %+v (%v)", stops, err)
				}
				s.writes("lananh", "còn ai không?", "") // hearing goes on
				s.wantReply(a, listeners.Waiting, "")
				s.do(func(ctx context.Context, tx listeners.Tx) error {
					return community.ResumeSending(ctx, tx, s.people["minh"], of(s))
				})
				s.passes(time.Minute, time.Minute)
				s.wantReply(a, listeners.Delivered, "")
				if stops, err := community.Stops(t.Context(), s.db.Read(), s.brand.ID); err != nil || len(stops) != 0 || len(s.net.posted) != 1 {
					t.Errorf("afterwards %d posts are there and members are told of %+v (%v)", len(s.net.posted), stops, err)
				}
				told, err := s.db.Read().NewSelect().Table("activities").Where("kind IN (?, ?)", community.SendingStopped, community.SendingResumed).Count(t.Context())
				if err != nil || told != 2 {
					t.Errorf("the history tells of it %d times (%v), want 2", told, err)
				}
			})
		})
	}
}

// TestStopReachesWhatIsAboutToLeave stops the brand while the post to be answered is looked at once more.
func TestStopReachesWhatIsAboutToLeave(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		_, a := s.isAnswered("lananh")
		open := s.out.Open
		s.out.Open = func(c listeners.Connection) (listeners.Channel, error) {
			ch, err := open(c)
			return stopping{ch.(*fakeNetwork), func() {
				s.do(func(ctx context.Context, tx listeners.Tx) error {
					return community.StopSending(ctx, tx, s.people["minh"], 0, "")
				})
			}}, err
		}
		s.passes(time.Minute, time.Minute)
		if s.wantReply(a, listeners.Queued, ""); len(s.net.posted) != 0 {
			t.Error("a reply left after everything had been stopped")
		}
	})
}

// stopping is a network during whose look at a post something happens.
type stopping struct {
	*fakeNetwork
	meanwhile func()
}

func (n stopping) Hydrate(ctx context.Context, ids []string) (listeners.Page, error) {
	n.meanwhile()
	return n.fakeNetwork.Hydrate(ctx, ids)
}

func TestAnsweredElsewhereWhileTheCustomerWroteOn(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c, a := s.isAnswered("lananh")
		s.clock.Advance(time.Second)
		s.brandWrites("7h-22h nha", c.ThreadKey, c.ThreadKey, "nobody we know")
		s.passes(time.Minute, time.Minute)
		s.wantReply(a, listeners.Cancelled, listeners.ElsewhereReply)
		s.want(c, community.AnsweredElsewhere)
		if len(s.net.posted) != 0 || s.points("lan").Balance != 0 || s.told("lan", community.ReplyNeedless) != 1 {
			t.Errorf("%d posted, %d points, told %d times; want 0, 0 and once", len(s.net.posted), s.points("lan").Balance, s.told("lan", community.ReplyNeedless))
		}
	})
}

// queueAll queues an approved reply to every mention.
func (s *shop) queueAll(ctx context.Context, tx listeners.Tx) error {
	var mentions []listeners.Mention
	if err := tx.NewSelect().Model(&mentions).Order("id").Scan(ctx); err != nil {
		return err
	}
	for _, m := range mentions {
		text := "Dạ thứ Sáu nha " + m.NativeID
		var answer, review int64
		err := tx.NewRaw(`INSERT INTO answers (brand_id, case_id, member_id, mention_id, state, text, why_reviewed, version, created_at, updated_at)
			VALUES (?, ?, ?, ?, 'approved', ?, '', 1, ?, ?) RETURNING id`, s.brand.ID, m.CaseID, s.people["minh"].ID, m.ID, text, tx.Now(), tx.Now()).Scan(ctx, &answer)
		if err != nil {
			return err
		}
		err = tx.NewRaw(`INSERT INTO reviews (brand_id, answer_id, rule, decision, reason, edited, text_hash, created_at)
			VALUES (?, ?, 'test', 'approved', '', FALSE, ?, ?) RETURNING id`, s.brand.ID, answer, listeners.Hash(text), tx.Now()).Scan(ctx, &review)
		if err != nil {
			return err
		}
		err = listeners.Queue(ctx, tx, listeners.Reply{
			ID: uuid.Must(uuid.NewV7()).String(), BrandID: s.brand.ID, ConnectionID: s.conn.ID, CaseID: m.CaseID, AnswerID: answer, MentionID: m.ID,
			ReviewID: review, ParentID: m.NativeID, Text: text, DueAt: tx.Now(),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// byHand lets a customer ask where the network takes no answer from us, and lan answer.
func (s *shop) byHand(author string) (community.Case, community.Answer, listeners.Reply) {
	s.t.Helper()
	s.posts++
	id := fmt.Sprint(1000 + s.posts)
	s.hears(listeners.Post{
		NativeID: id, ThreadKey: id, Author: listeners.Author{NativeID: author, Handle: author}, Reason: listeners.Keyword,
		Text: "quán Sao Mai mở cửa mấy giờ vậy?", Delivery: listeners.Delivery{Mode: listeners.Assisted, Why: "not_summoned"}, CreatedAt: s.clock.Now(),
	})
	c := s.caseOf(id)
	s.claim("lan", c)
	if err := s.try(func(ctx context.Context, tx listeners.Tx) error {
		_, err := s.desk.Submit(ctx, tx, s.people["lan"], c.ID, 0, "Dạ quán mở từ 7h tới 22h ạ")
		return err
	}); err == nil {
		s.t.Fatal("a member answers under their own name and does not say for whom")
	}
	a := s.answer("lan", c, "Dạ quán mở từ 7h tới 22h ạ (tình nguyện viên)")
	if s.want(c, community.Answered); s.points("lan") != (gamification.Points{}) {
		s.t.Fatalf("points before anything is on the network: %+v", s.points("lan"))
	}
	return c, a, s.wantReply(a, listeners.ByHand, "")
}

func (s *shop) posted(who string, r listeners.Reply, e listeners.Evidence, sent listeners.Sent) error {
	return s.try(func(ctx context.Context, tx listeners.Tx) error {
		return community.PostedByHand(ctx, tx, s.people[who], r.ID, e, sent)
	})
}

func TestPostedByHand(t *testing.T) {
	network := listeners.Network{Link: func(_ listeners.Settings, link string) string { return link[len(link)-4:] }}
	post := func(c community.Case, change func(*listeners.Post)) listeners.Post {
		p := listeners.Post{
			NativeID: "9000", ThreadKey: c.ThreadKey, ParentID: c.ThreadKey, Author: listeners.Author{NativeID: "77", Handle: "lan_nguyen"},
			Text: "@lananh Dạ quán mở từ 7h tới 22h ạ (tình nguyện viên) https://t.example/1", URL: "https://x.example/lan/9000",
		}
		if change != nil {
			change(&p)
		}
		return p
	}
	t.Run("a link is followed", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			c, a, r := s.byHand("lananh")
			for want, change := range map[error]func(*listeners.Post){
				listeners.ErrOtherWords: func(p *listeners.Post) { p.Text = "Dạ quán mở từ 8h" },
				listeners.ErrOtherPlace: func(p *listeners.Post) { p.ParentID, p.ThreadKey = "1", "1" },
				listeners.ErrOtherName:  func(p *listeners.Post) { p.Author.NativeID = "100" },
			} {
				s.net.shown = []listeners.Post{post(c, change)}
				if _, _, err := s.out.Verify(t.Context(), r, network, "https://x.example/lan/9000", "", false); !errors.Is(err, want) {
					t.Errorf("the link gives %v, want %v", err, want)
				}
			}
			for _, link := range []string{"", "javascript:alert(9000)", "x.example/9000"} {
				if _, _, err := s.out.Verify(t.Context(), r, network, link, "", false); !errors.Is(err, listeners.ErrNoLink) {
					t.Errorf("%q gives %v, want ErrNoLink", link, err)
				}
			}
			s.net.shown = []listeners.Post{post(c, nil)}
			if _, _, err := s.out.Verify(t.Context(), r, network, "https://x.example/lan/9000", "somebody", false); !errors.Is(err, listeners.ErrOtherName) {
				t.Errorf("another member's post gives %v, want ErrOtherName", err)
			}
			e, sent, err := s.out.Verify(t.Context(), r, network, "https://x.example/lan/9000", "Lan_Nguyen", false)
			if err != nil || e != listeners.Verified || sent.NativeID != "9000" {
				t.Fatalf("the right link gives %s %+v, %v", e, sent, err)
			}
			if err := s.posted("huy", r, e, sent); err == nil {
				t.Error("somebody else says that it is posted")
			}
			if err := s.posted("lan", r, e, sent); err != nil {
				t.Fatal(err)
			}
			if err := s.posted("lan", r, e, sent); !errors.Is(err, listeners.ErrNotByHand) {
				t.Errorf("the second time gives %v", err)
			}
			s.wantReply(a, listeners.Delivered, "")
			if got := s.points("lan"); got.Balance != 3 {
				t.Errorf("points for a verified answer: %+v, want 3", got)
			}
			s.hears(post(c, nil)) // heard afterwards it is no customer's
			if s.want(c, community.Answered); s.points("lan").Balance != 3 {
				t.Error("heard afterwards it is paid twice")
			}
			cases, err := s.db.Read().NewSelect().Table("cases").Count(t.Context())
			if err != nil || cases != 1 {
				t.Errorf("a member's own post made %d cases of one, %v", cases, err)
			}
		})
	})
	t.Run("a word alone earns nothing, hearing it does", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			c, a, r := s.byHand("lananh")
			if err := s.posted("lan", r, listeners.Said, listeners.Sent{}); err != nil {
				t.Fatal(err)
			}
			if got := s.wantReply(a, listeners.Delivered, ""); got.Evidence != listeners.Said || s.points("lan") != (gamification.Points{}) {
				t.Fatalf("evidence %s, points %+v; want a word and none", got.Evidence, s.points("lan"))
			}
			s.clock.Advance(time.Minute)
			s.hears(post(c, func(p *listeners.Post) { p.CreatedAt = s.clock.Now() }))
			if got := s.wantReply(a, listeners.Delivered, ""); got.Evidence != listeners.Seen || got.NativeID != "9000" || s.points("lan").Balance != 3 {
				t.Errorf("heard, the evidence is %s of post %q with points %+v", got.Evidence, got.NativeID, s.points("lan"))
			}
		})
	})
	t.Run("nobody posts it", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			c, a, _ := s.byHand("lananh")
			remind := func(ctx context.Context, tx listeners.Tx) error {
				_, err := community.RemindHands(ctx, tx, 10)
				return err
			}
			s.clock.Advance(listeners.RemindAfter - time.Minute)
			s.do(remind)
			if n := s.told("lan", community.HandReminded); n != 0 {
				t.Errorf("reminded %d times too early", n)
			}
			s.clock.Advance(2 * time.Minute)
			s.do(remind)
			s.do(remind)
			if n := s.told("lan", community.HandReminded); n != 1 {
				t.Errorf("reminded %d times, want once", n)
			}
			s.clock.Advance(listeners.ReturnAfter)
			s.do(remind)
			s.wantReply(a, listeners.Failed, "not_posted")
			s.want(c, community.Open)
		})
	})
	t.Run("given up", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			c, a, r := s.byHand("lananh")
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				return community.GiveUpHand(ctx, tx, s.people["lan"], r.ID, "no account there")
			})
			s.wantReply(a, listeners.Failed, "not_posted")
			s.want(c, community.Open)
		})
	})
}

func TestWhatTheNetworkDoesNotTakeIsLeftToHand(t *testing.T) {
	for _, why := range []listeners.Class{listeners.NotEligible, listeners.WindowClosed} {
		t.Run(string(why), func(t *testing.T) {
			each(t, func(t *testing.T, s *shop) {
				c, a := s.isAnswered("lananh")
				if s.points("lan").Balance != 3 {
					t.Fatal("an approved answer earns nothing")
				}
				if why == listeners.WindowClosed {
					s.do(func(ctx context.Context, tx listeners.Tx) error {
						_, err := tx.NewRaw("UPDATE mentions SET delivery_until = ?", s.clock.Now().Add(5*time.Second)).Exec(ctx)
						return err
					})
				} else {
					s.net.fail = failing(why)
				}
				s.passes(time.Minute, time.Minute)
				s.wantReply(a, listeners.ByHand, string(why))
				if c := s.want(c, community.Answered); c.Delivery != listeners.Assisted || len(s.net.posted) != 0 || s.points("lan").Balance != 0 {
					t.Errorf("delivery %s, %d posted, %d points; want assisted and none", c.Delivery, len(s.net.posted), s.points("lan").Balance)
				}
				if err := s.posted("lan", s.replyTo(a), listeners.Verified, listeners.Sent{NativeID: "9000"}); err != nil {
					t.Fatal(err)
				}
				if s.points("lan").Balance != 3 {
					t.Errorf("points for posting it by hand: %+v, want 3", s.points("lan"))
				}
			})
		})
	}
}

// TestOneReplyThroughTheAPI: where the network takes one answer to a post from an app, the second one, to what
// the customer made of the post afterwards, is posted by hand.
func TestOneReplyThroughTheAPI(t *testing.T) {
	for mode, one := range map[listeners.Mode]bool{listeners.ByAPI: false, listeners.Assisted: true} {
		t.Run(string(mode), func(t *testing.T) {
			each(t, func(t *testing.T, s *shop) {
				network := s.desk.Network("x")
				network.Policy.OneReply = one
				s.desk.Network = func(string) listeners.Network { return network }
				first, _ := s.isAnswered("an")
				s.passes(time.Minute, time.Minute)
				s.edits("an", first.ThreadKey, "Đơn hàng của mình bị giao thiếu hai ly, quán xử lý sao ạ?", 2)
				c := s.want(first, community.Open)
				s.claim("lan", c)
				a := s.answer("lan", c, "Bạn nhắn số điện thoại qua tin nhắn để quán giao bù nha (tình nguyện viên)")
				r := s.replyTo(a)
				if r.Mode != mode {
					t.Errorf("the second answer leaves %s (%s), want %s", r.Mode, r.Error, mode)
				}
				if c := s.want(c, community.Answered); one && c.DeliveryWhy != listeners.SecondReply {
					t.Errorf("the case says %q of it", c.DeliveryWhy)
				}
			})
		})
	}
}

func TestAMembersOwnName(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		name := func(by, name string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				return community.NameAccount(ctx, tx, s.people[by], s.people["lan"].ID, s.conn.ID, name)
			})
		}
		if err := name("lan", "lan"); !errors.Is(err, community.ErrNotAllowed) {
			t.Errorf("a member names themself: %v", err)
		}
		var invalid *community.Invalid
		if err := name("minh", "lan nguyen"); !errors.As(err, &invalid) {
			t.Errorf("a name with a space: %v", err)
		}
		if err := name("minh", "@lan_nguyen"); err != nil {
			t.Fatal(err)
		}
		s.isAnswered("lananh")
		if err := name("minh", ""); err != nil {
			t.Fatal(err)
		}
		s.isAnswered("minhtu")
		s.passes(time.Minute, time.Minute)
		var as []string
		for _, p := range s.net.posted {
			as = append(as, p.As)
		}
		if slices.Sort(as); !slices.Equal(as, []string{"", "lan_nguyen"}) {
			t.Errorf("posted as %q, want once under the own name and once as the brand", as)
		}
	})
}
