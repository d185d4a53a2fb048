package imagesync_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/imagesync"
	"falkirk/internal/registries"
	"falkirk/test/emulators"
	"falkirk/test/images"
	"falkirk/test/registryproxy"
)

// world is two registries, each behind a proxy that counts.
type world struct {
	t        *testing.T
	from, to *registryproxy.Proxy
	source   images.Registry // the source itself
	origin   string          // host of the source itself
	home     string          // host of the destination itself
	set      imagesync.Settings
	opt      imagesync.Options
}

func newWorld(t *testing.T, repositories ...string) *world {
	t.Helper()
	w := &world{t: t, origin: emulators.Registry(t, true), home: emulators.Registry(t, true), set: imagesync.Defaults()}
	w.source = images.At(w.origin)
	w.from, w.to = registryproxy.New(t, w.origin, registryproxy.Rules{}), registryproxy.New(t, w.home, registryproxy.Rules{})
	w.set.Source, w.set.Destination, w.set.Insecure = host(w.from), host(w.to), true
	w.set.Repositories, w.set.Tags = repositories, []string{"*"}
	return w
}

func host(p *registryproxy.Proxy) string { return strings.TrimPrefix(p.URL, "http://") }

// run does the job with what nobody remembers.
func (w *world) run() (*imagesync.Result, error) {
	w.t.Helper()
	w.from.Reset()
	w.to.Reset()
	opt := w.opt
	opt.Registries = registries.New(nil)
	if problems := w.set.Check(); len(problems) > 0 {
		w.t.Fatalf("%+v", problems)
	}
	j, err := imagesync.New(w.set, opt)
	if err != nil {
		w.t.Fatal(err)
	}
	return j.Run(w.t.Context())
}

func (w *world) must() *imagesync.Result {
	w.t.Helper()
	r, err := w.run()
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// must gives what was written.
func must(t *testing.T) func(images.Descriptor, error) images.Descriptor {
	t.Helper()
	return func(d images.Descriptor, err error) images.Descriptor {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

// tags is what skopeo says of a repository: the digest of each tag, "" for one
// that leads to nothing whole.
func tags(t *testing.T, at, repository string) map[string]string {
	t.Helper()
	var listed struct{ Tags []string }
	raw := emulators.Skopeo(t, "list-tags", "--tls-verify=false", "docker://"+at+"/"+repository)
	if err := json.Unmarshal([]byte(raw), &listed); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, tag := range listed.Tags {
		out[tag] = digest(t, at, repository, tag)
	}
	return out
}

func digest(t *testing.T, at, repository, tag string) string {
	t.Helper()
	raw := emulators.Skopeo(t, "inspect", "--tls-verify=false", "--raw", "docker://"+at+"/"+repository+":"+tag)
	return images.Of("", []byte(raw)).Digest
}

// whole has skopeo read an image to its last byte.
func whole(t *testing.T, at, repository, tag string) {
	t.Helper()
	emulators.Skopeo(t, "copy", "--all", "--src-tls-verify=false", "docker://"+at+"/"+repository+":"+tag, "dir:"+t.TempDir())
}

func states(r *imagesync.Result) map[string]imagesync.State {
	out := map[string]imagesync.State{}
	for _, i := range r.Items {
		out[i.Repository+":"+i.Tag] = i.State
	}
	return out
}

func expect(t *testing.T, got, want map[string]imagesync.State) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("states are %v, want %v", got, want)
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// children are what a manifest leads to: manifests, or layers.
func children(t *testing.T, raw []byte) []images.Descriptor {
	t.Helper()
	var file struct{ Manifests, Layers []images.Descriptor }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return append(file.Manifests, file.Layers...)
}
