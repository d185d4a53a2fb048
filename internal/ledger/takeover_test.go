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

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
)

// clock is a time that tests set forward.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.ns.Load()) }
func (c *clock) forward(d time.Duration) { c.ns.Add(int64(d)) }

// far is a process of another machine, of which only the lease tells.
func far(name string) ledger.Holder { return ledger.Holder{Host: name, Machine: name, PID: 1} }

func at(dir, host string, c *clock) *ledger.Ledger {
	return ledger.New(file.New(dir), "demo", "prd", ledger.Options{Now: c.now, Holder: far(host)})
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

func isLost(h *ledger.Hold) bool {
	select {
	case <-h.Lost():
		return true
	default:
		return false
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

func TestTheSameOperationIsRepeatedAfterItsProcessDied(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	old, _ := begin(t, at(dir, "first", c), "a")
	c.forward(16 * time.Second)
	h, rec := begin(t, at(dir, "second", c), "a")
	wantLost(t, checked(t.Context(), old), "second")
	must(t, checked(t.Context(), h))
	if rec.Open == nil || rec.Open.Number != 3 {
		t.Errorf("the record is %+v", rec)
	}
	must(t, h.Close(t.Context(), done()))
	wantStory(t, at(dir, "x", c), "opened a", "taken a lost", "opened a", "closed a done")
}

func TestAnEndedLeaseIsTakenAndItsHolderFindsOut(t *testing.T) {
	t.Parallel()
	for what, find := range map[string]func(*ledger.Hold) error{
		"check":  func(h *ledger.Hold) error { return checked(t.Context(), h) },
		"append": func(h *ledger.Hold) error { return h.Append(t.Context(), did("late")) },
		"close":  func(h *ledger.Hold) error { return h.Close(t.Context(), done()) },
	} {
		dir, mine, theirs := t.TempDir(), newClock(), newClock()
		old, _ := begin(t, at(dir, "first", mine), "a")
		must(t, old.Append(t.Context(), did("early")))
		theirs.forward(14 * time.Second)
		wantLocked(t, at(dir, "second", theirs))
		theirs.forward(2 * time.Second)
		h, _ := begin(t, at(dir, "second", theirs), "b")
		if isLost(old) {
			t.Errorf("%s: lost before anybody looked", what)
		}
		wantLost(t, find(old), "process 1 on second took it over with promote v-b by ann@b (operation b)")
		if !isLost(old) {
			t.Errorf("%s: not lost", what)
		}
		wantLost(t, old.Append(t.Context(), did("later")), "second")
		wantLost(t, old.Close(t.Context(), done()), "second")
		must(t, h.Append(t.Context(), did("mine")))
		must(t, h.Close(t.Context(), done()))
		wantStory(t, at(dir, "x", mine), "opened a", "did a early", "taken a lost", "opened b", "did b mine", "closed b done")
	}
}

func TestOneOfManyTakersWins(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	old, _ := begin(t, at(dir, "first", c), "a")
	c.forward(time.Minute)
	var wg sync.WaitGroup
	errs := make([]error, 16)
	var won atomic.Pointer[ledger.Hold]
	for i := range errs {
		wg.Go(func() {
			h, _, err := at(dir, fmt.Sprintf("taker-%d", i), c).Begin(t.Context(), operation(fmt.Sprintf("t%d", i)))
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
	wantLost(t, old.Close(t.Context(), done()), "taker-")
	if got := story(t, at(dir, "x", c)); len(got) != 4 {
		t.Errorf("the log is %q", got)
	}
}

func TestCheckRenewsALeaseThatEnded(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	h, _ := begin(t, at(dir, "first", c), "a")
	c.forward(time.Minute) // asleep
	must(t, checked(t.Context(), h))
	c.forward(14 * time.Second)
	wantLocked(t, at(dir, "second", c))
	must(t, h.Close(t.Context(), done()))
}

func TestALostOrSpoiltLeaseCountsFromTheEntry(t *testing.T) {
	t.Parallel()
	for _, spoil := range []func(string) error{
		os.Remove,
		func(path string) error { return os.WriteFile(path, []byte("{"), 0o600) },
	} {
		dir, c := t.TempDir(), newClock()
		old, _ := begin(t, at(dir, "first", c), "a")
		files, err := filepath.Glob(filepath.Join(dir, "ledger-lease", "demo", "prd", "*.json"))
		must(t, err)
		if len(files) != 1 {
			t.Fatalf("the leases are %q", files)
		}
		must(t, spoil(files[0]))
		wantLocked(t, at(dir, "second", c))
		c.forward(16 * time.Second)
		h, _ := begin(t, at(dir, "second", c), "b")
		must(t, h.Close(t.Context(), done()))
		wantLost(t, old.Close(t.Context(), done()), "second")
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
		old, _ := begin(t, ledger.New(file.New(dir), "demo", "prd", ledger.Options{Holder: holder}), "a")
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

func TestTheLeaseIsRenewedWhileHeld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		first := ledger.New(file.New(dir), "demo", "prd", ledger.Options{Holder: far("first")})
		// Its clock goes wrong by less than what a lease has left at any time.
		ahead := func() time.Time { return time.Now().Add(9 * time.Second) }
		second := ledger.New(file.New(dir), "demo", "prd", ledger.Options{Holder: far("second"), Now: ahead})
		h, _ := begin(t, first, "a")
		for range 40 {
			time.Sleep(3 * time.Second)
			synctest.Wait()
			wantLocked(t, second)
		}
		must(t, h.Close(t.Context(), done()))
		h, _ = begin(t, second, "b")
		must(t, h.Close(t.Context(), done()))
	})
}

func TestRenewalFindsOutThatTheHoldIsGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		old, _ := begin(t, ledger.New(file.New(dir), "demo", "prd", ledger.Options{Holder: far("first")}), "a")
		ahead := func() time.Time { return time.Now().Add(16 * time.Second) }
		h, _ := begin(t, ledger.New(file.New(dir), "demo", "prd", ledger.Options{Holder: far("second"), Now: ahead}), "b")
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if !isLost(old) {
			t.Error("after a third of the lease the holder does not know")
		}
		wantLost(t, checked(t.Context(), old), "second")
		must(t, h.Close(t.Context(), done()))
		_ = old.Close(t.Context(), done())
	})
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
	dir, c := t.TempDir(), newClock()
	var winner *ledger.Hold
	store := &meddler{Store: file.New(dir)}
	store.first = func() { winner, _ = begin(t, at(dir, "winner", c), "a") }
	wantLocked(t, ledger.New(store, "demo", "prd", ledger.Options{Now: c.now, Holder: far("loser")}))
	files, err := os.ReadDir(filepath.Join(dir, "ledger-lease", "demo", "prd"))
	must(t, err)
	if len(files) != 1 {
		t.Errorf("the leases are %v", files)
	}
	must(t, winner.Close(t.Context(), done()))
}

func TestAnEntryOfAnotherComesBetween(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	store := &meddler{Store: file.New(dir)}
	old, _, err := ledger.New(store, "demo", "prd", ledger.Options{Now: c.now, Holder: far("old")}).Begin(t.Context(), operation("a"))
	must(t, err)
	// Between what the holder knows and its append it is taken over.
	store.first = func() {
		late := newClock()
		late.forward(time.Minute)
		h, _ := begin(t, at(dir, "new", late), "b")
		must(t, h.Close(t.Context(), done()))
	}
	wantLost(t, old.Append(t.Context(), did("late")), "new")
	wantStory(t, at(dir, "x", c), "opened a", "taken a lost", "opened b", "closed b done")
	_ = old.Close(t.Context(), done())
}
