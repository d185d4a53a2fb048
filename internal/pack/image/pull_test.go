package image_test

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"falkirk/internal/fault"
	"falkirk/internal/pack/image"
)

// What a reference names comes whole, an index inside of an index too.
func TestAReferenceComesWhole(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	inner, err := random.Index(1000, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	var index v1.ImageIndex = mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: inner})
	ref, err := name.ParseReference(host + "/team/app:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	want, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	store := newStore(t)
	for _, reference := range []string{ref.String(), host + "/team/app@" + want.String()} {
		a, err := packImage(t, store, t.TempDir(), image.Settings{Reference: reference})
		if err != nil || a.Digest != want.String() || a.Count != 4 {
			t.Errorf("%s: %+v, %v", reference, a, err)
		}
	}
	if _, err := packImage(t, store, t.TempDir(), image.Settings{Reference: host + "/team/app:2"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a tag that is not there: %v", err)
	}
}
