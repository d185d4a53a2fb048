package deflate_test

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"falkirk/internal/deflate"
	"falkirk/internal/fault"
	"falkirk/test/chaos"
)

// end is an empty final block.
var end = []byte{3, 0}

func source(name string, raw []byte) deflate.Source {
	return deflate.Source{Name: name, Size: int64(len(raw)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }}
}

// mixed is files of all sizes around the borders, of text and of noise.
func mixed() [][]byte {
	r := rand.New(rand.NewPCG(3, 4))
	var all [][]byte
	for _, n := range []int{0, 1, 500, 70_000, deflate.ChunkSize - 1, deflate.ChunkSize, deflate.ChunkSize + 1, 3*deflate.ChunkSize + 17} {
		noise := make([]byte, n)
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		all = append(all, noise, []byte(strings.Repeat("all work and no play ", n/21+1))[:n])
	}
	return all
}

// packed compresses files and unpacks them again with the standard library.
func packed(t *testing.T, d *deflate.Deflater, files [][]byte) []byte {
	t.Helper()
	var sources []deflate.Source
	for i, raw := range files {
		sources = append(sources, source(fmt.Sprint(i), raw))
	}
	var all, one, plain bytes.Buffer
	file := 0
	for c, err := range d.All(t.Context(), sources) {
		if err != nil {
			t.Fatal(err)
		}
		if c.File != file {
			t.Fatalf("a chunk of file %d, want %d", c.File, file)
		}
		all.Write(c.Packed)
		one.Write(c.Packed)
		plain.Write(c.Plain)
		if !c.Last {
			continue
		}
		one.Write(end)
		back, err := io.ReadAll(flate.NewReader(&one))
		if err != nil || !bytes.Equal(back, files[file]) || !bytes.Equal(plain.Bytes(), files[file]) {
			t.Fatalf("file %d of %d bytes comes back as %d bytes, %v", file, len(files[file]), len(back), err)
		}
		one.Reset()
		plain.Reset()
		file++
	}
	if file != len(files) {
		t.Fatalf("%d files of %d", file, len(files))
	}
	// One after the other the chunks are one stream as well.
	back, err := io.ReadAll(flate.NewReader(bytes.NewReader(append(slices.Clone(all.Bytes()), end...))))
	if err != nil || !bytes.Equal(back, bytes.Join(files, nil)) {
		t.Fatal("the chunks together are no stream:", err)
	}
	return all.Bytes()
}

