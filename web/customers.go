package web

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// mostListed bounds what the pages about single customers list.
const mostListed = 200

// customersPage is who wants to hear nothing more, and who was forgotten.
type customersPage struct {
	Erases   bool   // the reader may erase
	Done     string // what they have just done
	Networks []string
	Network  string // that was looked for
	Who      string
	Failed   *access.Failure
	Found    *listeners.Account
	Would    community.Erased
	Stays    int // answers of the brand that would stay
	Silent   []listeners.Account
	By       map[int64]community.Member
	Receipts []community.Erasure
}

// silenceTexts say what was done.
var silenceTexts = map[string]string{"out": "customer.done_out", "in": "customer.done_in"}

func (a *App) customers(w http.ResponseWriter, r *http.Request) error {
	v, err := a.customersOf(r)
	if err != nil {
		return err
	}
	v.Network, v.Who = r.URL.Query().Get("network"), strings.TrimSpace(r.URL.Query().Get("who"))
	status := http.StatusOK
	if v.Who != "" {
		account, err := a.findCustomer(r, v.Network, v.Who)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			v.Failed, status = &access.Failure{Field: "who", Sentence: "nobody of this name has written to the brand on this network"}, http.StatusNotFound
		case err != nil:
			return err
		default:
			v.Found = &account
			if v.Would, v.Stays, err = community.EraseOutlook(r.Context(), a.DB.Read(), account); err != nil {
				return err
			}
		}
	}
	return render(w, r, status, customersView(v))
}

func (a *App) customersOf(r *http.Request) (v customersPage, err error) {
	ctx, read, me := r.Context(), a.DB.Read(), access.From(r.Context()).Member
	v.Erases, v.Done = a.Guard.May(ctx, "customer", "erase"), silenceTexts[r.URL.Query().Get("done")]
	all, err := listeners.Connections(ctx, read, me.BrandID)
	if err != nil {
		return v, err
	}
	there := map[string]bool{}
	for _, c := range all {
		if !there[c.Network] {
			there[c.Network] = true
			v.Networks = append(v.Networks, c.Network)
		}
	}
	if v.Silent, err = listeners.OptOuts(ctx, read, me.BrandID, 0, mostListed); err != nil {
		return v, err
	}
	if v.Receipts, err = community.Erasures(ctx, read, me.BrandID, mostListed); err != nil {
		return v, err
	}
	v.By, err = community.Members(ctx, read, me.BrandID)
	return v, err
}

// findCustomer finds a customer by their name or id on a network, or by the link of a post of theirs.
func (a *App) findCustomer(r *http.Request, network, who string) (listeners.Account, error) {
	ctx, read, me := r.Context(), a.DB.Read(), access.From(r.Context()).Member
	if !strings.HasPrefix(who, "https://") && !strings.HasPrefix(who, "http://") {
		return community.FindAccount(ctx, read, me.BrandID, network, strings.TrimPrefix(who, "@"))
	}
	all, err := listeners.Connections(ctx, read, me.BrandID)
	if err != nil {
		return listeners.Account{}, err
	}
	for _, c := range all {
		link := a.Desk.Network(c.Network).Link
		if c.Network != network || link == nil {
			continue
		}
		if id := link(c.Settings, who); id != "" {
			m, err := listeners.MentionOf(ctx, read, me.BrandID, network, id)
			if err != nil {
				return listeners.Account{}, err
			}
			return a.customerByID(r, m.AccountID)
		}
	}
	return listeners.Account{}, sql.ErrNoRows
}

// customerByID finds an account that wrote to the member's brand; sql.ErrNoRows for any other.
func (a *App) customerByID(r *http.Request, id int64) (listeners.Account, error) {
	var account listeners.Account
	err := a.DB.Read().NewSelect().Model(&account).Where("id = ? AND brand_id = ?", id, access.From(r.Context()).Member.BrandID).Scan(r.Context())
	if err != nil {
		return account, fmt.Errorf("find account %d: %w", id, err)
	}
	return account, nil
}

// silences is a press that puts a customer on the list of those who want to hear nothing, or takes them off.
func (a *App) silences(done string, do func(context.Context, community.Tx, *community.Member, listeners.Account, string) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := pathID(r, "account")
		if err != nil {
			return err
		}
		account, err := a.customerByID(r, id)
		if err != nil {
			return err
		}
		err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
			return do(ctx, tx, access.From(ctx).Member, account, r.PostFormValue("reason"))
		})
		if err != nil {
			return err
		}
		goTo(w, r, "/customers?done="+done)
		return nil
	}
}

// erase forgets a customer who asked for it, and leads to the receipt.
func (a *App) erase(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "account")
	if err != nil {
		return err
	}
	account, err := a.customerByID(r, id)
	if err != nil {
		return err
	}
	var receipt community.Erasure
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) (err error) {
		receipt, err = community.Erase(ctx, tx, account, access.From(ctx).Member.ID)
		return err
	})
	if err != nil {
		return err
	}
	goTo(w, r, receiptPath(receipt.ID))
	return nil
}

// receiptPath is the page of the receipt for an erasure.
func receiptPath(id int64) string { return fmt.Sprintf("/customers/erased/%d", id) }

func (a *App) receipt(w http.ResponseWriter, r *http.Request) error {
	e, err := a.receiptOf(r)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, receiptView(e, access.From(r.Context()).Brand.Name))
}

// receiptFile is the receipt as a file, for whoever asked to be forgotten.
func (a *App) receiptFile(w http.ResponseWriter, r *http.Request) error {
	e, err := a.receiptOf(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="erased-%d.json"`, e.ID))
	return json.NewEncoder(w).Encode(map[string]any{
		"id": e.ID, "brand": access.From(r.Context()).Brand.Slug, "network": e.Network, "account_hash": e.AccountHash, "erased": e.Counts, "erased_at": e.CreatedAt,
	})
}

func (a *App) receiptOf(r *http.Request) (community.Erasure, error) {
	id, err := pathID(r, "erasure")
	if err != nil {
		return community.Erasure{}, err
	}
	return community.FindErasure(r.Context(), a.DB.Read(), access.From(r.Context()).Member.BrandID, id)
}

// wrong is the sentence about what was looked for, "" where nothing is wrong with it.
func (v customersPage) wrong(ctx context.Context) string {
	if v.Failed == nil {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

// person is how a customer is named to the brand's people.
func person(a listeners.Account) string {
	if a.Handle != "" {
		return "@" + strings.TrimPrefix(a.Handle, "@")
	}
	return a.NativeID
}

// asked says who put a customer on the list.
func (v customersPage) asked(ctx context.Context, a listeners.Account) string {
	if by, ok := v.By[a.OptedOutBy]; ok {
		return T(ctx, "customer.noted_by", "name", by.PublicName, "reason", a.OptedOutWhy)
	}
	return T(ctx, "customer.said_so")
}
