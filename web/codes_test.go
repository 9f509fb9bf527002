package web

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/moderation/rules"
)

// sources parses the Go files of a package of the product, tests left out.
func sources(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no Go files in %s (%v)", dir, err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// constants are the values of a package's constants of a type, by name.
func constants(t *testing.T, dir, typeName string) map[string]string {
	t.Helper()
	values := map[string]string{}
	for _, file := range sources(t, dir) {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && spec.Type != nil && name(spec.Type) == typeName && len(spec.Values) == 1 {
				if text, ok := literal(spec.Values[0]); ok {
					values[spec.Names[0].Name] = text
				}
			}
			return true
		})
	}
	if len(values) == 0 {
		t.Fatalf("%s has no constants of the type %s", dir, typeName)
	}
	return values
}

// told are the kinds of activities that members get a notice of: those that community's tell is called
// with, and good, which tells of outcomes; and every change of trust.
func told(t *testing.T) []string {
	t.Helper()
	kinds := constants(t, "community", "Kind")
	found := map[string]bool{}
	for _, kind := range trustKinds(t) {
		if kind != "guide_proposed" { // told once both have agreed
			found[kind] = true
		}
	}
	for _, file := range sources(t, "community") {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !slices.Contains([]string{"tell", "tellWords", "tellEverybody", "good"}, name(call.Fun)) {
				return true
			}
			for _, arg := range call.Args {
				if kind, ok := kinds[name(arg)]; ok {
					found[kind] = true
				}
			}
			return true
		})
	}
	return slices.Collect(maps.Keys(found))
}

// trustKinds are the kinds of changes of somebody's trust.
func trustKinds(t *testing.T) []string {
	t.Helper()
	var found []string
	for name, kind := range constants(t, "community", "Kind") {
		if strings.HasPrefix(name, "Trust") || strings.HasPrefix(name, "Guide") {
			found = append(found, kind)
		}
	}
	return found
}

// lanes are the reasons why a case is in its lane: the rules, and what community writes by itself.
func lanes() []string {
	found := []string{rules.Default, "escalated", "follow_up", "declined", community.LaneOptedOut, community.LaneNobody, community.LaneCorrected, community.LaneHandedBack, community.LaneOverflow}
	for _, rule := range append(rules.Standing(), rules.Starting(rules.Thresholds{Staff: 1, Anger: 80, Noise: 80})...) {
		found = append(found, rule.Name)
	}
	return found
}

// badgeIDs are the badges of the table, and more.
func badgeIDs(all ...string) []string {
	for _, b := range gamification.Badges {
		all = append(all, string(b.ID))
	}
	return all
}

// pointsRules are the rules that a points table has terms for.
func pointsRules() (all []string) {
	for _, r := range gamification.Rules {
		all = append(all, string(r))
	}
	return all
}

// sentences are what the product may tell a person of an error: sentinels and bad input.
func sentences(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, dir := range []string{"community", "listeners", "moderation", "moderation/rules", "server/access", "web"} {
		for _, file := range sources(t, dir) {
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ValueSpec:
					if dir != "web" && len(n.Values) == 1 && strings.HasPrefix(n.Names[0].Name, "Err") {
						if call, ok := n.Values[0].(*ast.CallExpr); ok && name(call.Fun) == "New" {
							if text, ok := literal(call.Args[0]); ok {
								found = append(found, text)
							}
						}
					}
				case *ast.CompositeLit:
					if n.Type == nil || name(n.Type) != "Invalid" && name(n.Type) != "Failure" {
						return true
					}
					for i, e := range n.Elts {
						if pair, ok := e.(*ast.KeyValueExpr); ok && name(pair.Key) == "Sentence" {
							e = pair.Value
						} else if ok || i != 1 {
							continue
						}
						if text, ok := literal(e); ok {
							found = append(found, text)
						}
					}
				}
				return true
			})
		}
	}
	return found
}

// coded are the ids of the texts that pages find by a code of the domain.
func coded(t *testing.T) map[string]bool {
	t.Helper()
	values := func(dir, typeName string) []string { return slices.Collect(maps.Values(constants(t, dir, typeName))) }
	var levels []string
	for level := range 5 {
		levels = append(levels, fmt.Sprintf("t%d", level))
	}
	ids := map[string]bool{}
	for table, codes := range map[string][]string{
		"activity":         values("community", "Kind"),
		"notice":           told(t),
		"points":           values("gamification", "Rule"),
		"points_rule":      pointsRules(),
		"badge":            badgeIDs(string(gamification.Given)),
		"badge_how":        badgeIDs(),
		"badge_tier":       {"t1", "t2", "t3"},
		"points_preset":    gamification.PresetNames,
		"points_wrong":     values("gamification", "Problem"),
		"points_back":      values("gamification", "Why"),
		"points_brake":     values("gamification", "Brake"),
		"fair_detector":    values("gamification", "Detector"),
		"fair_why":         values("gamification", "Detector"),
		"fair_innocent":    values("gamification", "Detector"),
		"fair_state":       values("gamification", "FairState"),
		"fair_appeal":      {"open", "upheld", "changed"},
		"guard":            values("moderation", "Flag"),
		"guard_fix":        values("moderation", "Flag"),
		"alert_do":         values("moderation", "AlertKind"),
		"receiver_pace":    values("moderation", "Pace"),
		"head":             values("triage", "Head"),
		"network_error":    values("listeners", "Class"),
		"network_next":     values("listeners", "Class"),
		"connect_error":    values("listeners", "Class"),
		"field":            values("listeners", "FieldCode"),
		"why":              values("moderation", "Why"),
		"lesson":           values("moderation", "Lesson"),
		"fit":              values("community", "WhyCode"),
		"lane_why":         lanes(),
		"trust":            levels,
		"trust_allows":     levels,
		"trust_change":     trustKinds(t),
		"right":            values("community", "Right"),
		"sentence":         sentences(t),
		"quantity":         quantityNames(),
		"rule_op":          values("moderation/rules", "Operator"),
		"overflow_why":     values("community", "FlowWhy"),
		"rule_problem":     values("moderation/rules", "ProblemCode"),
		"fact":             factNames(),
		"fact_option":      factOptions(),
		"action":           actionNames(),
		"action_option":    actionOptions(),
		"rule_pack":        packNames(),
		"rule_name":        packRules(),
		"simulation_state": values("moderation", "SimulationState"),
		"simulation_goal":  {"answered", "in_time", "evenings", "minutes", "empty", "newcomers"},
		"simulation_lever": {"guide", "advocate", "employee"},
		"reward_kind":      values("gamification", "RewardKind"),
		"reward_step":      values("gamification", "Step"),
		"quest":            append(values("gamification", "QuestKind"), values("gamification", "QuestState")...),
		"quest_how":        values("gamification", "QuestKind"),
	} {
		if len(codes) < 3 {
			t.Errorf("%s: found only the codes %q", table, codes)
		}
		for _, code := range codes {
			ids[table+"."+code] = true
		}
	}
	for code, fix := range findingCodes(t) {
		ids["finding."+code] = true
		if fix {
			ids["finding."+code+".fix"] = true
		}
	}
	return ids
}

