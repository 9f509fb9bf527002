// Package moderation decides: which lane a mention goes to, whether an answer may leave at once or
// waits for a review, and what a reviewer's word does.
//
// A rule looks at the facts of a mention and says what happens to it; deciding is pure, see package rules.
// A brand's own rules are a draft until somebody switches them on, which makes a version of them. Intake is
// what happens to every page of posts: score, decide, open or continue cases. The Desk is where answers arrive:
// Submit and Approve are the only ways an answer can become a reply. A review is one decision over an
// answer, by a person or by a rule.
//
// A label is what a person said of a mention; a layer is what a brand's labels taught. Learn makes a layer,
// Quality says how well triage does.
//
// An alert calls a brand's people because something is not as usual: Watch opens and ends them, TellAlerts
// calls. StormOf, which is pure, tells a storm from a busy day.
//
// It owns the tables reviews, appeals, labels, layers, learning, heard_days, heard_slots, alerts, rule_drafts,
// rule_versions and rule_watches.
package moderation
