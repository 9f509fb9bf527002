// Command goals measures what triage reaches on public data beside what it should reach, with intervals. The data lie in
// the folder that is its argument; what is absent is skipped, and said to be.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/kith-social/kith/triage/learner"
)

func main() {
	only := flag.String("only", "", "measure the tasks whose names match a regular expression")
	flag.Parse()
	folder := "../shared/data"
	if flag.NArg() > 0 {
		folder = flag.Arg(0)
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Printf("%-50s %-14s %7s  %-17s %7s\n", "task", "metric", "figure", "95 of 100", "goal")
	skipped, missed := 0, 0
	for _, task := range tasks {
		if !wanted.MatchString(task.name) {
			continue
		}
		judged, err := task.judge(data{folder})
		if err != nil {
			skipped++
			fmt.Printf("%-50s SKIPPED: %v\n", task.name, err)
			continue
		}
		for _, g := range task.goals {
			figure := g.metric(judged)
			low, high := learner.Interval(judged, g.metric)
			met := figure >= g.goal
			if g.most {
				met = figure <= g.goal
			}
			verdict := "reached"
			if !met {
				verdict = "missed"
				missed++
			}
			if g.chance != nil {
				verdict += fmt.Sprintf("; chance alone makes %.3f", g.chance(judged))
			}
			fmt.Printf("%-50s %-14s %7.3f  %.3f to %.3f %9.3f  %s\n", task.name, g.name, figure, low, high, g.goal, verdict)
		}
	}
	fmt.Printf("%d tasks skipped, %d goals missed\n", skipped, missed)
}

type data struct{ folder string }

func (d data) path(file string) string { return filepath.Join(d.folder, file) }
