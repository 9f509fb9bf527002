package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Weights that the product ships come from data that may be shipped. Intents of banks and assistants may be shipped, too,
// but would spoil what is measured with them.
func TestTheRecipeReadsOnlyWhatMayBeShipped(t *testing.T) {
	free := []string{"goemotions", "xed", "sms-spam", "glove100-60k"}
	licences := []string{"Apache-2.0", "CC BY 4.0", "PDDL 1.0"}
	for _, in := range inputs {
		if folder, _, _ := strings.Cut(in.file, "/"); !slices.Contains(free, folder) || filepath.Clean(in.file) != in.file {
			t.Errorf("%s is not among the data that may be shipped: %v", in.file, free)
		}
		if !slices.Contains(licences, in.licence) {
			t.Errorf("%s has licence %q, want one of %v", in.file, in.licence, licences)
		}
	}
	for _, file := range seeds {
		if filepath.Dir(file) != "triage/weights/seed" {
			t.Errorf("%s is no seed text of ours", file)
		}
		if out, err := exec.Command("git", "ls-files", "--error-unmatch", filepath.Join("../../..", file)).CombinedOutput(); err != nil {
			t.Errorf("%s is not in the repository: %s", file, out)
		}
	}
}

// All files are opened in one place for inputs and in one for seeds; another one would get around the list.
func TestTheRecipeOpensFilesInOnePlace(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	opens := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		opens += len(regexp.MustCompile(`os\.(Open|ReadFile|OpenFile|ReadDir|DirFS)\b`).FindAll(code, -1))
	}
	if opens != 2 {
		t.Errorf("the recipe opens files in %d places, want 2: inputs and seeds", opens)
	}
}

func TestSeedsAreLabelledAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range seeds {
		read := kitchen{}.seeds(filepath.Join("../../..", file))
		if len(read) < 250 {
			t.Errorf("%s has %d texts, want hundreds", file, len(read))
		}
		for _, s := range read {
			if seen[s.text] {
				t.Errorf("%q is there twice", s.text)
			}
			seen[s.text] = true
			for _, other := range hurried(s.text) {
				if other == s.text || strings.TrimSpace(other) == "" {
					t.Errorf("a hurried copy of %q is %q", s.text, other)
				}
			}
		}
	}
}
