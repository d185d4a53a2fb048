package image

import (
	"bytes"
	"strings"
	"time"

	"falkirk/internal/delivery"
)

// grace is how long a builder that is interrupted may clean up.
const grace = 10 * time.Second

// Bounds on what is kept of the output of a builder.
const (
	tailLines = 20
	lineBytes = 4096
)

// tail keeps the last lines of what is written and reports each as a note.
type tail struct {
	report func(delivery.Progress)
	count  int64
	part   []byte
	lines  []string
}

func (t *tail) Write(p []byte) (int, error) {
	t.part = append(t.part, p...)
	for {
		line, rest, ok := bytes.Cut(t.part, []byte("\n"))
		if !ok {
			t.part = t.part[:min(len(t.part), lineBytes)]
			return len(p), nil
		}
		t.add(string(line[:min(len(line), lineBytes)]))
		t.part = append([]byte(nil), rest...)
	}
}

func (t *tail) add(line string) {
	line = strings.TrimRight(line, "\r ")
	if line == "" {
		return
	}
	t.count++
	if t.lines = append(t.lines, line); len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
	if t.report != nil {
		t.report(delivery.Progress{Done: t.count, Unit: "lines", Note: line})
	}
}

func (t *tail) String() string {
	if len(t.part) > 0 {
		t.add(string(t.part))
		t.part = nil
	}
	return strings.Join(t.lines, "\n")
}
