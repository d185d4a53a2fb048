package inspect

import (
	"testing"

	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

// TestStatusCodes: each condition has a code, and of several environments the
// worst one counts.
func TestStatusCodes(t *testing.T) {
	t.Parallel()
	of := func(c engine.Condition, unsettled bool) engine.Status {
		return engine.Status{Condition: c, Unsettled: unsettled}
	}
	ranked := []struct {
		st   engine.Status
		code int
	}{
		{of(engine.Unknown, false), fault.Unknown}, {of(engine.Partial, true), fault.Unsettled}, {of(engine.Partial, false), fault.Partial},
		{of(engine.Drifted, false), fault.Different}, {of(engine.Running, false), fault.InUse}, {of(engine.Whole, false), 0}, {of(engine.Empty, false), 0},
	}
	for i, worse := range ranked {
		for _, better := range ranked[i:] {
			if got := StatusResult([]engine.Status{better.st, worse.st}).Code(); got != worse.code {
				t.Errorf("%s and %s: code %d, want %d", better.st.Condition, worse.st.Condition, got, worse.code)
			}
		}
	}
}
