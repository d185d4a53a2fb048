package bundle

import (
	"archive/zip"
	"bufio"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"

	"falkirk/internal/deflate"
	"falkirk/internal/delivery"
	"falkirk/internal/pack/tree"
)

// firstDay is 1980-01-01 as a zip archive writes dates: it knows none before.
const firstDay = 1<<5 | 1

// Flags of an entry (APPNOTE.TXT 4.4.4).
const (
	flagDescriptor = 0x8   // sum and sizes come after the content
	flagUTF8       = 0x800 // the name is UTF-8
)

// end is the last block of an entry: an empty one, final, that no code of a
// chunk has to know.
func end() []byte { return []byte{3, 0} }

// Write writes an archive of regular files, in the order given. It holds no
// times, and of the modes only whether a file can be run.
func Write(ctx context.Context, w io.Writer, d *deflate.Deflater, files []tree.File, report func(delivery.Progress)) error {
	out := bufio.NewWriterSize(w, 256<<10)
	archive := zip.NewWriter(out)
	progress := delivery.Progress{Unit: "bytes"}
	sources := make([]deflate.Source, len(files))
	for i, f := range files {
		sources[i] = deflate.Source{Name: f.Path, Size: f.Size, Open: f.Open}
		progress.Total += f.Size
	}
	var e entry
	for c, err := range d.All(ctx, sources) {
		if err == nil && e.body == nil {
			err = e.begin(archive, files[c.File], c.Last)
		}
		if err == nil {
			err = e.add(c)
		}
		if err != nil {
			return fmt.Errorf("write %q into the archive: %w", files[c.File].Path, err)
		}
		if c.Last {
			e = entry{}
			progress.Done += files[c.File].Size
			report(progress)
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return out.Flush()
}

// entry is a file on its way into the archive.
type entry struct {
	head *zip.FileHeader
	body io.Writer
	// whole is set when there is one chunk only, and its header waits for it.
	whole   bool
	archive *zip.Writer
}

func (e *entry) begin(archive *zip.Writer, f tree.File, whole bool) error {
	e.head = &zip.FileHeader{Name: f.Path, Method: zip.Deflate, Flags: flagUTF8}
	e.head.ModifiedDate = firstDay //nolint:staticcheck // Modified would add a field with a time zone
	mode := fs.FileMode(0o644)
	if f.Mode&0o100 != 0 {
		mode = 0o755
	}
	e.head.SetMode(mode)
	e.archive, e.whole = archive, whole
	if whole {
		return nil
	}
	e.head.Flags |= flagDescriptor
	var err error
	e.body, err = archive.CreateRaw(e.head)
	return err
}

// add writes a chunk. The header of a file with more than one has been written
// before its sizes were known, so those follow the content.
func (e *entry) add(c deflate.Chunk) error {
	e.head.CRC32 = crc32.Update(e.head.CRC32, crc32.IEEETable, c.Plain)
	e.head.UncompressedSize64 += uint64(len(c.Plain))
	e.head.CompressedSize64 += uint64(len(c.Packed))
	if c.Last {
		e.head.CompressedSize64 += uint64(len(end()))
	}
	if e.whole {
		var err error
		if e.body, err = e.archive.CreateRaw(e.head); err != nil {
			return err
		}
	} else {
		// CreateRaw has copied these from the long ones, when they were not known.
		//nolint:staticcheck // the archive's end is written from them
		e.head.CompressedSize = uint32(min(e.head.CompressedSize64, 1<<32-1))
		//nolint:staticcheck // the archive's end is written from them
		e.head.UncompressedSize = uint32(min(e.head.UncompressedSize64, 1<<32-1))
	}
	_, err := e.body.Write(c.Packed)
	if err == nil && c.Last {
		_, err = e.body.Write(end())
	}
	return err
}
