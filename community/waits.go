package community

import (
	"context"
	"fmt"
	"time"

	"github.com/kith-social/kith/listeners"
)

// Waits is how soon customers should be answered at places other than in public, where Promised says it, and
// whether it counts how many follow them; a section of what a brand can set.
type Waits struct {
	Review  int  `json:"review"`  // minutes
	Private int  `json:"private"` // minutes
	Chat    int  `json:"chat"`    // seconds: somebody sits in front of it
	Reach   bool `json:"reach"`   // how many follow a customer is stored, where the network allows it, and counts
}

// DefaultWaits is what holds where a brand has set nothing: as much is known of people as is needed.
var DefaultWaits = Waits{Review: int(Promise / time.Minute), Private: int(Promise / time.Minute), Chat: 30}

// Section names the setting.
func (Waits) Section() string { return "waits" }

// Check says what cannot be waited for.
func (w Waits) Check() error {
	for field, minutes := range map[string]int{"review_minutes": w.Review, "private_minutes": w.Private} {
		if minutes < 10 || minutes > 7*24*60 {
			return &Invalid{field, "choose from 10 minutes to 7 days"}
		}
	}
	if w.Chat < 5 || w.Chat > 3600 {
		return &Invalid{"chat_seconds", "choose from 5 seconds to an hour"}
	}
	return nil
}

// For is how soon a customer should be answered who writes at a place.
func (w Waits) For(at listeners.Surface, promised Promised) time.Duration {
	switch at {
	case listeners.InChat:
		return time.Duration(w.Chat) * time.Second
	case listeners.InPrivate:
		return time.Duration(w.Private) * time.Minute
	case listeners.InReview:
		return time.Duration(w.Review) * time.Minute
	}
	return time.Duration(promised.Minutes) * time.Minute
}

// SetWaits stores how soon customers should be answered. A brand that does not want to know any more how many
// follow people forgets it.
func SetWaits(ctx context.Context, tx Tx, m *Member, w Waits) error {
	if m.Role != Admin {
		return ErrNotAllowed
	}
	if err := Set(ctx, tx, m, w); err != nil || w.Reach {
		return err
	}
	if _, err := tx.NewUpdate().Table("accounts").Set("reach = 0").Where("brand_id = ? AND reach > 0", m.BrandID).Exec(ctx); err != nil {
		return fmt.Errorf("forget how many follow the customers of brand %d: %w", m.BrandID, err)
	}
	return nil
}
