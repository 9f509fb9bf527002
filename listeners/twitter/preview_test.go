package twitter

import (
	"fmt"
	"testing"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
)

// TestPreview: what a search would have found is counted and shown, never for more than was said before.
func TestPreview(t *testing.T) {
	n := network(t, "post")
	for i := range 14 {
		n.Post(t, channeltest.Post{Author: fmt.Sprintf("customer%d", i%3), Text: fmt.Sprintf("cà phê Sao Mai số %d", i)})
	}
	n.Post(t, channeltest.Post{Author: "an", Text: "trà sữa"})
	ch := n.Open(t, channeltest.Options{}).(listeners.Previewer)
	p, err := ch.Preview(t.Context(), "cà phê", 10)
	if err != nil || p.Matched != 14 || len(p.Posts) != 10 || p.Posts[0].Text != "cà phê Sao Mai số 13" {
		t.Fatalf("got %+v, %v", p, err)
	}
	if want := listeners.MicroUSD(countPrice + 10*postPrice + 3*userPrice); total(p.Spend) != want || total(p.Spend) > ch.PreviewCost(10) {
		t.Errorf("spent %d, want %d, at most %d", total(p.Spend), want, ch.PreviewCost(10))
	}
	if want := listeners.MicroUSD(14 * 30 * 15_000 / 7); p.Monthly != want {
		t.Errorf("a month costs %d, want %d", p.Monthly, want)
	}
	days := 0
	for _, d := range p.Days {
		days += d.Posts
	}
	if days != 14 || len(p.Days) < 7 || len(p.Days) > 8 {
		t.Errorf("days: %+v", p.Days)
	}
	if p, err := ch.Preview(t.Context(), "không ai nói thế", 10); err != nil || p.Matched != 0 || total(p.Spend) != countPrice {
		t.Errorf("nothing found: got %+v, %v", p, err)
	}
	n.Weather(t, "/search", "status:503", 0)
	if p, err := ch.Preview(t.Context(), "cà phê", 10); err == nil || total(p.Spend) != countPrice {
		t.Errorf("half of it failed: got %+v, %v", p, err)
	}
	_, err = ch.Preview(t.Context(), "near:hanoi", 10)
	if classIn(err) != listeners.Invalid {
		t.Errorf("a query that X refuses: got %v", err)
	}
}
