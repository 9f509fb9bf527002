package server

import (
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"github.com/kith-social/kith/web"
)

// TestEveryNetworkHasItsTexts holds the catalogs against the registry: whatever a network asks people for
// has its words in each language, and no others are there.
func TestEveryNetworkHasItsTexts(t *testing.T) {
	for _, lang := range web.Languages {
		var texts map[string]string
		if _, err := toml.DecodeFile("../web/strings/networks."+lang+".toml", &texts); err != nil {
			t.Fatal(err)
		}
		wanted := map[string]bool{}
		for kind, n := range networks {
			if len(n.Fields) == 0 {
				continue // it cannot be connected by a form
			}
			ids := []string{"what", "how"}
			for _, f := range n.Fields {
				ids = append(ids, f.Name, f.Name+".help")
				for _, option := range f.Options {
					ids = append(ids, f.Name+"."+option)
				}
			}
			for _, p := range n.Permissions {
				ids = append(ids, "permission."+p)
			}
			for _, id := range ids {
				id = "network." + kind + "." + id
				wanted[id] = true
				if texts[id] == "" {
					t.Errorf("networks.%s.toml lacks %s", lang, id)
				}
			}
		}
		for id := range texts {
			kind, _, _ := strings.Cut(strings.TrimPrefix(id, "network."), ".")
			if n, known := networks[kind]; known && len(n.Fields) > 0 && !wanted[id] {
				t.Errorf("networks.%s.toml: nothing uses %s", lang, id)
			}
		}
	}
}
