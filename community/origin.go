package community

import (
	"context"
	"errors"
	"strings"
)

// Begun is with what an answer began, so that the help can be judged by what came of it.
type Begun struct {
	AnswerID  int64  // an approved answer to a similar question
	SnippetID int64  // a snippet
	Machine   string // a machine's draft
}

// ErrUntouched keeps what a machine wrote from leaving as it is.
var ErrUntouched = &Invalid{"text", "this is still what the machine wrote; make it yours before you send it"}

// What a person may be told of an assistant.
var (
	ErrNoAssistant     = errors.New("there is no assistant for this network")
	ErrAssistantSilent = errors.New("the assistant has nothing to say just now; go on without it")
)

// BeginWith puts a text at the end of what the member has written for a case, as ready makes it, and
// notes where it comes from.
func BeginWith(ctx context.Context, tx Tx, m *Member, caseID int64, written string, b Begun, ready func(string) string) (Answer, error) {
	add, err := b.text(ctx, tx, m)
	if err != nil {
		return Answer{}, err
	}
	add = ready(add)
	if written = strings.TrimRight(written, " \n"); written != "" {
		add = written + "\n" + add
	}
	a, c, _, err := SaveDraft(ctx, tx, m, caseID, add)
	if err != nil || a.ID == 0 {
		return a, err
	}
	if b.AnswerID != 0 {
		a.SimilarID = b.AnswerID
	}
	if b.SnippetID != 0 {
		a.SnippetID = b.SnippetID
	}
	if b.Machine != "" {
		a.Suggestion = b.Machine
	}
	return a, a.store(ctx, tx, m, &c)
}

// text is what a draft begins with: of an answer or snippet that the member may see.
func (b *Begun) text(ctx context.Context, tx Tx, m *Member) (string, error) {
	switch {
	case b.AnswerID != 0:
		a, _, err := FindAnswer(ctx, tx, m, b.AnswerID)
		if err == nil && a.State != Approved {
			err = ErrChanged
		}
		return a.Text, err
	case b.SnippetID != 0:
		s, err := FindSnippet(ctx, tx, m, b.SnippetID)
		return s.Text, err
	}
	return b.Machine, nil
}

// machineMade tells whether at least half of a text is what a machine wrote.
func (a *Answer) machineMade() bool { return a.Suggestion != "" && Kept(a.Suggestion, a.Text) >= 0.5 }

// ownWords refuses an advocate's answer of which a machine wrote everything.
func (a *Answer) ownWords(m *Member) error {
	if a.Suggestion != "" && !m.Role.Employee() && Kept(a.Suggestion, a.Text) >= AsWritten {
		return ErrUntouched
	}
	return nil
}
