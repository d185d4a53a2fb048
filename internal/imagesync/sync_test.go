package imagesync_test

import (
	"strings"
	"testing"

	"falkirk/internal/imagesync"
	"falkirk/test/emulators"
	"falkirk/test/emulators/docker"
	"falkirk/test/images"
	"falkirk/test/registryproxy"
)

// The first sync moves each blob once, the second one nothing, and all digests
// are those of the source, as skopeo sees them.
func TestSync(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "service-*")
	load := images.Workload{Repositories: 4, Tags: 3, Platforms: 2, Base: 60_000, Middle: 20_000, Top: 5_000}
	written, err := load.Write(t.Context(), w.source)
	if err != nil {
		t.Fatal(err)
	}
	r := w.must()
	if r.Tags != 12 || r.Counts[imagesync.Absent] != 12 || r.Uploaded != len(written.Blobs) || r.Bytes != written.Bytes() || r.Manifests != written.Manifests {
		t.Errorf("first: %+v, want %d blobs of %d bytes and %d manifests", r, len(written.Blobs), written.Bytes(), written.Manifests)
	}
	from, to := w.from.Counts(), w.to.Counts()
	late := from.Kinds["head manifest"] // of tags that took long, on a busy machine
	if got, most := from.Requests+to.Requests-late, minimum(load, len(written.Blobs)); got > most {
		t.Errorf("first: %d requests, want %d\n%s\n%s", got, most, from, to)
	}
	for at, want := range written.Tags {
		repository, tag, _ := strings.Cut(at, ":")
		if got := digest(t, w.home, repository, tag); got != want {
			t.Errorf("%s is on %s, want %s", at, got, want)
		}
	}
	whole(t, w.home, "service-02", "v3")

	r = w.must()
	if r.Counts[imagesync.Same] != 12 || r.Uploaded+r.Mounted+r.Manifests != 0 || len(r.Items) != 0 {
		t.Errorf("second: %+v", r)
	}
	from, to = w.from.Counts(), w.to.Counts()
	if got, most := from.Requests+to.Requests, 4+1+2*12+1+1; got > most { // lists of the source, one of the destination, tags, the catalog, and whether referrers are told
		t.Errorf("second: %d requests, want %d\n%s\n%s", got, most, from, to)
	}
}

// minimum is what a first sync takes: lists of tags, manifests read and written,
// three requests for each blob and one for each mount; the catalog, and whether
// referrers are told.
func minimum(l images.Workload, blobs int) int {
	manifests := l.Repositories * l.Tags * (1 + l.Platforms)
	mounts := l.Platforms * (l.Repositories - 1)
	return 2*l.Repositories + 2*manifests + 3*blobs + mounts + 2
}

// A tag that moves is copied, and what it was is told; others stay.
func TestMovedTag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "shop/api")
	w.set.Tags = []string{"test", "blue"}
	old := must(t)(w.source.Image(t.Context(), "shop/api", "test", 1))
	must(t)(w.source.Image(t.Context(), "shop/api", "blue", 2))
	must(t)(w.source.Image(t.Context(), "shop/api", "other", 3))
	w.must()
	now := must(t)(w.source.Image(t.Context(), "shop/api", "test", 4))
	r := w.must()
	expect(t, states(r), map[string]imagesync.State{"shop/api:test": imagesync.Moved})
	if i := r.Items[0]; i.Was != old.Digest || i.Digest != now.Digest {
		t.Errorf("it is %+v, want from %s to %s", i, old.Digest, now.Digest)
	}
	got := tags(t, w.home, "shop/api")
	if len(got) != 2 || got["test"] != now.Digest {
		t.Errorf("the destination has %v", got)
	}
}

// A service that comes later and stands on the same large base gets it from the
// others' repositories.
func TestLargeBlobOfOthersIsMounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "service-*")
	load := images.Workload{Repositories: 2, Tags: 1, Platforms: 1, Base: 9 << 20, Middle: 1000, Top: 1000}
	if _, err := load.Write(t.Context(), w.source); err != nil {
		t.Fatal(err)
	}
	w.must()
	load.Repositories = 3
	written, err := load.Write(t.Context(), w.source)
	if err != nil {
		t.Fatal(err)
	}
	r := w.must()
	if r.Mounted != 1 || r.Bytes > 1<<20 || r.Counts[imagesync.Absent] != 1 {
		t.Errorf("%+v", r)
	}
	if got := digest(t, w.home, load.Repository(2), "v1"); got != written.Tags[load.Repository(2)+":v1"] {
		t.Errorf("it is on %s", got)
	}
	whole(t, w.home, load.Repository(2), "v1")
}

// A new tag shares layers with the one before: those are not asked for. Where one
// of them is gone all the same, it is sent again.
func TestSharedLayersAreKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "service-00")
	home := emulators.Docker(t, docker.Options{})
	w.to, w.home = registryproxy.New(t, home.Host, registryproxy.Rules{}), home.Host
	w.set.Destination = w.to.Host
	load := images.Workload{Repositories: 1, Tags: 1, Platforms: 2, Base: 60_000, Middle: 20_000, Top: 5_000}
	if _, err := load.Write(t.Context(), w.source); err != nil {
		t.Fatal(err)
	}
	w.must()
	load.Tags = 2
	written, err := load.Write(t.Context(), w.source)
	if err != nil {
		t.Fatal(err)
	}
	r := w.must()
	if c := w.to.Counts(); r.Uploaded != 4 || c.Kinds["mount"] != 4 { // for each platform a layer and a configuration
		t.Errorf("%d uploaded; %s", r.Uploaded, c)
	}
	load.Tags = 3
	if written, err = load.Write(t.Context(), w.source); err != nil {
		t.Fatal(err)
	}
	for digest, size := range written.Blobs {
		if size > 50_000 {
			if err := images.Lose(home.Folder, digest); err != nil {
				t.Fatal(err)
			}
		}
	}
	if r = w.must(); r.Counts[imagesync.Absent] != 1 {
		t.Errorf("%+v", r.Counts)
	}
	whole(t, w.home, "service-00", "v3")
}
