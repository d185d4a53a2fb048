package fault_test

import (
	"context"
	"testing"

	"falkirk/internal/fault"
)

// TestWhatCountsAsWritten: after a write no error says that nothing was changed,
// and what only reads or was refused is no write.
func TestWhatCountsAsWritten(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		method string
		status int
		begun  bool
	}{
		{"GET", 200, false}, {"HEAD", 404, false}, {"GET", 0, false}, {"OPTIONS", 500, false},
		{"PUT", 201, true}, {"POST", 202, true}, {"PATCH", 0, true}, {"DELETE", 503, true},
		{"PUT", 404, false}, {"POST", 400, false}, {"PUT", 307, false},
	} {
		ctx, work := fault.Watch(t.Context())
		inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
		fault.Answered(inner, x.method, x.status)
		cancel()
		for _, kind := range []fault.Kind{fault.Invalid, fault.NotFound} {
			code := fault.ExitCode(work.Err(fault.New(kind, "x")))
			if (code == 1) != x.begun || (code == 2) == x.begun {
				t.Errorf("%s answered %d, then %s: exit code %d", x.method, x.status, kind, code)
			}
		}
		if work.Err(nil) != nil || !fault.Is(work.Err(fault.New(fault.Locked, "x")), fault.Locked) {
			t.Errorf("%s answered %d: what has a code of its own has another", x.method, x.status)
		}
	}
	fault.Wrote(t.Context()) // nobody watches
}
