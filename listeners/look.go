package listeners

import (
	"context"
	"errors"
)

// Look reads one post that a person has brought, and hands it on as any other of the connection. It is
// false where the network does not show the post: it may be gone, or never have been for us.
func (p *Poller) Look(ctx context.Context, c Connection, nativeID string) (shown bool, err error) {
	ch, err := p.Open(c)
	if err != nil {
		return false, err
	}
	looker, ok := ch.(Hydrator)
	if !ok {
		return false, nil
	}
	c.caps = ch.Capabilities()
	purse, err := openPurse(ctx, p.Read, c, c.caps.PageCost, p.Now)
	if err != nil {
		return false, err
	}
	page, err := purse.buy(func() (Page, error) { return looker.Hydrate(ctx, []string{nativeID}) })
	var e *Error
	switch {
	case errors.As(err, &e) && (e.Class == Gone || e.Class == Forbidden || e.Class == NotEligible || e.Class == Invalid):
		return false, nil
	case err != nil:
		return false, err
	}
	shown = len(page.Posts) > 0
	page.Gone = nil // of a post that was never heard, and may be there for others
	return shown, p.handOn(ctx, c, page)
}

// handOn stores a page that was read besides the rounds.
func (p *Poller) handOn(ctx context.Context, c Connection, page Page) error {
	page.Next = c.Cursor
	var h heard
	h.add(page)
	h.store = p.Sink(c, h.posts)
	return p.Transact(context.WithoutCancel(ctx), func(ctx context.Context, tx Tx) error { return p.keep(ctx, tx, &c, h) })
}
