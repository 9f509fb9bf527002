package community

import (
	"context"
	"slices"

	"github.com/kith-social/kith/listeners"
)

// Handover is what staff find on top of a case that was handed to them, as it stood then, so that the
// customer need not say anything twice.
type Handover struct {
	Asked    []string `json:"asked"`           // what the customer wrote since the brand's last word
	Answered []string `json:"answered"`        // what the brand said, oldest first
	Noted    []string `json:"noted"`           // among colleagues
	Draft    string   `json:"draft,omitempty"` // that had been begun
}

// mostHanded bounds each part of a summary; the thread has the rest.
const mostHanded = 5

// None tells whether there is nothing in it.
func (h *Handover) None() bool {
	return len(h.Asked)+len(h.Answered)+len(h.Noted) == 0 && h.Draft == ""
}

// forget takes texts that are gone out of a summary, and a draft that answered them.
func (h *Handover) forget(texts []string) {
	asked := len(h.Asked)
	h.Asked = slices.DeleteFunc(h.Asked, func(text string) bool { return slices.Contains(texts, text) })
	if len(h.Asked) != asked {
		h.Draft = ""
	}
	h.Draft = unquote(h.Draft, texts)
	for i, note := range h.Noted {
		h.Noted[i] = unquote(note, texts)
	}
}

// handOver writes down what the case has come to, for the staff who go on. The draft is that of the
// member, or the answer that waits for a reviewer.
func handOver(ctx context.Context, tx Tx, m *Member, c *Case, reason string) error {
	posts, err := listeners.Thread(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	h := Handover{}
	for _, p := range posts {
		if p.Ours {
			h.Answered, h.Asked = append(h.Answered, p.Text), nil
		} else {
			h.Asked = append(h.Asked, p.Text)
		}
	}
	notes, err := Notes(ctx, tx, m, c)
	if err != nil {
		return err
	}
	for _, n := range notes {
		h.Noted = append(h.Noted, n.Text)
	}
	h.Asked, h.Answered, h.Noted = latest(h.Asked), latest(h.Answered), latest(h.Noted)
	answers, err := Answers(ctx, tx, m, c.ID)
	if err != nil {
		return err
	}
	for _, a := range slices.Backward(answers) {
		if a.State == Submitted && a.CorrectsID == 0 || a.MemberID == m.ID && (a.State == Draft || a.State == Returned) {
			h.Draft = a.Text
			break
		}
	}
	n := Note{BrandID: c.BrandID, CaseID: c.ID, Kind: NoteHandover, MemberID: m.ID, Text: reason, Handover: h}
	return n.store(ctx, tx)
}

func latest(texts []string) []string { return texts[max(0, len(texts)-mostHanded):] }
