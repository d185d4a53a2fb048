package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/bucket"
	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func begin(t *testing.T, l *ledger.Ledger, id string) (*ledger.Hold, delivery.Record) {
	t.Helper()
	h, rec, err := l.Begin(t.Context(), operation(id))
	must(t, err)
	return h, rec
}

func did(note string) delivery.Entry { return delivery.Entry{Event: delivery.Did, Note: note} }

func done() delivery.Entry { return delivery.Entry{Result: delivery.ResultDone, Settled: true} }

// story is the log as "event operation note" lines.
func story(t *testing.T, l *ledger.Ledger) []string {
	t.Helper()
	var all []string
	for e, err := range l.Entries(t.Context()) {
		must(t, err)
		line := string(e.Event) + " " + e.Operation.ID
		if e.Event == delivery.Did {
			line += " " + e.Note
		}
		if e.Result != "" {
			line += " " + string(e.Result)
		}
		all = append(all, line)
	}
	return all
}

func wantStory(t *testing.T, l *ledger.Ledger, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, story(t, l)); d != "" {
		t.Error(d)
	}
}

func TestAnOperationIsRecorded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := in(dir)
	rec, err := l.Read(t.Context(), delivery.Record{})
	must(t, err)
	if d := cmp.Diff(delivery.Record{}, rec); d != "" {
		t.Error(d)
	}
	h, rec := begin(t, l, "a")
	if rec.Open == nil || rec.Open.Operation.ID != "a" || rec.Last != 1 || h.Token() != 1 {
		t.Errorf("after begin the record is %+v", rec)
	}
	read, err := l.Read(t.Context(), delivery.Record{})
	must(t, err)
	if d := cmp.Diff(rec, read); d != "" {
		t.Errorf("begin gives another record than the log: %s", d)
	}
	must(t, h.Append(t.Context(), did("one")))
	must(t, checked(t.Context(), h))
	must(t, h.Close(t.Context(), done()))
	must(t, h.Close(t.Context(), done()))
	if err := h.Append(t.Context(), did("late")); err == nil {
		t.Error("a closed operation appends")
	}
	if err := checked(t.Context(), h); err == nil || errors.Is(err, ledger.ErrLost) {
		t.Errorf("a closed operation is checked: %v", err)
	}
	wantStory(t, l, "opened a", "did a one", "closed a done")
	rec, err = l.Read(t.Context(), delivery.Record{})
	must(t, err)
	if rec.Open != nil || rec.Live() != "v-a" || rec.Last != 3 {
		t.Errorf("the record is %+v", rec)
	}
	begin2, rec := begin(t, l, "b")
	if rec.Last != 4 || rec.Live() != "v-a" {
		t.Errorf("the record is %+v", rec)
	}
	must(t, begin2.Close(t.Context(), done()))
}

func TestWhatOnlyTheLedgerWritesIsNotAppended(t *testing.T) {
	t.Parallel()
	h, _ := begin(t, in(t.TempDir()), "a")
	for _, e := range []delivery.Event{delivery.Opened, delivery.Closed, delivery.Taken, "", "other"} {
		if err := h.Append(t.Context(), delivery.Entry{Event: e}); err == nil {
			t.Errorf("%q is appended", e)
		}
	}
	must(t, h.Append(t.Context(), did("x")))
	must(t, h.Close(t.Context(), done()))
}

func TestGoroutinesAppendToOneHold(t *testing.T) {
	t.Parallel()
	l := in(t.TempDir())
	h, _ := begin(t, l, "a")
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			for n := range 10 {
				errs[i] = errors.Join(errs[i], h.Append(t.Context(), did(fmt.Sprintf("%d-%d", i, n))), checked(t.Context(), h))
			}
		})
	}
	wg.Wait()
	must(t, errors.Join(errs...))
	must(t, h.Close(t.Context(), done()))
	got := story(t, l)
	seen := map[string]bool{}
	for _, s := range got {
		seen[s] = true
	}
	if len(got) != 82 || len(seen) != 82 {
		t.Errorf("%d entries, %d of them different", len(got), len(seen))
	}
}

