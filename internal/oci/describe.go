package oci

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Description is all that an image or an index leads to, without its layers'
// content.
type Description struct {
	Platforms []Described
	Blobs     []Descriptor // manifests, configurations and layers, each once
}

// Described is the image for one platform.
type Described struct {
	Config
	Digest  string // of its manifest
	Layers  []Descriptor
	Labels  map[string]string
	Volumes []string // sorted
	Health  []string // the test of its health check
	Created time.Time
}

// Describe reads the manifests and configurations of all platforms. A platform
// that an index lists twice gets its digest after its name.
func Describe(ctx context.Context, b Blobs, digest string) (Description, error) {
	g := &graph{src: b, seen: map[string]bool{}}
	if _, err := g.walk(ctx, digest, 0); err != nil {
		return Description{}, fmt.Errorf("read image %s: %w", digest, err)
	}
	d := Description{Blobs: g.leaves}
	seen := map[string]bool{}
	for _, raw := range g.manifests {
		h, err := v1.NewHash(raw.digest)
		if err != nil {
			return Description{}, fmt.Errorf("read image %s: %w", digest, err)
		}
		d.Blobs = append(d.Blobs, Descriptor{Digest: h, Size: int64(len(raw.raw))})
		one, isImage, err := describe(ctx, b, raw)
		if err != nil {
			return Description{}, fmt.Errorf("read image %s: %w", digest, err)
		}
		if !isImage {
			continue
		}
		if seen[one.Platform] {
			one.Platform += "@" + one.Digest
		}
		seen[one.Platform] = true
		d.Platforms = append(d.Platforms, one)
	}
	slices.SortStableFunc(d.Platforms, func(a, b Described) int { return strings.Compare(a.Platform, b.Platform) })
	return d, nil
}

// describe reads one manifest; an index and an attestation are no images.
func describe(ctx context.Context, b Blobs, raw rawManifest) (Described, bool, error) {
	m, err := parseManifest(raw.raw, raw.digest)
	if err != nil || m.isIndex() {
		return Described{}, false, err
	}
	if t := m.Config.MediaType; t != "" && !t.IsConfig() {
		return Described{}, false, nil // an artifact of another kind
	}
	file, err := readConfig(ctx, b, m)
	if err != nil || file.OS == "unknown" {
		return Described{}, false, err
	}
	d := Described{
		Config: configOf(file), Digest: raw.digest, Layers: m.Layers, Labels: file.Config.Labels,
		Volumes: slices.Sorted(maps.Keys(file.Config.Volumes)), Created: file.Created.Time,
	}
	if h := file.Config.Healthcheck; h != nil {
		d.Health = h.Test
	}
	return d, true, nil
}
