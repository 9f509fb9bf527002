package main_test

import (
	"encoding/json"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/kith-social/kith"

// arrows says what each part may import of ours; imports run one way. A part is a folder, and the
// longest name that fits a package counts. Everything may import clock.
var arrows = map[string][]string{
	"clock":                       {},
	"listeners":                   {},
	"listeners/sandbox":           {"!clock"},
	"listeners/channeltest":       {"listeners"},
	"listeners/channeltest/table": {"listeners/channeltest"},
	"listeners/facebook":          {"listeners"},
	"listeners/feed":              {"listeners"},
	"listeners/discourse":         {"listeners"},
	"listeners/nodebb":            {"listeners"},
	"listeners/pasted":            {"listeners"},
	"listeners/twitter":           {"listeners"},
	"triage":                      {},
	"triage/golden":               {},
	"triage/goals":                {"triage", "triage/golden", "triage/learner"},
	"triage/weights/recipe":       {"triage", "triage/learner"},
	"gamification":                {},
	"community":                   {"listeners", "triage", "gamification"},
	"moderation":                  {"community", "listeners", "triage", "gamification"},
	"moderation/rules":            {"community", "listeners", "triage"},
	"server/db":                   {},
	"server/db/dbtest":            {"server/db"},
	"server/access":               {"community", "listeners"},
	"server/access/accesstest":    {"server/access"},
	"server/stream":               {"community"},
	"server/api":                  {"moderation", "moderation/rules", "community", "listeners", "triage", "gamification", "server/access", "server/db"},
	"web/browsertest":             {},
	"web":                         {"moderation", "moderation/rules", "community", "listeners", "triage", "gamification", "server/access", "server/db"},
	"server":                      {"*"},
	"":                            {"server/cli"},
}

// homes are the only parts that may import a library.
var homes = map[string][]string{
	"github.com/casbin/casbin":          {"server/access"},
	"github.com/alexedwards/scs":        {"server/access"},
	"github.com/alexedwards/argon2id":   {"server/access"},
	"golang.org/x/crypto":               {"server/access"},
	"github.com/g8rswimmer/go-twitter":  {"listeners/twitter"},
	"github.com/huandu/facebook":        {"listeners/facebook"},
	"github.com/mmcdole/gofeed":         {"listeners/feed"},
	"github.com/jackc/pgx":              {"server/db"},
	"modernc.org/sqlite":                {"server/db"},
	"github.com/danielgtaylor/huma":     {"server/api"},
	"github.com/a-h/templ":              {"web"},
	"github.com/nicksnyder/go-i18n":     {"web"},
	"github.com/evanw/esbuild":          {"web/assets/build"},
	"github.com/alecthomas/kong":        {"server/cli"},
	"github.com/prometheus":             {"server"},
	"github.com/riverqueue/river/river": {"server/db"},
}

type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for in := json.NewDecoder(strings.NewReader(string(out))); in.More(); {
		var p pkg
		if err := in.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found only %d packages", len(all))
	}
	return all
}

// part is the longest key of a table that fits a package.
func part[V any](table map[string]V, name string) string {
	best := ""
	for key := range table {
		if (name == key || strings.HasPrefix(name, key+"/")) && len(key) > len(best) {
			best = key
		}
	}
	return best
}

func TestImportsRunOneWay(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		from := part(arrows, name)
		if from == "" && name != "" {
			t.Errorf("package %s belongs to no part; add it to the arrows", name)
		}
		for _, imp := range p.Imports {
			to, ours := strings.CutPrefix(imp, module+"/")
			if !ours || slices.Contains(arrows[from], "*") || strings.HasPrefix(to, name+"/") || strings.HasPrefix(to, from+"/") && from != "listeners" {
				continue
			}
			if to == "clock" && !slices.Contains(arrows[from], "!clock") {
				continue
			}
			if !slices.Contains(arrows[from], to) {
				t.Errorf("%s imports %s, against the arrows", name, to)
			}
		}
	}
}

func TestLibrariesStayAtHome(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, imp := range p.Imports {
			for library, parts := range homes {
				if !strings.HasPrefix(imp, library) {
					continue
				}
				at := slices.ContainsFunc(parts, func(part string) bool {
					return name == part || strings.HasPrefix(name, part+"/")
				})
				if !at {
					t.Errorf("%s imports %s, whose home is %v", name, imp, parts)
				}
			}
		}
	}
}

func TestTimeComesFromTheClock(t *testing.T) {
	out, err := exec.Command("git", "grep", "-nE", `\btime\.(Now|Since|Until)\(`, "--", "*.go", ":!*_test.go", ":!clock/*", ":!listeners/sandbox/*", ":!web/assets/build/*").Output()
	if err == nil && len(out) > 0 {
		t.Errorf("time that was not injected:\n%s", out)
	}
}

func TestFoldersAreNamedAfterTheProduct(t *testing.T) {
	for _, p := range packages(t) {
		switch path.Base(p.ImportPath) {
		case "utils", "util", "common", "models", "types", "helpers", "helper", "service", "services", "manager", "misc":
			t.Errorf("%s says what kind of code it is, not which part of the product", p.ImportPath)
		}
	}
}