func TestASecondOperationIsToldWhoHolds(t *testing.T) {
	t.Parallel()
	l := in(t.TempDir())
	h, _ := begin(t, l, "a")
	_, _, err := l.Begin(t.Context(), operation("b"))
	if !fault.Is(err, fault.Locked) || errors.Is(err, ledger.ErrLost) {
		t.Fatalf("the second begin: %v", err)
	}
	if err := namesHolder(err); err != nil {
		t.Error(err)
	}
	if !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("the error does not name the process: %v", err)
	}
	must(t, h.Close(t.Context(), done()))
	wantStory(t, l, "opened a", "closed a done")
}

func TestCloseWritesAfterCancel(t *testing.T) {
	t.Parallel()
	l := in(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	h, _, err := l.Begin(ctx, operation("a"))
	must(t, err)
	cancel()
	if err := checked(ctx, h); !fault.Is(err, fault.Interrupted) {
		t.Errorf("check: %v", err)
	}
	must(t, h.Close(ctx, delivery.Entry{Result: delivery.ResultInterrupted}))
	wantStory(t, l, "opened a", "closed a interrupted")
}

// edit changes the stored bytes of an entry.
func edit(t *testing.T, dir string, number int, change func([]byte) []byte) {
	t.Helper()
	path := filepath.Join(dir, "ledger", "demo", "prd", fmt.Sprintf("%010d.json", number))
	raw, err := os.ReadFile(path)
	must(t, err)
	if raw = change(raw); raw == nil {
		must(t, os.Remove(path))
		return
	}
	must(t, os.WriteFile(path, raw, 0o600))
}

func TestTamperingIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	replace := func(old, with string) func([]byte) []byte {
		return func(raw []byte) []byte { return []byte(strings.ReplaceAll(string(raw), old, with)) }
	}
	for what, c := range map[string]struct {
		number int
		change func([]byte) []byte
		hint   string
	}{
		"an edit":         {20, replace("ann", "bob"), "restore"},
		"a space":         {20, func(raw []byte) []byte { return append(raw, '\n') }, "restore"},
		"a removal":       {20, func([]byte) []byte { return nil }, "restore"},
		"a newer schema":  {20, replace(`"schema":2`, `"schema":3,"new":{}`), "upgrade falkirk"},
		"no schema":       {20, replace(`"schema":2`, `"schema":0`), ""},
		"another number":  {42, replace(`"number":42`, `"number":41`), "restore"},
		"another chain":   {21, replace(`sha256:`, `sha256:0`), ""},
		"an unknown key":  {20, replace(`"schema":2`, `"schema":2,"x":1`), ""},
		"garbage":         {20, func([]byte) []byte { return []byte("{") }, ""},
		"nothing":         {20, func([]byte) []byte { return []byte{} }, ""},
		"the first":       {1, func([]byte) []byte { return nil }, "restore"},
		"the last's body": {42, func(raw []byte) []byte { return raw[:len(raw)/2] }, ""},
	} {
		dir := t.TempDir()
		l := in(dir)
		h, _ := begin(t, l, "a")
		for range 40 {
			must(t, h.Append(t.Context(), did("x")))
		}
		must(t, h.Close(t.Context(), done()))
		edit(t, dir, c.number, c.change)
		want := fault.Tampered
		if what == "a newer schema" {
			want = fault.Invalid // no tampering: this program is older than the one that wrote
		}
		_, err := l.Read(t.Context(), delivery.Record{})
		if !fault.Is(err, want) || !strings.Contains(err.Error(), fmt.Sprintf("ledger/demo/prd/%010d.json", c.number)) ||
			!strings.Contains(fault.HintOf(err), c.hint) {
			t.Errorf("%s: %v, hint %q", what, err, fault.HintOf(err))
		}
		if _, _, err := l.Begin(t.Context(), operation("b")); !fault.Is(err, want) {
			t.Errorf("%s: begin answers %v", what, err)
		}
	}
}

