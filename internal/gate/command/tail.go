package command

import (
	"bytes"
	"strings"
)

// most is how much of the output is kept.
const most = 64 << 10

// tail keeps the end of what is written to it. One goroutine writes.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if n > most {
		p = p[n-most:]
	}
	if over := len(t.kept) + len(p) - most; over > 0 {
		t.kept = t.kept[:copy(t.kept, t.kept[over:])]
	}
	t.kept = append(t.kept, p...)
	return n, nil
}

// String is the output kept, as text: at most the last 64 KiB.
func (t *tail) String() string {
	// A replacement of one byte keeps the limit.
	return strings.ToValidUTF8(string(t.kept), "?")
}

// last is the last line that says something.
func (t *tail) last() string {
	text := bytes.TrimSpace(t.kept)
	return oneLine(string(text[bytes.LastIndexAny(text, "\r\n")+1:]))
}
