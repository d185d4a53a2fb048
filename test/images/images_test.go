package images_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"falkirk/test/emulators"
	"falkirk/test/emulators/docker"
	"falkirk/test/images"
)

// The same workload is written with the same digests, a larger one has those of
// a smaller one, and its images are whole.
func TestWorkload(t *testing.T) {
	t.Parallel()
	host, w := emulators.Registry(t, false), images.Small()
	w.Tags = 1
	first, err := w.Write(t.Context(), images.At(host))
	if err != nil {
		t.Fatal(err)
	}
	w.Tags = 2
	second, err := w.Write(t.Context(), images.At(host))
	if err != nil {
		t.Fatal(err)
	}
	other, err := w.Write(t.Context(), images.At(emulators.Memory(t)))
	if diff := cmp.Diff(second, other); diff != "" || err != nil {
		t.Errorf("another registry got others (%v):\n%s", err, diff)
	}
	for tag, digest := range first.Tags {
		if second.Tags[tag] != digest {
			t.Errorf("%s is %s, and was %s", tag, second.Tags[tag], digest)
		}
	}
	// Two bases; a middle for each repository and platform; a layer and a config for each tag and platform.
	if got, want := len(second.Blobs), 2+3*2+3*2*2*2; got != want || second.Manifests != 3*2*3 {
		t.Errorf("%d blobs and %d manifests, want %d and 18", got, second.Manifests, want)
	}
	for tag, digest := range second.Tags {
		if got := found(t, host+"/"+tag); got != digest {
			t.Errorf("skopeo finds %s at %s, want %s", got, tag, digest)
		}
	}
	ref, err := name.ParseReference(host + "/service-02:v2")
	if err != nil {
		t.Fatal(err)
	}
	x, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(x); err != nil {
		t.Error(err)
	}
}

// The large one is what has been measured elsewhere: 139 MB, 354 with a base in
// each repository.
func TestTheLargeWorkload(t *testing.T) {
	t.Parallel()
	w := images.Large()
	repositories := w.Repositories * w.Platforms
	rest := repositories*w.Middle + repositories*w.Tags*w.Top
	for got, want := range map[int]int{w.Platforms*w.Base + rest: 139, repositories*w.Base + rest: 354} {
		if got/1e6 < want-2 || got/1e6 > want+1 {
			t.Errorf("%d MB, want %d", got/1e6, want)
		}
	}
}

func found(t *testing.T, reference string) string {
	t.Helper()
	return strings.TrimSpace(emulators.Skopeo(t, "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://"+reference))
}

// raw is a manifest as skopeo sees it.
func raw(t *testing.T, reference string) (m struct {
	MediaType string
	Layers    []struct{ URLs []string }
	Manifests []struct {
		Digest      string
		Annotations map[string]string
		Platform    struct{ OS string }
	}
},
) {
	t.Helper()
	text := emulators.Skopeo(t, "inspect", "--tls-verify=false", "--raw", "docker://"+reference)
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestOddThings(t *testing.T) {
	t.Parallel()
	d := emulators.Docker(t, docker.Options{})
	r, at := images.At(d.Host), d.Host+"/odd:"
	ctx := t.Context()
	must := func(d images.Descriptor, err error) images.Descriptor {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	multi := must(r.Index(ctx, "odd", "multi", 3, 1))
	must(r.List(ctx, "odd", "list", 2, 2))
	must(r.Foreign(ctx, "odd", "foreign", "http://127.0.0.1:1/layer"))
	must(r.Attested(ctx, "odd", "attested"))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	must(r.Signature(ctx, "odd", multi.Digest, at+"multi", key))
	if m := raw(t, at+"multi"); m.MediaType != images.OCIIndex || len(m.Manifests) != 3 {
		t.Errorf("the index is %+v", m)
	}
	if m := raw(t, at+"list"); m.MediaType != images.DockerList || len(m.Manifests) != 2 {
		t.Errorf("the list is %+v", m)
	}
	if m := raw(t, at+"foreign"); len(m.Layers) != 2 || len(m.Layers[0].URLs) != 1 {
		t.Errorf("the foreign one is %+v", m)
	}
	m := raw(t, at+"attested")
	if len(m.Manifests) != 2 || m.Manifests[1].Platform.OS != "unknown" || m.Manifests[1].Annotations["vnd.docker.reference.digest"] != m.Manifests[0].Digest {
		t.Errorf("the attested one is %+v", m)
	}
	found(t, at+strings.Replace(multi.Digest, ":", "-", 1)+".sig")
	if err := images.Lose(d.Folder, raw(t, at+"multi").Manifests[1].Digest); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Read(ctx, "odd", m.Manifests[0].Digest); err != nil {
		t.Error(err)
	}
	if _, _, err := r.Read(ctx, "odd", raw(t, at+"multi").Manifests[1].Digest); err == nil {
		t.Error("what was lost is there")
	}
}

// Referrers are found where the registry lists them, and where it does not.
func TestReferrers(t *testing.T) {
	t.Parallel()
	for _, host := range []string{emulators.Memory(t), emulators.Registry(t, false)} {
		r := images.At(host)
		subject, err := r.Image(t.Context(), "odd", "v1", 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, content := range []string{"one", "two"} {
			if _, err := r.Referrer(t.Context(), "odd", subject, "application/spdx+json", []byte(content)); err != nil {
				t.Fatal(err)
			}
		}
		ref, err := name.NewDigest(host + "/odd@" + subject.Digest)
		if err != nil {
			t.Fatal(err)
		}
		list, err := remote.Referrers(ref)
		if err != nil {
			t.Fatal(err)
		}
		x, err := list.IndexManifest()
		if err != nil || len(x.Manifests) != 2 {
			t.Errorf("%s: go-containerregistry finds %+v, %v", host, x, err)
		}
	}
}

func TestManyTags(t *testing.T) {
	t.Parallel()
	host := emulators.Registry(t, false)
	all, err := images.At(host).Many(t.Context(), "many", 5, 200)
	if err != nil || len(all) != 200 {
		t.Fatalf("%d tags, %v", len(all), err)
	}
	var got struct{ Tags []string }
	if err := json.Unmarshal([]byte(emulators.Skopeo(t, "list-tags", "--tls-verify=false", "docker://"+host+"/many")), &got); err != nil || len(got.Tags) != 200 {
		t.Errorf("skopeo finds %d tags, %v", len(got.Tags), err)
	}
	if d := found(t, host+"/many:build-0123"); d != all["build-0123"] || d != all["image-3"] {
		t.Errorf("build-0123 is %s, want %s, %s", d, all["build-0123"], all["image-3"])
	}
}

// A huge layer is never in memory.
func TestAHugeLayer(t *testing.T) { //nolint:paralleltest // it measures the heap of the process
	if testing.Short() {
		t.Skip("it takes a second")
	}
	const size = 200 << 20
	host := emulators.Registry(t, false)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d, err := images.At(host).Huge(t.Context(), "huge", "v1", size)
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > size/4 {
		t.Errorf("it allocated %d MB", got>>20)
	}
	if got := found(t, host+"/huge:v1"); got != d.Digest {
		t.Errorf("skopeo finds %s, want %s", got, d.Digest)
	}
}
