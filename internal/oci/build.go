package oci

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"falkirk/internal/fault"
)

// Base is what an image is built on, for one platform.
type Base struct {
	src    Blobs // nil for scratch
	file   v1.ConfigFile
	layers []Descriptor
}

// Scratch is the empty base for a platform such as "linux/arm64/v8".
func Scratch(platform string) (Base, error) {
	p, err := v1.ParsePlatform(platform)
	if err != nil || p.OS == "" || p.Architecture == "" {
		return Base{}, fault.New(fault.Invalid, `%q is not a platform such as "linux/amd64"`, platform)
	}
	return Base{file: v1.ConfigFile{
		OS: p.OS, Architecture: p.Architecture, Variant: p.Variant,
		RootFS: v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{}},
	}}, nil
}

// ReadBase takes the image that b has for a platform as the base.
func ReadBase(ctx context.Context, b Blobs, digest, platform string) (Base, error) {
	m, file, err := choose(ctx, b, digest, platform)
	if err != nil {
		return Base{}, err
	}
	if len(m.Layers) != len(file.RootFS.DiffIDs) {
		return Base{}, fault.New(fault.Invalid, "image %s: %d layers and %d diff IDs", digest, len(m.Layers), len(file.RootFS.DiffIDs))
	}
	return Base{src: b, file: file, layers: m.Layers}, nil
}

// Platforms lists the platforms that an image or index is there for.
func Platforms(ctx context.Context, b Blobs, digest string) ([]string, error) {
	m, err := readManifest(ctx, b, digest)
	if err != nil {
		return nil, err
	}
	if !m.isIndex() {
		file, err := readConfig(ctx, b, m)
		return []string{platformOf(file)}, err
	}
	images, err := platforms(ctx, b, m, 0)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, d := range images {
		if d.Platform != nil {
			list = append(list, join(d.Platform.OS, d.Platform.Architecture, d.Platform.Variant))
		}
	}
	return list, nil
}

// Platform is the platform of the base.
func (b Base) Platform() string { return platformOf(b.file) }

// Command is what the base runs.
func (b Base) Command() []string {
	return append(slices.Clone(b.file.Config.Entrypoint), b.file.Config.Cmd...)
}

// Change is what an image says otherwise than its base. Empty fields keep what
// the base says; an Entrypoint drops the base's Cmd, as docker does.
type Change struct {
	Entrypoint, Cmd  []string
	Env              map[string]string
	WorkingDir, User string
	Ports            []int
}

func (c Change) apply(to *v1.Config) {
	if len(c.Entrypoint) > 0 {
		to.Entrypoint, to.Cmd = c.Entrypoint, nil
	}
	if len(c.Cmd) > 0 {
		to.Cmd = c.Cmd
	}
	if c.WorkingDir != "" {
		to.WorkingDir = c.WorkingDir
	}
	if c.User != "" {
		to.User = c.User
	}
	for _, key := range slices.Sorted(maps.Keys(c.Env)) {
		to.Env = slices.DeleteFunc(slices.Clone(to.Env), func(kv string) bool { return strings.HasPrefix(kv, key+"=") })
		to.Env = append(to.Env, key+"="+c.Env[key])
	}
	for _, port := range c.Ports {
		if to.ExposedPorts == nil {
			to.ExposedPorts = map[string]struct{}{}
		}
		to.ExposedPorts[strconv.Itoa(port)+"/tcp"] = struct{}{}
	}
}

// Builder writes images on bases into a sink and adds up what it wrote.
type Builder struct {
	Sink  Sink
	sizes map[string]int64
	count int
}

// Image writes the base's layers, one more layer, and the manifest over them.
func (b *Builder) Image(ctx context.Context, base Base, layer Layer, change Change) (Descriptor, error) {
	file := base.file
	file.Created, file.History = v1.Time{}, nil
	file.Container, file.Author = "", ""
	file.DockerVersion = "" //nolint:staticcheck // deprecated, but a base may carry it, and it would differ by builder
	change.apply(&file.Config)
	file.RootFS.DiffIDs = append(slices.Clone(file.RootFS.DiffIDs), layer.DiffID)
	layers := slices.Clone(base.layers)
	for i, d := range layers {
		if err := copyBlob(ctx, b.Sink, base.src, d); err != nil {
			return Descriptor{}, fmt.Errorf("copy base: %w", err)
		}
		layers[i] = Descriptor{MediaType: ociLayer(d.MediaType), Digest: d.Digest, Size: d.Size}
	}
	layers = append(layers, layer.Descriptor)
	for _, d := range layers {
		b.counts(d, true)
	}
	config, err := b.json(ctx, types.OCIConfigJSON, configFile{file, "1970-01-01T00:00:00Z"})
	if err != nil {
		return Descriptor{}, err
	}
	d, err := b.json(ctx, types.OCIManifestSchema1, v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: config, Layers: layers,
	})
	d.Platform = file.Platform()
	return d, err
}

// configFile sets created to the epoch, which v1.Time would leave out.
type configFile struct {
	v1.ConfigFile
	Created string `json:"created"`
}

// Index writes an index over images, in the order given.
func (b *Builder) Index(ctx context.Context, images []Descriptor) (Descriptor, error) {
	return b.json(ctx, types.OCIImageIndex, v1.IndexManifest{
		SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: images,
	})
}

// Stored sums up what was written, with root as what leads to it.
func (b *Builder) Stored(root Descriptor) Stored {
	s := Stored{Digest: root.Digest.String(), MediaType: string(root.MediaType), Count: b.count}
	for _, n := range b.sizes {
		s.Size += n
	}
	return s
}

func (b *Builder) counts(d Descriptor, layer bool) {
	if b.sizes == nil {
		b.sizes = map[string]int64{}
	}
	if _, seen := b.sizes[d.Digest.String()]; !seen && layer {
		b.count++
	}
	b.sizes[d.Digest.String()] = d.Size
}

func (b *Builder) json(ctx context.Context, media types.MediaType, v any) (Descriptor, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return Descriptor{}, err
	}
	w, err := b.Sink.Write(ctx)
	if err != nil {
		return Descriptor{}, err
	}
	defer w.Discard()
	if _, err := w.Write(raw); err != nil {
		return Descriptor{}, err
	}
	digest, size, err := w.Commit(ctx)
	if err != nil {
		return Descriptor{}, err
	}
	hash, err := v1.NewHash(digest)
	d := Descriptor{MediaType: media, Digest: hash, Size: size}
	b.counts(d, false)
	return d, err
}

func ociLayer(m types.MediaType) types.MediaType {
	switch m {
	case types.DockerLayer:
		return types.OCILayer
	case types.DockerUncompressedLayer:
		return types.OCIUncompressedLayer
	}
	return m
}
