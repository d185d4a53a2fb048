package oci_test

import (
	"testing"

	"falkirk/internal/oci"
)

func TestDescribeReadsEveryPlatform(t *testing.T) {
	t.Parallel()
	m := newMemory()
	s, err := oci.Add(t.Context(), m, multi(t))
	if err != nil {
		t.Fatal(err)
	}
	d, err := oci.Describe(t.Context(), m, s.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Platforms) != 2 || d.Platforms[0].Platform != "linux/amd64" || d.Platforms[1].Platform != "linux/arm64/v8" {
		t.Fatalf("platforms: %+v", d.Platforms)
	}
	var bytes int64
	for _, b := range d.Blobs {
		bytes += b.Size
	}
	if bytes != s.Size || len(d.Platforms[0].Layers) != 2 || d.Platforms[0].Digest == d.Platforms[1].Digest {
		t.Errorf("%d bytes of %d, %+v", bytes, s.Size, d.Platforms)
	}
	single := m.image(t)
	if d, err = oci.Describe(t.Context(), m, single); err != nil || len(d.Platforms) != 1 || d.Platforms[0].Digest != single {
		t.Errorf("one image: %+v, %v", d, err)
	}
	for digest := range m.blobs {
		delete(m.blobs, digest)
	}
	if _, err = oci.Describe(t.Context(), m, single); err == nil {
		t.Error("what is not there is described")
	}
}
