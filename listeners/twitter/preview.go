package twitter

import (
	"context"
	"net/url"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

const (
	leastFound = 10 // posts that a search can be asked for
	month      = 30 // days
)

// PreviewCost is the most that counting a query and reading the newest of what matched costs.
func (c *Channel) PreviewCost(most int) listeners.MicroUSD {
	return countPrice + listeners.MicroUSD(asked(most))*(2*postPrice+userPrice)
}

// asked is how many posts a search is asked for.
func asked(most int) int { return min(max(most, leastFound), pageSize) }

// Preview counts what matched a query in the last seven days, and reads the newest of it. A month is
// priced as if every post came with an author of its own.
func (c *Channel) Preview(ctx context.Context, query string, most int) (listeners.Preview, error) {
	const doing = "try a search"
	var p listeners.Preview
	body, err := c.get(ctx, doing, c.user, "/2/tweets/counts/recent", url.Values{"query": {query}, "granularity": {"day"}})
	if err != nil {
		return p, err
	}
	p.Spend = []listeners.Spend{{Unit: "count", N: 1, Cost: countPrice}}
	gjson.GetBytes(body, "data").ForEach(func(_, day gjson.Result) bool {
		if at, err := time.Parse(time.RFC3339, day.Get("start").Str); err == nil {
			n := int(day.Get("post_count").Int())
			p.Days, p.Matched = append(p.Days, listeners.DayVolume{Day: clock.At(at), Posts: n}), p.Matched+n
		}
		return true
	})
	p.Monthly = listeners.MicroUSD(p.Matched*month) * (postPrice + userPrice) / listeners.MicroUSD(searchDays/(24*time.Hour))
	if p.Matched == 0 {
		return p, nil
	}
	recorded, call := listeners.Record(ctx, nil)
	if err := c.readError(doing, call, c.search(recorded, call, query, asked(most), mark{}, times{})); err != nil {
		return p, err
	}
	a, err := c.answered(call.Body)
	if err != nil {
		return p, c.malformed(doing, err)
	}
	p.Posts = c.found(a, source{reason: listeners.Keyword}).Posts
	p.Spend = append(p.Spend, search("").spend(a, all)...)
	return p, nil
}
