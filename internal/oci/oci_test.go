package oci_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// memory is a store of blobs for tests.
type memory struct {
	mu    sync.Mutex
	blobs map[string][]byte
}

func newMemory() *memory { return &memory{blobs: map[string][]byte{}} }

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (m *memory) Open(_ context.Context, digest string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.blobs[digest]
	if !ok {
		return nil, fault.New(fault.NotFound, "no blob %s", digest)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (m *memory) Has(_ context.Context, digest string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.blobs[digest]
	return ok, nil
}

func (m *memory) put(data []byte) v1.Descriptor {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := digestOf(data)
	m.blobs[d] = data
	h, _ := v1.NewHash(d)
	return v1.Descriptor{Digest: h, Size: int64(len(data))}
}

func (m *memory) Write(context.Context) (oci.Blob, error) { return &memoryBlob{m: m}, nil }

type memoryBlob struct {
	bytes.Buffer
	m *memory
}

func (b *memoryBlob) Commit(context.Context) (string, int64, error) {
	d := b.m.put(bytes.Clone(b.Bytes()))
	return d.Digest.String(), d.Size, nil
}

func (b *memoryBlob) Discard() {}

// image stores an image of the layers given and answers its digest.
func (m *memory) image(tb testing.TB, layers ...[]byte) string {
	tb.Helper()
	file := v1.ConfigFile{OS: "linux", Architecture: "amd64", Config: v1.Config{Entrypoint: []string{"/run"}}}
	raw, err := json.Marshal(file)
	if err != nil {
		tb.Fatal(err)
	}
	manifest := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: m.put(raw)}
	for _, l := range layers {
		d := m.put(l)
		d.MediaType = types.OCILayer
		manifest.Layers = append(manifest.Layers, d)
	}
	if raw, err = json.Marshal(manifest); err != nil {
		tb.Fatal(err)
	}
	return m.put(raw).Digest.String()
}

// entry is a tar entry for tests; a name that ends in a slash is a folder, a
// link with "=" in front is a hard link.
type entry struct {
	name, link, body string
	mode             int64
	kind             byte
}

func layer(tb testing.TB, entries ...entry) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: e.mode, Typeflag: e.kind, Size: int64(len(e.body))}
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		switch {
		case e.kind != 0:
		case e.link != "" && e.link[0] == '=':
			h.Typeflag, h.Linkname = tar.TypeLink, e.link[1:]
		case e.link != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		case e.name != "" && e.name[len(e.name)-1] == '/':
			h.Typeflag = tar.TypeDir
		default:
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(h); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}
