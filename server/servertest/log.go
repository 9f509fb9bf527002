package servertest

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// countingLog shows a product's warnings with the test's output, and counts them.
type countingLog struct {
	slog.Handler
	mu   sync.Mutex
	seen map[string]int
	text strings.Builder
}

func newCountingLog(t testing.TB) *countingLog {
	return &countingLog{Handler: slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}), seen: map[string]int{}}
}

// Handle implements slog.Handler.
func (l *countingLog) Handle(ctx context.Context, r slog.Record) error {
	l.mu.Lock()
	l.seen[r.Message]++
	l.text.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool { l.text.WriteString(" " + a.String()); return true })
	l.text.WriteString("\n")
	l.mu.Unlock()
	return l.Handler.Handle(ctx, r)
}

// Logged tells how often a product of this world has given a warning.
func (w *World) Logged(message string) int {
	w.logged.mu.Lock()
	defer w.logged.mu.Unlock()
	return w.logged.seen[message]
}

// Log is all that the products of this world have warned of.
func (w *World) Log() string {
	w.logged.mu.Lock()
	defer w.logged.mu.Unlock()
	return w.logged.text.String()
}
