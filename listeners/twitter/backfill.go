package twitter

import (
	"context"
	"encoding/json"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

const (
	searchDays = 7 * 24 * time.Hour // how far back a search goes
	searchSlip = time.Minute        // so that our clock may be a little behind X's
)

// past is how far a Backfill has come.
type past struct {
	Turn  int    `json:"turn"`
	Token string `json:"token,omitempty"`
}

// Backfill reads the page of [from, to) of the source whose turn it is. Mentions go back 800 posts,
// searches seven days.
func (c *Channel) Backfill(ctx context.Context, from, to clock.Time, after listeners.Cursor) (listeners.Page, error) {
	var p past
	if after != "" {
		if err := json.Unmarshal([]byte(after), &p); err != nil || p.Turn < 0 {
			return listeners.Page{}, listeners.ErrPlace
		}
	}
	sources, _ := c.sources()
	var page listeners.Page
	if p.Turn < len(sources) {
		s, when := sources[p.Turn], times{from.Std(), to.Std()}
		if oldest := c.now().Add(searchSlip - searchDays).Std(); s.rule != "" && when.from.Before(oldest) {
			when.from = oldest
		}
		if when.from.Before(when.to) {
			ctx, call := listeners.Record(ctx, emptyAnswer)
			if err := c.readError("read the past of "+s.name, call, s.read(ctx, call, mark{Token: p.Token}, when)); err != nil {
				return listeners.Page{}, err
			}
			a, err := c.answered(call.Body)
			if err != nil {
				return listeners.Page{}, c.malformed("read the past of "+s.name, err)
			}
			page, p.Token = c.found(a, s), a.next
			page.Spend = s.price.spend(a, all)
		}
		if p.Token == "" {
			p.Turn++
		}
	}
	next, err := json.Marshal(p)
	page.Next, page.More = listeners.Cursor(next), p.Turn < len(sources)
	return page, err
}
