package image_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/random"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
	"falkirk/internal/pack/image"
	"falkirk/internal/release"
	"falkirk/test/emulators"
)

// A release is pushed under its version, its commit and latest, and under
// nothing else; a version that is taken is refused.
func TestPushLabels(t *testing.T) {
	t.Parallel()
	host := emulators.Registry(t, true)
	store := release.New(file.New(t.TempDir()))
	settings, err := json.Marshal(image.Settings{Layout: "x", Push: host + "/builds/api"})
	if err != nil {
		t.Fatal(err)
	}
	c := delivery.Component{Name: "api", Kind: image.Kind, Settings: settings}
	push := func(version, commit string, dirty bool) (string, error) {
		t.Helper()
		img, err := random.Image(1024, 2)
		if err != nil {
			t.Fatal(err)
		}
		s, err := oci.Add(t.Context(), store, img)
		if err != nil {
			t.Fatal(err)
		}
		return s.Digest, image.Push(t.Context(), store, c, delivery.Release{
			Version: version, Source: delivery.Source{Commit: commit, Dirty: dirty},
			Artifacts: []delivery.Artifact{{Component: "api", Kind: image.Kind, Digest: s.Digest}},
		}, registry.Keychain)
	}
	tags := func() []string {
		t.Helper()
		var got struct{ Tags []string }
		if err := json.Unmarshal([]byte(emulators.Skopeo(t, "list-tags", "--tls-verify=false", "docker://"+host+"/builds/api")), &got); err != nil {
			t.Fatal(err)
		}
		slices.Sort(got.Tags)
		return got.Tags
	}
	digest := func(tag string) string {
		t.Helper()
		return strings.TrimSpace(emulators.Skopeo(t, "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://"+host+"/builds/api:"+tag))
	}
	one, err := push("1.4.0+3", "0123456789abcdef", false)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tags(), []string{"0123456", "1.4.0__3", "latest"}; !slices.Equal(got, want) {
		t.Errorf("tags are %q, want %q", got, want)
	}
	two, err := push("1.5.0", "fedcba9876543210", true)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tags(), []string{"0123456", "1.4.0__3", "1.5.0", "latest"}; !slices.Equal(got, want) {
		t.Errorf("tags are %q, want %q", got, want)
	}
	if _, err := push("1.5.0", "", false); !fault.Is(err, fault.Conflict) {
		t.Errorf("another image as 1.5.0: %v", err)
	}
	for tag, want := range map[string]string{"0123456": one, "1.4.0__3": one, "1.5.0": two, "latest": two} {
		if got := digest(tag); got != want {
			t.Errorf("%s is on %s, want %s", tag, got, want)
		}
	}
}
