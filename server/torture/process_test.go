package torture

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a running kith that serves.
type process struct {
	url   string
	cmd   *exec.Cmd
	ended chan struct{}
}

// patience is how long a process may take to start or to stop before that is a failure by itself.
const patience = 15 * time.Second

var errEnded = errors.New("it ended before it was ready")

// start runs kith and returns once it says where it serves. It is killed when the test ends.
func start(t testing.TB, log io.Writer, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(kith, args...), ended: make(chan struct{})}
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	t.Cleanup(p.kill)
	ready := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		ready <- strings.TrimSpace(line)
		_ = p.cmd.Wait() // what it ended with is in cmd.ProcessState
		close(p.ended)
	}()
	select {
	case line := <-ready:
		url, ok := strings.CutPrefix(line, "ready ")
		if !ok {
			p.kill()
			return nil, fmt.Errorf("kith %s: %w: %q", args[0], errEnded, line)
		}
		p.url = url
		return p, nil
	case <-time.After(patience):
		p.kill()
		return nil, fmt.Errorf("kith %s: not ready after %s", args[0], patience)
	}
}

// kill ends the process as a power cut would, as far as the process can tell.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stop asks the process to end and returns how long that took.
func (p *process) stop() (time.Duration, error) {
	asked := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		return 0, fmt.Errorf("still running %s after SIGTERM", patience)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return 0, fmt.Errorf("ended with %d after SIGTERM", code)
	}
	return time.Since(asked), nil
}

// command runs a command of kith to its end and returns what it printed.
func command(ctx context.Context, in string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, kith, args...)
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &said
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("kith %s: %w: %s%s", strings.Join(args[:2], " "), err, out.String(), said.String())
	}
	return out.String(), nil
}

// logbook is a file that all lives write their log into, and the lines that must not be there.
type logbook struct {
	mu   sync.Mutex
	file *os.File
	bad  []string
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic") || strings.Contains(line, "SQLITE_") {
			l.bad = append(l.bad, strings.TrimSpace(line))
		}
	}
	return l.file.Write(b)
}
