package image_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/target/image"
	"falkirk/test/emulators"
)

// inspect is what skopeo says a reference is on.
func inspect(t *testing.T, reference string) string {
	t.Helper()
	return strings.TrimSpace(emulators.Skopeo(t, "inspect", "--raw", "--tls-verify=false", "docker://"+reference))
}

func tagsOf(t *testing.T, repository string) []string {
	t.Helper()
	var got struct{ Tags []string }
	out := emulators.Skopeo(t, "list-tags", "--tls-verify=false", "docker://"+repository)
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	return got.Tags
}

func TestLife(t *testing.T) {
	t.Parallel()
	for name, host := range map[string]func() string{
		"distribution":            func() string { return emulators.Registry(t, true) },
		"distribution that keeps": func() string { return emulators.Registry(t, false) },
		"go-containerregistry":    func() string { return newCounted(t).host },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			life(t, host())
		})
	}
}

func life(t *testing.T, host string) {
	t.Helper()
	w := newWorld(t, image.Settings{Repository: "shop/api", Registry: host, Insecure: true})
	one, two := docker(t), multi(t)
	w.pack("1.4.0+build_1", one)
	w.pack("1.5.0", two)
	w.pack("1.5.1", two) // the same bytes under another version
	at := host + "/shop/api"
	raw := func(digest string) string {
		body, err := w.store.Open(t.Context(), digest)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		var b strings.Builder
		if _, err := copyTo(&b, body); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for version := range w.releases {
		w.do(delivery.Provision, version)
		w.live(version, "")
		if s := w.observe(version); !slices.Contains(s.Ready, version) {
			t.Errorf("%s is not ready: %+v", version, s)
		}
	}
	for _, version := range []string{"1.4.0+build_1", "1.5.0", "1.5.1", "1.4.0+build_1"} {
		w.do(delivery.Promote, version)
		w.live(version, version)
		if got, want := inspect(t, at+":prd"), raw(w.releases[version].Digest); got != want {
			t.Errorf("skopeo finds %s under prd, want %s", got, want)
		}
	}
	note := w.do(delivery.Prune, "1.4.0+build_1", "1.5.0")
	s := w.live("1.4.0+build_1", "1.4.0+build_1")
	if want := []string{"1.4.0+build_1", "1.5.1"}; !slices.Equal(s.Present, want) {
		t.Errorf("present is %q, want %q (%s)", s.Present, want, note)
	}
	w.do(delivery.Promote, "1.5.1") // its bytes are those of 1.5.0
	w.live("1.5.1", "1.5.1")
	w.do(delivery.Prune, "1.5.1", "1.4.0+build_1")
	fetch(t, at+":prd")
	w.do(delivery.Provision, "1.4.0+build_1")
	w.do(delivery.Promote, "")
	w.live("1.5.1", "")
	w.do(delivery.Promote, "1.4.0+build_1")
	w.live("1.4.0+build_1", "1.4.0+build_1")
}

// fetch has skopeo fetch an image with all its platforms, and check every digest.
func fetch(t *testing.T, reference string) {
	t.Helper()
	emulators.Skopeo(t, "--insecure-policy", "copy", "--all", "--src-tls-verify=false", "docker://"+reference, "dir:"+t.TempDir())
}
