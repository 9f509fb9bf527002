package main

import (
	"strings"
	"testing"
)

const events = `
{"Action":"run","Package":"example/listeners/forum","Test":"TestConformance"}
{"Action":"pass","Package":"example/listeners/forum","Test":"TestConformance/C01_the_first_round_from_an_empty_cursor_brings_what_the_network_has"}
{"Action":"output","Package":"example/listeners/forum","Test":"TestConformance/C05_a_post_that_is_given_twice_keeps_its_id","Output":"    suite.go:1: C05 n/a: it gives nothing twice\n"}
{"Action":"skip","Package":"example/listeners/forum","Test":"TestConformance/C05_a_post_that_is_given_twice_keeps_its_id"}
{"Action":"fail","Package":"example/listeners/bird","Test":"TestConformance/old/C01_the_first_round_from_an_empty_cursor_brings_what_the_network_has"}
{"Action":"pass","Package":"example/listeners/bird","Test":"TestSomethingElse/C01"}
`

func TestTableTellsWhatTheSuiteSaid(t *testing.T) {
	columns, err := read(strings.NewReader(strings.TrimSpace(events)))
	if err != nil {
		t.Fatal(err)
	}
	table := render(columns)
	for _, want := range []string{
		"| case | bird old | forum |",
		"brings what the network has | fail | pass |",
		"keeps its id | not run | n/a (1) |",
		"1. it gives nothing twice",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
}
