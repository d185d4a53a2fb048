package images

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"falkirk/internal/oci"
	"falkirk/internal/registries"
)

// Image is what there is to say of an image or an index.
type Image struct {
	Reference string     `json:"reference"`
	Digest    string     `json:"digest"`
	MediaType string     `json:"mediaType"`
	Size      int64      `json:"size"` // of all that it leads to, each blob once
	Platforms []Platform `json:"platforms"`
	Referrers []Referrer `json:"referrers"` // signatures and whatever else refers to it
	Artifact  string     `json:"artifactType,omitempty"`
}

// Platform is the image for one platform.
type Platform struct {
	Platform   string            `json:"platform"`
	Digest     string            `json:"digest"`
	Size       int64             `json:"size"` // of its layers
	Created    time.Time         `json:"created,omitzero"`
	Entrypoint []string          `json:"entrypoint,omitempty"`
	Cmd        []string          `json:"cmd,omitempty"`
	User       string            `json:"user,omitempty"`
	Env        []string          `json:"env,omitempty"`
	Ports      []string          `json:"ports,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	Layers     []Layer           `json:"layers"`
}

// Layer is one layer, the lowest first.
type Layer struct {
	Digest    string   `json:"digest"`
	MediaType string   `json:"mediaType"`
	Size      int64    `json:"size"`
	URLs      []string `json:"urls,omitempty"` // of a foreign layer: where it is instead
}

// Referrer is something that refers to an image.
type Referrer struct {
	Digest string `json:"digest"`
	Kind   string `json:"kind,omitempty"` // its artifact type, or the tag that it has
}

// Inspect reads an image.
func (t Tool) Inspect(ctx context.Context, s string) (Image, error) {
	ref, repo, err := t.open(ctx, s, true)
	if err != nil {
		return Image{}, err
	}
	m, err := repo.Manifest(ctx, ref.String())
	if err != nil {
		return Image{}, repo.Explain(err)
	}
	out := Image{Reference: s, Digest: m.Digest, MediaType: m.MediaType, Platforms: []Platform{}, Referrers: []Referrer{}}
	d, err := oci.Describe(ctx, blobs{repo, map[string]bool{m.Digest: true}}, m.Digest)
	if err != nil {
		return Image{}, repo.Explain(err)
	}
	for _, b := range d.Blobs {
		out.Size += b.Size
	}
	for _, p := range d.Platforms {
		out.Platforms = append(out.Platforms, platform(p))
	}
	if own, err := m.Descriptor(); err == nil && len(d.Platforms) == 0 {
		out.Artifact = own.ArtifactType
	}
	out.Referrers, err = referrers(ctx, repo, m.Digest)
	return out, err
}

func platform(d oci.Described) Platform {
	p := Platform{
		Platform: d.Platform, Digest: d.Digest, Created: d.Created, Entrypoint: d.Entrypoint, Cmd: d.Cmd,
		User: d.User, Env: d.Env, Ports: d.ExposedPorts, Labels: d.Labels, Layers: []Layer{},
	}
	for _, l := range d.Layers {
		p.Size += l.Size
		p.Layers = append(p.Layers, Layer{l.Digest.String(), string(l.MediaType), l.Size, l.URLs})
	}
	return p
}

// referrers are what the registry lists, or the tag that stands in for the list,
// and what cosign's tags name.
func referrers(ctx context.Context, repo registries.Repository, digest string) ([]Referrer, error) {
	found, _, err := repo.Referrers(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("look for what refers to it: %w", repo.Explain(err))
	}
	tags, err := repo.Tags(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for what refers to it: %w", repo.Explain(err))
	}
	out, stem := []Referrer{}, strings.Replace(digest, ":", "-", 1)
	for _, tag := range tags {
		if !strings.HasPrefix(tag, stem) {
			continue
		}
		m, err := repo.Manifest(ctx, tag)
		if err != nil {
			return nil, repo.Explain(err)
		}
		if tag == stem {
			found = append(found, m.Children()...)
		} else {
			out = append(out, Referrer{m.Digest, "tag " + tag})
		}
	}
	for _, f := range found {
		out = append(out, Referrer{f.Digest.String(), cmp.Or(f.ArtifactType, string(f.MediaType))})
	}
	slices.SortFunc(out, func(a, b Referrer) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Digest, b.Digest)) })
	return slices.Compact(out), nil
}

// blobs reads manifests and blobs of a repository alike: what is no manifest that
// was listed is a blob.
type blobs struct {
	registries.Repository
	manifests map[string]bool
}

// Open implements oci.Blobs.
func (b blobs) Open(ctx context.Context, digest string) (io.ReadCloser, error) {
	if !b.manifests[digest] {
		return b.Blob(ctx, digest, 0)
	}
	m, err := b.Manifest(ctx, digest)
	for _, child := range m.Children() {
		b.manifests[child.Digest.String()] = true
	}
	return io.NopCloser(bytes.NewReader(m.Raw)), err
}
