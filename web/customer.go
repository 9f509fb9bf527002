package web

import (
	"context"
	"time"
)

// asks tells whether the reader can ask a colleague about the case.
func (v casePage) asks() bool { return v.Dock.Kind == dockWrite || v.Dock.Kind == dockFree }

// wholeMinutes is a wait as people speak of it: never less than one.
func wholeMinutes(d time.Duration) int { return max(1, int(d.Round(time.Minute).Minutes())) }

// fact is one thing that is known of a customer: why it is kept, and until when.
type fact struct{ Name, Value, Why, Until string }

// facts are all that is known of a customer.
func (v casePage) facts(ctx context.Context) []fact {
	all := []fact{
		{T(ctx, "case.known_since"), Day(ctx, v.Since), T(ctx, "fact.since_why"), T(ctx, "fact.with_account")},
		{T(ctx, "case.contacts"), Number(ctx, len(v.Past)+1), T(ctx, "fact.contacts_why"), T(ctx, "fact.with_posts")},
	}
	if reach := v.Customer.Reach; reach > 0 {
		all = append(all, fact{T(ctx, "fact.reach"), Number(ctx, reach), T(ctx, "fact.reach_why"), T(ctx, "fact.reach_until")})
	}
	if v.Topic != "" {
		all = append(all, fact{T(ctx, "case.topic"), v.Topic, T(ctx, "fact.topic_why"), T(ctx, "fact.with_case")})
	}
	if v.Thread.Masked || v.Reveals > 0 || v.Personal && !v.Dock.Me.Role.Employee() {
		all = append(all, fact{T(ctx, "fact.reveals"), Number(ctx, int(v.Reveals)), T(ctx, "fact.reveals_why"), T(ctx, "fact.with_history")})
	}
	if at := v.Customer.OptedOutAt; at != 0 {
		all = append(all, fact{T(ctx, "fact.opted_out"), Day(ctx, at), T(ctx, "fact.opted_out_why"), T(ctx, "fact.opted_out_until")})
	}
	return all
}
