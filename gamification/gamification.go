// Package gamification keeps the points: thanks for outcomes, written into an append-only ledger.
//
// An entry is one line of it: a member earned an amount by a rule because of an event. A wrong entry
// is never changed; another entry reverses it. An entry matures: until then it is pending, and may
// still be reversed before it counts. The balance is the sum of what has matured. Points buy no
// rights; what a member may do is trust, which package community keeps.
//
// A table says what each rule pays; a brand may have its own, in versions, and each entry names the
// version that it was written by. Brakes lower what an entry pays, never what was paid before: they look
// at what the same member earned shortly before, so that the whole ledger can be reckoned again from its
// entries, which is how it is verified and how a change of the table is forecast.
//
// A badge marks an outcome that the ledger can show: it is given when the entries it counts have matured, and taken
// back when they do not stand any more. An award is a badge that a member holds.
//
// A detector looks for points that may not have been earned fairly. A hit opens a fair-play case and freezes the
// entries in question, beside the ledger and for a week at most; a person decides whether they count.
//
// A season is four weeks, within which members are ranked by how good their answers are; a league is those who write
// about as much. A quest is what all try together for a week, and a reward what a brand gives besides thanks, which
// buys no rights and no rank either.
//
// It owns the tables point_entries, point_tables, awards, badge_looks, fair_cases, point_freezes, fair_looks, seasons,
// season_places, quests, reward_programmes and redemptions and imports nothing of the product but its clock.
package gamification
