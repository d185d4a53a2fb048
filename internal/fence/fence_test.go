package fence_test

import (
	"errors"
	"testing"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

func TestAnExpiredFenceIsNeverExtended(t *testing.T) {
	t.Parallel()
	var now time.Duration
	f := fence.New(func() time.Duration { return now }, 10, "promote 2")
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	now = 9
	if err := f.Extend(20); err != nil {
		t.Fatal(err)
	}
	now = 20
	if err := f.Extend(40); !errors.Is(err, fence.ErrLost) || !fault.Is(err, fault.Locked) {
		t.Fatalf("extended at its deadline: %v", err)
	}
	now = 5 // a clock that goes back opens nothing
	if err := f.Check(); !errors.Is(err, fence.ErrLost) {
		t.Fatalf("opened again: %v", err)
	}
	select {
	case <-f.Closed():
	default:
		t.Fatal("a closed fence does not say so")
	}
}

// The error of a closed fence reaches the screen from many places: it names the holder, and
// the first cause stays.
func TestTheErrorNamesTheHolderAndTheCause(t *testing.T) {
	t.Parallel()
	late := fence.New(func() time.Duration { return 10 }, 10, "promote 2 no longer holds shop/prd")
	stolen := fence.New(func() time.Duration { return 0 }, 10, "promote 2 no longer holds shop/prd")
	if err := stolen.Close("at noon: stolen by ann"); err.Error() != stolen.Check().Error() {
		t.Errorf("closed with %v, and says %v", err, stolen.Check())
	}
	_ = stolen.Close("later: stolen by bob")
	for f, want := range map[*fence.Fence]string{
		late:   "promote 2 no longer holds shop/prd: the lease has ended: it was not renewed in time",
		stolen: "promote 2 no longer holds shop/prd: the lease has ended at noon: stolen by ann",
	} {
		if err := fence.Check(fence.With(t.Context(), f)); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestAChildLearnsOfEveryNewDeadline(t *testing.T) {
	t.Parallel()
	f := fence.New(func() time.Duration { return 0 }, 10, "promote 2")
	_, changed := f.Deadline()
	if err := f.Extend(30); err != nil {
		t.Fatal(err)
	}
	<-changed
	until, changed := f.Deadline()
	if until != 30 {
		t.Fatalf("the deadline is %d, not 30", until)
	}
	_ = f.Close("by the test")
	<-changed
	if until, _ = f.Deadline(); until != 0 {
		t.Fatalf("a closed fence has the deadline %d", until)
	}
}

func TestNoFenceAllowsEverything(t *testing.T) {
	t.Parallel()
	if err := fence.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestTheClockOfThisMachineMoves(t *testing.T) {
	t.Parallel()
	a := fence.SinceBoot()
	if b := fence.SinceBoot(); a <= 0 || b < a {
		t.Fatalf("%d, then %d", a, b)
	}
}
