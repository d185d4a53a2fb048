// Package buckettest is what every backend of a bucket must pass. It makes no
// bucket itself.
package buckettest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"falkirk/internal/bucket"
	"falkirk/internal/fault"
)

// Run tests a backend; open gives a new and empty bucket each time.
func Run(t *testing.T, open func(t *testing.T) bucket.Bucket) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, bucket.Bucket){
		"an object comes back as it was written":     comesBack,
		"what is not there is not found":             notFound,
		"create leaves an object that exists":        createConflict,
		"put replaces":                               putReplaces,
		"a write that breaks off leaves nothing":     brokenWrite,
		"a staged object is invisible until its key": stagedInvisible,
		"commit leaves an object that exists":        commitLeaves,
		"replace takes the place of one that exists": replaceTakes,
		"a staging ends once":                        stagingEnds,
		"delete removes":                             deleteRemoves,
		"what is no key is refused":                  badKeys,
		"a cancelled call changes nothing":           cancelled,
		"list is in order of key":                    listOrder,
		"list takes a prefix and a start":            listBounds,
		"list can be left":                           listLeft,
		"one of many creates wins":                   createRace,
		"many commits of one key leave one object":   commitRace,
		"readers see whole objects":                  wholeReads,
		"list misses nothing that stays":             listRace,
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func text(s string) io.Reader { return strings.NewReader(s) }

// broken gives some bytes and then an error.
func broken() io.Reader {
	return io.MultiReader(bytes.NewReader(make([]byte, 100_000)), failing{})
}

var errBroken = errors.New("the source broke off")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errBroken }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("got the error %v (%v), want kind %v", err, fault.KindOf(err), kind)
	}
}

func read(t *testing.T, b bucket.Bucket, key string) string {
	t.Helper()
	r, info, err := b.Get(t.Context(), key)
	must(t, err)
	raw, err := io.ReadAll(r)
	must(t, errors.Join(err, r.Close()))
	if info.Key != key || info.Size != int64(len(raw)) {
		t.Errorf("%s of %d bytes is described as %s of %d", key, len(raw), info.Key, info.Size)
	}
	return string(raw)
}

func wantContent(t *testing.T, b bucket.Bucket, key, content string) {
	t.Helper()
	if got := read(t, b, key); got != content {
		t.Errorf("%s holds %.60q, want %.60q", key, got, content)
	}
}

func wantMissing(t *testing.T, b bucket.Bucket, key string) {
	t.Helper()
	r, _, err := b.Get(t.Context(), key)
	if err == nil {
		_ = r.Close()
	}
	want(t, err, fault.NotFound)
}

func keys(t *testing.T, b bucket.Bucket, prefix, after string) []string {
	t.Helper()
	var all []string
	for info, err := range b.List(t.Context(), prefix, after) {
		must(t, err)
		all = append(all, info.Key)
	}
	return all
}

func stage(t *testing.T, b bucket.Bucket, content string) bucket.Staged {
	t.Helper()
	s, err := b.Stage(t.Context())
	must(t, err)
	_, err = io.WriteString(s, content)
	must(t, err)
	return s
}

func gone(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}