func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	const good = `{"schema":1,"number":1,"prev":"","at":"2026-01-02T03:04:05Z","event":"opened","operation":{"id":"a","verb":"promote","app":"x","environment":"y","actor":"z","at":"2026-01-02T03:04:05Z"}}`
	if _, err := ledger.Decode([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for old, with := range map[string]string{
		`"schema":1`:                          `"schema":1,"extra":true`,
		`"schema":1,`:                         ``,
		`"number":1`:                          `"number":0`,
		`"number":1,`:                         `"number":2,`,
		`"prev":""`:                           `"prev":"sha256:00"`,
		`"id":"a"`:                            `"id":""`,
		`"id":"a",`:                           `"id":"a","extra":true,`,
		`"event":"opened"`:                    `"event":"opend"`,
		`,"event":"opened"`:                   ``,
		`"at":"2026-01-02T03:04:05Z","event"`: `"at":"0001-01-01T00:00:00Z","event"`,
		`Z"}}`:                                `Z"}} {}`,
		`"y","actor"`:                         `"y",,"actor"`,
	} {
		raw := strings.Replace(good, old, with, 1)
		if _, err := ledger.Decode([]byte(raw)); raw == good || !fault.Is(err, fault.Tampered) {
			t.Errorf("%s for %s: %v", with, old, err)
		}
	}
}

func TestForeignFilesAreNoEntries(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := in(dir)
	h, _ := begin(t, l, "a")
	must(t, h.Close(t.Context(), done()))
	for _, name := range []string{".DS_Store", "0000000003.json~", "notes.txt", "zz"} {
		must(t, os.WriteFile(filepath.Join(dir, "ledger", "demo", "prd", name), []byte("x"), 0o600))
	}
	wantStory(t, l, "opened a", "closed a done")
}

func TestSchema1IsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.CopyFS(filepath.Join(dir, "ledger", "demo", "prd"), os.DirFS("testdata/schema1")))
	l := in(dir)
	n := 0
	for e, err := range l.Entries(t.Context()) {
		must(t, err)
		n++
		stored, err := os.ReadFile(fmt.Sprintf("testdata/schema1/%010d.json", n))
		must(t, err)
		back, err := json.Marshal(e)
		must(t, err)
		if d := cmp.Diff(string(stored), string(back)); d != "" {
			t.Errorf("something of entry %d is not read: %s", n, d)
		}
	}
	rec, err := l.Read(t.Context(), delivery.Record{})
	must(t, err)
	if n != 13 || rec.Last != 13 || rec.Live() != "1.0.0" || rec.Open != nil {
		t.Errorf("%d entries are read as %+v", n, rec)
	}
}

// slow is a store whose every call takes a moment, as one far away does.
// slow answers after a moment, and counts how many requests were under way at once.
type slow struct {
	bucket.Bucket
	now, most *atomic.Int64
}

func (s slow) Get(ctx context.Context, key string) (io.ReadCloser, bucket.Info, error) {
	now := s.now.Add(1)
	defer s.now.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	select {
	case <-time.After(2 * time.Millisecond):
	case <-ctx.Done():
	}
	return s.Bucket.Get(ctx, key)
}

func TestEntriesAreReadSideBySide(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h, _ := begin(t, in(dir), "a")
	for i := range 300 {
		must(t, h.Append(t.Context(), did(fmt.Sprint(i))))
	}
	must(t, h.Close(t.Context(), done()))
	store := slow{file.New(dir), new(atomic.Int64), new(atomic.Int64)}
	l := ledger.New(store, "demo", "prd", ledger.Options{})
	i := 0
	for e, err := range l.Entries(t.Context()) {
		must(t, err)
		if i++; e.Number != i {
			t.Fatalf("entry %d comes in place of %d", e.Number, i)
		}
	}
	if most := store.most.Load(); i != 302 || most < 8 {
		t.Errorf("%d entries, %d at once", i, most)
	}
}

func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	h, _, err := in(dir).Begin(b.Context(), operation("a"))
	if err != nil {
		b.Fatal(err)
	}
	place := delivery.Place{Environment: "prd", Account: "main", Region: "eu-1"}
	step := delivery.Step{Place: place, Component: "web", Target: "local", Phase: delivery.Promote, Version: "v1", Action: "switch", Sign: delivery.Change, Summary: "switch to v1"}
	for range 10_000 {
		if err := h.Append(b.Context(), delivery.Entry{Event: delivery.Did, Step: &step}); err != nil {
			b.Fatal(err)
		}
	}
	if err := h.Close(b.Context(), done()); err != nil {
		b.Fatal(err)
	}
	l := in(dir)
	for b.Loop() {
		if _, err := l.Read(b.Context(), delivery.Record{}); err != nil {
			b.Fatal(err)
		}
	}
}
