package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"falkirk/internal/bucket"
	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
	"falkirk/internal/ledger"
)

// far is a process of another machine, of which only the lease tells.
func far(name string) ledger.Holder { return ledger.Holder{Host: name, Machine: name, PID: 1} }

// at is the ledger of a process on another machine, whose date may be wrong. Its
// clock is that of the bubble of synctest.
func at(store ledger.Store, host string, wrong time.Duration) *ledger.Ledger {
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	return ledger.New(store, "demo", "prd", ledger.Options{
		Now:   func() time.Time { return time.Now().Add(wrong) },
		Clock: func() time.Duration { return time.Since(start) }, Holder: far(host),
	})
}

// cutOff is a store that cannot be reached for a while.
type cutOff struct {
	ledger.Store
	off atomic.Bool
}

var errCut = fault.New(fault.Unavailable, "the network is down")

func (c *cutOff) Get(ctx context.Context, key string) (io.ReadCloser, bucket.Info, error) {
	if c.off.Load() {
		return nil, bucket.Info{}, errCut
	}
	return c.Store.Get(ctx, key)
}

func (c *cutOff) Put(ctx context.Context, key string, r io.Reader) error {
	if c.off.Load() {
		return errCut
	}
	return c.Store.Put(ctx, key, r)
}

func (c *cutOff) Create(ctx context.Context, key string, r io.Reader) error {
	if c.off.Load() {
		return errCut
	}
	return c.Store.Create(ctx, key, r)
}

func wantLocked(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	h, _, err := l.Begin(t.Context(), operation("other"))
	if err == nil {
		t.Error("the environment is taken from a live operation")
		must(t, h.Close(t.Context(), done()))
	} else if !fault.Is(err, fault.Locked) {
		t.Errorf("begin answers %v", err)
	}
}

func wantLost(t *testing.T, err error, by string) {
	t.Helper()
	if !errors.Is(err, ledger.ErrLost) || !fault.Is(err, fault.Locked) || !strings.Contains(fmt.Sprint(err), by) {
		t.Errorf("the error is %v, want one that says that %s took over", err, by)
	}
}

func TestAKilledProcessIsTakenOverAtOnce(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("only the lease tells here")
	}
	for _, reaped := range []bool{false, true} {
		dir := t.TempDir()
		cmd := startHolder(t, dir)
		wantLocked(t, in(dir))
		must(t, cmd.Process.Kill())
		if reaped {
			_ = cmd.Wait()
		}
		deadline := time.Now().Add(5 * time.Second)
		h, _, err := in(dir).Begin(t.Context(), operation("b"))
		for fault.Is(err, fault.Locked) && time.Now().Before(deadline) { // until the signal has come through
			h, _, err = in(dir).Begin(t.Context(), operation("b"))
		}
		must(t, err)
		must(t, h.Close(t.Context(), done()))
		wantStory(t, in(dir), "opened killed", "taken killed lost", "opened b", "closed b done")
		for e, err := range in(dir).Entries(t.Context()) {
			must(t, err)
			if gone := fmt.Sprintf("process %d on ", cmd.Process.Pid); e.Event == delivery.Taken &&
				(!strings.Contains(e.Note, gone) || !strings.Contains(e.Note, "is gone") || !strings.Contains(e.Note, "operation b")) {
				t.Errorf("the taken entry says %q", e.Note)
			}
		}
	}
}

// within runs a test whose time is that of a bubble.
func within(t *testing.T, test func(t *testing.T, store *cutOff)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { test(t, &cutOff{Store: file.New(dir)}) })
}

