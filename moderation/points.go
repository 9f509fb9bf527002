package moderation

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/gamification"
)

// pointChecks find entries without a cause and causes without an entry; each gives lines for an operator.
var pointChecks = []struct{ what, query string }{
	{
		"an approved answer of an advocate has no entry: review",
		`SELECT r.id FROM reviews r JOIN answers a ON a.id = r.answer_id JOIN members m ON m.id = a.member_id
		WHERE r.decision = 'approved' AND m.role = 'advocate' AND a.corrects_id IS NULL
			AND NOT EXISTS (SELECT 1 FROM replies p WHERE p.review_id = r.id AND p.mode = 'assisted' AND p.evidence IN ('', 'said'))
			AND NOT EXISTS (SELECT 1 FROM pastes b WHERE b.case_id = a.case_id AND b.member_id = a.member_id)
			AND NOT EXISTS (SELECT 1 FROM point_entries e WHERE e.member_id = a.member_id AND e.event IN ('review:' || r.id, 'posted:' || r.id))`,
	},
	{
		"an entry for an approval that does not exist: entry",
		`SELECT e.id FROM point_entries e WHERE e.rule IN ('approved', 'approved_edited')
			AND NOT EXISTS (SELECT 1 FROM reviews r JOIN answers a ON a.id = r.answer_id
				WHERE e.event IN ('review:' || r.id, 'posted:' || r.id) AND r.decision = 'approved' AND a.member_id = e.member_id
					AND (r.edited OR a.returns > 0 AND e.rule_version > 1) = (e.rule = 'approved_edited'))
			AND NOT EXISTS (SELECT 1 FROM point_entries b WHERE b.reverses_id = e.id)`,
	},
	{
		"an entry for an outcome that nobody told: entry",
		`SELECT e.id FROM point_entries e WHERE e.rule IN ('thanked', 'solved', 'reused', 'reviewed')
			AND NOT EXISTS (SELECT 1 FROM activities t WHERE t.case_id = e.case_id
				AND t.kind = CASE WHEN e.rule = 'thanked' THEN 'customer_thanks' ELSE 'case_solved' END)`,
	},
	{
		"an entry for a handover that no employee found right: entry",
		`SELECT e.id FROM point_entries e WHERE e.rule = 'escalated'
			AND NOT EXISTS (SELECT 1 FROM activities t WHERE t.case_id = e.case_id AND t.kind = 'handover_right')`,
	},
	{
		"an entry for a fault of an answer that was not taken down for it: entry",
		`SELECT e.id FROM point_entries e WHERE e.rule IN ('wrong', 'tone', 'private')
			AND NOT EXISTS (SELECT 1 FROM changes h JOIN replies p ON p.id = h.reply_id JOIN answers a ON a.id = p.answer_id
				WHERE e.event = 'removed:' || a.id AND a.member_id = e.member_id AND h.why = e.rule)`,
	},
	{
		"points for what a member did for themselves, or for somebody linked with them: entry",
		`SELECT e.id FROM point_entries e WHERE e.amount > 0 AND e.reverses_id IS NULL AND e.rule_version > 1
			AND e.account_id IN (SELECT i.account_id FROM invitations i JOIN applications a ON a.invitation_id = i.id
				JOIN members m ON m.person_id = a.person_id AND m.brand_id = i.brand_id WHERE a.state = 'accepted' AND m.created_at < e.created_at)`,
	},
	{
		"points for an answer posted by hand of which only the member says so: entry",
		`SELECT e.id FROM point_entries e JOIN replies p ON e.event = 'posted:' || p.review_id
		WHERE p.mode <> 'assisted' OR p.evidence NOT IN ('verified', 'seen')`,
	},
	{
		"points in a case that the member brought themselves: entry",
		`SELECT e.id FROM point_entries e JOIN pastes b ON b.case_id = e.case_id AND b.member_id = e.member_id WHERE e.amount > 0`,
	},
	{
		"points for an answer that did not leave were not taken back: review",
		`SELECT r.id FROM reviews r JOIN replies p ON p.review_id = r.id JOIN point_entries e ON e.event = 'review:' || r.id
		WHERE p.state IN ('failed', 'cancelled') AND e.amount <> 0
			AND NOT EXISTS (SELECT 1 FROM point_entries b WHERE b.reverses_id = e.id)`,
	},
}

// VerifyPoints checks the ledger against what happened and by its own rules. It returns what is
// wrong, a line each; none is good.
func VerifyPoints(ctx context.Context, db bun.IDB) ([]string, error) {
	wrong, err := gamification.Verify(ctx, db)
	if err != nil {
		return nil, err
	}
	for _, check := range pointChecks {
		var ids []int64
		if err := db.NewRaw(check.query).Scan(ctx, &ids); err != nil {
			return nil, fmt.Errorf("verify points: %w", err)
		}
		for _, id := range ids {
			wrong = append(wrong, fmt.Sprintf("%s %d", check.what, id))
		}
	}
	return wrong, nil
}
