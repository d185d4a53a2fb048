package image_test

import (
	"fmt"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
	"falkirk/test/chaos"
	"falkirk/test/emulators"
)

// Repositories of 5 tags for 2 platforms of 3 layers, of which the lowest is
// everywhere the same: of 20 repositories 442 blobs go up once, and 38 are mounted.
func TestManyTags(t *testing.T) {
	t.Parallel()
	from, to := fronted(t), fronted(t)
	repositories := chaos.Count(5, 20)
	blobs, mounts, manifests := 2+22*repositories, 2*(repositories-1), 15*repositories
	digests := fill(t, from.host, repositories)
	from.requests()
	copier := oci.NewCopier()
	source := registry.New(registry.Options{Host: from.host, Plain: true})
	target := registry.New(registry.Options{Host: to.host, Plain: true})
	var group errgroup.Group
	group.SetLimit(8)
	for at, digest := range digests {
		group.Go(func() error {
			repository, tag, _ := strings.Cut(at, ":")
			_, err := copier.Copy(t.Context(), target.Repository(repository), source.Repository(repository), oci.Wish{Digest: digest, Tag: tag})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	read, written := from.requests(), to.requests()
	for what, got := range map[string][2]int{
		"blobs read":        {count(read, "GET", "/blobs/"), blobs},
		"blobs written":     {count(written, "PUT", "/blobs/"), blobs},
		"uploads or mounts": {count(written, "POST", "/blobs/"), blobs + mounts},
		"manifests read":    {count(read, "GET", "/manifests/"), manifests},
		"manifests written": {count(written, "PUT", "/manifests/"), manifests},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, want %d", what, got[0], got[1])
		}
	}
	if n := len(read) + len(written); n > 150*repositories {
		t.Errorf("it took %d requests", n)
	}
}

// fronted is Debian's docker-registry with its requests counted.
func fronted(t *testing.T) *counted {
	t.Helper()
	c := newCounted(t)
	behind, err := url.Parse("http://" + emulators.Registry(t, false))
	if err != nil {
		t.Fatal(err)
	}
	c.inner = httputil.NewSingleHostReverseProxy(behind)
	return c
}

// fill pushes the images, and gives their digests by repository and tag.
func fill(t *testing.T, host string, repositories int) map[string]string {
	t.Helper()
	layer := func() v1.Layer {
		l, err := random.Layer(1024, types.OCILayer)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	bases := [2]v1.Layer{layer(), layer()}
	digests := map[string]string{}
	var group errgroup.Group // by repository: distribution 2.8 loses links that are written twice at once
	for r := range repositories {
		pushes := map[name.Reference]v1.ImageIndex{}
		above := [2]v1.Layer{layer(), layer()}
		for tag := range 5 {
			index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
			for i, arch := range []string{"amd64", "arm64"} {
				img, err := mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), bases[i], above[i], layer())
				if err == nil {
					img, err = mutate.ConfigFile(img, platform(t, img, arch))
				}
				if err != nil {
					t.Fatal(err)
				}
				index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
			}
			at := fmt.Sprintf("team/app%d:v%d", r, tag)
			ref, err := name.ParseReference(host + "/" + at)
			if err != nil {
				t.Fatal(err)
			}
			pushes[ref] = index
			d, err := index.Digest()
			if err != nil {
				t.Fatal(err)
			}
			digests[at] = d.String()
		}
		group.Go(func() error {
			for ref, index := range pushes {
				if err := remote.WriteIndex(ref, index); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return digests
}
