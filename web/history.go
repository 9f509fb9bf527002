package web

import (
	"context"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/moderation/rules"
)

// kindLooks are how the kinds of activities look in a history; a kind without one looks plain.
var kindLooks = map[community.Kind]struct{ icon, look string }{
	community.CaseReopened:     {"inbox", ""},
	community.CasePasted:       {"link", ""},
	community.CaseClaimed:      {"hand", ""},
	community.CaseReleased:     {"undo-2", ""},
	community.LeaseEnded:       {"timer", ""},
	community.AnswerSubmitted:  {"pencil-line", ""},
	community.AnswerReturned:   {"undo-2", "bad"},
	community.AnswerApproved:   {"check", "good"},
	community.AnswerTakenBack:  {"undo-2", ""},
	community.ReplySent:        {"send", "good"},
	community.ReplyFailed:      {"circle-alert", "bad"},
	community.ReplyDoubtful:    {"triangle-alert", "bad"},
	community.ReplyEdited:      {"pencil-line", ""},
	community.ReplyDeleted:     {"ban", "bad"},
	community.PostHidden:       {"ban", ""},
	community.PostUnhidden:     {"eye", ""},
	community.ChangeFailed:     {"circle-alert", "bad"},
	community.CaseElsewhere:    {"info", ""},
	community.CustomerThanks:   {"sparkles", "good"},
	community.CaseSolved:       {"check-check", "good"},
	community.Escalated:        {"hand", ""},
	community.HandoverRight:    {"check", "good"},
	community.HandoverNeedless: {"info", ""},
	community.BadgeGiven:       {"sparkles", "good"},
	community.BadgeTaken:       {"info", ""},
	community.LaneRaised:       {"triangle-alert", ""},
	community.CaseClosed:       {"check", ""},
	community.CaseOverflowed:   {"hand", ""},
	community.CaseFlowedBack:   {"undo-2", ""},
	community.CaseCovered:      {"check-check", ""},
	community.CaseUncovered:    {"undo-2", ""},
	community.FactsChanged:     {"triangle-alert", ""},

	community.MemberAccepted:   {"check", "good"},
	community.MemberSuspended:  {"ban", "bad"},
	community.MemberReinstated: {"undo-2", "good"},
	community.MemberLeft:       {"log-out", ""},
}

// history writes the activities of a case as people read them, oldest first.
func history(ctx context.Context, activities []community.Activity, members map[int64]community.Member) []Entry {
	entries := make([]Entry, len(activities))
	for i, a := range activities {
		look := kindLooks[a.Kind]
		if look.icon == "" {
			look.icon = "info"
		}
		entries[i] = Entry{Icon: look.icon, Look: look.look, Text: happened(ctx, a, members), At: a.CreatedAt}
	}
	return entries
}

// happened is the sentence of an activity, with the reason where somebody gave one.
func happened(ctx context.Context, a community.Activity, members map[int64]community.Member) string {
	who := members[a.ActorID].PublicName
	if a.Kind == community.LeaseEnded {
		who = members[a.Detail.Member].PublicName
	}
	if who == "" {
		who = T(ctx, "activity_by_rule")
	}
	said := T(ctx, "activity."+string(a.Kind), "who", who)
	switch why := a.Detail; {
	case (a.Kind == community.AnswerSubmitted || a.Kind == community.CorrectionAsked) && why.Rule != "":
		return said + " " + whyReviewed(ctx, why.Rule) + "."
	case a.Kind == community.PostHidden && why.Rule == listeners.HoldsPhone:
		return T(ctx, "change.told_phone")
	case a.Kind == community.PostHidden && strings.HasPrefix(why.Rule, rules.Own):
		return T(ctx, "change.told_rule", "name", strings.TrimPrefix(why.Rule, rules.Own))
	case a.Kind == community.ReplyDeleted:
		return strings.TrimSpace(said + " " + T(ctx, deleteTexts[why.Rule]) + " " + quoted(why.Text))
	case (a.Kind == community.ReplyFailed || a.Kind == community.ChangeFailed) && why.Text != "":
		return said + " " + T(ctx, "network_error."+why.Text)
	case a.Kind == community.MemberAdded:
		return said + " " + T(ctx, roleText[why.Text]) + "."
	case a.Kind == community.CaseOverflowed || a.Kind == community.CaseFlowedBack:
		return said + " " + T(ctx, "overflow_why."+why.Rule)
	case a.Kind == community.LaneRaised && why.Rule != "":
		return said + " " + whyLane(ctx, why.Rule)
	case a.Kind != community.ReplyDoubtful && a.Kind != community.CaseElsewhere && why.Text != "":
		return said + " " + quoted(why.Text)
	}
	return said
}

// whyLane says why a case is in its lane: a rule that the brand wrote goes by its name.
func whyLane(ctx context.Context, why string) string {
	if name, own := strings.CutPrefix(why, rules.Own); own {
		return T(ctx, "rules.why_lane", "name", name)
	}
	return T(ctx, "lane_why."+why)
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return "“" + text + "”"
}

// whyReviewed says why a person looks at an answer before it leaves.
func whyReviewed(ctx context.Context, code string) string {
	if moderation.Flag(code).Known() {
		return T(ctx, "guard."+code)
	}
	if code == community.FactsReview {
		return T(ctx, "why.facts_changed")
	}
	return T(ctx, "why."+code)
}
