package registry_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
	"falkirk/test/emulators"
)

// A large blob passes through in pieces.
func TestACopyNeedsLittleMemory(t *testing.T) { //nolint:paralleltest // it measures the heap of the process
	const size = 256 << 20
	host := emulators.Registry(t, false)
	sum := sha256.New()
	if _, err := io.CopyN(sum, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	h := v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum.Sum(nil))}
	var most uint64
	large := oci.Descriptor{Digest: h, Size: size}
	_, err := registry.New(registry.Options{Host: host, Plain: true}).Repository("large").Upload(t.Context(), large, "",
		func(ctx context.Context) (*oci.Stream, error) {
			return oci.NewStream(ctx, large, func(context.Context, int64) (io.ReadCloser, error) {
				return io.NopCloser(watched{io.LimitReader(zeros{}, size), &most}), nil
			}, nil)
		})
	if err != nil {
		t.Fatal(err)
	}
	if most > 64<<20 {
		t.Errorf("the heap grew to %d MB", most>>20)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// watched notes how large the heap is while it is read.
type watched struct {
	io.Reader
	most *uint64
}

func (w watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if rand.N(100) == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		*w.most = max(*w.most, m.HeapAlloc)
	}
	return n, err
}
