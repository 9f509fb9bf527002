package community

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/uptrace/bun"
)

// Activity is one line of the history: timeline of a case, audit trail, and the tail that live pages
// follow. It is written in the transaction of what it tells.
type Activity struct {
	bun.BaseModel `bun:"table:activities,alias:a"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	CaseID    int64 `bun:",nullzero"` // 0 where it is about several cases or none
	ActorID   int64 `bun:",nullzero"` // the member who did it; 0 for rules and networks
	Kind      Kind
	Lane      Lane   // of the case when it happened: who may hear of it; "" = every member
	Detail    Detail `bun:"type:text"`
	CreatedAt clock.Time
}

// Detail is what an activity tells besides; each kind uses what it needs.
type Detail struct {
	Text     string  `json:"text,omitempty"`
	Rule     string  `json:"rule,omitempty"`
	Before   string  `json:"before,omitempty"` // of what was changed
	Member   int64   `json:"member,omitempty"`
	Mention  int64   `json:"mention,omitempty"`
	Answer   int64   `json:"answer,omitempty"`
	Reply    string  `json:"reply,omitempty"`
	Cases    []int64 `json:"cases,omitempty"`
	Posts    int     `json:"posts,omitempty"`
	Why      string  `json:"why,omitempty"`
	Incident int64   `json:"incident,omitempty"`
	// Account is a connected account, as network:handle.
	Account string `json:"account,omitempty"`
	// Customer is the id of a customer's account. It stands last, so that it can be looked for.
	Customer int64 `json:"customer,omitempty"`
}

// Kind tells what happened; its sentence stands in the catalogs as "activity.<kind>".
type Kind string

// The kinds of activities.
const (
	Heard              Kind = "heard"            // posts came in: Posts, and Cases that they continued
	CaseReopened       Kind = "case_reopened"    // the customer wrote again
	CaseClaimed        Kind = "case_claimed"     //
	CaseReleased       Kind = "case_released"    //
	LeaseEnded         Kind = "lease_ended"      // Member
	CaseDeclined       Kind = "case_declined"    // Text: the reason; for employees only
	CasePassedOn       Kind = "case_passed_on"   // Member: to whom it was suggested, Text: the note
	CaseTakenOver      Kind = "case_taken_over"  // Member: who lost it
	DraftReused        Kind = "draft_reused"     // Answer, Member: who wrote the draft
	AnswerSubmitted    Kind = "answer_submitted" // Answer, Rule: why it is reviewed
	AnswerReturned     Kind = "answer_returned"  // Answer, Member: its author, Text: the reason
	AnswerApproved     Kind = "answer_approved"  // Answer, Rule where a rule approved
	AnswerTakenBack    Kind = "answer_taken_back"
	AnswerAgreed       Kind = "answer_agreed"      // Answer: one of the approvals it needs
	AnswerTakenOver    Kind = "answer_taken_over"  // Answer, Member: its author; a reviewer goes on with it
	AnswerOverride     Kind = "answer_override"    // Answer, Member: its author, Text: why it left without all approvals
	OverrideFine       Kind = "override_confirmed" // Answer, Member: who let it leave
	OverrideWrong      Kind = "override_flagged"   // Answer, Member: who let it leave, Text: what is wrong
	ReviewLate         Kind = "review_late"        // Answer: nobody has looked at it for long
	ReviewAppealed     Kind = "review_appealed"    // Answer, Member: its author, Text: the reason
	AppealUpheld       Kind = "appeal_upheld"      // Answer, Member: its author, Text: why the decision stands
	AppealChanged      Kind = "appeal_changed"     // Answer, Member: its author, Text: why it does not
	DutyChanged        Kind = "duty_changed"       // Member
	ReplySent          Kind = "reply_sent"         // Answer, Reply
	ReplyFailed        Kind = "reply_failed"       // Answer, Reply, Text: the class of the failure
	ReplyDoubtful      Kind = "reply_doubtful"
	ReplyHeld          Kind = "reply_held"          // the network's people look at it first
	ReplyByHand        Kind = "reply_by_hand"       // its author is to post it themselves
	ReplyNeedless      Kind = "reply_needless"      // the brand answered with another tool before it left
	HandReminded       Kind = "hand_reminded"       // as a notice only: a reply still waits to be posted by hand
	HandGivenUp        Kind = "hand_given_up"       // Answer, Reply, Text: why nobody posts it by hand
	CorrectionAsked    Kind = "correction_asked"    // Answer, Rule: why it is reviewed
	CorrectionApproved Kind = "correction_approved" // Answer, Rule where a rule approved
	CorrectionReturned Kind = "correction_returned" // Answer, Member: its author, Text: the reason
	ReplyEdited        Kind = "reply_edited"        // Answer, Reply: it has other words on the network
	ReplyDeleted       Kind = "reply_deleted"       // Answer, Reply, Rule: why, Text: what was said of it
	PostHidden         Kind = "post_hidden"         // Mention, Rule or Text: why; by the brand
	PostUnhidden       Kind = "post_unhidden"       // Mention
	ChangeFailed       Kind = "change_failed"       // Rule: what was to be done, Text: the class of the failure
	CaseElsewhere      Kind = "case_elsewhere"      // the brand answered with another tool
	CustomerThanks     Kind = "customer_thanks"
	CaseSolved         Kind = "case_solved"
	Escalated          Kind = "escalated"         // Text: the reason; Lane: the lane it left
	HandoverRight      Kind = "handover_right"    // Member: who handed it over
	HandoverNeedless   Kind = "handover_needless" // Member
	BadgeGiven         Kind = "badge_given"       // Member; Rule: the badge; Text: the words of who gave it by hand
	BadgeTaken         Kind = "badge_taken"       // Member, Rule
	FairOpened         Kind = "fair_opened"       // Member, Rule: the detector; as the next: points under review
	FairLapsed         Kind = "fair_lapsed"       // nobody decided in time, and they count
	FairCleared        Kind = "fair_cleared"      // a person found nothing wrong; Text: their words, as in the next
	FairTaken          Kind = "fair_taken"        // a person took them back
	FairAppealed       Kind = "fair_appealed"     // Text: of the member
	FairUpheld         Kind = "fair_upheld"       // the taking back stands
	FairRestored       Kind = "fair_restored"     // the points are given back
	FairWaits          Kind = "fair_waits"        // as a notice only: for who decides
	LaneRaised         Kind = "lane_raised"
	CaseClosed         Kind = "case_closed"
	MemberAdded        Kind = "member_added"
	TeamsChanged       Kind = "teams_changed" // Member, Before and Text: the teams
	TrustRaised        Kind = "trust_raised"  // Member, as every change of trust
	TrustWarned        Kind = "trust_warned"  // the answers no longer bear the level
	TrustRecovered     Kind = "trust_recovered"
	TrustLowered       Kind = "trust_lowered"
	TrustGranted       Kind = "trust_granted" // Text: the reason
	TrustGrantEnded    Kind = "trust_grant_ended"
	TrustDropped       Kind = "trust_dropped" // after a leak of somebody's data; Text: the reason
	TrustGuide         Kind = "trust_guide"   // a moderator and an admin agreed
	WeekLong           Kind = "week_long"     // as a notice only, like the next
	RestAdvised        Kind = "rest_advised"
	WeekTooLong        Kind = "week_too_long" // Member
	GuideProposed      Kind = "guide_proposed"
	SendingStopped     Kind = "sending_stopped" // Text: the connection's handle, "" for all of the brand; Rule: its network; Why
	SendingResumed     Kind = "sending_resumed" // the same, without Why
	AccountNamed       Kind = "account_named"   // Member; Before and Text: their own name on a network, Rule: the network
	AlertOpened        Kind = "alert_opened"    // Rule: its kind, Text: the account or rule it is about; as the next
	AlertRaised        Kind = "alert_raised"    // it became urgent
	AlertTaken         Kind = "alert_taken"     // by a member
	AlertClosed        Kind = "alert_closed"    // by a member
	AlertOver          Kind = "alert_over"      // its cause is gone
	ReceiverAdded      Kind = "receiver_added"  // alerts go there too; Rule: its kind, Text: its name
	ReceiverRemoved    Kind = "receiver_removed"
	SettingChanged     Kind = "setting_changed" // Rule: the section, Before and Text: its values
	RuleAlert          Kind = "rule_alert"      // Rule: the name of the rule that calls the staff, Mention
	RulesSwitched      Kind = "rules_switched"  // Before and Text: the rules, as JSON

	ConnectionChanged Kind = "connection_changed" // Account, Rule: what was done, Before and Text: of what was changed

	IncidentTold  Kind = "incident"       // Incident, Rule: what happened to it, Text, Posts: of how many cases
	CaseCovered   Kind = "case_covered"   // Incident: the public statement on it speaks
	CaseUncovered Kind = "case_uncovered" // Incident
	CaseLeft      Kind = "case_left"      // Incident: the case is not about it
	FactsChanged  Kind = "facts_changed"  // Incident, Answer: it says the new facts and is approved anew

	OptOutAdded   Kind = "opt_out_added"   // Customer, Text: the reason; by a member
	OptOutRemoved Kind = "opt_out_removed" // the same

	StaffAsked       Kind = "staff_asked"       // a question among colleagues
	OpinionAsked     Kind = "opinion_asked"     // Member: the peer
	NoteAnswered     Kind = "note_answered"     // Member: who had asked
	Mentioned        Kind = "mentioned"         // Member: who is named in a note
	PersonalRevealed Kind = "personal_revealed" // Text: the reason
	SnippetChanged   Kind = "snippet_changed"   // Rule: its name, Before and Text: its wording
	WordingSuggested Kind = "wording_suggested" // Rule: the snippet's name, Text: the wording
	WordingAccepted  Kind = "wording_accepted"
	WordingDeclined  Kind = "wording_declined"
)

// record writes an activity.
func record(ctx context.Context, tx Tx, a Activity) error {
	a.CreatedAt = tx.Now()
	if _, err := tx.NewInsert().Model(&a).Exec(ctx); err != nil {
		return fmt.Errorf("record %s: %w", a.Kind, err)
	}
	if a.ActorID == 0 {
		return nil
	}
	return worked(ctx, tx, a.ActorID)
}

// recordAll writes many activities at once.
func recordAll(ctx context.Context, tx Tx, all []Activity) error {
	ids, err := tx.NextIDs(ctx, "activities", len(all))
	if err != nil {
		return err
	}
	columns := []string{"id bigint", "brand_id bigint", "case_id bigint", "actor_id bigint", "kind text", "lane text", "detail text", "created_at bigint"}
	return tx.InsertRows(ctx, "activities", columns, len(all), func(i int, into []any) {
		a := &all[i]
		detail, _ := json.Marshal(a.Detail) // texts and numbers: it cannot fail
		into[0], into[1], into[2], into[3] = ids[i], a.BrandID, a.CaseID, nil
		if a.ActorID != 0 {
			into[3] = a.ActorID
		}
		into[4], into[5], into[6], into[7] = string(a.Kind), string(a.Lane), string(detail), int64(tx.Now())
	})
}

// amongUs are kinds whose texts are for the author of the answer and for employees.
var amongUs = []Kind{AnswerReturned, CorrectionReturned, AnswerOverride, OverrideWrong, ReviewAppealed, AppealUpheld, AppealChanged}

// Timeline reads the history of a case as the member may see it, oldest first: nothing from lanes they
// do not see, and a reviewer's advice only as its author's and employees'.
func Timeline(ctx context.Context, db bun.IDB, m *Member, caseID int64) ([]Activity, error) {
	var all []Activity
	err := db.NewSelect().Model(&all).
		Where("a.case_id = ? AND a.brand_id = ? AND (a.lane = '' OR a.lane IN (?))", caseID, m.BrandID, bun.List(m.Lanes())).
		Order("a.id").Limit(500).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the history of case %d: %w", caseID, err)
	}
	for i, a := range all {
		if slices.Contains(amongUs, a.Kind) && a.Detail.Member != m.ID && !m.Role.Employee() {
			all[i].Detail.Text = ""
		}
	}
	return all, nil
}

// Tail reads activities after an id, oldest first, for whoever follows what happens.
func Tail(ctx context.Context, db bun.IDB, after int64, most int) ([]Activity, error) {
	var all []Activity
	if err := db.NewSelect().Model(&all).Where("a.id > ?", after).Order("a.id").Limit(int64(most)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("follow the history: %w", err)
	}
	return all, nil
}

// LastActivity is the id from which Tail gives only what is new.
func LastActivity(ctx context.Context, db bun.IDB) (int64, error) {
	var id int64
	err := db.NewSelect().Table("activities").ColumnExpr("COALESCE(MAX(id), 0)").Scan(ctx, &id)
	return id, err
}

// RecordHeard writes the one activity of posts that came in together: how many, and the cases that
// they continued. A new case is open on nobody's page.
func RecordHeard(ctx context.Context, tx Tx, conn listeners.Connection, cases []int64, posts int) error {
	return record(ctx, tx, Activity{BrandID: conn.BrandID, Kind: Heard, Detail: Detail{Cases: cases, Posts: posts}})
}
