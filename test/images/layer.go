package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
)

// Media types of what is written.
const (
	OCIIndex       = "application/vnd.oci.image.index.v1+json"
	OCIManifest    = "application/vnd.oci.image.manifest.v1+json"
	OCIConfig      = "application/vnd.oci.image.config.v1+json"
	OCILayer       = "application/vnd.oci.image.layer.v1.tar+gzip"
	OCIEmpty       = "application/vnd.oci.empty.v1+json"
	DockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	DockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	DockerConfig   = "application/vnd.docker.container.image.v1+json"
	DockerLayer    = "application/vnd.docker.image.rootfs.diff.tar.gzip"
	DockerForeign  = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
)

// part is a blob of an image; of a layer also what it is once unpacked.
type part struct {
	Descriptor
	diffID string
}

// writeLayer writes a layer with one file of noise of a size, and gives the
// digest of the archive in it. The noise cannot be compressed, and it is not
// tried: a gigabyte takes a second or two.
func writeLayer(w io.Writer, seed, size uint64) (diffID string, err error) {
	zip, err := gzip.NewWriterLevel(w, gzip.NoCompression)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	files := tar.NewWriter(io.MultiWriter(zip, sum))
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], size)
	name := "noise-" + hex.EncodeToString(key[:16])
	if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(size)}); err != nil {
		return "", err
	}
	if _, err := io.CopyN(files, rand.NewChaCha8(key), int64(size)); err != nil {
		return "", err
	}
	if err := files.Close(); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), zip.Close()
}

// layer is a small layer, and what it is once unpacked.
func layer(seed uint64, size int) (raw []byte, diffID string, err error) {
	var b bytes.Buffer
	b.Grow(size + size>>8 + 4096)
	diffID, err = writeLayer(&b, seed, uint64(size))
	return b.Bytes(), diffID, err
}

// layer writes a small layer into a repository.
func (r Registry) layer(ctx context.Context, repository, mediaType string, seed uint64, size int) (part, error) {
	raw, diffID, err := layer(seed, size)
	if err != nil {
		return part{}, err
	}
	d, err := r.Blob(ctx, repository, mediaType, raw)
	return part{d, diffID}, err
}

// kinds are the media types of one family.
type kinds struct{ index, manifest, config, layer string }

func oci() kinds    { return kinds{OCIIndex, OCIManifest, OCIConfig, OCILayer} }
func docker() kinds { return kinds{DockerList, DockerManifest, DockerConfig, DockerLayer} }

// manifest is an image, or what is stored like one.
type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType,omitempty"`
	Config        Descriptor        `json:"config"`
	Layers        []Descriptor      `json:"layers"`
	Subject       *Descriptor       `json:"subject,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []Descriptor `json:"manifests"`
}

// image writes the config and the manifest of layers that are there; label makes
// it differ from others.
func (r Registry) image(ctx context.Context, repository, tag string, k kinds, p Platform, label string, layers ...part) (Descriptor, error) {
	d, _, err := r.describedImage(ctx, repository, tag, k, p, label, layers...)
	return d, err
}

func (r Registry) describedImage(ctx context.Context, repository, tag string, k kinds, p Platform, label string, layers ...part) (d, config Descriptor, err error) {
	var diffs []string
	m := manifest{SchemaVersion: 2, MediaType: k.manifest}
	for _, l := range layers {
		diffs = append(diffs, l.diffID)
		m.Layers = append(m.Layers, l.Descriptor)
	}
	raw, err := json.Marshal(map[string]any{
		"created": "2026-11-20T12:00:00Z", "architecture": p.Architecture, "os": p.OS,
		"config": map[string]any{"Labels": map[string]string{"made.of": label}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": diffs},
	})
	if err != nil {
		return d, config, err
	}
	if m.Config, err = r.Blob(ctx, repository, k.config, raw); err != nil {
		return d, m.Config, err
	}
	d, err = r.put(ctx, repository, tag, k.manifest, m)
	d.Platform = &p
	return d, m.Config, err
}

func (r Registry) put(ctx context.Context, repository, tag, mediaType string, document any) (Descriptor, error) {
	raw, err := json.MarshalIndent(document, "", "  ") // spaces show who writes manifests anew
	if err != nil {
		return Descriptor{}, err
	}
	return r.Manifest(ctx, repository, tag, mediaType, raw)
}

// platform is the n-th of the platforms that images are made for.
func platform(n int) Platform {
	all := []string{"amd64", "arm64", "arm", "ppc64le", "s390x", "riscv64", "386", "mips64le"}
	return Platform{Architecture: all[n%len(all)], OS: "linux"}
}
