package web

import (
	"context"
	"net/http"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

const (
	mostGaps    = 50   // shown of a connection
	mostLetters = 50   // the same
	letterCut   = 1500 // characters shown of a dead letter
)

// hearingPage is what was not heard of a connection, and what can be done about it.
type hearingPage struct {
	linked
	May       bool // the reader may change it
	Done      string
	Gaps      []listeners.Gap
	Letters   []listeners.LetterInShort
	Undecoded listeners.Undecoded
	Past      bool              // the network tells what has passed
	Secrets   map[string]string // not to be shown
}

// hearingPath is the page of what was not heard of a connection.
func hearingPath(id int64) string { return connectionPath(id) + "/hearing" }

// mendedTexts say what was done.
var mendedTexts = map[string]string{"fill": "hearing.done_fill", "retry": "hearing.done_retry", "dismiss": "hearing.done_dismiss"}

// gapTexts say how a gap stands; sourceTexts how it came about.
var (
	gapTexts = map[listeners.GapState]string{
		listeners.GapOpen: "hearing.gap_open", listeners.GapRefilled: "hearing.gap_refilled", listeners.GapLost: "hearing.gap_lost",
	}
	gapLooks   = map[listeners.GapState]string{listeners.GapOpen: "warning", listeners.GapRefilled: "good", listeners.GapLost: "bad"}
	gapSources = map[listeners.GapSource]string{
		listeners.Outage: "hearing.from_outage", listeners.FirstLook: "hearing.from_first", listeners.Unread: "hearing.from_unread",
	}
)

func (a *App) hearing(w http.ResponseWriter, r *http.Request) error {
	ctx, read := r.Context(), a.DB.Read()
	id, err := pathID(r, "connection")
	if err != nil {
		return err
	}
	c, err := community.ConnectionOf(ctx, read, access.From(ctx).Member, id)
	if err != nil {
		return err
	}
	v := hearingPage{May: a.Guard.May(ctx, "connection", "change") && c.State != listeners.Removed, Done: mendedTexts[r.URL.Query().Get("done")]}
	if v.linked, err = a.look(ctx, c); err != nil {
		return err
	}
	v.Past = a.tellsPast(c)
	if v.Gaps, err = listeners.Gaps(ctx, read, id, mostGaps); err != nil {
		return err
	}
	if v.Letters, err = listeners.LettersInShort(ctx, read, id, mostLetters); err != nil {
		return err
	}
	if v.Undecoded, err = listeners.UndecodedOf(ctx, read, id); err != nil {
		return err
	}
	if v.May && len(v.Letters) > 0 {
		opened, err := c.Open(a.Connector.Keys, a.Now)
		v.Secrets, v.May = opened.Secrets, err == nil // what cannot be cleaned of secrets is not shown
	}
	return render(w, r, http.StatusOK, hearingView(v))
}

// tellsPast tells whether the network of a connection can be asked for a time that has passed.
func (a *App) tellsPast(c listeners.Connection) bool {
	ch, err := a.Connector.Open(c)
	if err != nil {
		return false
	}
	_, ok := ch.(listeners.Backfiller)
	return ok
}

// mends is a press that mends something of what was not heard, and leads back to the page.
func (a *App) mends(what, param string, do func(ctx context.Context, tx listeners.Tx, connectionID, id int64, past bool) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := pathID(r, "connection")
		if err != nil {
			return err
		}
		var one int64
		if param != "" {
			if one, err = pathID(r, param); err != nil {
				return err
			}
		}
		me := access.From(r.Context()).Member
		c, err := community.ConnectionOf(r.Context(), a.DB.Read(), me, id)
		if err != nil {
			return err
		}
		past := a.tellsPast(c)
		err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
			return community.ChangeConnection(ctx, tx, me, id, what, "", "", func(ctx context.Context, tx listeners.Tx, id int64) error {
				return do(ctx, tx, id, one, past)
			})
		})
		if err != nil {
			return err
		}
		goTo(w, r, hearingPath(id)+"?done="+what)
		return nil
	}
}

func fillGap(ctx context.Context, tx listeners.Tx, connectionID, id int64, _ bool) error {
	return listeners.RefillGap(ctx, tx, connectionID, id)
}

func retryLetters(ctx context.Context, tx listeners.Tx, connectionID, _ int64, past bool) error {
	return listeners.RetryLetters(ctx, tx, connectionID, past)
}

func dismissLetter(ctx context.Context, tx listeners.Tx, connectionID, id int64, _ bool) error {
	return listeners.DismissLetter(ctx, tx, connectionID, id)
}

func dismissLetters(ctx context.Context, tx listeners.Tx, connectionID, _ int64, _ bool) error {
	return listeners.DismissLetters(ctx, tx, connectionID)
}

// gapWhy says why a gap is not refilled, or not yet; "" where there is nothing to say.
func gapWhy(ctx context.Context, g listeners.Gap) string {
	switch {
	case g.Error == "":
		return ""
	case g.Error == listeners.NoBackfill:
		return T(ctx, "hearing.no_backfill")
	case g.State == listeners.GapLost:
		return T(ctx, "hearing.refused")
	}
	return T(ctx, "network_error."+g.Error)
}
