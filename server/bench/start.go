package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
)

// Start measures how soon the product serves its first page after a month was heard, and how much
// memory it has at rest. Its database is SQLite.
type Start struct {
	Binary   string // a kith binary
	Folder   string // for the database; its owner empties it
	Mentions int    // customers' posts in the month
	Runs     int
	Rest     time.Duration // how long it rests before its memory is read
	Log      *slog.Logger
}

// StartReport is what Start found; memory is what is resident, and 0 where the system does not tell.
type StartReport struct {
	Mentions  int       `json:"mentions"`
	BinaryMB  float64   `json:"binary_mb"`     // MiB
	FirstPage []float64 `json:"first_page_ms"` // from starting the process to the whole sign-in page
	AtRest    []float64 `json:"at_rest_mb"`    // MiB
}

// Run measures.
func (b Start) Run(ctx context.Context) (StartReport, error) {
	r := StartReport{Mentions: b.Mentions}
	info, err := os.Stat(b.Binary)
	if err != nil {
		return r, err
	}
	r.BinaryMB = round(float64(info.Size())/(1<<20), 1)
	net, err := startNetwork(ctx, b.Binary)
	if err != nil {
		return r, err
	}
	defer net.stop()
	who, month, err := net.load(ctx, b.Mentions)
	if err != nil {
		return r, err
	}
	address := "sqlite:" + filepath.Join(b.Folder, "kith.db")
	ingest := Ingest{Folder: b.Folder, Log: b.Log}
	if _, err := ingest.kith(ctx, address, net, who, month, &IngestReport{}); err != nil {
		return r, err
	}
	for range b.Runs {
		page, rest, err := b.once(ctx, address, net)
		if err != nil {
			return r, err
		}
		r.FirstPage, r.AtRest = append(r.FirstPage, page), append(r.AtRest, rest)
	}
	return r, nil
}

var errNotServed = errors.New("the product did not serve its first page")

// once starts the product, reads its first page and lets it rest.
func (b Start) once(ctx context.Context, address string, net *network) (page, rest float64, err error) {
	cmd := exec.CommandContext(ctx, b.Binary, "serve", "--db", address, "--secret-key-file", filepath.Join(b.Folder, "secret.key"),
		"--listen", "127.0.0.1:0", "--allow-host", strings.TrimPrefix(net.url, "http://"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	var said strings.Builder
	cmd.Stderr = &said
	start := clock.System()
	if err := cmd.Start(); err != nil {
		return 0, 0, fmt.Errorf("start the product: %w", err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ready {
		return 0, 0, fmt.Errorf("%w: %s", errNotServed, said.String())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/sign-in", nil)
	if err != nil {
		return 0, 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, 0, err
	}
	if res.StatusCode != http.StatusOK {
		return 0, 0, fmt.Errorf("%w: status %d", errNotServed, res.StatusCode)
	}
	page = round(float64(clock.System().Sub(start).Microseconds())/1000, 1)
	select {
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	case <-time.After(b.Rest):
	}
	return page, round(status(fmt.Sprint(cmd.Process.Pid), "VmRSS"), 1), nil
}
