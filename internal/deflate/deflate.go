// Package deflate compresses files so that the same bytes serve in many
// containers: each chunk of a file becomes whole DEFLATE blocks (RFC 1951) that
// refer to nothing before them, are not final, and end on a byte boundary. Such
// chunks can stand one after the other inside a gzip member, between stored
// blocks, or be the body of a zip entry. It knows no container.
package deflate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"iter"
	"runtime"
	"sync"

	"github.com/klauspost/compress/flate"

	"falkirk/internal/fault"
)

// Level is part of what the bytes of a chunk depend on: changing it changes the
// digest of everything that is packed.
const Level = 6

// ChunkSize is the most bytes of a file that are compressed in one piece. It is
// part of what the bytes depend on, too.
const ChunkSize = 512 << 10

// Source is a file to compress.
type Source struct {
	Name string // for errors
	Size int64  // a file of another size has changed meanwhile, which is an error
	Open func() (io.ReadCloser, error)
}

// Chunk is a part of a file. Its bytes may be used until the next one is asked
// for.
type Chunk struct {
	File   int // index of the source
	Plain  []byte
	Packed []byte
	Last   bool // of its file; an empty file has one empty chunk
}

// Deflater compresses on all cores. A nil or zero Deflater has no cache.
type Deflater struct {
	cache *Cache
}

// New is a deflater that looks for chunks in a cache first, and keeps new ones
// there.
func New(cache *Cache) *Deflater { return &Deflater{cache: cache} }

// job is a chunk on its way through the workers.
type job struct {
	Chunk
	err  error
	done chan struct{}
}

func (j *job) end(err error) {
	j.err = err
	close(j.done)
}

// inFlight is how many chunks are held for each core.
const inFlight = 4

// All compresses files side by side and yields their chunks in order. It holds
// a fixed number of chunks, whatever the size of the files. The first error
// ends it.
func (d *Deflater) All(ctx context.Context, files []Source) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		workers := runtime.GOMAXPROCS(0)
		lent := newBuffers(2 * inFlight * workers)
		order, work := make(chan *job, inFlight*workers), make(chan *job, workers)
		var all sync.WaitGroup
		defer all.Wait()
		defer cancel()
		all.Go(func() {
			defer close(work)
			defer close(order)
			produce(ctx, files, lent, order, work)
		})
		for range workers {
			all.Go(func() { d.worker(ctx, lent, work) })
		}
		for j := range order {
			<-j.done
			if !yield(j.Chunk, j.err) || j.err != nil {
				return
			}
			lent.put(j.Plain)
			lent.put(j.Packed)
		}
		if err := ctx.Err(); err != nil {
			yield(Chunk{}, err)
		}
	}
}

// produce reads the files one after the other, and hands their chunks to those
// who wait for them in order and to those who compress them.
func produce(ctx context.Context, files []Source, lent *buffers, order, work chan<- *job) {
	hand := func(j *job, err error) bool {
		if err != nil {
			j.end(err)
		}
		select {
		case order <- j:
		case <-ctx.Done():
			return false
		}
		if err != nil {
			return false
		}
		select {
		case work <- j:
			return true
		case <-ctx.Done():
			j.end(ctx.Err())
			return false
		}
	}
	for i, f := range files {
		if !read(i, f, lent, hand) {
			return
		}
	}
}

// read hands over a file chunk by chunk; false when nobody wants more.
func read(i int, f Source, lent *buffers, hand func(*job, error) bool) bool {
	empty := func() *job { return &job{Chunk: Chunk{File: i}, done: make(chan struct{})} }
	body, err := f.Open()
	if err != nil {
		return hand(empty(), err)
	}
	defer body.Close() // it was only read
	for left := f.Size; ; {
		j := empty()
		j.Plain = lent.get(int(min(left, ChunkSize)))
		_, err := io.ReadFull(body, j.Plain)
		left -= int64(len(j.Plain))
		j.Last = left == 0
		if err == nil && j.Last && more(body) {
			err = io.ErrShortBuffer
		}
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrShortBuffer) {
			err = fault.New(fault.Conflict, "%q changed while it was being packed", f.Name)
		}
		if !hand(j, err) || j.Last {
			return err == nil
		}
	}
}

// more reports whether a file goes on where it should end.
func more(r io.Reader) bool {
	n, _ := io.ReadFull(r, make([]byte, 1))
	return n > 0
}

// worker compresses what it is given, until there is no more.
func (d *Deflater) worker(ctx context.Context, lent *buffers, work <-chan *job) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, Level)
	for j := range work {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			j.end(err)
			continue
		}
		j.end(d.chunk(j, lent, w, &out))
	}
}

func (d *Deflater) chunk(j *job, lent *buffers, w *flate.Writer, out *bytes.Buffer) error {
	if len(j.Plain) == 0 {
		return nil
	}
	pack := func() ([]byte, error) {
		out.Reset()
		w.Reset(out)
		if _, err := w.Write(j.Plain); err != nil {
			return nil, err
		}
		if err := w.Flush(); err != nil {
			return nil, err
		}
		raw := lent.get(out.Len())
		copy(raw, out.Bytes())
		return raw, nil
	}
	var err error
	if d == nil || d.cache == nil {
		j.Packed, err = pack()
		return err
	}
	j.Packed, err = d.cache.get(sha256.Sum256(j.Plain), lent.get, pack)
	return err
}
