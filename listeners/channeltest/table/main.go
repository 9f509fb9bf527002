// Command table runs the conformance suite of every network and prints what came out: each case, each
// network, pass or the reason why the case says nothing there. With -w it puts the table into a file
// between its marks; with -check it fails where the file has another one.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"

	"github.com/kith-social/kith/listeners/channeltest"
)

const (
	begins = "<!-- conformance: make conformance -->\n"
	ends   = "<!-- end of conformance -->\n"
)

func main() {
	write := flag.String("w", "", "put the table into this `file`")
	check := flag.String("check", "", "fail if this `file` has another table")
	flag.Parse()
	if err := run(*write, *check); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(write, check string) error {
	suite := exec.Command("go", "test", "-count=1", "-json", "-run", "^TestConformance$", "./listeners/...")
	suite.Stderr = os.Stderr
	out, failed := suite.Output()
	columns, err := read(bytes.NewReader(out))
	if err != nil {
		return err
	}
	table := render(columns)
	fmt.Print(table)
	if failed != nil {
		return fmt.Errorf("the suite: %w", failed)
	}
	file := cmp.Or(write, check)
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), begins)
	_, after, closed := strings.Cut(rest, ends)
	if !found || !closed {
		return fmt.Errorf("%s has no place for the table", file)
	}
	fresh := before + begins + table + ends + after
	if check != "" && fresh != string(text) {
		return fmt.Errorf("the table in %s is not that of this code: make conformance", file)
	}
	if write != "" && fresh != string(text) {
		return os.WriteFile(file, []byte(fresh), 0o644)
	}
	return nil
}

// column is what one network, or one dialect of it, came to: by case, "pass", "fail" or why not.
type column struct {
	name  string
	cases map[string]string
}

// read follows the events of go test.
func read(events io.Reader) ([]column, error) {
	byName := map[string]column{}
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e struct{ Action, Package, Test, Output string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("read what go test says: %w", err)
		}
		name, id, ok := place(e.Package, e.Test)
		if !ok {
			continue
		}
		c, known := byName[name]
		if !known {
			c = column{name, map[string]string{}}
			byName[name] = c
		}
		switch e.Action {
		case "output":
			if _, why, na := strings.Cut(e.Output, id+" n/a: "); na {
				c.cases[id] = strings.TrimSpace(why)
			}
		case "pass", "fail":
			c.cases[id] = e.Action
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(byName) == 0 {
		return nil, errors.New("no network ran the suite")
	}
	var columns []column
	for _, c := range byName {
		columns = append(columns, c)
	}
	slices.SortFunc(columns, func(a, b column) int { return cmp.Compare(a.name, b.name) })
	return columns, nil
}

// place finds the network and the case of a test: TestConformance/C01_…, or TestConformance/dialect/C01_….
func place(pkg, test string) (network, id string, ok bool) {
	parts := strings.Split(test, "/")
	if len(parts) < 2 || parts[0] != "TestConformance" {
		return "", "", false
	}
	network, parts = path.Base(pkg), parts[1:]
	if _, known := caseOf(parts[0]); !known {
		network, parts = network+" "+parts[0], parts[1:]
	}
	if len(parts) != 1 {
		return "", "", false
	}
	id, ok = caseOf(parts[0])
	return network, id, ok
}

func caseOf(part string) (id string, ok bool) {
	for _, c := range channeltest.Cases() {
		if part == strings.ReplaceAll(c.ID+" "+c.Name, " ", "_") {
			return c.ID, true
		}
	}
	return "", false
}

func render(columns []column) string {
	var b strings.Builder
	b.WriteString("| case |")
	for _, c := range columns {
		b.WriteString(" " + c.name + " |")
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(columns)) + "\n")
	var reasons []string
	for _, one := range channeltest.Cases() {
		fmt.Fprintf(&b, "| %s: %s |", one.ID, one.Name)
		for _, c := range columns {
			what := cmp.Or(c.cases[one.ID], "not run")
			if what != "pass" && what != "fail" && what != "not run" {
				at := slices.Index(reasons, what)
				if at < 0 {
					at, reasons = len(reasons), append(reasons, what)
				}
				what = fmt.Sprintf("n/a (%d)", at+1)
			}
			b.WriteString(" " + what + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for i, why := range reasons {
		fmt.Fprintf(&b, "%d. %s\n", i+1, why)
	}
	b.WriteString("\nShown elsewhere, because no adapter alone can decide it:\n\n")
	for _, c := range channeltest.Elsewhere() {
		fmt.Fprintf(&b, "- %s: %s\n", c.ID, c.Name)
	}
	return b.String()
}
