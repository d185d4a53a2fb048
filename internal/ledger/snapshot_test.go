package ledger_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/bucket"
	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/ledger"
)

var update = flag.Bool("update", false, "renew testdata")

// lived writes a log of many operations, of all sorts.
func lived(tb testing.TB, l *ledger.Ledger, operations, steps int) {
	tb.Helper()
	r := rand.New(rand.NewPCG(1, uint64(operations)))
	verbs := []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote, delivery.VerbRollback, delivery.VerbPrune}
	results := []delivery.Result{delivery.ResultDone, delivery.ResultDone, delivery.ResultFailed, delivery.ResultWaiting, delivery.ResultInterrupted}
	place := delivery.Place{Environment: "prd", Region: "eu"}
	for i := range operations {
		op := operation(fmt.Sprint(i))
		op.Verb, op.Version = verbs[r.IntN(len(verbs))], fmt.Sprintf("1.%d", r.IntN(40))
		if i%50 == 7 {
			e := delivery.Entry{Event: delivery.Decided, Operation: op}
			e.Operation.Verb = []delivery.Verb{delivery.VerbHold, delivery.VerbStop, delivery.VerbApprove, delivery.VerbRelease}[r.IntN(4)]
			e.Approval = &delivery.Approval{Version: op.Version, Plan: "sha256:1"}
			if _, err := l.Decide(tb.Context(), e); err != nil {
				tb.Fatal(err)
			}
		}
		h, _, err := l.Begin(tb.Context(), op)
		if err != nil {
			tb.Fatal(err)
		}
		way := []delivery.Standing{{Place: place, Component: "web", Live: "1.0"}}
		entries := []delivery.Entry{{Event: delivery.Planned, Plan: "sha256:1", Before: way, Steps: []string{"a"}}}
		for range steps {
			entries = append(entries, delivery.Entry{Event: delivery.Did, Step: &delivery.Step{Place: place, Component: "web", Summary: "switch"}})
		}
		entries = append(entries, delivery.Entry{Event: delivery.Hooked, Gate: "tell", Note: "prd"})
		for _, e := range entries {
			if err := h.Append(tb.Context(), e); err != nil {
				tb.Fatal(err)
			}
		}
		res := results[r.IntN(len(results))]
		if err := h.Close(tb.Context(), delivery.Entry{Result: res, After: way, Settled: r.IntN(3) > 0, Error: "why"}); err != nil {
			tb.Fatal(err)
		}
	}
}

// folded is the record by folding every entry.
func folded(t *testing.T, l *ledger.Ledger) delivery.Record {
	t.Helper()
	var rec delivery.Record
	entries := 0
	for e, err := range l.Entries(t.Context()) {
		must(t, err)
		rec, entries = rec.Fold(e, ""), entries+1
	}
	return rec
}

func snapshotOf(dir string) string { return filepath.Join(dir, "ledger-snapshot/demo/prd.json") }

func headOf(dir string) string { return filepath.Join(dir, "ledger-head/demo/prd.json") }

func TestASnapshotIsWhatFoldingGives(t *testing.T) {
	t.Parallel()
	for _, operations := range []int{1, 20, 61, 200} {
		dir := t.TempDir()
		lived(t, in(dir), operations, 2)
		rec, err := in(dir).Read(t.Context(), delivery.Record{})
		must(t, err)
		want := folded(t, in(dir))
		want.LastHash = rec.LastHash
		if diff := cmp.Diff(want, rec); diff != "" {
			t.Errorf("after %d operations: %s", operations, diff)
		}
		if _, err := os.Stat(snapshotOf(dir)); (err == nil) != (operations > 16) {
			t.Errorf("after %d operations the snapshot: %v", operations, err)
		}
	}
}

