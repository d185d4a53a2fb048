package command

import "strings"

// most is how much of the output is kept.
const most = 64 << 10

// tail keeps the end of what is written to it: more than is shown, as what is cut
// off may end in the middle of a secret. One goroutine writes.
type tail struct {
	kept []byte
	cut  bool // there was more
}

func (t *tail) Write(p []byte) (int, error) {
	const keep = 2 * most
	n := len(p)
	if n > keep {
		p, t.cut = p[n-keep:], true
	}
	if over := len(t.kept) + len(p) - keep; over > 0 {
		t.kept, t.cut = t.kept[:copy(t.kept, t.kept[over:])], true
	}
	t.kept = append(t.kept, p...)
	return n, nil
}

// end is the end of the output as text, without secrets: at most the last 64 KiB.
// Where something was cut off, the first 64 KiB of what is kept are dropped: a
// secret that the cut went through is there, if it has no more than that.
func (t *tail) end(redact func(string) string) string {
	text := redact(string(t.kept))
	if t.cut {
		text = text[min(most, len(text)):]
	}
	text = text[max(0, len(text)-most):]
	// A replacement of one byte keeps the limit.
	return strings.ToValidUTF8(text, "?")
}

// last is the last line that says something.
func last(text string) string {
	text = strings.TrimSpace(text)
	return oneLine(text[strings.LastIndexAny(text, "\r\n")+1:])
}
