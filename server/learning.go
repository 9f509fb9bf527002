package server

import (
	"context"

	"github.com/kith-social/kith/moderation"
)

// learn makes a new version of what brands have taught that have corrected enough.
func (a *App) learn(ctx context.Context) error {
	due, err := moderation.LearningDue(ctx, a.DB.Read(), a.Now())
	if err != nil {
		return err
	}
	for _, brand := range due {
		if _, err := a.Intake.Learn(ctx, a.Write, brand, nil); err != nil {
			return err
		}
	}
	return nil
}