// TestOddSnapshotsAreIgnored spoils the snapshot in many ways: the record is
// that of the log all the same.
func TestOddSnapshotsAreIgnored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lived(t, in(dir), 60, 2)
	want, err := in(dir).Read(t.Context(), delivery.Record{})
	must(t, err)
	good, err := os.ReadFile(snapshotOf(dir))
	must(t, err)
	for name, raw := range map[string][]byte{
		"empty": nil, "cut": good[:len(good)/2], "no JSON": []byte("hello"),
		"another version":   bytes.Replace(good, fmt.Appendf(nil, `"version":%d`, delivery.RecordVersion), []byte(`"version":999`), 1),
		"beyond the log":    bytes.Replace(good, []byte(`"Last":`), []byte(`"Last":9`), 1),
		"of another number": bytes.Replace(good, []byte(`"Last":`), []byte(`"Last":1,"x":`), 1),
		"of another log":    bytes.Replace(good, []byte(`"LastHash":"sha256:`), []byte(`"LastHash":"sha256:0`), 1),
	} {
		must(t, os.WriteFile(snapshotOf(dir), raw, 0o600))
		got, err := in(dir).Read(t.Context(), delivery.Record{})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

// counting counts the calls of a store.
type counting struct {
	ledger.Store
	gets atomic.Int64
}

func (c *counting) Get(ctx context.Context, key string) (io.ReadCloser, bucket.Info, error) {
	c.gets.Add(1)
	return c.Store.Get(ctx, key)
}

func TestReadingALongLogTakesFewCalls(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lived(t, in(dir), 300, 2)
	c := &counting{Store: file.New(dir)}
	l := ledger.New(c, "demo", "prd", ledger.Options{})
	rec, err := l.Read(t.Context(), delivery.Record{})
	must(t, err)
	if n := c.gets.Load(); n > 80 || rec.Last < 1500 {
		t.Errorf("%d reads for a log of %d entries", n, rec.Last)
	}
	c.gets.Store(0)
	seen := 0
	for e, err := range l.Back(t.Context()) {
		must(t, err)
		if want := rec.Last - seen; e.Number != want {
			t.Fatalf("entry %d, want %d", e.Number, want)
		}
		if seen++; seen == 10 {
			break
		}
	}
	if n := c.gets.Load(); n > 120 {
		t.Errorf("%d reads for the last ten entries", n)
	}
}

// TestTheRecordsShapeHasAVersion fails when a record holds something else than
// before: raise delivery.RecordVersion then, and renew the text with -update.
func TestTheRecordsShapeHasAVersion(t *testing.T) {
	t.Parallel()
	got := fmt.Sprintf("version %d\n%s", delivery.RecordVersion, shape(reflect.TypeFor[delivery.Record](), map[reflect.Type]bool{}))
	if *update {
		must(t, os.WriteFile("testdata/record.txt", []byte(got), 0o600))
	}
	want, err := os.ReadFile("testdata/record.txt")
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("delivery.Record has changed: raise delivery.RecordVersion, then go test -update\n%s", diff)
	}
}

func shape(typ reflect.Type, seen map[reflect.Type]bool) string {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice:
		return shape(typ.Elem(), seen)
	case reflect.Struct:
	default:
		return ""
	}
	if seen[typ] || typ.PkgPath() == "time" {
		return ""
	}
	seen[typ] = true
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", typ)
	for i := range typ.NumField() {
		f := typ.Field(i)
		b.WriteString(strings.TrimRight(fmt.Sprintf("\t%s %s %s", f.Name, f.Type, f.Tag), " ") + "\n")
	}
	for i := range typ.NumField() {
		b.WriteString(shape(typ.Field(i).Type, seen))
	}
	return b.String()
}

func BenchmarkReadOf(b *testing.B) {
	for _, operations := range []int{200, 2_000, 20_000} {
		b.Run(fmt.Sprintf("%d entries", operations*5), func(b *testing.B) {
			dir := b.TempDir()
			lived(b, in(dir), operations, 1)
			for b.Loop() {
				if _, err := in(dir).Read(b.Context(), delivery.Record{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
