package listeners_test

import (
	"testing"

	"github.com/kith-social/kith/listeners"
)

// TestFieldsOfAForm checks what people fill in against what a field can be.
func TestFieldsOfAForm(t *testing.T) {
	n := listeners.Network{Fields: []listeners.Field{
		{Name: "host", Kind: "url"},
		{Name: "key", Secret: true},
		{Name: "hear", Optional: true, Default: "all", Options: []string{"all", "named"}},
	}}
	for name, test := range map[string]struct {
		values map[string]string
		field  string
		code   listeners.FieldCode
	}{
		"the rest by default": {map[string]string{"host": " https://forum.example ", "key": "k"}, "", ""},
		"an option":           {map[string]string{"host": "https://forum.example", "key": "k", "hear": "named"}, "", ""},
		"none of the options": {map[string]string{"host": "https://forum.example", "key": "k", "hear": "some"}, "hear", listeners.FieldOption},
		"no key":              {map[string]string{"host": "https://forum.example"}, "key", listeners.FieldMissing},
		"no address":          {map[string]string{"host": "forum", "key": "k"}, "host", listeners.FieldURL},
		"two lines":           {map[string]string{"host": "https://forum.example", "key": "k\nl"}, "key", listeners.FieldLine},
	} {
		fault := n.Check(n.Fill(test.values))
		if fault == nil {
			fault = &listeners.FieldFault{}
		}
		if fault.Field != test.field || fault.Code != test.code {
			t.Errorf("%s: %q is %q, want %q is %q", name, fault.Field, fault.Code, test.field, test.code)
		}
	}
}
