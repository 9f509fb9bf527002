package listeners

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// Evidence tells how we know that a reply which a member posted by hand is on the network.
type Evidence string

// The kinds of evidence.
const (
	Verified Evidence = "verified" // the link was followed: author, text and place are right
	Seen     Evidence = "seen"     // it was heard on the network afterwards
	Said     Evidence = "said"     // the member says so; it earns nothing
)

// When a member is reminded of a reply that they are to post by hand, and when it goes back to the pool.
const (
	RemindAfter = 30 * time.Minute
	ReturnAfter = 4 * time.Hour
)

// What a person may be told about a link that they bring.
var (
	ErrNotByHand  = errors.New("this answer does not wait for somebody to post it any more")
	ErrNoLink     = errors.New("this is not a link to a post there; copy the link of your own post")
	ErrNotThere   = errors.New("the network does not show a post under this link yet; wait a minute and try again")
	ErrOtherWords = errors.New("the post under this link says something else than what was approved")
	ErrOtherPlace = errors.New("the post under this link does not answer this customer")
	ErrOtherName  = errors.New("the post under this link is somebody else's")
)

// notPosted is the error of a reply that nobody posted by hand.
const notPosted Class = "not_posted"

// Verify follows a link to what a member posted by hand. It is Verified where author, text and place are
// right, and Said where the network cannot be asked; an error says what is wrong. as is the name that the
// member has there, "" where nobody knows it; brand tells that they post as the brand.
func (d *Deliverer) Verify(ctx context.Context, r Reply, n Network, link, as string, brand bool) (Evidence, Sent, error) {
	u := webLink(link)
	if u == nil {
		return "", Sent{}, ErrNoLink
	}
	told := Sent{URL: u.String()}
	c, err := FindConnection(ctx, d.Read, r.ConnectionID)
	if err != nil {
		return "", told, err
	}
	if n.Link == nil {
		return Said, told, nil
	}
	if told.NativeID = n.Link(c.Settings, u.String()); told.NativeID == "" || told.NativeID == r.ParentID {
		return "", told, ErrNoLink
	}
	ch, err := d.Open(c)
	if err != nil {
		return "", told, err
	}
	if _, ok := ch.(Hydrator); !ok {
		return Said, told, nil
	}
	if err := Affordable(ctx, d.Read, c, ch.Capabilities().PageCost, d.Now()); err != nil {
		return "", told, err
	}
	l := line{d: d, connection: c, ch: ch}
	var look Page
	err = l.call(ctx, func(ch Channel) (err error) {
		look, err = ch.(Hydrator).Hydrate(ctx, []string{told.NativeID})
		return err
	})
	// Booked at once: the look is paid for whatever it shows and whatever the member does about it.
	if err := errors.Join(err, d.book(context.WithoutCancel(ctx), c.ID, look.Spend)); err != nil {
		return "", told, err
	}
	if len(look.Posts) == 0 {
		return "", told, ErrNotThere
	}
	own, err := OwnAccounts(ctx, d.Read, c.BrandID, c.Network)
	if err != nil {
		return "", told, err
	}
	p := look.Posts[0]
	ours := slices.Contains(own, p.Author.NativeID)
	switch {
	case p.ParentID != r.ParentID && (p.ThreadKey == "" || p.ThreadKey != r.ThreadKey || p.ParentID != ""):
		return "", told, ErrOtherPlace
	case !carries(p.Text, r.Text):
		return "", told, ErrOtherWords
	case ours != brand, as != "" && !brand && !strings.EqualFold(as, p.Author.Handle):
		return "", told, ErrOtherName
	}
	told.URL = p.URL
	return Verified, told, nil
}

// carries tells whether a post says what was approved, perhaps with a line after it that says who speaks.
func carries(post, approved string) bool {
	rest, ok := strings.CutPrefix(bare(post), bare(approved))
	return ok && (rest == "" || strings.HasPrefix(rest, " ")) && len(rest) <= mostSaid
}

