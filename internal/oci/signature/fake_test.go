package signature_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// shelf is a source in memory, for what no real registry or signer would do.
type shelf struct {
	manifests map[string][]byte // by digest or tag
	blobs     map[string][]byte
	referrers []oci.Descriptor
	broken    error // what reading a blob ends with
	asked     int
}

func newShelf() *shelf { return &shelf{manifests: map[string][]byte{}, blobs: map[string][]byte{}} }

func (s *shelf) Manifest(_ context.Context, reference string) (oci.Manifest, error) {
	s.asked++
	raw, ok := s.manifests[reference]
	if !ok {
		return oci.Manifest{}, fault.New(fault.NotFound, "no %s", reference)
	}
	return oci.NewManifest(raw, "")
}

func (s *shelf) Blob(_ context.Context, digest string, _ int64) (io.ReadCloser, error) {
	s.asked++
	raw, ok := s.blobs[digest]
	if !ok {
		return nil, fault.New(fault.NotFound, "no %s", digest)
	}
	if s.broken != nil {
		return nil, s.broken
	}
	return io.NopCloser(bytes.NewReader(raw)), nil
}

func (s *shelf) Referrers(context.Context, string) ([]oci.Descriptor, bool, error) {
	return s.referrers, true, nil
}

func (*shelf) Tags(context.Context) ([]string, error) { return nil, nil }

// image puts an image there.
func (s *shelf) image(t testing.TB) string {
	t.Helper()
	return s.keep(t, manifest())
}

// keep puts a manifest there, under its digest.
func (s *shelf) keep(t testing.TB, manifest any) string {
	t.Helper()
	raw, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	s.manifests[sum(raw)] = raw
	return sum(raw)
}

func manifest(layers ...oci.Descriptor) map[string]any {
	config := descriptor("application/vnd.oci.image.config.v1+json", []byte("{}"))
	return map[string]any{"schemaVersion": 2, "mediaType": types.OCIManifestSchema1, "config": config, "layers": append([]oci.Descriptor{}, layers...)}
}

// simple signs a payload as cosign 2 does.
func (s *shelf) simple(t testing.TB, digest string, payload, made []byte) {
	t.Helper()
	d := descriptor("application/vnd.dev.cosign.simplesigning.v1+json", payload)
	d.Annotations = map[string]string{"dev.cosignproject.cosign/signature": base64.StdEncoding.EncodeToString(made)}
	s.layer(t, digest, d, payload)
}

// layer puts a blob there, and the manifest of signatures that has it.
func (s *shelf) layer(t testing.TB, digest string, d oci.Descriptor, blob []byte) {
	t.Helper()
	s.blobs[d.Digest.String()] = blob
	at := s.keep(t, manifest(d))
	s.manifests[strings.Replace(digest, ":", "-", 1)+".sig"] = s.manifests[at]
}

func descriptor(media string, raw []byte) oci.Descriptor {
	h := sha256.Sum256(raw)
	return oci.Descriptor{MediaType: types.MediaType(media), Size: int64(len(raw)), Digest: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h[:])}}
}

func sum(raw []byte) string {
	h := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(h[:])
}

func hashed(h crypto.Hash, message []byte) []byte {
	w := h.New()
	w.Write(message)
	return w.Sum(nil)
}

func payloadOf(digest string) []byte {
	return []byte(`{"critical":{"identity":{"docker-reference":"here/web"},"image":{"docker-manifest-digest":"` + digest +
		`"},"type":"cosign container image signature"},"optional":null}`)
}
