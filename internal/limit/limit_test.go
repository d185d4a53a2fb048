package limit

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// When the service asks to be slower there are fewer requests under way, once
// for all that were; when it is quick there are more.
func TestLimit(t *testing.T) {
	t.Parallel()
	l := New(64, 256)
	for range 64 {
		if err := l.Take(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		l.Slower(0)
	}
	if l.now != 32 {
		t.Errorf("after one moment of too much there are %d, want 32", l.now)
	}
	for range 64 {
		l.Give()
	}
	l.Slower(0)
	if l.now != 16 {
		t.Errorf("after a second one there are %d, want 16", l.now)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for range 16 {
		if err := l.Take(ctx); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := l.Take(ctx); err == nil {
		t.Error("there is room where none is")
	}
}

// The limit rises for as long as that makes requests pass faster, and no longer.
func TestLimitRises(t *testing.T) {
	t.Parallel()
	l := New(4, 8)
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	l.climb(now)
	var seen []int
	for _, each := range []int{1000, 700, 690, 400, 200, 100} { // microseconds for each request
		for range 4 * l.now {
			l.done++
			now = now.Add(time.Duration(each) * time.Microsecond)
			l.climb(now)
		}
		seen = append(seen, l.now)
	}
	if want := []int{6, 8, 8, 8, 8, 8}; !slices.Equal(seen, want) {
		t.Errorf("the limit went %v, want %v", seen, want)
	}
	l = New(4, 256)
	l.climb(now)
	for range 400 { // ever the same rate
		l.done++
		now = now.Add(time.Millisecond)
		l.climb(now)
	}
	if l.now != 6 {
		t.Errorf("without getting faster the limit went to %d", l.now)
	}
}

// While the service rests nobody begins; then all that wait do.
func TestRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(4, 8)
		l.Slower(3 * time.Second)
		began := time.Now()
		if err := l.Take(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited != 3*time.Second {
			t.Errorf("it waited for %v", waited)
		}
	})
}
