package deflate

import (
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Key is the SHA-256 of a chunk before it is compressed.
type Key [32]byte

// Cache keeps compressed chunks in a folder, so that what did not change is not
// compressed again. Whatever is wrong with it costs time and nothing else: it
// may be deleted at any moment, a damaged chunk is compressed anew, and what
// cannot be written is not kept. Many processes may use one folder.
type Cache struct {
	dir      string
	limit    int64
	segments []*segment

	mu      sync.Mutex
	fresh   *draft // what this process has compressed; nil when it cannot be kept
	waiting map[Key]chan struct{}
	hits    atomic.Int64
	misses  atomic.Int64
}

// Limit is the most bytes that a cache keeps on disk.
const Limit = 1 << 30

// OpenCache opens the cache in a folder, which is made when there is something
// to keep. Close must be called.
func OpenCache(dir string, limit int64) *Cache {
	c := &Cache{dir: filepath.Join(dir, "deflate-"+format()), limit: limit, waiting: map[Key]chan struct{}{}}
	names, err := os.ReadDir(c.dir)
	if err != nil {
		return c
	}
	for _, n := range names {
		if s, err := openSegment(filepath.Join(c.dir, n.Name())); err == nil {
			c.segments = append(c.segments, s)
		}
	}
	return c
}

// format names everything that the bytes of a chunk depend on.
func format() string {
	name := strconv.Itoa(Level) + "-" + strconv.Itoa(ChunkSize>>10)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == "github.com/klauspost/compress" {
				name += "-" + m.Version
			}
		}
	}
	return name
}

// Used is how many chunks were found, and how many were compressed.
func (c *Cache) Used() (found, compressed int64) { return c.hits.Load(), c.misses.Load() }

// get gives a compressed chunk. Of several who want the same one at once, one
// compresses it and the others wait.
func (c *Cache) get(k Key, room func(int) []byte, pack func() ([]byte, error)) ([]byte, error) {
	if raw, ok := c.look(k, room); ok {
		c.hits.Add(1)
		return raw, nil
	}
	c.mu.Lock()
	busy, is := c.waiting[k]
	if !is {
		busy = make(chan struct{})
		c.waiting[k] = busy
	}
	c.mu.Unlock()
	if is {
		<-busy
		if raw, ok := c.look(k, room); ok {
			c.hits.Add(1)
			return raw, nil
		}
		return pack() // it could not be kept
	}
	defer c.done(k, busy)
	raw, err := pack()
	if err == nil {
		c.misses.Add(1)
		c.keep(k, raw)
	}
	return raw, err
}

func (c *Cache) done(k Key, busy chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, k)
	close(busy)
}

// look finds a chunk, and passes over one that is damaged.
func (c *Cache) look(k Key, room func(int) []byte) ([]byte, bool) {
	for _, s := range c.segments {
		if raw, ok := s.read(k, room); ok {
			return raw, true
		}
	}
	c.mu.Lock()
	d := c.fresh
	c.mu.Unlock()
	if d == nil {
		return nil, false
	}
	return d.read(k, room)
}

// keep adds a chunk to what this process will leave.
func (c *Cache) keep(k Key, raw []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh == nil {
		d, err := newDraft(c.dir)
		if err != nil {
			return
		}
		c.fresh = d
	}
	c.fresh.add(k, raw)
}

// Close keeps what was compressed, and makes room where there is too much. An
// error says that the next packing has more to do, and is no error of this one.
func (c *Cache) Close() error {
	var errs []error
	if c.fresh != nil {
		errs = append(errs, c.fresh.finish())
	}
	for _, s := range c.segments {
		errs = append(errs, s.close())
	}
	return errors.Join(append(errs, c.trim())...)
}

// abandoned is the age from which an unfinished file is that of a dead process.
const abandoned = time.Hour

// trim removes what was used longest ago, while there is more than the limit.
func (c *Cache) trim() error {
	names, err := os.ReadDir(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var all []fs.FileInfo
	var sum int64
	for _, n := range names {
		info, err := n.Info()
		if err != nil {
			continue
		}
		if filepath.Ext(n.Name()) != segmentExt {
			if time.Since(info.ModTime()) > abandoned {
				_ = os.Remove(filepath.Join(c.dir, n.Name())) // it is in nobody's way
			}
			continue
		}
		all, sum = append(all, info), sum+info.Size()
	}
	for sum > c.limit && len(all) > 0 {
		oldest := 0
		for i, info := range all {
			if info.ModTime().Before(all[oldest].ModTime()) {
				oldest = i
			}
		}
		sum -= all[oldest].Size()
		err = errors.Join(err, os.Remove(filepath.Join(c.dir, all[oldest].Name())))
		all = append(all[:oldest], all[oldest+1:]...)
	}
	return err
}

// table is the polynomial of the sums that chunks on disk are checked by.
func table() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }
