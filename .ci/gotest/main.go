// Command gotest runs go test with the given arguments and tells its story briefly: one line a
// package, the whole output of what failed, every skipped test with its reason, and a last line
// "N passed, N failed, N skipped". It exits 1 when anything failed or nothing ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// event is one line of go test -json.
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string
	Elapsed                       float64
}

type run struct {
	passed, failed, skipped int
	output                  map[string][]string // by package and test, until it is known to have passed
	skips                   []string
}

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		os.Exit(1)
	}
	r := run{output: map[string][]string{}}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				os.Stdout.Write(line)
			} else {
				r.take(e)
			}
		}
		if err != nil {
			break
		}
	}
	failed := cmd.Wait() != nil
	if len(r.skips) > 0 {
		fmt.Printf("\nskipped:\n%s\n", strings.Join(r.skips, "\n"))
	}
	fmt.Printf("\n%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	if failed || r.passed == 0 {
		os.Exit(1)
	}
}

func (r *run) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		r.output[key] = append(r.output[key], e.Output)
	case "build-output":
		fmt.Print(e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.packageDone(e, key)
		} else {
			r.testDone(e, key)
		}
		delete(r.output, key)
	}
}

func (r *run) packageDone(e event, key string) {
	switch e.Action {
	case "pass":
		fmt.Printf("ok    %-55s %6.1fs\n", e.Package, e.Elapsed)
	case "fail":
		fmt.Printf("FAIL  %-55s %6.1fs\n%s", e.Package, e.Elapsed, strings.Join(r.output[key], ""))
	}
}

func (r *run) testDone(e event, key string) {
	switch e.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		fmt.Printf("\n%s", strings.Join(r.output[key], ""))
	case "skip":
		r.skipped++
		reason := "no reason given"
		for _, line := range r.output[key] {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
				reason = line
			}
		}
		r.skips = append(r.skips, fmt.Sprintf("  %s %s: %s", e.Package, e.Test, reason))
	}
}
