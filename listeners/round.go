package listeners

import (
	"cmp"
	"context"
	"fmt"

	"github.com/kith-social/kith/clock"
)

// pagesAhead is how many fetched pages may wait, and how many make a group at most: what a page costs
// besides its posts (a commit, looking things up) is shared, and most follow-ups meet their thread.
const pagesAhead = 20

// heard is a group of pages that is stored together.
type heard struct {
	posts     []Post
	gone      []Removal
	rejected  []Rejected
	spend     []Spend
	next      Cursor
	notBefore clock.Time
	revoked   bool
	pages     []Page // of deliveries, one each
	store     func(context.Context, Tx) error
}

func (h *heard) add(page Page) {
	h.posts, h.gone, h.rejected = append(h.posts, page.Posts...), append(h.gone, page.Gone...), append(h.rejected, page.Rejected...)
	h.spend, h.next = append(h.spend, page.Spend...), page.Next
	h.notBefore, h.revoked = max(h.notBefore, page.NotBefore), h.revoked || page.Revoked
}

// full tells whether no other page may join: what comes after a removal may be the same post shown again.
func (h *heard) full() bool { return len(h.gone) > 0 || h.revoked }

func (h *heard) empty() bool {
	return len(h.posts)+len(h.gone)+len(h.rejected)+len(h.spend) == 0 && !h.revoked
}

// round reads what there is to read, with secrets that hold: they are renewed shortly before their end,
// and once more where the network refuses them all the same.
func (p *Poller) round(ctx context.Context, c *Connection) error {
	ch, err := p.Open(*c)
	if err != nil {
		return err
	}
	if endsSoon(ch, p.Now()) {
		if ch, err = p.renew(ctx, c); err != nil {
			return err
		}
	}
	err = p.read(ctx, c, ch)
	if err == nil || classify(err, Transient).Class != AuthExpired {
		return err
	}
	if _, ok := ch.(AuthKeeper); !ok {
		return err
	}
	if ch, err = p.renew(ctx, c); err != nil {
		return err
	}
	return p.read(ctx, c, ch)
}

func (p *Poller) renew(ctx context.Context, c *Connection) (Channel, error) {
	renewed, err := p.Renew(ctx, *c)
	if err != nil {
		return nil, err
	}
	c.Secrets, c.SecretsVersion = renewed.Secrets, renewed.SecretsVersion
	return p.Open(*c)
}

// read fetches to the end of what there is, and then some of what was missed before.
func (p *Poller) read(ctx context.Context, c *Connection, ch Channel) error {
	c.caps = ch.Capabilities()
	c.pause = c.pauseAt(p.Now(), p.Interval)
	fetcher, ok := ch.(Fetcher)
	if !ok {
		return nil // what there is to hear is brought
	}
	if err := p.noteGaps(ctx, c, ch); err != nil {
		return err
	}
	purse, err := openPurse(ctx, p.Read, *c, c.caps.PageCost, p.Now)
	if err != nil {
		return err
	}
	if err := p.follow(ctx, c, fetcher, purse); err != nil {
		return err
	}
	return p.refill(ctx, c, ch, purse)
}

// follow fetches pages after the cursor while earlier ones are stored.
func (p *Poller) follow(ctx context.Context, c *Connection, fetcher Fetcher, purse *purse) error {
	ahead, stop := context.WithCancel(ctx)
	defer stop()
	pages, groups := make(chan Page, pagesAhead), make(chan heard)
	var fetched, failed error
	go func() {
		defer close(pages)
		fetched = fetch(ahead, fetcher, c.Cursor, purse, pages)
	}()
	go func(c Connection) {
		defer close(groups)
		p.prepare(c, pages, groups)
	}(*c)
	for h := range groups { // what has been fetched is stored, whatever ends the fetching
		if failed != nil {
			continue
		}
		if failed = p.store(context.WithoutCancel(ctx), c, h); failed != nil {
			stop()
		}
	}
	return cmp.Or(failed, fetched)
}

// fetch reads pages until there are no more, or the budget could end with the next one.
func fetch(ctx context.Context, from Fetcher, cursor Cursor, purse *purse, pages chan<- Page) error {
	for more := true; more; {
		page, err := purse.buy(func() (Page, error) { return from.Fetch(ctx, cursor) })
		if err != nil {
			return err
		}
		select {
		case pages <- page:
		case <-ctx.Done():
			return ctx.Err()
		}
		cursor, more = page.Next, page.More && page.NotBefore == 0 && !page.Revoked
	}
	return nil
}

// prepare makes groups of the pages that are there, until the channel closes.
func (p *Poller) prepare(c Connection, pages <-chan Page, groups chan<- heard) {
	for first := range pages {
		var h heard
		h.add(first)
		for range min(len(pages), pagesAhead-1) {
			if p.Apart || h.full() {
				break
			}
			h.add(<-pages)
		}
		h.store = p.Sink(c, h.posts)
		groups <- h
	}
}

// store writes a group with its cursor.
func (p *Poller) store(ctx context.Context, c *Connection, h heard) error {
	c.notBefore = max(c.notBefore, h.notBefore)
	for _, post := range h.posts {
		c.newest = max(c.newest, min(post.CreatedAt, p.Now()))
		if c.oldest == 0 || post.CreatedAt < c.oldest {
			c.oldest = post.CreatedAt
		}
	}
	if h.empty() && h.next == c.Cursor {
		return nil
	}
	err := p.Transact(ctx, func(ctx context.Context, tx Tx) error {
		res, err := tx.NewUpdate().Model((*Connection)(nil)).
			Set("cursor = ?, lease_until = ?", h.next, tx.Now().Add(p.Lease)).
			Where("id = ? AND fence = ?", c.ID, c.Fence).Exec(ctx)
		if err != nil {
			return fmt.Errorf("move the cursor of connection %d: %w", c.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errLeaseLost
		}
		return p.keep(ctx, tx, c, h)
	})
	if err == nil {
		c.Cursor = h.next
	}
	return err
}

// keep stores what a group brought: posts, removals, what could not be read and what it cost.
func (p *Poller) keep(ctx context.Context, tx Tx, c *Connection, h heard) error {
	if err := countRefilled(ctx, tx, c, h.posts); err != nil {
		return err
	}
	if err := h.store(ctx, tx); err != nil {
		return err
	}
	if len(h.gone) > 0 {
		if err := p.Gone(ctx, tx, *c, h.gone); err != nil {
			return err
		}
	}
	if err := bury(ctx, tx, c.ID, h.rejected); err != nil {
		return err
	}
	if err := Spent(ctx, tx, c.ID, h.spend); err != nil {
		return err
	}
	if h.revoked {
		return Break(ctx, tx, c.ID, revokedThere)
	}
	return nil
}

// revokedThere is the error of a connection whose network told us that access was taken away.
const revokedThere = "the network says that our access was taken away"
