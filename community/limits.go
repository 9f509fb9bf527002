package community

import (
	"context"
	"math"
	"strings"

	"github.com/uptrace/bun"
)

// Limits are what members may promise a customer without asking: a voucher up to an amount, say.
type Limits struct {
	Rows []Limit `json:"rows"`
}

// Limit is one thing that could be promised.
type Limit struct {
	What string   `json:"what"` // the words that name it in a text, several with commas: "voucher, mã giảm giá"
	Unit string   `json:"unit"` // of the amounts: "đ", "%", or "" where they are counted
	UpTo [5]int64 `json:"up_to"`
}

// Allowance is what one member may promise alone.
type Allowance struct {
	Words []string // that name it, the first for people
	Unit  string
	UpTo  int64 // 0: never alone; NoLimit for employees
}

// NoLimit is more than anybody promises.
const NoLimit int64 = math.MaxInt64

// DefaultLimits leave every promise to the employees; a brand that trusts its advocates with more says so.
var DefaultLimits = Limits{Rows: []Limit{
	{What: "voucher, phiếu giảm giá, mã giảm giá, discount", Unit: "đ"},
	{What: "refund, hoàn tiền, trả lại tiền", Unit: "đ"},
	{What: "compensation, đền bù, bồi thường", Unit: "đ"},
}}

const mostLimits = 30

// Section is "limits".
func (Limits) Section() string { return "limits" }

// Check refuses rows that nobody could follow.
func (l Limits) Check() error {
	if len(l.Rows) > mostLimits {
		return &Invalid{"rows", "keep the list short: 30 lines at most"}
	}
	for _, row := range l.Rows {
		if len(row.words()) == 0 {
			return &Invalid{"what", "name what may be promised, a voucher for instance"}
		}
		if !Storable(row.What+row.Unit) || len(row.What) > 300 || len(row.Unit) > 20 {
			return &Invalid{"what", "this name is too long"}
		}
		for level, amount := range row.UpTo {
			if amount < 0 {
				return &Invalid{"up_to", "an amount is a whole number, 0 for never alone"}
			}
			if level > 0 && amount < row.UpTo[level-1] {
				return &Invalid{"up_to", "a higher level may never promise less than a lower one"}
			}
		}
	}
	return nil
}

func (l Limit) words() []string {
	var words []string
	for word := range strings.SplitSeq(l.What, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// Of tells what a member may promise alone.
func (l Limits) Of(m *Member) []Allowance {
	all := make([]Allowance, len(l.Rows))
	for i, row := range l.Rows {
		all[i] = Allowance{row.words(), row.Unit, NoLimit}
		if !m.Role.Employee() {
			all[i].UpTo = row.UpTo[min(max(m.Trust, 0), len(row.UpTo)-1)]
		}
	}
	return all
}

// LimitsOf reads what a member may promise alone in their brand.
func LimitsOf(ctx context.Context, db bun.IDB, m *Member) ([]Allowance, error) {
	limits, err := Setting(ctx, db, m.BrandID, DefaultLimits)
	return limits.Of(m), err
}
