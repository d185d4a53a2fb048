package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"falkirk/internal/oci"
)

// blobs keeps the blobs of an image by digest, in memory.
type blobs map[string][]byte

// Has implements oci.Sink.
func (b blobs) Has(_ context.Context, digest string) (bool, error) {
	_, ok := b[digest]
	return ok, nil
}

// Write implements oci.Sink.
func (b blobs) Write(context.Context) (oci.Blob, error) { return &blob{to: b}, nil }

type blob struct {
	bytes.Buffer
	to blobs
}

// Commit implements oci.Blob.
func (b *blob) Commit(context.Context) (digest string, size int64, err error) {
	sum := sha256.Sum256(b.Bytes())
	digest = "sha256:" + hex.EncodeToString(sum[:])
	b.to[digest] = bytes.Clone(b.Bytes())
	return digest, int64(b.Len()), nil
}

// Discard implements oci.Blob.
func (b *blob) Discard() {}

// writeLayout writes an image layout (OCI Image Layout 1.0.0) as a tar archive
// without times and owners.
func writeLayout(path string, all blobs, root oci.Descriptor) error {
	top, err := index(root)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	files := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`), "index.json": top}
	for digest, raw := range all {
		files["blobs/sha256/"+digest[len("sha256:"):]] = raw
	}
	for _, dir := range []string{"blobs/", "blobs/sha256/"} {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755, ModTime: time.Unix(0, 0)}); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(files[name])), ModTime: time.Unix(0, 0)}
		if err := archive.WriteHeader(h); err != nil {
			return err
		}
		if _, err := archive.Write(files[name]); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the image: %w", err)
	}
	return nil
}
