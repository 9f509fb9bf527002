package moderation

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// Receipts are what a brand says by itself to who has written, by language: that it has got it, and that a person
// answers. NamePlace stands for the customer's name.
type Receipts struct {
	Vietnamese string `json:"vi"`
	English    string `json:"en"`
}

// NamePlace is where the customer's name goes.
const NamePlace = "{name}"

// DefaultReceipts are those of a brand that has set none.
var DefaultReceipts = Receipts{
	Vietnamese: "Chào {name}, đây là tin tự động: chúng tôi đã nhận được tin của bạn và sẽ có người trả lời bạn.",
	English:    "Hello {name}, this is an automatic message: we have got your message, and a person will answer you.",
}

// longestReceipt is how long the text may be, in letters.
const longestReceipt = 500

// Section is where the texts are stored.
func (Receipts) Section() string { return "receipts" }

// Check tells what is wrong with the texts.
func (s Receipts) Check() error {
	for _, t := range []struct{ field, text, says string }{{"vi", s.Vietnamese, "tự động"}, {"en", s.English, "automatic"}} {
		switch {
		case strings.TrimSpace(t.text) == "" || !community.Storable(t.text) || utf8.RuneCountInString(t.text) > longestReceipt:
			return &community.Invalid{Field: t.field, Sentence: "write a receipt of 500 letters at most"}
		case !strings.Contains(strings.ToLower(t.text), t.says):
			return &community.Invalid{Field: t.field, Sentence: "say in the receipt that it is automatic: “tự động” in Vietnamese, “automatic” in English"}
		}
	}
	return nil
}

// For is what is said to a customer, in their language or else the brand's.
func (s Receipts) For(language, brands, name string) string {
	if language != "vi" && language != "en" {
		language = brands
	}
	text, nobody := s.English, "there"
	if language == "vi" {
		text, nobody = s.Vietnamese, "bạn"
	}
	if !sayable(name) {
		name = nobody
	}
	return strings.ReplaceAll(text, NamePlace, strings.TrimSpace(name))
}

// longestCall is how long a name may be that customers are called by, in letters.
const longestCall = 40

// sayable tells whether a name can be put into the brand's mouth: nobody signs up as an address, a handle or a
// sentence to have it said.
func sayable(name string) bool {
	if strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > longestCall || len(strings.Fields(name)) > 5 {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != ' ' && r != '-' && r != '\''
	})
}

// receiptable tells whether a post can be acknowledged: by us, on a network whose terms allow it, and not where an
// answer replaces the one before.
func (in *Intake) receiptable(m *listeners.Mention) bool {
	return !m.Ours && m.Delivery == listeners.ByAPI && m.Surface != listeners.InReview && in.Network != nil && !in.Network(m.Network).Policy.NoReceipts
}

// acknowledge puts receipts into the outbox for cases that have just been opened, of which a brand's rule says so,
// where the network's terms allow it and the customer has not asked for silence.
func (in *Intake) acknowledge(ctx context.Context, tx listeners.Tx, conn listeners.Connection, heard []listeners.Mention, scored map[string]judged) error {
	if in.NewID == nil {
		return nil
	}
	wanted := map[int64]*listeners.Mention{}
	cases, accounts := []int64{}, []int64{}
	for i := range heard {
		m := &heard[i]
		j := scored[m.NativeID]
		if j.Receipt == "" || m.CaseID == 0 || !in.receiptable(m) || tx.Now().Sub(m.CreatedAt) >= listeners.ReceiptFor || wanted[m.CaseID] != nil {
			continue
		}
		wanted[m.CaseID] = m
		cases, accounts = append(cases, m.CaseID), append(accounts, m.AccountID)
	}
	if len(cases) == 0 {
		return nil
	}
	texts, err := community.Setting(ctx, tx, conn.BrandID, DefaultReceipts)
	if err != nil {
		return err
	}
	var brand community.Brand
	if err := tx.NewSelect().Model(&brand).Where("id = ?", conn.BrandID).Scan(ctx); err != nil {
		return fmt.Errorf("find brand %d: %w", conn.BrandID, err)
	}
	var open []community.Case
	err = tx.NewSelect().Model(&open).Column("id", "language", "account_id").
		Where("id IN (?) AND state = ? AND first_answer_at IS NULL AND opened_at >= ?", bun.List(cases), community.Open, tx.Now().Add(-listeners.ReceiptFor)).Order("id").Scan(ctx)
	if err != nil {
		return fmt.Errorf("find the cases to acknowledge: %w", err)
	}
	var who []listeners.Account
	err = tx.NewSelect().Model(&who).Column("id", "name").Where("id IN (?) AND opted_out_at IS NULL", bun.List(accounts)).Scan(ctx)
	if err != nil {
		return fmt.Errorf("find who is acknowledged: %w", err)
	}
	names := make(map[int64]*string, len(who))
	for i := range who {
		names[who[i].ID] = &who[i].Name
	}
	var receipts []listeners.Receipt
	for _, c := range open {
		name := names[c.AccountID]
		if name == nil {
			continue
		}
		m := wanted[c.ID]
		receipts = append(receipts, listeners.Receipt{
			ID: in.NewID(), BrandID: m.BrandID, ConnectionID: m.ConnectionID, CaseID: c.ID, MentionID: m.ID, Rule: scored[m.NativeID].Receipt,
			ParentID: m.NativeID, ThreadKey: m.ThreadKey, Target: m.Target, Surface: m.Surface, Text: texts.For(c.Language, brand.Language, *name),
			Until: m.CreatedAt.Add(listeners.ReceiptFor),
		})
	}
	return listeners.Acknowledge(ctx, tx, in.Network(conn.Network).Policy.TextOnce, receipts...)
}
