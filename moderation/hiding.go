package moderation

import (
	"context"
	"slices"

	"github.com/kith-social/kith/listeners"
)

// hidePhones asks for customers' comments to be hidden that hold a phone number, where the connection is set
// to: everybody could call them. It is asked for once, when a comment is heard first. The setting is read
// here, because the round that heard the comment may have begun before it was set.
func (in *Intake) hidePhones(ctx context.Context, tx listeners.Tx, conn listeners.Connection, heard []listeners.Mention, scored map[string]judged) error {
	if in.NewID == nil || in.Network == nil || !in.Network(conn.Network).HidesPhones {
		return nil
	}
	var open []listeners.Mention
	for _, m := range heard {
		if !m.Ours && m.CaseID != 0 && m.ParentID != "" && m.Surface == listeners.InPublic && holdsPhone(m.Text) {
			open = append(open, m)
		}
	}
	if len(open) == 0 {
		return nil
	}
	now, err := listeners.FindConnection(ctx, tx, conn.ID)
	if err != nil || !now.HidePhones {
		return err
	}
	for _, m := range open {
		if in.asksToHide(conn, &m, scored[m.NativeID].Hide) {
			continue
		}
		err := listeners.AskChange(ctx, tx, listeners.Change{
			ID: in.NewID(), BrandID: m.BrandID, ConnectionID: m.ConnectionID, CaseID: m.CaseID, MentionID: m.ID, NativeID: m.NativeID,
			Kind: listeners.HidePost, Why: listeners.HoldsPhone,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// hideRuled asks for customers' comments to be hidden of which a brand's rule says so, where the network lets us.
// Posts on the customer's own page are theirs, and messages nobody else sees.
func (in *Intake) hideRuled(ctx context.Context, tx listeners.Tx, conn listeners.Connection, heard []listeners.Mention, scored map[string]judged) error {
	for i := range heard {
		m := &heard[i]
		why := scored[m.NativeID].Hide
		if !in.asksToHide(conn, m, why) {
			continue
		}
		err := listeners.AskChange(ctx, tx, listeners.Change{
			ID: in.NewID(), BrandID: m.BrandID, ConnectionID: m.ConnectionID, CaseID: m.CaseID, MentionID: m.ID, NativeID: m.NativeID,
			Kind: listeners.HidePost, Why: why,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (in *Intake) asksToHide(conn listeners.Connection, m *listeners.Mention, rule string) bool {
	return rule != "" && in.NewID != nil && in.Hides != nil && !m.Ours && m.CaseID != 0 && m.ParentID != "" && m.Surface == listeners.InPublic && in.Hides(conn)
}

func holdsPhone(text string) bool {
	return slices.ContainsFunc(PersonalData(text), func(p Personal) bool { return p.Kind == PersonalPhone })
}
