// Package torture kills the shipped binary, again and again, while a crowd uses it, and then counts.
//
// The words: a trial is one run over one database; its plan says how long it is and what the weather
// is like. A life is one process of the server from its start to its end by SIGKILL. The crowd are
// customers, who post on the sandbox network, and members, who answer them through the API. The book
// holds what the crowd was told: nothing of that may be lost or come true twice. The wire lies between
// the server and the sandbox and sees every reply that is asked for, also those that a second net of
// the network stops.
//
// That the trials bite: with a server that sends again instead of reading back, the short trial in bad weather
// counted 266 requests for replies that were on the network already.
//
// Each trial has a seed for what it chooses by chance; KITH_SEED repeats one as far as processes do.
// KITH_TORTURE=1 makes the trials long. KITH_BINARY names a kith to put to the test that is built already.
package torture

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// kith is the binary under test, built once and as make build does, without what this test is built with.
var kith = os.Getenv("KITH_BINARY")

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if kith != "" {
			return m.Run()
		}
		folder, err := os.MkdirTemp("", "kith-torture-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(folder)
		kith = filepath.Join(folder, "kith")
		build := exec.Command("go", "build", "-trimpath", "-o", kith, "github.com/kith-social/kith")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build kith: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}
