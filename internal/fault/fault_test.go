package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"falkirk/internal/fault"
)

// TestOneMeaningPerCode: each kind has a code of the table, each code one row,
// and no code but those of answers is without a kind.
func TestOneMeaningPerCode(t *testing.T) {
	t.Parallel()
	rows := map[int]string{}
	for _, x := range fault.Exits() {
		if rows[x.Code] != "" {
			t.Errorf("code %d has two meanings: %s and %s", x.Code, rows[x.Code], x.Name)
		}
		rows[x.Code] = x.Name
	}
	given := map[int]bool{0: true, fault.Different: true, fault.Partial: true, fault.Unsettled: true, fault.Unknown: true}
	for k := fault.Internal; k <= fault.Tampered; k++ {
		code := fault.ExitCode(fault.New(k, "x"))
		if rows[code] == "" {
			t.Errorf("%s has the code %d, which is not in the table", k, code)
		}
		given[code] = true
	}
	for code, name := range rows {
		if !given[code] {
			t.Errorf("nothing gives code %d, %s", code, name)
		}
	}
}

// TestTheKindOfSeveralErrors: who lost the environment is told so, whatever
// else went wrong and in which order.
func TestTheKindOfSeveralErrors(t *testing.T) {
	t.Parallel()
	of := func(k fault.Kind) error { return fmt.Errorf("place: %w", fault.New(k, "x")) }
	for k := fault.Internal; k <= fault.Tampered; k++ {
		for _, err := range []error{errors.Join(of(k), of(fault.Locked)), errors.Join(of(fault.Locked), of(k)), fmt.Errorf("%w, and %w", of(k), of(fault.Locked))} {
			if got := fault.KindOf(err); got != fault.Locked {
				t.Errorf("%s with locked is %s", k, got)
			}
		}
		want := fault.Tampered
		if k == fault.Locked {
			want = k
		}
		if got := fault.KindOf(errors.Join(of(k), of(fault.Tampered))); got != want {
			t.Errorf("%s with tampered is %s", k, got)
		}
		if got := fault.KindOf(errors.Join(errors.New("plain"), of(k), of(fault.Closed))); k != fault.Locked && k != fault.Tampered && got != k {
			t.Errorf("the first of several is %s, want %s", got, k)
		}
		if got := fault.KindOf(fault.New(k, "outer: %w", errors.Join(of(fault.Closed), of(fault.Locked)))); got != k {
			t.Errorf("an error that was classified again is %s, want %s", got, k)
		}
		if code := fault.ExitCode(fault.Begun(fault.Hint(of(k), "do this"))); code == 2 {
			t.Errorf("%s after work had begun has code 2", k)
		}
	}
	if hint := fault.HintOf(fault.Begun(fault.Hint(of(fault.NotFound), "do this"))); hint != "do this" {
		t.Errorf("the hint is %q", hint)
	}
	if fault.Begun(nil) != nil || fault.KindOf(fmt.Errorf("x: %w", context.Canceled)) != fault.Interrupted {
		t.Error("nil, or an interrupt, is something else")
	}
}
