package ledger

import (
	"context"
	"io"
	"sync/atomic"
	"testing"

	"falkirk/internal/bucket"
	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
)

// counting counts the reads of a store.
type counting struct {
	Store
	gets atomic.Int64
}

func (c *counting) Get(ctx context.Context, key string) (io.ReadCloser, bucket.Info, error) {
	c.gets.Add(1)
	return c.Store.Get(ctx, key)
}

// What a process has read it does not read again, and it sees what others write.
func TestMemory(t *testing.T) {
	t.Parallel()
	store := &counting{Store: file.New(t.TempDir())}
	var m Memory
	mine, other := New(store, "shop", "prd", Options{Memory: &m}), New(store, "shop", "prd", Options{})
	write := func(l *Ledger, version string) {
		t.Helper()
		h, _, err := l.Begin(t.Context(), delivery.Operation{ID: version, Verb: delivery.VerbProvision, Version: version})
		if err == nil {
			err = h.Close(t.Context(), delivery.Entry{Result: delivery.ResultDone, Settled: true})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []string{"1", "2", "3", "4"} {
		write(other, v)
	}
	first, err := mine.Read(t.Context(), delivery.Record{})
	if err != nil || first.Last != 8 {
		t.Fatalf("the first read ends with %d: %v", first.Last, err)
	}
	store.gets.Store(0)
	if again, err := mine.Read(t.Context(), delivery.Record{}); err != nil || again.Last != 8 || store.gets.Load() != 1 {
		t.Errorf("the second read ends with %d after %d requests: %v", again.Last, store.gets.Load(), err)
	}
	write(other, "5")
	if later, err := mine.Read(t.Context(), delivery.Record{}); err != nil || later.Last != 10 || len(later.Readied) != 5 {
		t.Errorf("what another wrote: %d entries, %v ready: %v", later.Last, later.Readied, err)
	}
	write(mine, "6")
	if rec, err := other.Read(t.Context(), delivery.Record{}); err != nil || rec.Last != 12 {
		t.Errorf("what I wrote: %d entries: %v", rec.Last, err)
	}
}
