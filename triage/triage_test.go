package triage

import "testing"

func TestAngerIsFound(t *testing.T) {
	s := New([]Topic{{ID: 1, Name: "Delivery", Keywords: []string{"giao hàng", "parcel"}}})
	if got := s.Score("I am FURIOUS about my parcels"); got.Anger < 0.3 || got.Language != English || len(got.Topics) != 1 {
		t.Errorf("got %+v", got)
	}
}
