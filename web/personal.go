package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/moderation"
)

// shown is what a customer wrote as its reader may see it: with dots over personal data, unless the
// reader may see those.
func shown(text string, personal bool) string {
	if personal {
		return text
	}
	return moderation.Mask(text)
}

// shownTo is shown where nobody has asked for a customer's data: full for the brand's own people.
func shownTo(m *community.Member, text string) string { return shown(text, m.Role.Employee()) }

// revealReasons are the reasons to read personal data that one tap gives.
var revealReasons = []string{"reveal.find", "reveal.repeat", "reveal.warn"}

// reveal shows the holder of a case what is under the dots, and keeps the reason.
func (a *App) reveal(w http.ResponseWriter, r *http.Request) error {
	reason := strings.TrimSpace(newlines(r.PostFormValue("reason")))
	err := a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		return community.Reveal(ctx, tx, me, id, reason)
	})
	if err != nil {
		return err
	}
	return a.showCase(w, r, nil)
}

// maskHistory puts dots into the texts in a history that the reader may not see in full.
func maskHistory(me *community.Member, personal bool, history []community.Activity) {
	for i := range history {
		if history[i].ActorID != me.ID {
			history[i].Detail.Text = shown(history[i].Detail.Text, personal)
		}
	}
}