func TestTheSameOperationIsRepeatedAfterItsProcessDied(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, store *cutOff) {
		old, _ := begin(t, at(store, "first", 0), "a")
		store.off.Store(true)
		h, rec := begin(t, at(store.Store, "second", 0), "a")
		store.off.Store(false)
		wantLost(t, checked(t.Context(), old), "second")
		must(t, checked(t.Context(), h))
		if rec.Open == nil || rec.Open.Number != 3 {
			t.Errorf("the record is %+v", rec)
		}
		must(t, h.Close(t.Context(), done()))
		wantStory(t, at(store, "x", 0), "opened a", "taken a lost", "opened a", "closed a done")
		_ = old.Close(t.Context(), done())
	})
}

// A holder that cannot reach the store stops by itself before anybody else may
// begin, and finds out who did.
func TestAHolderThatIsCutOffIsTakenOverAndFindsOut(t *testing.T) {
	t.Parallel()
	for what, find := range map[string]func(context.Context, *ledger.Hold) error{
		"check":  func(ctx context.Context, h *ledger.Hold) error { return checked(ctx, h) },
		"append": func(ctx context.Context, h *ledger.Hold) error { return h.Append(ctx, did("late")) },
		"close":  func(ctx context.Context, h *ledger.Hold) error { return h.Close(ctx, done()) },
	} {
		within(t, func(t *testing.T, store *cutOff) {
			old, _ := begin(t, at(store, "first", 0), "a")
			guarded, release := old.Guard(t.Context())
			defer release()
			must(t, old.Append(t.Context(), did("early")))
			cut := time.Now()
			store.off.Store(true)
			<-guarded.Done()
			if !errors.Is(context.Cause(guarded), ledger.ErrLost) || fence.Check(guarded) == nil {
				t.Errorf("%s: the context ends with %v", what, context.Cause(guarded))
			}
			if lasted := time.Since(cut); lasted > 16*time.Second {
				t.Errorf("%s: the holder went on for %s", what, lasted)
			}
			h, _ := begin(t, at(store.Store, "second", 0), "b")
			if waited := time.Since(cut); waited < 25*time.Second {
				t.Errorf("%s: the environment was taken %s after the last renewal", what, waited)
			}
			store.off.Store(false)
			wantLost(t, find(t.Context(), old), "process 1 on second took it over with promote v-b by ann@b (operation b)")
			wantLost(t, old.Append(t.Context(), did("later")), "second")
			wantLost(t, old.Close(t.Context(), done()), "second")
			must(t, h.Append(t.Context(), did("mine")))
			must(t, h.Close(t.Context(), done()))
			wantStory(t, at(store, "x", 0), "opened a", "did a early", "taken a lost", "opened b", "did b mine", "closed b done")
		})
	}
}

func TestOneOfManyTakersWins(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, store *cutOff) {
		old, _ := begin(t, at(store, "first", 0), "a")
		store.off.Store(true)
		var wg sync.WaitGroup
		errs := make([]error, 16)
		var won atomic.Pointer[ledger.Hold]
		for i := range errs {
			wg.Go(func() {
				h, _, err := at(store.Store, fmt.Sprintf("taker-%d", i), 0).Begin(t.Context(), operation(fmt.Sprintf("t%d", i)))
				if errs[i] = err; err == nil {
					won.Store(h)
				}
			})
		}
		wg.Wait()
		winners := 0
		for _, err := range errs {
			if err == nil {
				winners++
			} else if e := namesHolder(err); !fault.Is(err, fault.Locked) || e != nil {
				t.Errorf("a taker is told %v", err)
			}
		}
		if winners != 1 {
			t.Fatalf("%d takers won", winners)
		}
		must(t, checked(t.Context(), won.Load()))
		must(t, won.Load().Close(t.Context(), done()))
		store.off.Store(false)
		wantLost(t, old.Close(t.Context(), done()), "taker-")
		if got := story(t, at(store, "x", 0)); len(got) != 4 {
			t.Errorf("the log is %q", got)
		}
	})
}

