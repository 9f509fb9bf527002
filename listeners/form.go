package listeners

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// longestField bounds what may be filled in for one field, in bytes.
const longestField = 8 << 10

// Form is what somebody filled in to connect an account.
type Form struct {
	BrandID  int64
	Network  string // the kind of network
	Settings Settings
	Secrets  map[string]string
	Renews   int64 // the connection whose settings and secrets it renews; 0: none
}

// FieldFault says what is wrong with a field of a Form; its sentence is in the catalogs as
// "field.<code>".
type FieldFault struct {
	Field string
	Code  FieldCode
}

// FieldCode is a kind of fault.
type FieldCode string

// The faults that a field can have.
const (
	FieldMissing FieldCode = "missing"
	FieldURL     FieldCode = "url"  // it is not the address of a place on the web
	FieldLong    FieldCode = "long" // nobody has that much to say
	FieldLine    FieldCode = "line" // it has several lines, or signs that are none
	FieldOption  FieldCode = "option"
)

// Error says the fault in English.
func (f *FieldFault) Error() string {
	said := map[FieldCode]string{
		FieldMissing: "is missing", FieldURL: "must be an address that begins with https://",
		FieldLong: "is too long", FieldLine: "must be one line of text", FieldOption: "is none of what can be chosen",
	}
	return fmt.Sprintf("%s %s", f.Field, said[f.Code])
}

// Fill sorts values by name into settings and secrets, as the network's fields say, trims them, and takes
// the default of what is empty. Names that are no field are settings as they are.
func (n Network) Fill(values map[string]string) (Settings, map[string]string) {
	settings, secrets := Settings{}, map[string]string{}
	for name, value := range values {
		if value = strings.TrimSpace(value); value != "" {
			settings[name] = value
		}
	}
	for _, f := range n.Fields {
		value := settings[f.Name]
		if value == "" {
			value = f.Default
		}
		delete(settings, f.Name)
		switch {
		case value == "":
		case f.Secret:
			secrets[f.Name] = value
		default:
			settings[f.Name] = value
		}
	}
	return settings, secrets
}

// Check finds the first field of a form that cannot be used; nil where all can. Who brings a token needs
// nothing of what the network's own pages are asked with.
func (n Network) Check(settings Settings, secrets map[string]string) *FieldFault {
	brought := n.Grant != nil && secrets["token"] != ""
	for _, f := range n.Fields {
		value := settings[f.Name]
		if f.Secret {
			value = secrets[f.Name]
		}
		switch {
		case value == "" && (f.Optional || brought):
		case value == "":
			return &FieldFault{f.Name, FieldMissing}
		case len(value) > longestField:
			return &FieldFault{f.Name, FieldLong}
		case !utf8.ValidString(value) || f.Kind != "lines" && printable(value) != value:
			return &FieldFault{f.Name, FieldLine}
		case f.Kind == "url" && !webAddress(value):
			return &FieldFault{f.Name, FieldURL}
		case value != "" && len(f.Options) > 0 && !slices.Contains(f.Options, value):
			return &FieldFault{f.Name, FieldOption}
		}
	}
	return nil
}

func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// Pasted tells whether a form carries the account's token, so that the network's own pages are not needed.
func (n Network) Pasted(secrets map[string]string) bool {
	return n.Grant == nil || secrets["token"] != ""
}

// asked are the secrets that a person fills in, without those that a network made.
func (n Network) asked(secrets map[string]string) map[string]string {
	some := map[string]string{}
	for _, f := range n.Fields {
		if value := secrets[f.Name]; f.Secret && value != "" && (n.Grant == nil || f.Name != "token") {
			some[f.Name] = value
		}
	}
	return some
}

// unasked are the settings that are no field of the form.
func (n Network) unasked(settings Settings) map[string]string {
	some := maps.Clone(settings)
	for _, f := range n.Fields {
		delete(some, f.Name)
	}
	return some
}

// keep fills what a form leaves out with what was kept before.
func keep(form, before map[string]string) map[string]string {
	all := maps.Clone(before)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, form)
	return all
}
