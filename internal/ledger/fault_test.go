package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"falkirk/internal/bucket"
	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
	"falkirk/test/chaos"
)

var errTrap = fault.New(fault.Unavailable, "the store is away")

// trap is a store whose calls from one number to another fail, before or after
// they had their effect.
type trap struct {
	ledger.Store
	calls, from, to atomic.Int64
	after           bool
	sprung          atomic.Bool
}

func (s *trap) do(call func() error) error {
	n := s.calls.Add(1)
	if n < s.from.Load() || n >= s.to.Load() {
		return call()
	}
	s.sprung.Store(true)
	if s.after {
		_ = call()
	}
	return errTrap
}

func (s *trap) Get(ctx context.Context, key string) (r io.ReadCloser, info bucket.Info, err error) {
	err = s.do(func() (err error) {
		r, info, err = s.Store.Get(ctx, key)
		return err
	})
	if err != nil && r != nil {
		_ = r.Close()
		r = nil
	}
	return r, info, err
}

func (s *trap) Create(ctx context.Context, key string, r io.Reader) error {
	return s.do(func() error { return s.Store.Create(ctx, key, r) })
}

func (s *trap) Put(ctx context.Context, key string, r io.Reader) error {
	return s.do(func() error { return s.Store.Put(ctx, key, r) })
}

func (s *trap) Delete(ctx context.Context, key string) error {
	return s.do(func() error { return s.Store.Delete(ctx, key) })
}

func (s *trap) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Info, error] {
	return func(yield func(bucket.Info, error) bool) {
		if err := s.do(func() error { return nil }); err != nil {
			yield(bucket.Info{}, err)
			return
		}
		s.Store.List(ctx, prefix, after)(yield)
	}
}

// until repeats what fails because of the trap; a lock of its own making goes
// when the lease does.
func until(t *testing.T, what string, do func() error) {
	t.Helper()
	for range 20 {
		err := do()
		switch {
		case err == nil:
			return
		case fault.Is(err, fault.Locked) && !errors.Is(err, ledger.ErrLost):
			time.Sleep(16 * time.Second)
		case !errors.Is(err, errTrap):
			t.Fatalf("%s: %v", what, err)
		}
	}
	t.Fatalf("%s does not succeed however often it is repeated", what)
}

// TestEveryCallOfTheStoreMayFail makes each call fail in turn, alone or with
// those after it, before or after its effect; every step is repeated until it
// says success, and then the log must tell exactly that.
func TestEveryCallOfTheStoreMayFail(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for _, length := range []int64{1, 2, 3, 5}[:chaos.Count(2, 4)] {
			for k := int64(1); ; k++ {
				name := fmt.Sprintf("after=%v, calls %d to %d", after, k, k+length-1)
				if !breakAt(t, name, after, k, length) {
					break
				}
				if k > 200 {
					t.Fatal("the calls have no end")
				}
			}
		}
	}
}

func breakAt(t *testing.T, name string, after bool, k, length int64) (sprung bool) {
	t.Helper()
	within(t, func(t *testing.T, gone *cutOff) {
		sprung = breakStoreAt(t, name, &trap{Store: gone.Store, after: after}, gone, k, length)
	})
	return sprung
}

func breakStoreAt(t *testing.T, name string, store *trap, gone *cutOff, k, length int64) (sprung bool) {
	t.Helper()
	// A dead operation is there already, so that a takeover is tried too.
	dead, _ := begin(t, at(gone, "dead", 0), "dead")
	must(t, dead.Append(t.Context(), did("x")))
	gone.off.Store(true)
	time.Sleep(time.Minute)
	gone.off.Store(false)
	store.from.Store(k)
	store.to.Store(k + length)
	l := at(store, "me", 0)
	var h *ledger.Hold
	until(t, name+": begin", func() (err error) {
		h, _, err = l.Begin(t.Context(), operation("a"))
		return err
	})
	until(t, name+": check", func() error { return checked(t.Context(), h) })
	until(t, name+": append", func() error { return h.Append(t.Context(), did("one")) })
	until(t, name+": append", func() error { return h.Append(t.Context(), did("two")) })
	until(t, name+": close", func() error { return h.Close(t.Context(), done()) })
	until(t, name+": close", func() error { return h.Close(t.Context(), done()) })
	if err := dead.Close(t.Context(), done()); !errors.Is(err, ledger.ErrLost) {
		t.Errorf("%s: the dead closes: %v", name, err)
	}
	wantTold(t, name, at(gone, "x", 0))
	return store.sprung.Load()
}

// wantTold checks that the log has the operation, from its last opening on,
// with its entries in their order and one end.
func wantTold(t *testing.T, name string, l *ledger.Ledger) {
	t.Helper()
	var notes []string
	closed, open := 0, false
	for e, err := range l.Entries(t.Context()) {
		must(t, err)
		switch e.Event {
		case delivery.Opened:
			if open {
				t.Errorf("%s: entry %d opens while another is open", name, e.Number)
			}
			notes, open = nil, true
		case delivery.Did:
			// One whose answer was lost is there twice; that is no other story.
			if len(notes) == 0 || notes[len(notes)-1] != e.Note {
				notes = append(notes, e.Note)
			}
		case delivery.Closed:
			closed++
			open = false
		case delivery.Taken:
			open = false
		}
	}
	if open || closed != 1 || fmt.Sprint(notes) != "[one two]" {
		t.Errorf("%s: open %v, closed %d times, entries %v: %q", name, open, closed, notes, story(t, l))
	}
}

// deaf is a store that creates and then answers with an error, as when the
// answer was lost or the request was sent twice.
type deaf struct {
	ledger.Store
	answer error
}

func (s deaf) Create(ctx context.Context, key string, r io.Reader) error {
	return errors.Join(s.Store.Create(ctx, key, r), s.answer)
}

func TestAWriteWhoseAnswerWasLostIsFound(t *testing.T) {
	t.Parallel()
	for _, answer := range []error{errTrap, fault.New(fault.Conflict, "it is there already")} {
		l := ledger.New(deaf{file.New(t.TempDir()), answer}, "demo", "prd", ledger.Options{})
		h, _ := begin(t, l, "a")
		must(t, h.Append(t.Context(), did("one")))
		must(t, h.Close(t.Context(), done()))
		wantStory(t, l, "opened a", "did a one", "closed a done")
	}
}
