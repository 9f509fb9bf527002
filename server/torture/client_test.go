package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// client is one member's program: it talks to whichever server lives, and asks again until it is told.
type client struct {
	*trial
	name, token string
	seat        int
	dice        *rand.Rand
	said        int // texts written so far
}

// between is the pause after a request that nobody answered.
const between = 10 * time.Millisecond

// ask makes one request. 0 is the status of a request whose answer never came.
func (c *client) ask(ctx context.Context, method, path string, in, out any) int {
	var body []byte
	if in != nil {
		body, _ = json.Marshal(in) // texts: it cannot fail
	}
	req, err := http.NewRequestWithContext(ctx, method, c.server(c.dice)+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return 0 // no server lives
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return 0
	}
	if res.StatusCode >= 500 {
		c.book.complain("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	if out != nil && res.StatusCode < 300 {
		if err := json.Unmarshal(answer, out); err != nil {
			c.book.complain("%s %s: %v", method, path, err)
		}
	}
	return res.StatusCode
}

// insist asks until an answer comes. unsure tells that an earlier request may have been carried out.
func (c *client) insist(ctx context.Context, method, path string, in, out any) (status int, unsure bool) {
	for {
		status = c.ask(ctx, method, path, in, out)
		c.book.count(status)
		if status != 0 || ctx.Err() != nil {
			return status, unsure
		}
		unsure = true
		wait(ctx, between)
	}
}

func wait(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

// write makes a text that nobody has used, with what networks are fond of changing.
func (c *client) write() string {
	c.said++
	return fmt.Sprintf(sentences[c.dice.IntN(len(sentences))], fmt.Sprintf("%s-%d", c.name, c.said))
}

var sentences = []string{
	"Thanks for asking! Turn it off and on again, then it works. (%s)",
	"Cà phê rang đậm còn hàng nhé, quán mở tới 9 giờ tối. «%s» 🇻🇳",
	`Fish & chips <3 "quoted", it's %s`,
	"Two lines:\nthe second says %s",
}

type item struct {
	ID      string `json:"id"`
	State   string `json:"state"`
	Text    string `json:"text"`
	CaseID  string `json:"case_id"`
	Member  string `json:"member"`
	Answers []item `json:"answers"`
}

// play does the member's part until the trial is over.
func (c *client) play(ctx context.Context) {
	if c.seat < seats {
		c.advocate(ctx)
	} else {
		c.moderator(ctx)
	}
}

// advocate answers what is open.
func (c *client) advocate(ctx context.Context) {
	for ctx.Err() == nil && !c.enough() {
		var open struct{ Items []item }
		if status, _ := c.insist(ctx, "GET", "/cases?limit=50", nil, &open); status != http.StatusOK || len(open.Items) == 0 {
			wait(ctx, 50*time.Millisecond)
			continue
		}
		c.dice.Shuffle(len(open.Items), func(i, j int) { open.Items[i], open.Items[j] = open.Items[j], open.Items[i] })
		for _, found := range open.Items {
			// Mostly each looks at other cases than the rest, as people do; now and then they race.
			if id, err := strconv.Atoi(found.ID); err == nil && (id%seats == c.seat || c.dice.IntN(10) == 0) {
				c.answer(ctx, found.ID)
			}
		}
	}
}

// answer claims a case and answers it, or leaves it alone again.
func (c *client) answer(ctx context.Context, caseID string) {
	status, _ := c.insist(ctx, "POST", "/cases/"+caseID+"/claim", nil, nil)
	switch {
	case status == http.StatusOK:
	case status == 0, status == http.StatusConflict:
		return // the trial is over, or somebody else was faster: a claim of our own would have been renewed
	default:
		c.book.complain("%s claims case %s: %d", c.name, caseID, status)
		return
	}
	switch chance := c.dice.IntN(100); {
	case chance < 2:
		c.book.keep(caseID, c.name)
		return
	case chance < 6:
		if status, unsure := c.insist(ctx, "DELETE", "/cases/"+caseID+"/claim", nil, nil); status != 0 && status != http.StatusOK && !unsure {
			c.book.complain("%s cannot hand back case %s: %d", c.name, caseID, status)
		}
		return
	}
	text := c.write()
	c.book.try(text, caseID, "")
	var made item
	status, unsure := c.insist(ctx, "POST", "/cases/"+caseID+"/answers", map[string]string{"text": text}, &made)
	switch {
	case status == http.StatusCreated:
		c.book.tell(text, made.ID, told(made.State))
	case status == 0, unsure:
	default:
		c.book.tell(text, "", refused)
		c.book.complain("%s held case %s and could not answer it: %d", c.name, caseID, status)
	}
}

// moderator decides about what waits.
func (c *client) moderator(ctx context.Context) {
	for ctx.Err() == nil {
		var queue struct {
			Items []struct{ Answer item }
		}
		if status, _ := c.insist(ctx, "GET", "/reviews?limit=20", nil, &queue); status != http.StatusOK || len(queue.Items) == 0 {
			wait(ctx, 50*time.Millisecond)
			continue
		}
		for _, w := range queue.Items {
			c.decide(ctx, w.Answer)
		}
	}
}

func (c *client) decide(ctx context.Context, a item) {
	var status int
	var unsure bool
	switch chance := c.dice.IntN(100); {
	case chance < 3:
		status, unsure = c.insist(ctx, "POST", "/answers/"+a.ID+"/return", map[string]string{"reason": "Say it in a friendlier way."}, nil)
		if status == http.StatusOK || unsure {
			c.book.giveBack(a.CaseID)
		}
		if status == http.StatusOK {
			c.book.tell(a.Text, a.ID, replaced)
		}
	case chance < 10:
		text := c.write()
		c.book.try(text, a.CaseID, a.ID)
		status, unsure = c.insist(ctx, "POST", "/answers/"+a.ID+"/approve", map[string]string{"text": text}, nil)
		switch {
		case status == http.StatusOK:
			c.book.tell(text, a.ID, approved)
			c.book.tell(a.Text, a.ID, replaced)
		case !unsure:
			c.book.tell(text, a.ID, refused)
		}
	default:
		if status, _ = c.insist(ctx, "POST", "/answers/"+a.ID+"/approve", nil, nil); status == http.StatusOK {
			c.book.tell(a.Text, a.ID, approved)
		}
	}
	if status != 0 && status != http.StatusOK && status != http.StatusConflict {
		c.book.complain("%s cannot decide about answer %s: %d", c.name, a.ID, status)
	}
}
