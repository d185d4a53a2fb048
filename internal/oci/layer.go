package oci

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"falkirk/internal/deflate"
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

// WriteLayer streams a layer into dst. It holds no times and no owners, and of
// the modes only whether a file can be run, so the same content has the same
// digest everywhere. Folders above the entries are added. Files are compressed
// by d, on all cores and each once; d may be nil.
func WriteLayer(ctx context.Context, dst Sink, d *deflate.Deflater, entries []Entry, progress func(bytes int64)) (Layer, error) {
	blob, err := dst.Write(ctx)
	if err != nil {
		return Layer{}, err
	}
	defer blob.Discard()
	w := newMember(blob)
	if err := writeEntries(ctx, w, d, withFolders(entries), progress); err != nil {
		return Layer{}, err
	}
	if err := w.close(); err != nil {
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
		DiffID:     w.diffID(),
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

// writeEntries writes the headers of the archive as they are, and between them
// the files as they were compressed.
func writeEntries(ctx context.Context, w *member, d *deflate.Deflater, entries []Entry, progress func(int64)) error {
	var files []deflate.Source
	for _, e := range entries {
		if e.Mode.IsRegular() {
			files = append(files, deflate.Source{Name: e.Path, Size: e.Size, Open: e.Open})
		}
	}
	next, stop := iter.Pull2(d.All(ctx, files))
	defer stop()
	for _, e := range entries {
		head, err := header(e)
		if err == nil {
			err = w.plain(head)
		}
		for err == nil && e.Mode.IsRegular() {
			c, chunkErr, ok := next()
			if !ok {
				err = ctx.Err()
				break
			}
			if err = chunkErr; err == nil {
				err = w.packed(c)
			}
			if err == nil && progress != nil {
				progress(int64(len(c.Plain)))
			}
			if c.Last {
				break
			}
		}
		if err == nil {
			err = w.plain(make([]byte, padding(e)))
		}
		if err != nil {
			return fmt.Errorf("write %q into the layer: %w", e.Path, err)
		}
	}
	return w.plain(make([]byte, 2*block)) // the end of the archive
}

// block is the unit of a tar archive.
const block = 512

// padding fills the last block of a file.
func padding(e Entry) int64 {
	if !e.Mode.IsRegular() {
		return 0
	}
	return -e.Size & (block - 1)
}

// header is the entry's header as an archive has it.
func header(e Entry) ([]byte, error) {
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
		return nil, fault.New(fault.Invalid, "neither a file nor a folder nor a link (%s)", e.Mode)
	}
	var raw bytes.Buffer
	err := tar.NewWriter(&raw).WriteHeader(h)
	return raw.Bytes(), err
}
