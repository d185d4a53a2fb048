package registry_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
)

// patient is a fake of ours: a registry that can be asked how far an upload has
// come, as the distribution specification says ("Resuming an upload").
// docker-registry gives up an upload whose last answer its client has not seen.
type patient struct {
	mu       sync.Mutex
	got      []byte
	received int             // bytes of all pieces
	spoil    map[string]bool // Content-Range of pieces whose answer is lost, once
	cut      map[string]int  // Content-Range of pieces that break off after so many bytes, once
}

func (p *patient) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Location", "/v2/large/blobs/uploads/one")
	piece := r.Header.Get("Content-Range")
	switch {
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusAccepted)
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodGet:
		w.Header().Set("Range", fmt.Sprintf("0-%d", max(len(p.got)-1, 0)))
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPatch && !strings.HasPrefix(piece, fmt.Sprintf("%d-", len(p.got))):
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
	default:
		p.take(w, r, piece)
	}
}

func (p *patient) take(w http.ResponseWriter, r *http.Request, piece string) {
	most, breaks := p.cut[piece]
	if !breaks {
		most = 1 << 30
	}
	delete(p.cut, piece)
	raw, err := io.ReadAll(io.LimitReader(r.Body, int64(most)))
	p.got, p.received = append(p.got, raw...), p.received+len(raw)
	if lost := p.spoil[piece]; lost || breaks || err != nil {
		delete(p.spoil, piece)
		panic(http.ErrAbortHandler)
	}
	status := http.StatusAccepted
	if r.Method == http.MethodPut {
		status = http.StatusCreated
	}
	w.WriteHeader(status)
}

// A piece that was cut off goes on where it broke; one whose answer was lost is
// not sent again, not even when what is left is less than a piece.
func TestPiecesGoOn(t *testing.T) {
	t.Parallel()
	const size, piece = 80 << 20, 32 << 20 // two pieces and the rest
	blob := bytes.Repeat([]byte("falkirk."), size/8)
	sum := sha256.Sum256(blob)
	d := oci.Descriptor{Digest: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}, Size: size}
	for name, p := range map[string]*patient{
		"the first answer is lost": {spoil: map[string]bool{fmt.Sprintf("0-%d", piece-1): true}},
		"the last answer is lost":  {spoil: map[string]bool{fmt.Sprintf("%d-%d", piece, 2*piece-1): true}},
		"a piece is cut off":       {cut: map[string]int{fmt.Sprintf("%d-%d", piece, 2*piece-1): 10 << 20}},
	} {
		server := httptest.NewServer(p)
		t.Cleanup(server.Close)
		repo := registry.New(registry.Options{Host: strings.TrimPrefix(server.URL, "http://"), Plain: true}).Repository("large")
		how, err := repo.Upload(t.Context(), d, "", func(ctx context.Context) (*oci.Stream, error) {
			return oci.NewStream(ctx, d, func(_ context.Context, offset int64) (io.ReadCloser, error) {
				return io.NopCloser(bytes.NewReader(blob[offset:])), nil
			}, nil)
		})
		if err != nil || how != oci.Uploaded || !bytes.Equal(p.got, blob) || p.received != size {
			t.Errorf("%s: %d bytes of %d came, %d are there: %v", name, p.received, size, len(p.got), err)
		}
	}
}
