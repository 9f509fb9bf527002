package server

import (
	"bytes"
	"strings"
	"testing"
)

func TestLogLeavesSecretsOut(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := NewLog(&out, format)
		log.With("token", "canary-1").Info("hello", "Authorization", "canary-2", "password", "canary-3", "handle", "saomaicafe")
		if s := out.String(); strings.Contains(s, "canary") || !strings.Contains(s, "saomaicafe") {
			t.Errorf("%s: %s", format, s)
		}
	}
}
