package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// sendingPage is what leaves, what does not, and the switch that stops everything.
type sendingPage struct {
	Stopped clock.Time // since when nothing of the brand leaves; 0 where everything does
	Outlets []outlet
	Doubts  []doubt
	Hands   []doubt // what waits to be posted by hand
}

// outlet is a connection with what it can post.
type outlet struct {
	listeners.Connection
	listeners.Outlook
}

// soon is what nobody needs to be told of: it happens while they look.
const soon = 2 * time.Minute

func (a *App) sending(w http.ResponseWriter, r *http.Request) error {
	ctx, me, read := r.Context(), access.From(r.Context()).Member, a.DB.Read()
	var v sendingPage
	var err error
	if v.Stopped, err = listeners.BrandStopped(ctx, read, me.BrandID); err != nil {
		return err
	}
	all, err := listeners.Connections(ctx, read, me.BrandID)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.State == listeners.Removed {
			continue
		}
		ahead, err := listeners.Ahead(ctx, read, c, a.Deliverer.Pace(c), view(ctx).Now)
		if err != nil {
			return err
		}
		v.Outlets = append(v.Outlets, outlet{c, ahead})
	}
	unsettled, err := listeners.Unsettled(ctx, read, me.BrandID, mostWaiting)
	if err != nil {
		return err
	}
	if v.Doubts, err = a.withPosts(ctx, unsettled); err != nil {
		return err
	}
	hands, err := community.HandsOf(ctx, read, me, mostWaiting)
	if err != nil {
		return err
	}
	if v.Hands, err = a.withPosts(ctx, hands); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, sendingView(v))
}

// withPosts reads the posts that replies answer.
func (a *App) withPosts(ctx context.Context, replies []listeners.Reply) ([]doubt, error) {
	ids := make([]int64, len(replies))
	for i, r := range replies {
		ids[i] = r.MentionID
	}
	posts, err := listeners.FindMentions(ctx, a.DB.Read(), ids)
	if err != nil {
		return nil, err
	}
	doubts := make([]doubt, len(replies))
	for i, r := range replies {
		doubts[i] = doubt{Reply: r, Post: posts[r.MentionID]}
	}
	return doubts, nil
}

// switchSending stops or resumes what leaves through one connection, or through all of them.
func (a *App) switchSending(w http.ResponseWriter, r *http.Request) error {
	me := access.From(r.Context()).Member
	connection, _ := strconv.ParseInt(r.PostFormValue("connection"), 10, 64)
	do := stopSending(r)
	if r.PostFormValue("resume") != "" {
		do = resumeSending(r)
	}
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error { return do(ctx, tx, me, connection) })
	if err != nil {
		return err
	}
	if r.PostFormValue("back") == "connections" {
		goTo(w, r, "/connections")
		return nil
	}
	goTo(w, r, "/sending")
	return nil
}

// sendingSwitch does something to what leaves through a connection.
type sendingSwitch func(context.Context, community.Tx, *community.Member, int64) error

// stopSending stops what leaves, for the reason that a form gives.
func stopSending(r *http.Request) sendingSwitch {
	return func(ctx context.Context, tx community.Tx, m *community.Member, connection int64) error {
		return community.StopSending(ctx, tx, m, connection, r.PostFormValue("why"))
	}
}

func resumeSending(*http.Request) sendingSwitch { return community.ResumeSending }

// readWord reads what a person says of a doubtful reply: yes, perhaps with the link; no; or by hand.
func (a *App) readWord(r *http.Request, reply string) (w listeners.Word, err error) {
	ctx := r.Context()
	switch r.PostFormValue("there") {
	case "no":
		return w, nil
	case "hand":
		w.ByHand = true
		return w, nil
	case "yes":
	default:
		return w, &community.Invalid{Field: "there", Sentence: "there is no such choice"}
	}
	w.There = true
	link := strings.TrimSpace(r.PostFormValue("link"))
	if link == "" {
		return w, nil
	}
	var where struct {
		Network  string
		Settings listeners.Settings `bun:"type:text"`
	}
	err = a.DB.Read().NewSelect().TableExpr("connections AS c").Column("c.network", "c.settings").
		Join("JOIN replies AS r ON r.connection_id = c.id").Where("r.id = ? AND r.brand_id = ?", reply, access.From(ctx).Member.BrandID).Scan(ctx, &where)
	if err != nil {
		return w, err
	}
	w.Sent.URL = link
	if read := a.Desk.Network(where.Network).Link; read != nil {
		if w.Sent.NativeID = read(where.Settings, link); w.Sent.NativeID == "" {
			return w, listeners.ErrNoLink
		}
	}
	return w, nil
}

// named tells buttons of the same label apart for who hears them.
func named(label, of string) map[string]any {
	if of == "" {
		return nil
	}
	return map[string]any{"aria-label": label + " · " + of}
}

// stopWhat says what a stop holds back.
func stopWhat(ctx context.Context, s community.Stop) string {
	if s.Network == "" {
		return T(ctx, "sending.all_stopped")
	}
	return T(ctx, "sending.one_stopped", "account", s.Account, "network", networkName(s.Network))
}

// stopBy says who stopped something, and when.
func stopBy(ctx context.Context, s community.Stop) string {
	if s.By == "" {
		return T(ctx, "sending.by_operator", "when", When(ctx, s.At))
	}
	return T(ctx, "sending.by", "who", s.By, "when", When(ctx, s.At))
}

// longer says how long it takes until a moment, in words.
func longer(ctx context.Context, until clock.Time) string {
	return hoursIn(ctx, until.Sub(view(ctx).Now))
}