// A holder whose lease has ended writes nothing more, also when nobody took
// the environment meanwhile: a taker may be about to.
func TestALeaseThatEndedIsNotRenewed(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, store *cutOff) {
		h, _ := begin(t, at(store, "first", 0), "a")
		store.off.Store(true)
		time.Sleep(16 * time.Second)
		store.off.Store(false)
		wantLost(t, h.Held(), "not renewed in time")
		wantLost(t, checked(t.Context(), h), "not renewed in time")
		wantLost(t, h.Append(t.Context(), did("late")), "not renewed in time")
		wantLost(t, h.Close(t.Context(), done()), "not renewed in time")
		wantStory(t, at(store, "x", 0), "opened a")
		next, _ := begin(t, at(store, "second", 0), "b")
		must(t, next.Close(t.Context(), done()))
		wantStory(t, at(store, "x", 0), "opened a", "taken a lost", "opened b", "closed b done")
	})
}

func TestALostOrSpoiltLeaseIsWatched(t *testing.T) {
	t.Parallel()
	for _, spoil := range []func(string) error{
		os.Remove,
		func(path string) error { return os.WriteFile(path, []byte("{"), 0o600) },
	} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			store := &cutOff{Store: file.New(dir)}
			old, _ := begin(t, at(store, "first", 0), "a")
			files, err := filepath.Glob(filepath.Join(dir, "ledger-lease", "demo", "prd", "*.json"))
			must(t, err)
			if len(files) != 1 {
				t.Fatalf("the leases are %q", files)
			}
			must(t, spoil(files[0]))
			wantLocked(t, at(store.Store, "second", 0))
			store.off.Store(true)
			must(t, spoil(files[0]))
			h, _ := begin(t, at(store.Store, "second", 0), "b")
			must(t, h.Close(t.Context(), done()))
			store.off.Store(false)
			wantLost(t, old.Close(t.Context(), done()), "second")
		})
	}
}

func TestOfThisMachineThePIDAndItsStartTell(t *testing.T) {
	t.Parallel()
	me := ledger.ThisProcess()
	if me.Machine == "" {
		t.Skip("only the lease tells here")
	}
	gone := startHolder(t, t.TempDir())
	must(t, gone.Process.Kill())
	_ = gone.Wait()
	for what, c := range map[string]struct {
		change func(*ledger.Holder)
		taken  bool
	}{
		"a live process":             {func(*ledger.Holder) {}, false},
		"a PID used again":           {func(h *ledger.Holder) { h.Started = "1" }, true},
		"a PID that is free":         {func(h *ledger.Holder) { h.PID = gone.Process.Pid }, true},
		"the same of another system": {func(h *ledger.Holder) { h.PID, h.Machine = gone.Process.Pid, "other" }, false},
		"a system that is not known": {func(h *ledger.Holder) { h.PID, h.Machine = gone.Process.Pid, "" }, false},
		"no PID":                     {func(h *ledger.Holder) { h.PID = 0 }, false},
	} {
		dir, holder := t.TempDir(), me
		c.change(&holder)
		old, _ := begin(t, ledger.New(file.New(dir), "demo", "prd", ledger.Options{Holder: holder, Request: -1}), "a")
		h, _, err := in(dir).Begin(t.Context(), operation("b"))
		if taken := err == nil; taken != c.taken {
			t.Errorf("%s: taken is %v, %v", what, taken, err)
		}
		if h != nil {
			must(t, h.Close(t.Context(), done()))
		}
		_ = old.Close(t.Context(), done())
	}
}

// Two machines may disagree about the date as much as they like: a holder that
// renews its lease keeps it, and one that does not loses it.
func TestNoDateDecidesWhoHolds(t *testing.T) {
	t.Parallel()
	for _, wrong := range []time.Duration{20 * time.Second, -20 * time.Second, time.Hour, -time.Hour} {
		within(t, func(t *testing.T, store *cutOff) {
			first, second := at(store, "first", 0), at(store.Store, "second", wrong)
			h, _ := begin(t, first, "a")
			for range 20 {
				time.Sleep(3 * time.Second)
				synctest.Wait()
				wantLocked(t, second)
			}
			store.off.Store(true)
			next, _ := begin(t, second, "b")
			must(t, next.Close(t.Context(), done()))
			wantLost(t, h.Held(), "not renewed in time")
			_ = h.Close(t.Context(), done())
		})
	}
}

