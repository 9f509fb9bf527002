package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// oneMember is what staff see of a member.
type oneMember struct {
	community.Member
	Topics   []string // by name
	Stake    community.Stake
	Accounts []ownAccount
	History  []Entry
	Growth   standing // of an advocate, and how long they were here within seven days
	Week     time.Duration
	Manage   bool // whoever looks may suspend them, let them go and take them back
	Failed   *access.Failure
	Reason   string // as it was sent, where it failed
}

// memberPath is the page of a member.
func memberPath(id int64) string { return fmt.Sprintf("/people/%d", id) }

func (a *App) member(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readMember(r)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, memberPage(v))
}

func (a *App) readMember(r *http.Request) (v oneMember, err error) {
	id, err := pathID(r, "member")
	if err != nil {
		return v, err
	}
	ctx, me, db := r.Context(), access.From(r.Context()).Member, a.DB.Read()
	if v.Member, err = community.FindMember(ctx, db, me, id); err != nil {
		return v, err
	}
	v.Manage = me.MayManage(&v.Member)
	if v.Stake, err = community.StakeOf(ctx, db, &v.Member); err != nil {
		return v, err
	}
	if v.Accounts, err = a.readAccounts(ctx, db, &v.Member); err != nil {
		return v, err
	}
	topics, err := community.Topics(ctx, db, me.BrandID)
	if err != nil {
		return v, err
	}
	v.Topics = namesOf(topics, v.Member.Topics)
	activities, err := community.MemberHistory(ctx, db, &v.Member)
	if err != nil {
		return v, err
	}
	members, err := community.Members(ctx, db, me.BrandID)
	if err != nil {
		return v, err
	}
	v.History = history(ctx, activities, members)
	if !v.Role.Employee() {
		if v.Growth, err = a.readStanding(ctx, db, &v.Member); err != nil {
			return v, err
		}
		v.Week, err = community.WeekOf(ctx, db, v.Member.ID, view(ctx).Now)
	}
	return v, err
}

// namesOf are the names of the topics with these ids, in the order of the names.
func namesOf(topics []community.Topic, ids []int64) []string {
	var names []string
	for _, t := range topics {
		for _, id := range ids {
			if t.ID == id {
				names = append(names, t.Name)
			}
		}
	}
	return names
}

// wrong is the sentence about a field of the form that was sent, "" where nothing is wrong with it.
func (v oneMember) wrong(ctx context.Context, field string) string {
	if v.Failed == nil || v.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

func (a *App) suspend(w http.ResponseWriter, r *http.Request) error {
	return a.manage(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, reason string) error {
		days, err := strconv.Atoi(r.PostFormValue("days"))
		if err != nil || days > 10_000 {
			days = -1
		}
		_, err = community.Suspend(ctx, tx, me, id, reason, time.Duration(days)*24*time.Hour)
		return err
	})
}

func (a *App) setTeams(w http.ResponseWriter, r *http.Request) error {
	return a.manage(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, _ string) error {
		_, err := community.SetTeams(ctx, tx, me, id, r.PostFormValue("teams"))
		return err
	})
}

func (a *App) reinstate(w http.ResponseWriter, r *http.Request) error {
	return a.manage(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, _ string) error {
		_, err := community.Reinstate(ctx, tx, me, id)
		return err
	})
}

func (a *App) letGo(w http.ResponseWriter, r *http.Request) error {
	return a.manage(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, reason string) error {
		_, err := community.Leave(ctx, tx, me, id, reason)
		return err
	})
}

// manage does something to a member and shows their page, again with what was wrong with the form.
func (a *App) manage(w http.ResponseWriter, r *http.Request, do func(context.Context, listeners.Tx, *community.Member, int64, string) error) error {
	id, err := pathID(r, "member")
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return do(ctx, tx, access.From(ctx).Member, id, reason)
	})
	if f := access.Explain(err); err != nil && f.Field != "" {
		v, readErr := a.readMember(r)
		if readErr != nil {
			return readErr
		}
		v.Failed, v.Reason = &f, reason
		if f.Field == "teams" {
			v.Member.Teams = []string{r.PostFormValue("teams")}
		}
		return render(w, r, f.Status, memberPage(v))
	}
	if err != nil {
		return err
	}
	goTo(w, r, memberPath(id))
	return nil
}
