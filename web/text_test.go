package web

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/kith-social/kith/clock"
)

// catalog is a language's texts by id; those of one message's plural forms share an id.
func catalog(t *testing.T, lang string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("strings/*." + lang + ".toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no catalogs in %s (%v)", lang, err)
	}
	texts := map[string][]string{}
	var walk func(prefix string, node map[string]any)
	walk = func(prefix string, node map[string]any) {
		for key, v := range node {
			id := strings.TrimPrefix(prefix+"."+key, ".")
			switch v := v.(type) {
			case map[string]any:
				walk(id, v)
			case string:
				if key == "one" || key == "other" {
					id = prefix
				}
				texts[id] = append(texts[id], v)
			}
		}
	}
	for _, file := range files {
		var tree map[string]any
		if _, err := toml.DecodeFile(file, &tree); err != nil {
			t.Fatal(err)
		}
		walk("", tree)
	}
	return texts
}

func TestCatalogsHaveTheSameKeysAndPlaces(t *testing.T) {
	en, vi := catalog(t, "en"), catalog(t, "vi")
	if diff := slices.Compare(slices.Sorted(maps.Keys(en)), slices.Sorted(maps.Keys(vi))); diff != 0 {
		for id := range en {
			if _, ok := vi[id]; !ok {
				t.Errorf("a .vi.toml lacks %s", id)
			}
		}
		for id := range vi {
			if _, ok := en[id]; !ok {
				t.Errorf("an .en.toml lacks %s", id)
			}
		}
	}
	places := func(texts []string) []string {
		found := regexp.MustCompile(`{{\.(\w+)}}`).FindAllString(strings.Join(texts, ""), -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	for id, texts := range en {
		if got, want := places(vi[id]), places(texts); !slices.Equal(got, want) {
			t.Errorf("%s: vi.toml fills %v, en.toml %v", id, got, want)
		}
	}
}

// TestKeysAreUsedAndExist reads the Go code of the package: every first text argument of T must be a
// key, and every key must stand in it somewhere as a whole string or be that of a code of the domain.
func TestKeysAreUsedAndExist(t *testing.T) {
	en := catalog(t, "en")
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil {
					seen[text] = true
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "T" || f.Name == "Text") && len(n.Args) > 1 {
					if literal, ok := n.Args[1].(*ast.BasicLit); ok {
						if id, _ := strconv.Unquote(literal.Value); en[id] == nil {
							t.Errorf("%s uses the text %q, which no catalog has", name, id)
						}
					}
				}
			}
			return true
		})
	}
	byCode, said := coded(t), saidByListeners(t)
	for id := range en {
		if code, found := strings.CutPrefix(strings.TrimSuffix(id, ".fix"), "finding."); found && said[code] {
			continue
		}
		if !seen[id] && !byCode[id] && !strings.HasPrefix(id, "network.") { // those belong to the registry's networks
			t.Errorf("nothing uses the text %q", id)
		}
	}
}

// TestIconsAreUsedAndExist compares icons.txt with the icons that templates and tables name.
func TestIconsAreUsedAndExist(t *testing.T) {
	list, err := os.ReadFile("assets/icons.txt")
	if err != nil {
		t.Fatal(err)
	}
	icons := strings.Fields(string(list))
	var sources strings.Builder
	for _, pattern := range []string{"*.templ", "*.go"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			if strings.HasSuffix(name, "_templ.go") || strings.HasSuffix(name, "_test.go") {
				continue
			}
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(content)
		}
	}
	for _, m := range regexp.MustCompile(`(?:@icon\(|Icon: +|@empty\()"([\w-]+)"`).FindAllStringSubmatch(sources.String(), -1) {
		if !slices.Contains(icons, m[1]) {
			t.Errorf("icons.txt lacks %s", m[1])
		}
	}
	for _, name := range icons {
		if !strings.Contains(sources.String(), `"`+name+`"`) {
			t.Errorf("nothing uses the icon %s", name)
		}
	}
}

