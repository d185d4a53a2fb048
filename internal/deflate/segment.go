package deflate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// A segment is a file of chunks: the chunks, then an index, then a footer of
// footerSize bytes. All numbers are big-endian.
//
//	index   for each chunk: key (32), offset (8), length (4), CRC-32C (4)
//	footer  offset of the index (8), number of chunks (8), CRC-32C of the index (4), "fkdefl01" (8)
const (
	segmentExt = ".seg"
	indexSize  = 32 + 8 + 4 + 4
	footerSize = 8 + 8 + 4 + 8
	magic      = "fkdefl01"
)

// spot is where a chunk lies in a file.
type spot struct {
	offset int64
	length uint32
	sum    uint32
}

func (s spot) read(f *os.File, room func(int) []byte) ([]byte, bool) {
	raw := room(int(s.length))
	if _, err := f.ReadAt(raw, s.offset); err != nil || crc32.Checksum(raw, table()) != s.sum {
		return nil, false
	}
	return raw, true
}

// segment is a finished file of the cache.
type segment struct {
	path string
	file *os.File
	at   map[Key]spot
	used atomic.Bool
}

func openSegment(path string) (*segment, error) {
	if filepath.Ext(path) != segmentExt {
		return nil, fmt.Errorf("%s is no segment", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := &segment{path: path, file: f}
	if s.at, err = readIndex(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

var errDamaged = errors.New("the segment is damaged")

func readIndex(f *os.File) (map[Key]spot, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	foot := make([]byte, footerSize)
	if size < footerSize {
		return nil, errDamaged
	}
	if _, err := f.ReadAt(foot, size-footerSize); err != nil {
		return nil, err
	}
	start, n := binary.BigEndian.Uint64(foot), binary.BigEndian.Uint64(foot[8:])
	if string(foot[20:]) != magic || n > uint64(size)/indexSize || start != uint64(size)-footerSize-n*indexSize {
		return nil, errDamaged
	}
	raw := make([]byte, n*indexSize)
	if _, err := f.ReadAt(raw, int64(start)); err != nil {
		return nil, err
	}
	if crc32.Checksum(raw, table()) != binary.BigEndian.Uint32(foot[16:]) {
		return nil, errDamaged
	}
	at := make(map[Key]spot, n)
	for ; len(raw) > 0; raw = raw[indexSize:] {
		s := spot{int64(binary.BigEndian.Uint64(raw[32:])), binary.BigEndian.Uint32(raw[40:]), binary.BigEndian.Uint32(raw[44:])}
		if s.offset < 0 || uint64(s.offset)+uint64(s.length) > start {
			return nil, errDamaged
		}
		at[Key(raw[:32])] = s
	}
	return at, nil
}

func (s *segment) read(k Key, room func(int) []byte) ([]byte, bool) {
	at, is := s.at[k]
	if !is {
		return nil, false
	}
	raw, ok := at.read(s.file, room)
	if ok {
		s.used.Store(true)
	}
	return raw, ok
}

// close notes that the segment was of use, so that others go before it.
func (s *segment) close() error {
	if s.used.Load() {
		now := time.Now()
		_ = os.Chtimes(s.path, now, now) // only the order of removal depends on it
	}
	return s.file.Close()
}

// draft is a segment being written.
type draft struct {
	file *os.File

	mu    sync.Mutex
	at    map[Key]spot
	index []byte
	size  int64
	err   error
}

func newDraft(dir string) (*draft, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, "draft-*")
	return &draft{file: f, at: map[Key]spot{}}, err
}

func (d *draft) add(k Key, raw []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, is := d.at[k]; is || d.err != nil {
		return
	}
	if _, d.err = d.file.WriteAt(raw, d.size); d.err != nil {
		return
	}
	s := spot{d.size, uint32(len(raw)), crc32.Checksum(raw, table())}
	d.at[k], d.size = s, d.size+int64(len(raw))
	d.index = append(d.index, k[:]...)
	d.index = binary.BigEndian.AppendUint64(d.index, uint64(s.offset))
	d.index = binary.BigEndian.AppendUint32(d.index, s.length)
	d.index = binary.BigEndian.AppendUint32(d.index, s.sum)
}

func (d *draft) read(k Key, room func(int) []byte) ([]byte, bool) {
	d.mu.Lock()
	at, is := d.at[k]
	d.mu.Unlock()
	if !is {
		return nil, false
	}
	return at.read(d.file, room)
}

// finish writes the index and gives the file its name; where that fails there
// is no file.
func (d *draft) finish() error {
	foot := binary.BigEndian.AppendUint64(nil, uint64(d.size))
	foot = binary.BigEndian.AppendUint64(foot, uint64(len(d.at)))
	foot = binary.BigEndian.AppendUint32(foot, crc32.Checksum(d.index, table()))
	err := d.err
	if err == nil {
		_, err = d.file.WriteAt(append(append(d.index, foot...), magic...), d.size)
	}
	err = errors.Join(err, d.file.Close())
	if err == nil {
		err = os.Rename(d.file.Name(), d.file.Name()+segmentExt)
	}
	if err != nil {
		return errors.Join(err, os.Remove(d.file.Name()))
	}
	return nil
}