// Posted notes that a reply which waits to be posted by hand is on the network, or that more is known of one
// of which a member had only said so. ErrNotByHand if it is neither.
func Posted(ctx context.Context, tx Tx, r Reply, e Evidence, s Sent) (Reply, error) {
	q := tx.NewUpdate().Model(&r).
		Set("state = ?, evidence = ?, native_id = ?, url = ?, error = '', version = version + 1", Delivered, e, s.NativeID, s.URL).
		Set("sent_at = COALESCE(sent_at, ?)", tx.Now()).Where("id = ? AND mode = ?", r.ID, Assisted)
	if e == Said {
		q = q.Where("state = ?", ByHand)
	} else {
		q = q.Where("(state = ? OR state = ? AND evidence = ?)", ByHand, Delivered, Said)
	}
	return r, once(ctx, q.Returning("*"), r.ID)
}

// Unposted ends a reply that nobody posts by hand.
func Unposted(ctx context.Context, tx Tx, r Reply) (Reply, error) {
	q := tx.NewUpdate().Model(&r).Set("state = ?, error = ?, version = version + 1", Failed, notPosted).
		Where("id = ? AND state = ?", r.ID, ByHand).Returning("*")
	return r, once(ctx, q, r.ID)
}

// once makes a change of a reply that must not have been made before.
func once(ctx context.Context, q *bun.UpdateQuery, id string) error {
	res, err := q.Exec(ctx)
	if err != nil {
		return fmt.Errorf("settle reply %s: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return cmp.Or(err, ErrNotByHand)
	}
	return nil
}

// HandsDue takes up what is due of the replies that wait to be posted by hand: at first they wait on and a
// member is to be reminded; the second time they have failed.
func HandsDue(ctx context.Context, tx Tx, most int) ([]Reply, error) {
	ids := tx.NewSelect().Table("replies").Column("id").Where("state = 'by_hand' AND due_at <= ?", tx.Now()).Order("due_at", "id").Limit(int64(most))
	var due []Reply
	_, err := tx.NewUpdate().Model(&due).ModelTableExpr("replies").
		Set("state = CASE WHEN reads = 0 THEN state ELSE ? END, error = CASE WHEN reads = 0 THEN error ELSE ? END", Failed, notPosted).
		Set("reads = reads + 1, due_at = ?, version = version + 1", tx.Now().Add(ReturnAfter-RemindAfter)).
		Where("id IN (?) AND state = 'by_hand'", ids).Returning("*").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("remind of what is to be posted by hand: %w", err)
	}
	return due, nil
}

// SeenByHand finds among posts of anybody those that are replies which a member posted by hand. It gives
// their native ids, and notes the replies of which that was not certain before, which it returns.
func SeenByHand(ctx context.Context, tx Tx, c Connection, posts []Post) (map[string]bool, []Reply, error) {
	if len(posts) == 0 {
		return nil, nil, nil
	}
	natives, parents := make([]string, 0, len(posts)), make([]string, 0, len(posts))
	for _, p := range posts {
		natives = append(natives, p.NativeID)
		if p.ParentID != "" {
			parents = append(parents, p.ParentID)
		}
	}
	var known []Reply
	for _, which := range []func(*bun.SelectQuery) *bun.SelectQuery{ // apart, so that each has its index
		func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("native_id <> ''").Where(AnyOf(tx, "native_id", natives))
		},
		func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("native_id = '' AND state IN ('by_hand', 'sent')").Where(AnyOf(tx, "parent_id", parents))
		},
	} {
		var some []Reply
		err := tx.NewSelect().Model(&some).Apply(which).Where("mode = ?", Assisted).
			Where("connection_id IN (SELECT id FROM connections WHERE brand_id = ? AND network = ?)", c.BrandID, c.Network).Scan(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("look for replies posted by hand: %w", err)
		}
		known = append(known, some...)
	}
	ours, sure := map[string]bool{}, []Reply(nil)
	for _, p := range posts {
		for i := range known {
			r := &known[i]
			if r.NativeID != p.NativeID && (r.NativeID != "" || r.ParentID != p.ParentID || !carries(p.Text, r.Text)) {
				continue
			}
			ours[p.NativeID] = true
			if r.State == ByHand || r.State == Delivered && r.Evidence == Said {
				seen, err := Posted(ctx, tx, *r, Seen, Sent{NativeID: p.NativeID, URL: p.URL})
				if err != nil {
					return nil, nil, err
				}
				*r, sure = seen, append(sure, seen)
			}
			break
		}
	}
	return ours, sure, nil
}
