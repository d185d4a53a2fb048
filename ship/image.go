package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"

	"falkirk/internal/oci"
)

// writeImage writes an OCI image layout as one tar archive: an index with one
// image for each PLATFORM=PROGRAM, on scratch, with the roots of trust that Go
// publishes. The same programs give the same bytes.
func writeImage(ctx context.Context, archive, version string, programs []string) error {
	blobs := blobs{}
	b := &oci.Builder{Sink: blobs}
	var images []oci.Descriptor
	for _, p := range programs {
		platform, path, ok := strings.Cut(p, "=")
		if !ok {
			return fmt.Errorf("%q is not PLATFORM=PROGRAM", p)
		}
		d, err := image(ctx, b, platform, path)
		if err != nil {
			return fmt.Errorf("image for %s: %w", platform, err)
		}
		images = append(images, d)
	}
	root, err := b.Index(ctx, images)
	if err != nil {
		return err
	}
	root.Annotations = map[string]string{
		"org.opencontainers.image.ref.name": version, "org.opencontainers.image.version": version,
		"org.opencontainers.image.title": "falkirk", "org.opencontainers.image.licenses": "Apache-2.0",
	}
	return writeLayout(archive, blobs, root)
}

func image(ctx context.Context, b *oci.Builder, platform, path string) (oci.Descriptor, error) {
	program, err := os.ReadFile(path)
	if err != nil {
		return oci.Descriptor{}, err
	}
	base, err := oci.Scratch(platform)
	if err != nil {
		return oci.Descriptor{}, err
	}
	layer, err := oci.WriteLayer(ctx, b.Sink, nil, []oci.Entry{
		entry("usr/bin/falkirk", 0o755, program),
		entry("etc/ssl/certs/ca-certificates.crt", 0o644, roots()),
		{Path: "tmp", Mode: os.ModeDir},
		{Path: "work", Mode: os.ModeDir},
	}, func(int64) {})
	if err != nil {
		return oci.Descriptor{}, err
	}
	return b.Image(ctx, base, layer, oci.Change{
		Entrypoint: []string{"/usr/bin/falkirk"}, WorkingDir: "/work", Env: map[string]string{"PATH": "/usr/bin"},
	})
}

func entry(path string, mode os.FileMode, content []byte) oci.Entry {
	return oci.Entry{Path: path, Mode: mode, Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}}
}

// roots are the certificates in PEM, without those that are trusted under a
// condition only, which PEM cannot say.
func roots() []byte {
	var out bytes.Buffer
	for r := range bundle.Roots() {
		if r.Constraint == nil {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate}) // a buffer takes everything
		}
	}
	return out.Bytes()
}

func index(root oci.Descriptor) ([]byte, error) {
	return json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{root}})
}
