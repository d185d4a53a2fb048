package split

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"falkirk/internal/bucket"
	"falkirk/internal/bucket/buckettest"
	"falkirk/internal/bucket/file"
	"falkirk/internal/fault"
)

type nowhere struct{}

func (nowhere) Locate(key string) (name, full string) { return "", key }
func (nowhere) Parallel() int                         { return 1 }

// witness opens a bucket and counts what is written under it.
type witness struct {
	bucket.Bucket
	opened, written atomic.Int32
	refused         bool
}

func (r *witness) open(context.Context) (bucket.Bucket, error) {
	if r.opened.Add(1); r.refused {
		return nil, fault.New(fault.Refused, "the role may not be taken")
	}
	return r, nil
}

func (r *witness) Put(ctx context.Context, key string, in io.Reader) error {
	r.written.Add(1)
	return r.Bucket.Put(ctx, key, in)
}

func owner(key string) string {
	first, _, _ := strings.Cut(key, "/")
	return first
}

func TestItIsABucket(t *testing.T) {
	t.Parallel()
	buckettest.Run(t, func(t *testing.T) bucket.Bucket {
		t.Helper()
		b := file.New(t.TempDir())
		open := func(context.Context) (bucket.Bucket, error) { return b, nil }
		return New(nowhere{}, open, []Owner{{"a", open}}, owner)
	})
}

// Each key is written by its owner alone, and a role that nobody needs is not
// taken.
func TestEachWritesItsOwn(t *testing.T) {
	t.Parallel()
	b := file.New(t.TempDir())
	rest, sat, prd := &witness{Bucket: b}, &witness{Bucket: b}, &witness{Bucket: b}
	s := New(nowhere{}, rest.open, []Owner{{"sat", sat.open}, {"prd", prd.open}}, owner)
	for _, key := range []string{"prd/1", "prd/2", "blobs/1"} {
		if err := s.Put(t.Context(), key, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	if rest.written.Load() != 1 || prd.written.Load() != 2 || sat.opened.Load() != 0 {
		t.Errorf("the rest wrote %d, prd %d; sat was taken %d times", rest.written.Load(), prd.written.Load(), sat.opened.Load())
	}
}

// Who may take one role reads with it, and writes only what is its own.
func TestOneRoleIsEnoughToRead(t *testing.T) {
	t.Parallel()
	b := file.New(t.TempDir())
	rest, sat, prd := &witness{Bucket: b, refused: true}, &witness{Bucket: b, refused: true}, &witness{Bucket: b}
	s := New(nowhere{}, rest.open, []Owner{{"sat", sat.open}, {"prd", prd.open}}, owner)
	if err := b.Put(t.Context(), "blobs/1", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if info, err := s.Stat(t.Context(), "blobs/1"); err != nil || info.Size != 1 {
		t.Errorf("it reads %+v: %v", info, err)
	}
	for key, want := range map[string]bool{"prd/1": true, "sat/1": false, "blobs/2": false} {
		if err := s.Put(t.Context(), key, strings.NewReader("x")); (err == nil) != want || err != nil && !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", key, err)
		}
	}
	prd.refused = true
	none := New(nowhere{}, rest.open, []Owner{{"prd", prd.open}}, owner)
	if _, err := none.Stat(t.Context(), "blobs/1"); !fault.Is(err, fault.Refused) {
		t.Errorf("who may take no role is told %v", err)
	}
}