func in(lang string, now clock.Time) context.Context {
	return WithView(context.Background(), View{Lang: lang, Now: now, Zone: time.FixedZone("", 7*3600)})
}

func TestLanguage(t *testing.T) {
	for name, c := range map[string]struct{ chosen, accept, want string }{
		"the member's choice counts first":  {"vi", "en-GB,en", "vi"},
		"then the browser's":                {"", "vi-VN,vi;q=0.9,en;q=0.5", "vi"},
		"an unknown choice is no choice":    {"xx", "vi", "vi"},
		"nothing known becomes English":     {"", "ja,ko;q=0.8", "en"},
		"a broken header becomes English":   {"", ";;;=q", "en"},
		"nothing at all becomes English":    {"", "", "en"},
		"a region of English stays English": {"", "en-AU", "en"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Language(c.chosen, c.accept); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestTimesAndNumbers(t *testing.T) {
	now := galleryNow
	for name, c := range map[string]struct {
		write  func(context.Context) string
		en, vi string
	}{
		"a moment ago":         {func(ctx context.Context) string { return Ago(ctx, now.Add(-59*time.Second)) }, "just now", "vừa xong"},
		"one minute":           {func(ctx context.Context) string { return Ago(ctx, now.Add(-time.Minute)) }, "1 min", "1 phút"},
		"one hour":             {func(ctx context.Context) string { return Ago(ctx, now.Add(-119*time.Minute)) }, "1 hr", "1 giờ"},
		"one day":              {func(ctx context.Context) string { return Ago(ctx, now.Add(-24*time.Hour)) }, "1 day", "1 ngày"},
		"many days":            {func(ctx context.Context) string { return Ago(ctx, now.Add(-72*time.Hour)) }, "3 days", "3 ngày"},
		"the future is now":    {func(ctx context.Context) string { return Ago(ctx, now.Add(time.Hour)) }, "just now", "vừa xong"},
		"today":                {func(ctx context.Context) string { return When(ctx, now) }, "14:52", "14:52"},
		"yesterday, by zone":   {func(ctx context.Context) string { return When(ctx, now.Add(-15*time.Hour)) }, "20 Nov 2026, 23:52", "23:52, 20/11/2026"},
		"a lease":              {func(ctx context.Context) string { return Left(ctx, now.Add(892*time.Second)) }, "14:52", "14:52"},
		"what is over":         {func(ctx context.Context) string { return Left(ctx, now.Add(-time.Second)) }, "0:00", "0:00"},
		"hours left":           {func(ctx context.Context) string { return Left(ctx, now.Add(3725*time.Second)) }, "1:02:05", "1:02:05"},
		"a part of a second":   {func(ctx context.Context) string { return Left(ctx, now.Add(time.Millisecond)) }, "0:01", "0:01"},
		"thousands":            {func(ctx context.Context) string { return Number(ctx, 1234567) }, "1,234,567", "1.234.567"},
		"hundreds":             {func(ctx context.Context) string { return Number(ctx, 999) }, "999", "999"},
		"points lost":          {func(ctx context.Context) string { return Signed(ctx, -1500) }, "−1,500", "−1.500"},
		"points won":           {func(ctx context.Context) string { return Signed(ctx, 12) }, "+12", "+12"},
		"a text with a name":   {func(ctx context.Context) string { return T(ctx, "row.holder", "name", "Lan") }, "Lan holds this", "Lan đang giữ"},
		"an unknown id":        {func(ctx context.Context) string { return T(ctx, "no.such") }, "no.such", "no.such"},
		"large numbers in one": {func(ctx context.Context) string { return T(ctx, "time.days", "count", 1200) }, "1,200 days", "1.200 ngày"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.write(in("en", now)); got != c.en {
				t.Errorf("English: got %q, want %q", got, c.en)
			}
			if got := c.write(in("vi", now)); got != c.vi {
				t.Errorf("Vietnamese: got %q, want %q", got, c.vi)
			}
		})
	}
}
