package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// noteLine is a note with who wrote it, and what was said to it.
type noteLine struct {
	community.Note
	Who     string
	To      string
	Replies []noteLine
}

// noteLines puts replies under what they answer, and handovers apart, the latest of them.
func noteLines(notes []community.Note, members map[int64]community.Member) (lines []noteLine, handed *noteLine) {
	at := map[int64]int{}
	for _, n := range notes {
		line := noteLine{Note: n, Who: members[n.MemberID].PublicName, To: members[n.ToID].PublicName}
		if i, ok := at[n.AboutID]; ok && n.AboutID != 0 {
			lines[i].Replies = append(lines[i].Replies, line)
			continue
		}
		if n.Kind == community.NoteHandover {
			handed = &line
			continue
		}
		at[n.ID] = len(lines)
		lines = append(lines, line)
	}
	return lines, handed
}

// addNote keeps a word among colleagues: for staff, for one peer, or for whoever goes on.
func (a *App) addNote(w http.ResponseWriter, r *http.Request) error {
	text, to := newlines(r.PostFormValue("note")), r.PostFormValue("to")
	err := a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		var err error
		switch peer, _ := strconv.ParseInt(to, 10, 64); {
		case peer != 0:
			_, err = community.AskPeer(ctx, tx, me, id, peer, text)
		case to == "staff":
			_, err = community.AskStaff(ctx, tx, me, id, text)
		default:
			_, err = community.AddNote(ctx, tx, me, id, text)
		}
		return community.Case{}, err
	})
	if err != nil {
		return err
	}
	return a.showCase(w, r, &said{Text: T(r.Context(), "note.kept"), Until: view(r.Context()).Now.Add(toastLife)})
}

// replyToNote answers a colleague's question.
func (a *App) replyToNote(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "note")
	if err != nil {
		return err
	}
	var n community.Note
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		n, err = community.ReplyToNote(ctx, tx, access.From(ctx).Member, id, newlines(r.PostFormValue("note")))
		return err
	})
	if err != nil {
		return err
	}
	goTo(w, r, casePath(n.CaseID))
	return nil
}

// noteHead says who told whom.
func noteHead(ctx context.Context, n noteLine) string {
	switch n.Kind {
	case community.NoteQuestion:
		return T(ctx, "note.asks_staff", "name", n.Who)
	case community.NoteOpinion:
		return T(ctx, "note.asks_peer", "name", n.Who, "peer", n.To)
	}
	return n.Who
}
