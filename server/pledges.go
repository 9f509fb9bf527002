package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/db"
)

// pledgeBook is a file beside the database that repeats its pledges, a JSON object a line: hashes, and no
// names. It outlives the database, so that whatever was promised after a backup still counts when that is
// restored. Several processes may each keep a book; each is complete.
type pledgeBook struct {
	file  string
	turn  sync.Mutex // of whoever follows: the sweep, or a clock that is stepped
	last  clock.Time // of the pledges that it has
	known map[listeners.Pledge]bool
}

const (
	pledgesAtOnce = 1000
	// lateCommit is how long after its own time a pledge may become visible: transactions end out of order.
	lateCommit = 10 * time.Minute
)

// open reads what the book has.
func (b *pledgeBook) open() error {
	all, err := ReadPledges(b.file)
	if err != nil {
		return err
	}
	b.known = make(map[listeners.Pledge]bool, len(all))
	for _, p := range all {
		b.known[p] = true
		b.last = max(b.last, p.CreatedAt)
	}
	return nil
}

// ReadPledges reads a book of pledges; one that does not exist is empty. A last line that was not written to
// its end is left out: it is written again.
func ReadPledges(file string) ([]listeners.Pledge, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the pledges: %w", err)
	}
	defer f.Close()
	var all []listeners.Pledge
	for in := bufio.NewReader(f); ; {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the pledges: %w", err)
		}
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		var p listeners.Pledge
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			continue // the end of a line that a crash cut off, and that was written again below
		}
		all = append(all, p)
	}
}

// add writes pledges at the end of the book; they are on disk when it returns.
func (b *pledgeBook) add(all []listeners.Pledge) error {
	if len(all) == 0 {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(b.file), 0o700); err != nil {
		return fmt.Errorf("make the folder of the pledges: %w", err)
	}
	f, err := os.OpenFile(b.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the pledges: %w", err)
	}
	var text strings.Builder
	text.WriteByte('\n') // ends a line that a crash cut off
	for _, p := range all {
		line, err := json.Marshal(p)
		if err != nil {
			return errors.Join(err, f.Close())
		}
		text.Write(line)
		text.WriteByte('\n')
	}
	_, err = f.WriteString(text.String())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the pledges: %w", err)
	}
	for _, p := range all {
		b.known[p] = true
		b.last = max(b.last, p.CreatedAt)
	}
	return nil
}

// follow writes what was promised since into the book.
func (b *pledgeBook) follow(ctx context.Context, d *db.DB) error {
	b.turn.Lock()
	defer b.turn.Unlock()
	if b.known == nil {
		if err := b.open(); err != nil {
			return err
		}
	}
	at, id := b.last.Add(-lateCommit), int64(0)
	for {
		some, err := listeners.PledgesAfter(ctx, d.Read(), at, id, pledgesAtOnce)
		if err != nil {
			return err
		}
		var news []listeners.Pledge
		for _, p := range some {
			at, id = p.CreatedAt, p.ID
			p.ID = 0
			if !b.known[p] {
				news = append(news, p)
			}
		}
		if err := b.add(news); err != nil {
			return err
		}
		if len(some) < pledgesAtOnce {
			b.forget()
			return nil
		}
	}
}

// forget drops what no look at the database can bring again.
func (b *pledgeBook) forget() {
	for p := range b.known {
		if p.CreatedAt < b.last.Add(-lateCommit) {
			delete(b.known, p)
		}
	}
}

// followPledges keeps this process's book of pledges.
func (a *App) followPledges(ctx context.Context) error {
	if a.book.file == "" {
		return nil
	}
	return a.book.follow(ctx, a.DB)
}

// AfterRestore makes what runs on a restored database: whatever had not finished when the backup was made
// may have gone out since, so it is looked for and not sent again; and what was promised since is done again.
// upheld hears how many of the pledges the backup did not know; it may be nil.
func AfterRestore(pledges []listeners.Pledge, upheld func(int)) func(context.Context, db.Tx) error {
	return func(ctx context.Context, tx db.Tx) error {
		if _, err := listeners.Doubt(ctx, tx); err != nil {
			return err
		}
		if _, err := listeners.DoubtChanges(ctx, tx); err != nil {
			return err
		}
		if _, err := listeners.DoubtAnnouncements(ctx, tx); err != nil {
			return err
		}
		if _, err := listeners.DoubtReceipts(ctx, tx); err != nil {
			return err
		}
		n, err := community.Uphold(ctx, tx, pledges)
		if err == nil && upheld != nil {
			upheld(n)
		}
		return err
	}
}
