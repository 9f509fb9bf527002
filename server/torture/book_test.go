package torture

import (
	"fmt"
	"sync"
	"time"
)

// book holds what the crowd was told, and what it was told wrongly.
type book struct {
	mu       sync.Mutex
	posts    map[string]string // customers' posts by id, as the network acknowledged them
	answers  map[string]*entry // by text, which nobody uses twice
	kept     map[string]string // who claimed a case and left it so, by case
	returned map[string]bool   // cases whose answer a reviewer gave back
	wrong    []string
	unsure   int // requests whose answer never came
	asked    int // requests
	lives    []time.Duration
}

// entry is what is known about one text that somebody wanted to send.
type entry struct {
	caseID, answerID string
	told             told
}

// told is what the product acknowledged about a text.
type told string

const (
	nothing   told = "nothing" // asked, never answered: it may be either way
	refused   told = "refused"
	submitted told = "submitted"
	approved  told = "approved"
	replaced  told = "replaced" // by a reviewer's wording, or given back: it must not leave
)

func newBook() *book {
	return &book{posts: map[string]string{}, answers: map[string]*entry{}, kept: map[string]string{}, returned: map[string]bool{}}
}

func (b *book) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
}

// count counts a request; 0 is the status of one that nobody answered.
func (b *book) count(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if status == 0 {
		b.unsure++
	}
}

func (b *book) posted(id, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.posts[id] = text
}

// try notes that somebody is about to send a text, before the request.
func (b *book) try(text, caseID, answerID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers[text] = &entry{caseID, answerID, nothing}
}

func (b *book) written() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.answers)
}

func (b *book) tell(text, answerID string, what told) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.answers[text]
	if e == nil {
		b.wrong = append(b.wrong, fmt.Sprintf("an answer has a text that nobody wrote: %q", text))
		return
	}
	if e.told == approved && what == approved {
		b.wrong = append(b.wrong, fmt.Sprintf("approved twice: %q", text))
	}
	if e.told == submitted || e.told == nothing || what == approved || what == replaced {
		e.told = what
	}
	if answerID != "" {
		e.answerID = answerID
	}
}

func (b *book) keep(caseID, member string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept[caseID] = member
}

func (b *book) giveBack(caseID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.returned[caseID] = true
}

func (b *book) lived(start time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lives = append(b.lives, start)
}
