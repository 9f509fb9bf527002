package twitter

import "github.com/kith-social/kith/listeners"

// What X charges, each by the resource that an answer holds (docs.x.com, pricing, 2026-08). X says "per
// resource returned", so the authors that come along with posts are counted too: what we meter is never
// less than what is charged. The own timelines are cheaper where the app belongs to the brand's own
// account, and there everything in the answer is. A resource that is read twice on one UTC day is charged
// once; what a round reads again is not counted, an author who wrote on two pages is.
const (
	ownedPrice  listeners.MicroUSD = 1_000
	postPrice   listeners.MicroUSD = 5_000
	userPrice   listeners.MicroUSD = 10_000
	eventPrice  listeners.MicroUSD = 5_000 // of a post that a webhook brings
	countPrice  listeners.MicroUSD = 5_000 // of a request
	replyPrice  listeners.MicroUSD = 10_000
	linkPrice   listeners.MicroUSD = 200_000
	deletePrice listeners.MicroUSD = 10_000                               // of a request
	hidePrice   listeners.MicroUSD = 5_000                                // of a request, also of one that shows a post again
	dearestPage                    = pageSize * (2*postPrice + userPrice) // a search that brings quoted posts and authors
)

// changePrices are what the requests about posts cost that are on X already.
var changePrices = map[listeners.ChangeKind]listeners.MicroUSD{
	listeners.DeleteReply: deletePrice, listeners.HidePost: hidePrice, listeners.ShowPost: hidePrice,
}

// tariff is what a read costs.
type tariff struct {
	unit       string
	post, user listeners.MicroUSD
	rule       string
}

func (c *Channel) owned() tariff {
	if !c.ownApp {
		return tariff{unit: "post_read", post: postPrice, user: userPrice}
	}
	return tariff{unit: "owned_read", post: ownedPrice, user: ownedPrice}
}

func search(rule string) tariff {
	return tariff{unit: "post_read", post: postPrice, user: userPrice, rule: rule}
}

// spend prices the posts of an answer that are new to today, with what came along.
func (t tariff) spend(a *answer, isNew func(*post) bool) []listeners.Spend {
	posts, users, quoted := 0, make(map[string]bool), make(map[string]bool)
	for i := range a.posts {
		p := &a.posts[i]
		if !isNew(p) {
			continue
		}
		posts++
		if _, known := a.authors[p.author]; known {
			users[p.author] = true
		}
		for _, id := range []string{p.quotes, p.parent} {
			if _, came := a.quoted[id]; came {
				quoted[id] = true
			}
		}
	}
	var spent []listeners.Spend
	add := func(unit string, n int, price listeners.MicroUSD) {
		if n > 0 {
			spent = append(spent, listeners.Spend{Unit: unit, N: n, Cost: listeners.MicroUSD(n) * price, Rule: t.rule})
		}
	}
	add(t.unit, posts+len(quoted), t.post)
	if t.unit == "owned_read" {
		add("owned_user_read", len(users), t.user)
	} else {
		add("user_read", len(users), t.user)
	}
	return spent
}

func all(*post) bool { return true }
