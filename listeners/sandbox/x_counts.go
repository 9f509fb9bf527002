package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// counts tells how many posts of the last seven days match a query, by day, hour or minute.
func (x *xFacade) counts(w http.ResponseWriter, r *http.Request, g grant) error {
	q := r.URL.Query()
	match, err := parseQuery(q.Get("query"))
	if err != nil {
		return xInvalid("query", q.Get("query"), err.Error())
	}
	step := map[string]time.Duration{"": time.Hour, "hour": time.Hour, "day": 24 * time.Hour, "minute": time.Minute}[q.Get("granularity")]
	if step == 0 {
		return xInvalid("granularity", q.Get("granularity"), "The `granularity` is minute, hour or day")
	}
	to := x.cfg.Now().UTC()
	from := to.Add(-xSearchDays)
	type bucket struct {
		Start string `json:"start"`
		End   string `json:"end"`
		Posts int    `json:"post_count"`
	}
	var buckets []bucket
	var ends []time.Time
	for at := from; at.Before(to); {
		next := at.Truncate(step).Add(step)
		if next.After(to) {
			next = to
		}
		buckets = append(buckets, bucket{Start: at.Format(time.RFC3339), End: next.Format(time.RFC3339)})
		ends = append(ends, next)
		at = next
	}
	total := 0
	x.world.mu.RLock()
	posts, _ := x.world.feeds["x"].take(window{From: from, To: to, Match: func(p *post) bool { return g.shows(p.Author) && match(p) }}, 1<<30)
	for _, p := range posts {
		total++
		for i, end := range ends {
			if p.CreatedAt.Before(end) {
				buckets[i].Posts++
				break
			}
		}
	}
	x.world.mu.RUnlock()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(w).Encode(map[string]any{"data": buckets, "meta": map[string]int{"total_post_count": total}})
}

// xCap is how many posts an application may read in a month.
const xCap = 3_000_000

// usage tells how much of the month's cap is used. The sandbox counts nothing: reading is free here.
func (x *xFacade) usage(w http.ResponseWriter, _ *http.Request, _ grant) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{
		"project_id": "1", "project_cap": strconv.Itoa(xCap), "project_usage": "0", "cap_reset_day": 1,
	}})
}
