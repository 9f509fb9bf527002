package servertest

import (
	"context"
	"log/slog"
	"sync"
	"testing"
)

// countingLog shows a product's warnings with the test's output, and counts them.
type countingLog struct {
	slog.Handler
	mu   sync.Mutex
	seen map[string]int
}

func newCountingLog(t testing.TB) *countingLog {
	return &countingLog{Handler: slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}), seen: map[string]int{}}
}

// Handle implements slog.Handler.
func (l *countingLog) Handle(ctx context.Context, r slog.Record) error {
	l.mu.Lock()
	l.seen[r.Message]++
	l.mu.Unlock()
	return l.Handler.Handle(ctx, r)
}

// Logged tells how often a product of this world has given a warning.
func (w *World) Logged(message string) int {
	w.logged.mu.Lock()
	defer w.logged.mu.Unlock()
	return w.logged.seen[message]
}
