package image_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/oci"
	"falkirk/internal/release"
	"falkirk/internal/target/image"
)

// world is a store with releases of one component, and where they land.
type world struct {
	t        *testing.T
	store    *release.Store
	target   *image.Target
	settings image.Settings
	place    delivery.Place
	releases map[string]delivery.Artifact
}

func newWorld(t *testing.T, set image.Settings) *world {
	t.Helper()
	w := &world{
		t: t, store: release.New(file.New(t.TempDir())), settings: set,
		place: delivery.Place{Environment: "prd", Region: "eu-west-1"}, releases: map[string]delivery.Artifact{},
	}
	w.target = image.New(image.Options{Store: w.store})
	return w
}

// multi is an OCI index of images for two platforms that share a layer.
func multi(t testing.TB) v1.ImageIndex {
	t.Helper()
	return indexOf(t, types.OCIImageIndex, types.OCIManifestSchema1, types.OCIConfigJSON, types.OCILayer)
}

// docker is the same in Docker's media types, schema 2.
func docker(t testing.TB) v1.ImageIndex {
	t.Helper()
	return indexOf(t, types.DockerManifestList, types.DockerManifestSchema2, types.DockerConfigJSON, types.DockerLayer)
}

func indexOf(t testing.TB, list, manifest, config, layer types.MediaType) v1.ImageIndex {
	t.Helper()
	base, err := random.Layer(4096, layer)
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.IndexMediaType(empty.Index, list)
	for _, arch := range []string{"amd64", "arm64"} {
		own, err := random.Layer(2048, layer)
		if err != nil {
			t.Fatal(err)
		}
		img, err := mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, manifest), config), base, own)
		if err == nil {
			img, err = mutate.ConfigFile(img, platform(t, img, arch))
		}
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	return index
}

// platform is the configuration of an image with a platform.
func platform(t testing.TB, img v1.Image, arch string) *v1.ConfigFile {
	t.Helper()
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", arch
	return file
}

// pack makes a release of an index.
func (w *world) pack(version string, index oci.Image) delivery.Artifact {
	w.t.Helper()
	s, err := oci.Add(w.t.Context(), w.store, index)
	if err != nil {
		w.t.Fatal(err)
	}
	a := delivery.Artifact{Component: "api", Kind: "image", Digest: s.Digest, MediaType: s.MediaType, Size: s.Size, Count: s.Count}
	w.releases[version] = a
	return a
}

func (w *world) placement(version string) delivery.Placement {
	w.t.Helper()
	raw, err := json.Marshal(w.settings)
	if err != nil {
		w.t.Fatal(err)
	}
	return delivery.Placement{
		App: "shop", Place: w.place, Component: "api", Target: image.Kind, Settings: raw,
		Version: version, Artifact: w.releases[version],
	}
}

func (w *world) observe(version string) delivery.State {
	w.t.Helper()
	s, err := w.target.Observe(w.t.Context(), w.placement(version))
	if err != nil {
		w.t.Fatalf("observe: %v", err)
	}
	return s
}

// try does a phase as the engine does, and gives the outcomes' notes.
func (w *world) try(ctx context.Context, phase delivery.Phase, p delivery.Placement) (notes []string, err error) {
	now, err := w.target.Observe(ctx, p)
	if err != nil {
		return nil, err
	}
	for _, s := range w.target.Plan(phase, p, now) {
		out, err := w.target.Do(ctx, p, s, nil)
		if err != nil {
			return notes, err
		}
		notes = append(notes, out.Note)
	}
	return notes, nil
}

// do does a phase that must end well, and finds nothing left to do after it.
func (w *world) do(phase delivery.Phase, version string, remove ...string) string {
	w.t.Helper()
	p := w.placement(version)
	p.Remove = remove
	notes, err := w.try(w.t.Context(), phase, p)
	if err != nil {
		w.t.Fatalf("%s %s: %v", phase, version, err)
	}
	if again := w.target.Plan(phase, p, w.observe(version)); len(again) > 0 {
		w.t.Errorf("%s %s is done, and there is still: %+v", phase, version, again)
	}
	return strings.Join(notes, "; ")
}

// live checks what an observation of a version says is live, and what serves.
func (w *world) live(version, want string) delivery.State {
	w.t.Helper()
	s := w.observe(version)
	if s.Live != want {
		w.t.Errorf("live is %q, want %q (drift %q)", s.Live, want, s.Drift)
	}
	if want != "" && s.Digest != w.releases[want].Digest {
		w.t.Errorf("%s is live by digest %q, want %q", want, s.Digest, w.releases[want].Digest)
	}
	if want != "" {
		if got, err := w.target.Serves(w.t.Context(), w.placement(version), s); err != nil || got != want {
			w.t.Errorf("it serves %q, %v; want %q", got, err, want)
		}
	}
	return s
}

// counted is a registry of go-containerregistry that counts requests, and can
// be told to refuse.
type counted struct {
	mu    sync.Mutex
	seen  []string // "PUT /v2/…"
	hook  func(w http.ResponseWriter, r *http.Request) bool
	inner http.Handler
	host  string
}

func newCounted(t testing.TB) *counted {
	t.Helper()
	c := &counted{inner: registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.host = strings.TrimPrefix(s.URL, "http://")
	return c
}

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.seen = append(c.seen, r.Method+" "+r.URL.Path)
	hook := c.hook
	c.mu.Unlock()
	if hook != nil && hook(w, r) {
		return
	}
	c.inner.ServeHTTP(w, r)
}

func (c *counted) requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.seen
	c.seen = nil
	return out
}

func (c *counted) intercept(hook func(w http.ResponseWriter, r *http.Request) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hook = hook
}

// sign pushes a signature of an image, as cosign does and as OCI 1.1 says.
func sign(t *testing.T, host, repository, digest string) (referrer string) {
	t.Helper()
	sig, err := random.Image(512, 1)
	if err != nil {
		t.Fatal(err)
	}
	ref := func(s string) name.Reference {
		r, err := name.ParseReference(fmt.Sprintf("%s/%s%s", host, repository, s))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if err := remote.Write(ref(":"+strings.Replace(digest, ":", "-", 1)+".sig"), sig); err != nil {
		t.Fatal(err)
	}
	sbom, err := random.Image(256, 1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := v1.NewHash(digest)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := remote.Head(ref("@" + digest))
	if err != nil {
		t.Fatal(err)
	}
	subject.Digest = h
	with, ok := mutate.Subject(sbom, *subject).(v1.Image)
	if !ok {
		t.Fatal("no image")
	}
	d, err := with.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref("@"+d.String()), with); err != nil {
		t.Fatal(err)
	}
	return d.String()
}

func copyTo(dst io.Writer, src io.Reader) (int64, error) { return io.Copy(dst, src) }
