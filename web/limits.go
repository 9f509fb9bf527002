package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// limitLevels are the trust levels that may answer at all.
var limitLevels = []int{1, 2, 3, 4}

// limitsPage is what the page of limits shows.
type limitsPage struct {
	Limits community.Limits
	May    bool // change them
	Error  string
}

func (a *App) limits(w http.ResponseWriter, r *http.Request) error {
	limits, err := community.Setting(r.Context(), a.DB.Read(), access.From(r.Context()).Member.BrandID, community.DefaultLimits)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, limitsWhole(limitsPage{Limits: limits, May: a.Guard.May(r.Context(), "settings", "change")}))
}

// setLimits stores the rows of the form; a row without a name is left out.
func (a *App) setLimits(w http.ResponseWriter, r *http.Request) error {
	limits, err := readLimits(r)
	if err == nil {
		err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
			return community.Set(ctx, tx, access.From(ctx).Member, limits)
		})
	}
	var invalid *community.Invalid
	switch {
	case errors.As(err, &invalid):
		return render(w, r, http.StatusUnprocessableEntity, limitsWhole(limitsPage{limits, true, Sentence(r.Context(), invalid.Sentence)}))
	case err != nil:
		return err
	}
	goTo(w, r, "/settings/limits")
	return nil
}

func readLimits(r *http.Request) (limits community.Limits, err error) {
	if err := r.ParseForm(); err != nil {
		return limits, &community.Invalid{Field: "what", Sentence: "this form cannot be read"}
	}
	at := func(name string, i int) string {
		if values := r.PostForm[name]; i < len(values) {
			return strings.TrimSpace(values[i])
		}
		return ""
	}
	for i := range r.PostForm["what"] {
		row := community.Limit{What: at("what", i), Unit: at("unit", i)}
		if row.What == "" {
			continue
		}
		for _, level := range limitLevels {
			written := strings.NewReplacer(".", "", ",", "", " ", "").Replace(at("up_to_"+strconv.Itoa(level), i))
			if written == "" {
				continue
			}
			amount, wrong := strconv.ParseInt(written, 10, 64)
			if wrong != nil {
				err = &community.Invalid{Field: "up_to", Sentence: "an amount is a whole number, 0 for never alone"}
			}
			row.UpTo[level] = amount
		}
		limits.Rows = append(limits.Rows, row)
	}
	return limits, err
}
