package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"

	"github.com/kith-social/kith/clock"
)

// network is a sandbox network in a process of its own.
type network struct {
	url     string
	process *exec.Cmd
}

// account is the brand's account on it.
type account struct {
	ID, Handle, Token string
}

// startNetwork runs the sandbox of a kith binary and waits until it serves.
func startNetwork(ctx context.Context, binary string) (*network, error) {
	cmd := exec.CommandContext(ctx, binary, "sandbox", "--limits", "off", "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	n := &network{process: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ready {
		n.stop()
		return nil, fmt.Errorf("the sandbox did not start: %s", &said)
	}
	n.url = url
	return n, nil
}

func (n *network) stop() {
	_ = n.process.Process.Kill()
	_ = n.process.Wait()
}

// load opens the brand's account and writes a month with so many customers' posts.
func (n *network) load(ctx context.Context, mentions int) (who account, _ size, err error) {
	err = n.post(ctx, "/admin/accounts", map[string]any{"network": "x", "handle": brandHandle, "name": brandName, "brand": true}, &who)
	if err != nil {
		return who, size{}, err
	}
	m := newMonth(mentions, seed, clock.System().Std())
	for part := range slices.Chunk(m.posts, 5000) {
		if err := n.post(ctx, "/admin/posts", part, nil); err != nil {
			return who, size{}, err
		}
	}
	return who, m.size, nil
}

func (n *network) post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusCreated {
		return errors.New("the sandbox did not take the posts: " + string(answer))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}