// findingCodes are the codes of what a doctor may find, in our tables or at a network, with whether there
// is something to be done about each: where nothing is fine, there is.
func findingCodes(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, dir := range networkDirs(t) {
		for _, file := range sources(t, dir) {
			ast.Inspect(file, func(n ast.Node) bool {
				var code, level ast.Expr
				switch n := n.(type) {
				case *ast.CallExpr: // add(level, code, …), in some order
					for _, arg := range n.Args {
						if _, ok := literal(arg); ok && code == nil {
							code = arg
						}
						if slices.Contains([]string{"Fine", "Warning", "Problem"}, name(arg)) {
							level = arg
						}
					}
				case *ast.CompositeLit:
					code, level = member(n, "Code", 0), member(n, "Level", 1)
				}
				if text, ok := literal(code); ok && slices.Contains([]string{"Fine", "Warning", "Problem"}, name(level)) {
					found[text] = found[text] || name(level) != "Fine"
				}
				return true
			})
		}
	}
	if len(found) < 20 {
		t.Errorf("found only %d codes of findings", len(found))
	}
	return found
}

// networkDirs are the folders whose code may find something.
func networkDirs(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../listeners/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	dirs := []string{"listeners"}
	for _, file := range files {
		dir := strings.TrimPrefix(filepath.Dir(file), "../")
		if !slices.Contains(dirs, dir) && dir != "listeners/sandbox" && dir != "listeners/channeltest" {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// saidByListeners are all texts that stand in the code of the networks: codes of findings among them.
func saidByListeners(t *testing.T) map[string]bool {
	t.Helper()
	said := map[string]bool{}
	for _, dir := range networkDirs(t) {
		for _, file := range sources(t, dir) {
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok {
					if text, ok := literal(lit); ok {
						said[text] = true
					}
				}
				return true
			})
		}
	}
	return said
}

// member is what a literal gives a field of its struct, by name or by place.
func member(lit *ast.CompositeLit, field string, place int) ast.Expr {
	for i, e := range lit.Elts {
		pair, named := e.(*ast.KeyValueExpr)
		if named && name(pair.Key) == field {
			return pair.Value
		}
		if !named && i == place {
			return e
		}
	}
	return nil
}

// factNames and the like are the codes of the tables that rules are made of.
func factNames() (all []string) {
	for _, f := range rules.AllFacts {
		all = append(all, f.Name)
	}
	return all
}

func factOptions() (all []string) {
	for _, f := range rules.AllFacts {
		for _, o := range f.Options {
			all = append(all, "is_"+o)
		}
	}
	return all
}

func actionNames() (all []string) {
	for _, a := range rules.AllActions {
		all = append(all, a.Name)
	}
	return all
}

func actionOptions() (all []string) {
	for _, a := range rules.AllActions {
		all = append(all, a.Options...)
	}
	return all
}

func packNames() (all []string) {
	for _, p := range rules.Packs {
		all = append(all, p.Name)
	}
	return all
}

func packRules() (all []string) {
	for _, p := range rules.Packs {
		for _, r := range p.Rules {
			all = append(all, r.Name)
		}
	}
	return all
}

// quantityNames are the numbers that admins set on pages that are nothing but numbers.
func quantityNames() []string {
	var names []string
	for _, page := range []quantities{trustQuantities(new(community.TrustRules)), wellbeingQuantities(new(community.Wellbeing)), promiseQuantities(new(community.Promised)), waitsQuantities(new(community.Waits))} {
		for _, q := range page.All {
			names = append(names, q.name)
		}
		for _, s := range page.Switches {
			names = append(names, s.name)
		}
	}
	return names
}

// TestEveryCodeHasItsTexts holds the catalogs against the domain: whatever it may tell a person has a
// text in each language.
func TestEveryCodeHasItsTexts(t *testing.T) {
	for _, lang := range Languages {
		texts := catalog(t, lang)
		for id := range coded(t) {
			if len(texts[id]) == 0 {
				t.Errorf("no .%s.toml has %s", lang, id)
			}
		}
	}
}
