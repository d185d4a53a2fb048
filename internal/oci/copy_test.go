package oci_test

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// multi is an index of images for two platforms.
func multi(tb testing.TB) v1.ImageIndex {
	tb.Helper()
	var index v1.ImageIndex = empty.Index
	for _, p := range []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64", Variant: "v8"}} {
		img, err := random.Image(2048, 2)
		if err != nil {
			tb.Fatal(err)
		}
		file, err := img.ConfigFile()
		if err != nil {
			tb.Fatal(err)
		}
		file.OS, file.Architecture, file.Variant = p.OS, p.Architecture, p.Variant
		if img, err = mutate.ConfigFile(img, file); err != nil {
			tb.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &p}})
	}
	return index
}

// whole checks that a store holds an index byte for byte with all it leads to.
func whole(t *testing.T, m *memory, index v1.ImageIndex, s oci.Stored) {
	t.Helper()
	raw, err := index.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(raw), string(m.blobs[s.Digest])); diff != "" {
		t.Errorf("index is not the same bytes:\n%s", diff)
	}
	var size int64
	for _, b := range m.blobs {
		size += int64(len(b))
	}
	if want := (oci.Stored{Digest: digestOf(raw), MediaType: "application/vnd.oci.image.index.v1+json", Size: size, Count: 4}); s != want {
		t.Errorf("stored is %+v, want %+v", s, want)
	}
	for _, platform := range []string{"linux/amd64", "linux/arm64", "linux/arm64/v8"} {
		c, layers, err := oci.Inspect(t.Context(), m, s.Digest, platform)
		if err != nil || len(layers) != 2 || !strings.HasPrefix(c.Platform, platform) {
			t.Errorf("inspect %s: %+v, %d layers, %v", platform, c, len(layers), err)
		}
	}
}

func TestAnIndexComesWholeFromALayout(t *testing.T) {
	t.Parallel()
	index, dir := multi(t), filepath.Join(t.TempDir(), "layout")
	p, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.AppendIndex(index); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "layout.tar")
	tarFolder(t, dir, archive)
	for _, at := range []string{dir, archive} {
		l, err := oci.OpenLayout(at)
		if err != nil {
			t.Fatal(err)
		}
		root, err := l.Root()
		if err != nil {
			t.Fatal(err)
		}
		m := newMemory()
		s, err := oci.Copy(t.Context(), m, l, root)
		if err != nil {
			t.Fatal(err)
		}
		whole(t, m, index, s)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestALayoutWithAListOfPlatformsIsAnIndex(t *testing.T) {
	t.Parallel()
	index, dir := multi(t), filepath.Join(t.TempDir(), "layout")
	if _, err := layout.Write(dir, index); err != nil {
		t.Fatal(err)
	}
	l, err := oci.OpenLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	root, err := l.Root()
	if err != nil {
		t.Fatal(err)
	}
	m := newMemory()
	s, err := oci.Copy(t.Context(), m, l, root)
	if err != nil {
		t.Fatal(err)
	}
	whole(t, m, index, s)
}

func TestAddKeepsAnIndexWhole(t *testing.T) {
	t.Parallel()
	m, index := newMemory(), multi(t)
	s, err := oci.Add(t.Context(), m, index)
	if err != nil {
		t.Fatal(err)
	}
	whole(t, m, index, s)
}

func TestInspectSaysWhichPlatformsAreThere(t *testing.T) {
	t.Parallel()
	m := newMemory()
	s, err := oci.Add(t.Context(), m, multi(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range []string{"windows/amd64", ""} {
		_, _, err := oci.Inspect(t.Context(), m, s.Digest, platform)
		if !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "it has linux/amd64, linux/arm64/v8") {
			t.Errorf("%q: %v", platform, err)
		}
	}
	single := m.image(t)
	if _, _, err := oci.Inspect(t.Context(), m, single, "linux/arm64"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an image of another platform: %v", err)
	}
	if c, _, err := oci.Inspect(t.Context(), m, single, ""); err != nil || c.Platform != "linux/amd64" {
		t.Errorf("the only platform: %+v, %v", c, err)
	}
}

func TestACopyOfDamagedBytesStoresNoManifest(t *testing.T) {
	t.Parallel()
	src, dst := newMemory(), newMemory()
	l := layer(t, entry{name: "a", body: "1"})
	digest := src.image(t, l)
	src.blobs[digestOf(l)] = bytes.Repeat([]byte("x"), len(l))
	if _, err := oci.Copy(t.Context(), dst, src, digest); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Fatalf("error is %v", err)
	}
	if _, ok := dst.blobs[digest]; ok {
		t.Error("the manifest is there although a layer is not")
	}
	if _, ok := dst.blobs[digestOf(src.blobs[digestOf(l)])]; ok {
		t.Error("the damaged bytes were stored")
	}
}

func tarFolder(tb testing.TB, dir, to string) {
	tb.Helper()
	f, err := os.Create(to)
	if err != nil {
		tb.Fatal(err)
	}
	w := tar.NewWriter(f)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

func FuzzLayout(f *testing.F) {
	digest := "sha256:" + strings.Repeat("a", 64)
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"`+digest+`","size":2}]}`), []byte(`{}`))
	f.Add([]byte(`{"manifests":[{"digest":"sha256:../../../etc/passwd","size":1}]}`), []byte(`{"config":{},"layers":[]}`))
	f.Add([]byte(`{"manifests":[]}`), []byte(`{"manifests":[],"config":{}}`))
	f.Fuzz(func(t *testing.T, index, manifest []byte) {
		dir := t.TempDir()
		blobs := filepath.Join(dir, "blobs", "sha256")
		if err := os.MkdirAll(blobs, 0o755); err != nil {
			t.Fatal(err)
		}
		index = bytes.ReplaceAll(index, []byte(digest), []byte(digestOf(manifest))) // so that what is fuzzed is reached
		for at, raw := range map[string][]byte{
			filepath.Join(dir, "oci-layout"):                          []byte(`{"imageLayoutVersion":"1.0.0"}`),
			filepath.Join(dir, "index.json"):                          index,
			filepath.Join(blobs, digestOf(manifest)[len("sha256:"):]): manifest,
		} {
			if err := os.WriteFile(at, raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, err := oci.OpenLayout(dir)
		if err != nil {
			return
		}
		defer l.Close()
		root, err := l.Root()
		if err != nil {
			return
		}
		m := newMemory()
		s, err := oci.Copy(t.Context(), m, l, root)
		if err == nil && len(m.blobs[s.Digest]) == 0 {
			t.Fatal("copied, but the manifest is not there")
		}
		for d, b := range m.blobs {
			if digestOf(b) != d {
				t.Fatal("a blob is not what its digest says")
			}
		}
	})
}