func TestTheSameBytesWithAndWithoutCache(t *testing.T) {
	t.Parallel()
	files := mixed()
	want := packed(t, nil, files)
	dir := t.TempDir()
	for round := range 3 {
		c := deflate.OpenCache(dir, deflate.Limit)
		if !bytes.Equal(packed(t, deflate.New(c), files), want) {
			t.Errorf("round %d: other bytes", round)
		}
		found, made := c.Used()
		if round > 0 && made > 0 {
			t.Errorf("round %d: %d found, %d compressed again", round, found, made)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	files[5] = append([]byte("changed"), files[5][7:]...)
	c := deflate.OpenCache(dir, deflate.Limit)
	defer c.Close()
	packed(t, deflate.New(c), files)
	if _, made := c.Used(); made != 1 {
		t.Errorf("one file changed, and %d chunks were compressed", made)
	}
}

// spoil changes the cache's files in every way at once and at random.
func TestASpoiltCacheIsOnlySlower(t *testing.T) {
	t.Parallel()
	files := mixed()
	want := packed(t, nil, files)
	dir := t.TempDir()
	c := deflate.OpenCache(dir, deflate.Limit)
	packed(t, deflate.New(c), files)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	good := map[string][]byte{}
	walk(t, dir, func(path string) { good[path], _ = os.ReadFile(path) })
	r := rand.New(rand.NewPCG(1, 2))
	for round := range chaos.Count(12, 60) {
		for path, raw := range good {
			raw = slices.Clone(raw)
			switch round % 3 {
			case 0:
				raw[r.IntN(len(raw))] ^= 1 << r.IntN(8)
			case 1:
				raw = raw[:r.IntN(len(raw))]
			default:
				i := len(raw) - 1 - r.IntN(300)
				raw[i] ^= 0xff
			}
			if err := os.WriteFile(path, raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c := deflate.OpenCache(dir, deflate.Limit)
		if !bytes.Equal(packed(t, deflate.New(c), files), want) {
			t.Fatalf("round %d: a spoilt cache gives other bytes", round)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		walk(t, dir, func(path string) {
			if good[path] == nil {
				_ = os.Remove(path)
			}
		})
	}
}

func walk(t *testing.T, dir string, do func(path string)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			do(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 8 {
		c := deflate.OpenCache(dir, 300_000)
		noise := make([]byte, 100_000)
		r := rand.New(rand.NewPCG(9, uint64(i)))
		for j := range noise {
			noise[j] = byte(r.Uint32())
		}
		packed(t, deflate.New(c), [][]byte{noise})
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		var sum int64
		walk(t, dir, func(path string) {
			if info, err := os.Stat(path); err == nil {
				sum += info.Size()
			}
		})
		if sum > 300_000 {
			t.Fatalf("%d bytes are kept", sum)
		}
	}
}

// TestManyUseOneCache compresses the same files from many goroutines, through
// caches of their own on one folder.
func TestManyUseOneCache(t *testing.T) {
	t.Parallel()
	files, dir := mixed(), t.TempDir()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			c := deflate.OpenCache(dir, deflate.Limit)
			packed(t, deflate.New(c), files)
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	c := deflate.OpenCache(dir, deflate.Limit)
	defer c.Close()
	d := deflate.New(c)
	var two sync.WaitGroup
	for range 2 {
		two.Go(func() { packed(t, d, files) })
	}
	two.Wait()
	if found, made := c.Used(); made > 0 || found == 0 {
		t.Errorf("%d found, %d compressed", found, made)
	}
}

func TestEachIsCompressedOnce(t *testing.T) {
	t.Parallel()
	files := mixed()
	c := deflate.OpenCache(t.TempDir(), deflate.Limit)
	defer c.Close()
	d := deflate.New(c)
	var two sync.WaitGroup
	for range 2 {
		two.Go(func() { packed(t, d, files) })
	}
	two.Wait()
	distinct := map[string]bool{}
	for _, f := range files {
		for len(f) > 0 {
			n := min(len(f), deflate.ChunkSize)
			distinct[string(f[:n])], f = true, f[n:]
		}
	}
	if found, made := c.Used(); int(made) > len(distinct)+2 {
		t.Errorf("%d distinct chunks, %d compressed, %d found", len(distinct), made, found)
	}
}

func TestAFileThatChangesIsAnError(t *testing.T) {
	t.Parallel()
	big := bytes.Repeat([]byte("x"), 2*deflate.ChunkSize)
	for name, s := range map[string]deflate.Source{
		"shorter": {Name: "f", Size: 10, Open: source("f", []byte("abc")).Open},
		"longer":  {Name: "f", Size: 10, Open: source("f", []byte("abcdefghijklm")).Open},
		"cut":     {Name: "f", Size: int64(len(big)) + 5, Open: source("f", big).Open},
	} {
		var err error
		for _, e := range deflate.New(nil).All(t.Context(), []deflate.Source{source("a", []byte("a")), s, source("b", big)}) {
			err = errors.Join(err, e)
		}
		if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), `"f" changed`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	gone := errors.New("gone")
	s := deflate.Source{Name: "f", Open: func() (io.ReadCloser, error) { return nil, gone }}
	for _, err := range deflate.New(nil).All(t.Context(), []deflate.Source{s}) {
		if !errors.Is(err, gone) {
			t.Error(err)
		}
	}
}

func TestCancelEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	files := []deflate.Source{source("a", []byte("a"))}
	for range 50 {
		files = append(files, source("b", make([]byte, deflate.ChunkSize)))
	}
	var last error
	for _, err := range deflate.New(nil).All(ctx, files) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("it ends with %v", last)
	}
	for range deflate.New(nil).All(t.Context(), files) {
		break // and who stops early leaves nothing running, or the test hangs
	}
}
