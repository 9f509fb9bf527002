package cli

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

const referenceFile = "../../docs/configuration.md"

// The reference is generated from the flags, so that it cannot tell anything else than --help does:
// go test ./server/cli -run Reference -update
func TestConfigurationReferenceIsFresh(t *testing.T) {
	want := reference(t)
	if *update {
		if err := os.WriteFile(referenceFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(referenceFile)
	if err != nil || string(got) != want {
		t.Errorf("docs/configuration.md is not what the flags say (%v); write it anew: go test ./server/cli -run Reference -update", err)
	}
}

func reference(t *testing.T) string {
	var c commands
	parser, err := kong.New(&c, kong.Name("kith"), kong.DefaultEnvars("KITH"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# Configuration\n\nGenerated from the code. Every flag is also an environment variable; the flag wins.\n")
	for _, leaf := range parser.Model.Leaves(true) {
		fmt.Fprintf(&b, "\n## `%s`\n\n%s\n\n", leaf.FullPath(), leaf.Help)
		for _, arg := range leaf.Positional {
			fmt.Fprintf(&b, "`%s`: %s\n\n", arg.Summary(), arg.Help)
		}
		if len(leaf.Flags) == 0 {
			continue
		}
		b.WriteString("| flag | variable | default | meaning |\n| --- | --- | --- | --- |\n")
		for _, f := range leaf.Flags {
			def := f.Default
			if def != "" {
				def = "`" + def + "`"
			}
			fmt.Fprintf(&b, "| `--%s` | `%s` | %s | %s |\n", f.Name, strings.Join(f.Envs, "`, `"), def, strings.ReplaceAll(f.Help, "|", "\\|"))
		}
	}
	return b.String()
}
