// Package bench measures the main jobs of the product on the machine it runs on.
//
// A figure alone says little, because machines differ: every run measures a raw limit beside it, the
// least that anybody could do for the same rows, one after the other and several times, and reports
// the ratio of the two. A is a raw limit, B is Kith. A month is a brand's month of posts, generated
// from a seed, so that it is the same everywhere.
package bench

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/kith-social/kith/clock"
)

// Figure is what one run of a job cost.
type Figure struct {
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	CPUMicros float64 `json:"cpu_us_each"`       // of this process, a mention
	PeakMB    float64 `json:"peak_mb,omitempty"` // most memory this process had in it, in MiB, where the system tells
}

// Ratio compares times of B with times of A, run by run: below 1, B was faster.
type Ratio struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// compare gives the ratio of figures that were measured one after the other.
func compare(b, a []Figure) Ratio {
	ratios := make([]float64, len(b))
	for i := range b {
		ratios[i] = round(b[i].Seconds/a[i].Seconds, 2)
	}
	slices.Sort(ratios)
	return Ratio{ratios[0], ratios[len(ratios)/2], ratios[len(ratios)-1]}
}

// measure runs a job over n mentions on a clean heap.
func measure(ctx context.Context, n int, job func(context.Context) error) (Figure, error) {
	debug.FreeOSMemory()
	forgetPeak()
	cpu, start := CPUTime(), clock.System()
	err := job(ctx)
	took, used := clock.System().Sub(start), CPUTime()-cpu
	return Figure{
		Seconds:   round(took.Seconds(), 3),
		PerSecond: round(float64(n)/took.Seconds(), 0),
		CPUMicros: round(float64(used.Nanoseconds())/1000/float64(n), 1),
		PeakMB:    round(peakMemory(), 1),
	}, err
}

// forgetPeak starts counting the peak of memory anew; only Linux knows how.
func forgetPeak() {
	runtime.GC()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peakMemory is the most memory the process had since forgetPeak, in MiB; 0 where it is not known.
func peakMemory() float64 { return status("self", "VmHWM") }

// status reads one line of what Linux says of a process, in MiB.
func status(process, line string) float64 {
	text, err := os.ReadFile("/proc/" + process + "/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), line+":")
	number, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	kb, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0
	}
	return kb / 1024
}

func round(x float64, digits int) float64 {
	text := strconv.FormatFloat(x, 'f', digits, 64)
	x, _ = strconv.ParseFloat(text, 64)
	return x
}
