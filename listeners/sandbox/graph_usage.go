package sandbox

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	graphDay  = 24 * time.Hour
	graphMost = 4800 // calls of a Page a day, for each person who deals with it; here for all together
)

// graphUsage counts the calls for each Page. Switched off it still sends the headers, always at nought.
type graphUsage struct {
	on   bool
	now  func() time.Time
	mu   *sync.Mutex
	used map[string]*xSpent
}

func newGraphUsage(cfg Config) graphUsage {
	return graphUsage{on: cfg.Limits, now: cfg.Now, mu: new(sync.Mutex), used: make(map[string]*xSpent)}
}

// spend counts one call and writes the headers; an error where there were too many.
func (u graphUsage) spend(h http.Header, as graphToken) error {
	id := "app " + as.App
	if as.Account != nil {
		id = formatID(as.Account.ID)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.now()
	s := u.used[id]
	if s == nil || !now.Before(s.since.Add(s.span)) {
		s = &xSpent{since: now, span: graphDay, most: graphMost}
		u.used[id] = s
	}
	if s.calls >= s.most {
		return graphTooMany(int((s.since.Add(s.span).Sub(now) + time.Minute - 1) / time.Minute))
	}
	if u.on {
		s.calls++
	}
	percent := 100 * s.calls / s.most
	h.Set("X-App-Usage", `{"call_count":0,"total_cputime":0,"total_time":0}`)
	h.Set("X-Business-Use-Case-Usage", graphUsageHeader(id, percent, 0))
	return nil
}

func graphUsageHeader(id string, percent, regain int) string {
	return fmt.Sprintf(`{"%s":[{"type":"pages","call_count":%d,"total_cputime":0,"total_time":0,"estimated_time_to_regain_access":%d}]}`, id, percent, regain)
}

func graphTooMany(regain int) *graphError {
	return &graphError{
		Code: 80001, Type: "OAuthException", regain: max(regain, 1),
		Message: "There have been too many calls to this Page account. Wait a bit and try again.",
	}
}
