package oci

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"falkirk/internal/fault"
)

// Limits stop an image that would fill the disk. A zero field takes its default.
type Limits struct {
	Bytes   int64 // of all files together; default 16 GiB
	Entries int64 // of all layers together; default 2 million
	Ratio   int64 // unpacked to packed size of a layer, asked once it has unpacked to Grace; default 200
	Grace   int64 // default 1 GiB
}

func (l Limits) orDefaults() Limits {
	set := func(field *int64, value int64) {
		if *field == 0 {
			*field = value
		}
	}
	set(&l.Bytes, 16<<30)
	set(&l.Entries, 2_000_000)
	set(&l.Ratio, 200)
	set(&l.Grace, 1<<30)
	return l
}

// Unpacker lays out root file systems. The zero Unpacker is ready.
type Unpacker struct {
	Limits Limits
	Note   func(string) // told of what was left out, such as a device node; may be nil
}

// Unpack lays out an image with the default limits; see Unpacker.Unpack.
func Unpack(ctx context.Context, b Blobs, digest, platform, dir string) (Config, error) {
	return Unpacker{}.Unpack(ctx, b, digest, platform, dir)
}

// Unpack lays the root file system that an image has for a platform under dir,
// which must not exist or be empty. Nothing is written outside dir, whatever the
// layers hold. On an error, dir is emptied again; a killed process leaves it half
// laid out, so unpack beside the place where it is wanted and rename.
func (u Unpacker) Unpack(ctx context.Context, b Blobs, digest, platform, dir string) (Config, error) {
	config, layers, err := Inspect(ctx, b, digest, platform)
	if err != nil {
		return Config{}, err
	}
	root, err := emptyRoot(dir)
	if err != nil {
		return Config{}, err
	}
	defer root.Close()
	t := &tree{root: root, owner: os.Geteuid() == 0, limits: u.Limits.orDefaults(), note: u.Note}
	for _, layer := range layers {
		if err = t.layer(ctx, b, layer); err != nil {
			err = fmt.Errorf("unpack layer %s: %w", layer.Digest, err)
			break
		}
	}
	if err == nil {
		err = t.finish()
	}
	if err != nil {
		return Config{}, errors.Join(err, t.clear())
	}
	return config, nil
}

func emptyRoot(dir string) (*os.Root, error) {
	if err := os.MkdirAll(filepath.Clean(dir), 0o755); err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	names, err := readNames(root, ".")
	if err == nil && len(names) > 0 {
		err = fault.New(fault.Conflict, "unpack: %s is not empty", dir)
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// layer applies one layer: the blob is verified to its last byte.
func (t *tree) layer(ctx context.Context, b Blobs, d Descriptor) error {
	blob, err := open(ctx, b, d.Digest.String())
	if err != nil {
		return err
	}
	defer blob.Close()
	plain, err := decompress(blob)
	if err != nil {
		return err
	}
	defer plain.Close()
	t.layerBegins()
	counted := &counter{r: plain, most: func(n int64) error { return t.checkRatio(n, blob.size) }}
	if err := t.archive(counted); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, counted); err != nil { // padding after the archive's end
		return err
	}
	if _, err := io.Copy(io.Discard, blob); err != nil { // reaches the check of the digest
		return err
	}
	if blob.size != d.Size {
		return fault.New(fault.Invalid, "the manifest says %d bytes, it has %d", d.Size, blob.size)
	}
	return nil
}

func (t *tree) archive(r io.Reader) error {
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fault.New(fault.Invalid, "not a tar archive: %w", err)
		}
		t.entries++
		if t.entries > t.limits.Entries {
			return tooMuch("more than %d entries", t.limits.Entries)
		}
		if err := t.entry(h, archive); err != nil {
			return fmt.Errorf("%q: %w", h.Name, err)
		}
	}
}

func (t *tree) checkRatio(unpacked, packed int64) error {
	if unpacked > t.limits.Grace && unpacked/t.limits.Ratio > packed {
		return tooMuch("%d bytes come out of %d", unpacked, packed)
	}
	if unpacked/2 > t.limits.Bytes { // an archive of headers only is not counted as files
		return tooMuch("more than %d bytes", t.limits.Bytes)
	}
	return nil
}

func tooMuch(format string, args ...any) error {
	return fault.New(fault.Refused, "refused, it looks like a bomb: "+format, args...)
}

// counter asks, as bytes pass, whether there may be so many.
type counter struct {
	r    io.Reader
	n    int64
	most func(int64) error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if refused := c.most(c.n); refused != nil {
		return n, refused
	}
	return n, err
}
