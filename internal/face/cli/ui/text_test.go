package ui

import (
	"io"
	"testing"
)

// A question ends with an interrupt, also where nobody types anything.
func TestAQuestionEndsWithAnInterrupt(t *testing.T) {
	t.Parallel()
	in, w := io.Pipe()
	t.Cleanup(func() { _ = w.Close() })
	stopped := make(chan struct{})
	close(stopped)
	f := &Face{Streams: Streams{In: in}, Stopped: stopped}
	if got := f.ReadLine(); got != "" || !f.CutOff {
		t.Errorf("%q, cut off %v", got, f.CutOff)
	}
}
