package moderation

import (
	"context"
	"slices"

	"github.com/kith-social/kith/listeners"
)

// hidePhones asks for customers' comments to be hidden that hold a phone number, where the connection is set
// to: everybody could call them. It is asked for once, when a comment is heard first.
func (in *Intake) hidePhones(ctx context.Context, tx listeners.Tx, conn listeners.Connection, heard []listeners.Mention) error {
	if !conn.HidePhones || in.NewID == nil || in.Network == nil || !in.Network(conn.Network).HidesPhones {
		return nil
	}
	for _, m := range heard {
		if m.Ours || m.CaseID == 0 || m.ParentID == "" || m.Surface != listeners.InPublic || !holdsPhone(m.Text) {
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

func holdsPhone(text string) bool {
	return slices.ContainsFunc(PersonalData(text), func(p Personal) bool { return p.Kind == PersonalPhone })
}
