package image_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"falkirk/internal/delivery"
	"falkirk/internal/target/image"
	"falkirk/test/emulators"
)

// What a kept index lists, and what a tag of somebody else is on, stays; what
// only pruned releases lead to goes.
func TestPruneKeepsWhatOthersNeed(t *testing.T) {
	t.Parallel()
	for kind, start := range map[string]func() string{
		"distribution":         func() string { return emulators.Registry(t, true) },
		"go-containerregistry": func() string { return newCounted(t).host },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			host := start()
			w := newWorld(t, image.Settings{Repository: "shop/api", Registry: host, Insecure: true})
			shared, theirs, alone, other := child(t), child(t), child(t), child(t)
			digests := map[string]string{
				"a": w.pack("a", list(shared, theirs, alone)).Digest,
				"b": w.pack("b", shared).Digest,
				"c": w.pack("c", list(shared, other)).Digest,
			}
			for _, version := range []string{"a", "b", "c"} {
				w.do(delivery.Provision, version)
			}
			w.do(delivery.Promote, "c")
			tag, err := name.NewTag(host + "/shop/api:theirs")
			if err != nil {
				t.Fatal(err)
			}
			if err := remote.Tag(tag, theirs); err != nil {
				t.Fatal(err)
			}
			w.do(delivery.Prune, "c", "a", "b")
			if s := w.live("c", "c"); !slices.Equal(s.Present, []string{"c"}) {
				t.Errorf("present is %q", s.Present)
			}
			fetch(t, host+"/shop/api:prd")
			fetch(t, host+"/shop/api:theirs")
			for what, want := range map[string]bool{
				digests["a"]: false, digestOf(t, alone): false,
				digests["b"]: true, digests["c"]: true, digestOf(t, theirs): true, digestOf(t, other): true,
			} {
				if got := isThere(t, host+"/shop/api@"+what); got != want {
					t.Errorf("%s is there: %t", what, got)
				}
			}
		})
	}
}

// child is an image for one platform.
func child(t *testing.T) v1.Image {
	t.Helper()
	index := multi(t)
	m, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	img, err := index.Image(m.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func list(images ...v1.Image) v1.ImageIndex {
	var index v1.ImageIndex = empty.Index
	for _, img := range images {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img})
	}
	return index
}

func digestOf(t *testing.T, img v1.Image) string {
	t.Helper()
	d, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

func isThere(t *testing.T, reference string) bool {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	_, err = remote.Head(ref)
	var answer *transport.Error
	if err != nil && (!errors.As(err, &answer) || answer.StatusCode != http.StatusNotFound) {
		t.Fatal(err)
	}
	return err == nil
}
