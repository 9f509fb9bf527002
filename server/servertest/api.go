package servertest

import (
	"context"
	"net/http"
	"time"
)

// Member is somebody inside who uses the JSON API of a product.
type Member struct {
	Name string

	w       *World
	product *Product
}

// As is a member at the world's product.
func (w *World) As(name string) *Member { return w.At(w.Product, name) }

// At is a member at one of several products.
func (w *World) At(p *Product, name string) *Member {
	w.T.Helper()
	if w.Tokens[name] == "" {
		w.T.Fatalf("nobody is called %s", name)
	}
	return &Member{name, w, p}
}

// Case as the API shows it.
type Case struct {
	ID       string
	Lane     string
	LaneWhy  string `json:"lane_why"`
	State    string
	Priority int
	Language string
	Topics   []string
	Mentions []struct {
		NativeID string `json:"native_id"`
		Author   string
		Text     string
		Ours     bool
	}
	Claim *struct {
		Member, Name string
		Until        time.Time
	}
	Delivery struct{ Mode, Reason string }
	Answers  []Answer
}

// Answer as the API shows it.
type Answer struct {
	ID          string
	CaseID      string `json:"case_id"`
	State       string
	Text        string
	WhyReviewed string `json:"why_reviewed"`
	Reply       *struct {
		State    string
		NativeID string `json:"native_id"`
	}
}

// Points as the API shows them.
type Points struct {
	Balance, Pending, Frozen int
	Entries                  []struct {
		Points int
		Reason string
		State  string
		CaseID string `json:"case_id"`
	}
}

// Try makes a call below /api/v1 and returns its status.
func (m *Member) Try(method, path string, in, out any) int {
	m.w.T.Helper()
	status, err := m.Call(m.w.T.Context(), method, path, in, out)
	m.w.must(err)
	return status
}

// Call is Try for goroutines, which must not end the test.
func (m *Member) Call(ctx context.Context, method, path string, in, out any) (int, error) {
	return call(ctx, method, m.product.URL+"/api/v1"+path, m.w.Tokens[m.Name], in, out)
}

// Do is Try that must succeed.
func (m *Member) Do(method, path string, in, out any) {
	m.w.T.Helper()
	var text any
	if out == nil {
		out = &text
	}
	if status := m.Try(method, path, in, out); status != http.StatusOK && status != http.StatusCreated {
		m.w.T.Fatalf("%s: %s %s gives status %d %v", m.Name, method, path, status, text)
	}
}

// List is the member's list of cases; query may be "".
func (m *Member) List(query string) []Case {
	m.w.T.Helper()
	var list struct{ Items []Case }
	m.Do(http.MethodGet, "/cases?brand=saomai&"+query, nil, &list)
	return list.Items
}

// Sees is a case as the member sees it.
func (m *Member) Sees(id string) Case {
	m.w.T.Helper()
	var c Case
	m.Do(http.MethodGet, "/cases/"+id, nil, &c)
	return c
}

// Finds waits until a post on the network is a case in the member's list of open ones.
func (m *Member) Finds(post string) (found Case) {
	m.w.T.Helper()
	m.w.Wait(Soon, m.Name+" finds no case of post "+post, func() bool {
		for _, c := range m.List("") {
			for _, mention := range c.Mentions {
				if mention.NativeID == post {
					found = c
					return true
				}
			}
		}
		return false
	})
	return found
}

// Becomes waits until a case is in a state.
func (m *Member) Becomes(id, state string) (c Case) {
	m.w.T.Helper()
	defer func() {
		if c.State != state {
			m.w.T.Logf("case %s is %s", id, c.State)
		}
	}()
	m.w.Wait(Soon, "case "+id+" does not become "+state, func() bool {
		c = m.Sees(id)
		return c.State == state
	})
	return c
}

// Claims claims a case.
func (m *Member) Claims(id string) {
	m.w.T.Helper()
	m.Do(http.MethodPost, "/cases/"+id+"/claim", nil, nil)
}

// Answers answers a case the member has claimed.
func (m *Member) Answers(id, text string) (a Answer) {
	m.w.T.Helper()
	m.Do(http.MethodPost, "/cases/"+id+"/answers", map[string]string{"text": text}, &a)
	return a
}

// Approves approves an answer.
func (m *Member) Approves(id string) (a Answer) {
	m.w.T.Helper()
	m.Do(http.MethodPost, "/answers/"+id+"/approve", nil, &a)
	return a
}

// Points are the member's.
func (m *Member) Points() (p Points) {
	m.w.T.Helper()
	m.Do(http.MethodGet, "/me/points", nil, &p)
	return p
}

// History is the kinds of what happened to a case, oldest first.
func (m *Member) History(id string) []string {
	m.w.T.Helper()
	var list struct{ Items []struct{ Kind string } }
	m.Do(http.MethodGet, "/cases/"+id+"/activities", nil, &list)
	kinds := make([]string, len(list.Items))
	for i, a := range list.Items {
		kinds[i] = a.Kind
	}
	return kinds
}

// Notices waits until the member has been told of something and returns how often.
func (m *Member) Notices(kind string) (n int) {
	m.w.T.Helper()
	m.w.Wait(Soon, m.Name+" is not told of "+kind, func() bool {
		n = m.w.Count(`SELECT COUNT(*) FROM notices n JOIN members m ON m.id = n.member_id WHERE m.public_name = ? AND n.kind = ?`, m.Name, kind)
		return n > 0
	})
	return n
}
