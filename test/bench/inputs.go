//go:build unix

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// material makes text and noise from a seed, in small pieces: the memory of this
// process is the least that a child's is measured as.
type material struct {
	noise *rand.ChaCha8
	pick  *rand.Rand
	zipf  *rand.Zipf
	words []string
}

func newMaterial(seed byte) *material {
	m := &material{noise: rand.NewChaCha8([32]byte{seed})}
	m.pick = rand.New(m.noise)
	m.zipf = rand.NewZipf(m.pick, 1.2, 4, 3999)
	for range 4000 {
		word := make([]byte, 2+m.pick.IntN(9))
		for i := range word {
			word[i] = "etaoinshrdlucmfwypvbgkjqxz"[min(m.pick.IntN(26), m.pick.IntN(26))]
		}
		m.words = append(m.words, string(word))
	}
	return m
}

const pieceSize = 32 << 10

// write fills a file with text, or with text and noise in turns.
func (m *material) write(at string, size int64, noisy bool) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	f, err := os.Create(at)
	if err != nil {
		return err
	}
	for i := 0; size > 0 && err == nil; i++ {
		n := min(size, pieceSize)
		if noisy && i%2 == 1 {
			_, err = io.CopyN(f, m.noise, n)
		} else {
			_, err = f.Write(m.text(int(n)))
		}
		size -= n
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

func (m *material) text(n int) []byte {
	var b strings.Builder
	b.Grow(n + 32)
	for b.Len() < n {
		b.WriteString(m.words[m.zipf.Uint64()])
		b.WriteString([]string{" ", " ", " ", ", ", ".\n", `" class="`, "</p>\n<p>"}[m.pick.IntN(7)])
	}
	return []byte(b.String()[:n])
}

// inputs makes the folder that is packed, a copy with other times, one in which
// one in a hundred files differs, and one with a single large file.
func (b *bench) inputs() error {
	for name, changed := range map[string]bool{"same": false, "copy": false, "changed": true} {
		if err := b.folder(b.path("in", name), changed); err != nil {
			return err
		}
	}
	later := time.Now().Add(-72 * time.Hour)
	err := filepath.Walk(b.path("in", "copy"), func(at string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(at, later, later)
	})
	if err != nil {
		return err
	}
	return newMaterial(9).write(b.path("in", "one", "app"), b.size.one, true)
}

func (b *bench) folder(at string, changed bool) error {
	m, other := newMaterial(1), newMaterial(2)
	for i := range b.size.small {
		name := fmt.Sprintf("assets/%02d/page-%04d.html", i%50, i)
		if i == 0 {
			name = "index.html"
		}
		size := int64(200 + m.pick.IntN(7600))
		at := filepath.Join(at, name)
		if err := m.write(at, size, false); err != nil {
			return err
		}
		if !changed || i%100 != 7 {
			continue
		}
		if err := other.write(at, size, false); err != nil {
			return err
		}
	}
	for i := range b.size.large {
		size := int64(1+i%6) << 20
		if err := m.write(filepath.Join(at, fmt.Sprintf("media/film-%02d.bin", i)), size, true); err != nil {
			return err
		}
	}
	return nil
}
