package twitter

import (
	"errors"
	"strings"
	"testing"

	"github.com/kith-social/kith/listeners"
)

func TestCheckQuery(t *testing.T) {
	for query, want := range map[string]error{
		"cà phê": nil,
		`"cà phê sữa" OR (#saomai -is:retweet)`: nil,
		"@saomaicafe lang:vi -from:saomaicafe":  nil,
		"from:saomaicafe":                       nil,
		`-(quảng cáo) saomai`:                   nil,
		"https://saomai.vn":                     nil,
		strings.Repeat("ế", maxQuery):           nil,
		"":                                      listeners.ErrQueryEmpty,
		"  \n":                                  listeners.ErrQueryEmpty,
		"saomai ()":                             listeners.ErrQueryEmpty,
		strings.Repeat("ế", maxQuery+1):         listeners.ErrQueryLong,
		`"cà phê`:                               listeners.ErrQueryQuote,
		"(cà phê":                               listeners.ErrQueryParens,
		"cà) phê (":                             listeners.ErrQueryParens,
		"OR cà phê":                             listeners.ErrQueryOr,
		"cà phê OR":                             listeners.ErrQueryOr,
		"cà OR OR phê":                          listeners.ErrQueryOr,
		"(cà OR) phê":                           listeners.ErrQueryOr,
		"cà - phê":                              listeners.ErrQueryNot,
		"cà -":                                  listeners.ErrQueryNot,
		"cà -OR phê":                            listeners.ErrQueryNot,
		"lang:vi -is:retweet":                   listeners.ErrQueryAlone,
		"-quảng":                                listeners.ErrQueryAlone,
		"cà phê near:hanoi":                     listeners.ErrQueryOperator,
		"cà phê since:2026-01-01 until:tomorrow": listeners.ErrQueryOperator,
	} {
		if err := CheckQuery(query); !errors.Is(err, want) {
			t.Errorf("%.60q: got %v, want %v", query, err, want)
		}
	}
}

func FuzzCheckQuery(f *testing.F) {
	for _, query := range []string{`"cà phê" OR (#saomai -is:retweet)`, `-"`, "((", "a:b:c", "-("} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		if CheckQuery(query) == nil && strings.TrimSpace(query) == "" {
			t.Error("an empty query is taken")
		}
	})
}