func TestRenewalFindsOutThatTheHoldIsGone(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, store *cutOff) {
		old, _ := begin(t, at(store, "first", 0), "a")
		guarded, release := old.Guard(t.Context())
		defer release()
		go func() { _, _ = at(store, "second", 0).Steal(t.Context(), "bea", "it hangs") }()
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if guarded.Err() == nil {
			t.Error("after a third of the lease the holder does not know")
		}
		wantLost(t, checked(t.Context(), old), "second")
		_ = old.Close(t.Context(), done())
		time.Sleep(time.Minute)
	})
}

// A theft waits until the holder can write nothing more, and when it does not
// wait to its end, the next operation does.
func TestWhoStealsWaitsForTheHolder(t *testing.T) {
	t.Parallel()
	for _, interrupted := range []bool{false, true} {
		within(t, func(t *testing.T, store *cutOff) {
			old, _ := begin(t, at(store, "first", 0), "a")
			store.off.Store(true) // it goes on, and cannot read the log
			began := time.Now()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if interrupted {
				time.AfterFunc(3*time.Second, cancel)
			}
			_, err := at(store.Store, "second", 0).Steal(ctx, "bea", "it hangs")
			if interrupted != fault.Is(err, fault.Interrupted) {
				t.Errorf("interrupted %v: the theft ends with %v", interrupted, err)
			}
			h, _ := begin(t, at(store.Store, "third", 0), "b")
			if waited := time.Since(began); waited < 25*time.Second {
				t.Errorf("interrupted %v: the next operation began after %s", interrupted, waited)
			}
			wantLost(t, old.Held(), "not renewed in time")
			must(t, h.Close(t.Context(), done()))
			again, _ := begin(t, at(store.Store, "third", 0), "c")
			if waited := time.Since(began); waited > 60*time.Second {
				t.Errorf("the operation after the next one waited, too: %s", waited)
			}
			must(t, again.Close(t.Context(), done()))
			_ = old.Close(t.Context(), done())
		})
	}
}

// meddler is a store in which somebody else comes first with an entry.
type meddler struct {
	ledger.Store
	first func()
}

func (m *meddler) Create(ctx context.Context, key string, r io.Reader) error {
	if m.first != nil {
		first := m.first
		m.first = nil
		first()
	}
	return m.Store.Create(ctx, key, r)
}

func TestWhoLosesTheNumberLeavesTheWinnersLease(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var winner *ledger.Hold
	store := &meddler{Store: file.New(dir)}
	fresh := func(store ledger.Store, host string) *ledger.Ledger {
		return ledger.New(store, "demo", "prd", ledger.Options{Holder: far(host)})
	}
	store.first = func() { winner, _ = begin(t, fresh(file.New(dir), "winner"), "a") }
	wantLocked(t, fresh(store, "loser"))
	files, err := os.ReadDir(filepath.Join(dir, "ledger-lease", "demo", "prd"))
	must(t, err)
	if len(files) != 1 {
		t.Errorf("the leases are %v", files)
	}
	must(t, winner.Close(t.Context(), done()))
}

func TestAnEntryOfAnotherComesBetween(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		store := &meddler{Store: file.New(dir)}
		old, _ := begin(t, at(store, "old", 0), "a")
		// Between what the holder knows and its append it is stolen from.
		store.first = func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second) // it does not wait to the end
			defer cancel()
			_, _ = at(file.New(dir), "new", 0).Steal(ctx, "bea", "it hangs")
		}
		wantLost(t, old.Append(t.Context(), did("late")), "new")
		wantStory(t, at(store, "x", 0), "opened a", "taken a lost")
		_ = old.Close(t.Context(), done())
	})
}
