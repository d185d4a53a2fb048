// Package oci keeps container images as blobs addressed by digest, looks into
// them and lays out their file systems. It builds nothing and runs nothing.
package oci

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"falkirk/internal/fault"
)

// Blobs gives the blobs that an image is made of.
type Blobs interface {
	Open(ctx context.Context, digest string) (io.ReadCloser, error)
}

// Descriptor points to a blob: digest, size, media type, platform.
type Descriptor = v1.Descriptor

// Config is what a process needs of an image.
type Config struct {
	Entrypoint   []string
	Cmd          []string
	Env          []string // KEY=value
	WorkingDir   string
	User         string // name or number, with ":group" perhaps
	StopSignal   string
	ExposedPorts []string // "8080/tcp", sorted
	Platform     string   // "linux/amd64", "linux/arm64/v8"
}

// Inspect reads the configuration and the layers (lowest first) that an image
// has for a platform, "linux/amd64" or "linux/arm64/v8". An empty platform
// takes the only one there is.
func Inspect(ctx context.Context, b Blobs, digest, platform string) (Config, []Descriptor, error) {
	m, file, err := choose(ctx, b, digest, platform)
	if err != nil {
		return Config{}, nil, err
	}
	return configOf(file), m.Layers, nil
}

func configOf(file v1.ConfigFile) Config {
	c := Config{
		Entrypoint: file.Config.Entrypoint, Cmd: file.Config.Cmd, Env: file.Config.Env,
		WorkingDir: file.Config.WorkingDir, User: file.Config.User, StopSignal: file.Config.StopSignal,
		Platform: platformOf(file),
	}
	for port := range file.Config.ExposedPorts {
		c.ExposedPorts = append(c.ExposedPorts, port)
	}
	slices.Sort(c.ExposedPorts)
	return c
}

// choose walks from a manifest or index to the one manifest of the platform.
func choose(ctx context.Context, b Blobs, digest, platform string) (manifest, v1.ConfigFile, error) {
	m, err := readManifest(ctx, b, digest)
	if err != nil {
		return manifest{}, v1.ConfigFile{}, err
	}
	if m.isIndex() {
		images, err := platforms(ctx, b, m, 0)
		if err != nil {
			return manifest{}, v1.ConfigFile{}, err
		}
		found, err := pick(images, digest, platform)
		if err != nil {
			return manifest{}, v1.ConfigFile{}, err
		}
		if m, err = readManifest(ctx, b, found.Digest.String()); err != nil {
			return manifest{}, v1.ConfigFile{}, err
		}
		if m.isIndex() {
			return manifest{}, v1.ConfigFile{}, fault.New(fault.Invalid, "image %s: %s is an index and not an image", digest, found.Digest)
		}
	}
	file, err := readConfig(ctx, b, m)
	if err != nil {
		return manifest{}, v1.ConfigFile{}, err
	}
	if has := platformOf(file); !matches(has, platform) {
		return manifest{}, v1.ConfigFile{}, noPlatform(digest, platform, []string{has})
	}
	return m, file, nil
}

// maxDepth bounds indexes inside of indexes.
const maxDepth = 4

// platforms lists the images of an index and of the indexes in it.
func platforms(ctx context.Context, b Blobs, m manifest, depth int) ([]Descriptor, error) {
	if depth == maxDepth {
		return nil, fault.New(fault.Invalid, "indexes inside of indexes, more than %d deep", maxDepth)
	}
	var images []Descriptor
	for _, d := range m.Manifests {
		switch {
		case d.MediaType.IsIndex():
			inner, err := readManifest(ctx, b, d.Digest.String())
			if err != nil {
				return nil, err
			}
			more, err := platforms(ctx, b, inner, depth+1)
			if err != nil {
				return nil, err
			}
			images = append(images, more...)
		case d.MediaType.IsImage() && (d.Platform == nil || d.Platform.OS != "unknown"): // "unknown" marks an attestation
			images = append(images, d)
		}
	}
	return images, nil
}

// pick finds the platform; an exact variant is better than any variant.
func pick(images []Descriptor, digest, platform string) (Descriptor, error) {
	if platform == "" && len(images) == 1 {
		return images[0], nil
	}
	var there []string
	var found *Descriptor
	for i, d := range images {
		has := "unnamed"
		if d.Platform != nil {
			has = join(d.Platform.OS, d.Platform.Architecture, d.Platform.Variant)
		}
		there = append(there, has)
		if platform != "" && (has == platform || found == nil && matches(has, platform)) {
			found = &images[i]
		}
	}
	if found == nil {
		return Descriptor{}, noPlatform(digest, platform, there)
	}
	return *found, nil
}

func noPlatform(digest, platform string, there []string) error {
	what := "it has none"
	if len(there) > 0 {
		what = "it has " + strings.Join(there, ", ")
	}
	if platform == "" {
		return fault.New(fault.NotFound, "image %s: no platform was asked for; %s", digest, what)
	}
	return fault.New(fault.NotFound, "image %s is not there for %s; %s", digest, platform, what)
}

// matches reports whether what is there serves what is wanted: a variant that
// is not asked for does not matter.
func matches(has, want string) bool {
	return want == "" || has == want || strings.HasPrefix(has, want+"/")
}

func platformOf(f v1.ConfigFile) string { return join(f.OS, f.Architecture, f.Variant) }

func join(os, arch, variant string) string {
	if variant == "" {
		return os + "/" + arch
	}
	return os + "/" + arch + "/" + variant
}

// manifest is an image manifest or an index; which one, its fields tell.
type manifest struct {
	MediaType string       `json:"mediaType"`
	Config    *Descriptor  `json:"config"`
	Layers    []Descriptor `json:"layers"`
	Manifests []Descriptor `json:"manifests"`
	raw       []byte
}

func (m manifest) isIndex() bool { return m.Config == nil }

// Manifests and configurations are read into memory; registries refuse
// manifests of more than 4 MiB.
const (
	maxManifest = 4 << 20
	maxConfig   = 16 << 20
)

func readManifest(ctx context.Context, b Blobs, digest string) (manifest, error) {
	raw, err := readBlob(ctx, b, digest, maxManifest)
	if err != nil {
		return manifest{}, err
	}
	return parseManifest(raw, digest)
}

func parseManifest(raw []byte, digest string) (manifest, error) {
	m := manifest{raw: raw}
	if err := json.Unmarshal(raw, &m); err != nil {
		return manifest{}, fault.New(fault.Invalid, "%s is not an image manifest: %w", digest, err)
	}
	if (m.Config == nil) == (m.Manifests == nil) || m.Config == nil && m.Layers != nil {
		return manifest{}, fault.New(fault.Invalid, "%s is neither an image manifest nor an index", digest)
	}
	all := append(slices.Clone(m.Manifests), m.Layers...)
	if m.Config != nil {
		all = append(all, *m.Config)
	}
	for _, d := range all {
		if !validDigest(d.Digest.String()) || d.Size < 0 {
			return manifest{}, fault.New(fault.Invalid, "image manifest %s: %q of %d bytes is no descriptor", digest, d.Digest, d.Size)
		}
	}
	return m, nil
}

func readConfig(ctx context.Context, b Blobs, m manifest) (v1.ConfigFile, error) {
	raw, err := readBlob(ctx, b, m.Config.Digest.String(), maxConfig)
	if err != nil {
		return v1.ConfigFile{}, err
	}
	var f v1.ConfigFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return v1.ConfigFile{}, fault.New(fault.Invalid, "%s is not an image configuration: %w", m.Config.Digest, err)
	}
	return f, nil
}
