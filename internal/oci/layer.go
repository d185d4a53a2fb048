package oci

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"

	"falkirk/internal/fault"
)

// Entry is one file, folder or link of a layer to be written.
type Entry struct {
	Path string // slash-separated, relative to the root of the image
	Mode fs.FileMode
	Link string // target of a symbolic link
	Size int64
	Open func() (io.ReadCloser, error) // files only
}

// Layer is a layer that was written.
type Layer struct {
	Descriptor
	DiffID v1.Hash
}

// level is part of what the digest of a layer depends on: changing it changes
// the digest of every image that is packed.
const level = 6

// WriteLayer streams a layer into dst. It holds no times and no owners, and of
// the modes only whether a file can be run, so the same content has the same
// digest everywhere. Folders above the entries are added.
func WriteLayer(ctx context.Context, dst Sink, entries []Entry, progress func(bytes int64)) (Layer, error) {
	blob, err := dst.Write(ctx)
	if err != nil {
		return Layer{}, err
	}
	defer blob.Discard()
	packed, err := gzip.NewWriterLevel(blob, level)
	if err != nil {
		return Layer{}, err
	}
	plain := sha256.New()
	archive := tar.NewWriter(io.MultiWriter(plain, packed))
	for _, e := range withFolders(entries) {
		if err := writeEntry(ctx, archive, e, progress); err != nil {
			return Layer{}, fmt.Errorf("write %q into the layer: %w", e.Path, err)
		}
	}
	if err := errors.Join(archive.Close(), packed.Close()); err != nil {
		return Layer{}, fmt.Errorf("write layer: %w", err)
	}
	digest, size, err := blob.Commit(ctx)
	if err != nil {
		return Layer{}, err
	}
	hash, err := v1.NewHash(digest)
	if err != nil {
		return Layer{}, err
	}
	return Layer{
		Descriptor: Descriptor{MediaType: types.OCILayer, Digest: hash, Size: size},
		DiffID:     v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(plain.Sum(nil))},
	}, nil
}

// withFolders adds the folders above the entries and sorts by path, so that a
// folder comes before what is in it.
func withFolders(entries []Entry) []Entry {
	all, have := slices.Clone(entries), map[string]bool{}
	for _, e := range entries {
		have[e.Path] = true
	}
	for _, e := range entries {
		for dir := path.Dir(e.Path); dir != "." && !have[dir]; dir = path.Dir(dir) {
			have[dir] = true
			all = append(all, Entry{Path: dir, Mode: fs.ModeDir})
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return all
}

func writeEntry(ctx context.Context, archive *tar.Writer, e Entry, progress func(int64)) error {
	h := &tar.Header{Name: e.Path, ModTime: time.Unix(0, 0)}
	switch {
	case e.Mode.IsDir():
		h.Typeflag, h.Name, h.Mode = tar.TypeDir, e.Path+"/", 0o755
	case e.Mode&fs.ModeSymlink != 0:
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, e.Link, 0o777
	case e.Mode.IsRegular():
		h.Typeflag, h.Size, h.Mode = tar.TypeReg, e.Size, 0o644
		if e.Mode&0o100 != 0 { // a umask may take the other two
			h.Mode = 0o755
		}
	default:
		return fault.New(fault.Invalid, "neither a file nor a folder nor a link (%s)", e.Mode)
	}
	if err := archive.WriteHeader(h); err != nil || h.Typeflag != tar.TypeReg {
		return err
	}
	body, err := e.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(archive, &passing{ctx: ctx, r: body, tell: progress})
	return err
}

// passing tells of the bytes that pass and ends with its context.
type passing struct {
	ctx  context.Context
	r    io.Reader
	tell func(int64)
}

func (p *passing) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := p.r.Read(b)
	if n > 0 && p.tell != nil {
		p.tell(int64(n))
	}
	return n, err
}
