package site_test

import (
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Whoever promotes from what is no longer so is told, and overwrites nothing
// that makes a release live.
func TestTwoWhoPromote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, v := range []string{"1", "2", "3"} {
		w.pack(v, large(5, 3, int(v[0]-'0')))
		w.provision(v)
	}
	w.promote("1")
	p := w.placement("2")
	slow := w.another()
	st, err := slow.Observe(t.Context(), p)
	w.must(st, err)
	steps := slow.Plan(delivery.Promote, p, st)
	w.promote("3")
	if _, err := slow.Do(t.Context(), p, steps[0], nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("the second one was not told: %v", err)
	}
	w.expect("the one who came first", merge(large(5, 3, 1), large(5, 3, 2), large(5, 3, 3)))
	w.expectIdle("3")
}
