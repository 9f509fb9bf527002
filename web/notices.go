package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// mostNotices is how many unread notices are shown together; the rest follows once these are read.
const mostNotices = 20

// noticePaths are where notices lead that are about no case.
var noticePaths = map[community.Kind]string{
	community.TrustRaised:     "/trust",
	community.TrustWarned:     "/trust",
	community.TrustRecovered:  "/trust",
	community.TrustLowered:    "/trust",
	community.TrustGranted:    "/trust",
	community.TrustGrantEnded: "/trust",
	community.TrustDropped:    "/trust",
	community.TrustGuide:      "/trust",
	community.FairOpened:      "/points#fair",
	community.FairLapsed:      "/points#fair",
	community.FairCleared:     "/points#fair",
	community.FairTaken:       "/points#fair",
	community.FairUpheld:      "/points#fair",
	community.FairRestored:    "/points#fair",
	community.FairWaits:       "/fair-play",
	community.FairAppealed:    "/fair-play",
	community.BadgeGiven:      "/badges",
	community.BadgeTaken:      "/badges",
	community.RewardGranted:   "/rewards#requests",
	community.RewardRefused:   "/rewards#requests",
	community.RewardReversed:  "/rewards#requests",
	community.QuestWasMet:     "/league#quest",
	community.QuestWasLost:    "/league#quest",
	community.WeekLong:        "/me#week",
	community.RestAdvised:     "/me#week",
}

// toReview are the notices that only who may review gets; their events name the answer after the first
// colon.
var toReview = []community.Kind{community.ReviewLate, community.ReviewAppealed, community.OverrideWrong}

// noticePath is where a notice leads, "" for nowhere.
func noticePath(n community.Notice) string {
	switch {
	case slices.Contains(toReview, n.Kind):
		_, about, _ := strings.Cut(n.Event, ":")
		answer, _, _ := strings.Cut(about, ":")
		return "/review/" + answer
	case n.CaseID != 0:
		return casePath(n.CaseID)
	case n.Kind == community.WeekTooLong:
		return weekPath(n.Event)
	}
	return noticePaths[n.Kind]
}

func (a *App) notices(w http.ResponseWriter, r *http.Request) error {
	unread, err := community.Unread(r.Context(), a.DB.Read(), access.From(r.Context()).Member.ID, mostNotices)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, noticesPage(unread))
}

// readNotices marks what was shown as read, so that a notice which came meanwhile is not lost.
func (a *App) readNotices(w http.ResponseWriter, r *http.Request) error {
	upTo, err := strconv.ParseInt(r.PostFormValue("up_to"), 10, 64)
	if err != nil {
		return &community.Invalid{Field: "up_to", Sentence: "this form cannot be read"}
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.MarkRead(ctx, tx, access.From(ctx).Member.ID, upTo)
	})
	if err != nil {
		return err
	}
	goTo(w, r, access.Next(r.PostFormValue("back")))
	return nil
}
