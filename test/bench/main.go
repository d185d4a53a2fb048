//go:build unix

// Command bench measures start-up and the memory of packing, and prints the
// table that the guide shows.
package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() {
	if err := measure(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(work string) error {
	fmt.Printf("%s, %d cores, %s/%s\n\n", runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(out, "WHAT\tMEDIAN\tSLOWEST\tPEAK MEMORY")
	binary := filepath.Join(work, "falkirk")
	if err := row(out, "falkirk version", 40, func() (usage, error) { return run(work, binary, "version") }); err != nil {
		return err
	}
	for _, size := range []int{50, 500} {
		for _, kind := range []string{"site", "image"} {
			dir := filepath.Join(work, fmt.Sprintf("%s-%d", kind, size))
			if err := makeApp(dir, kind, size); err != nil {
				return err
			}
			n := 0
			what := fmt.Sprintf("pack a %s of %d MB, 20 files", kind, size)
			err := row(out, what, 3, func() (usage, error) {
				n++
				if err := os.RemoveAll(filepath.Join(dir, ".falkirk")); err != nil {
					return usage{}, err
				}
				return run(dir, binary, "pack", "-q", "--version", fmt.Sprint(n))
			})
			if err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

type usage struct {
	took time.Duration
	peak int64 // bytes
}

func run(dir, binary string, args ...string) (usage, error) {
	cmd := exec.Command(binary, args...)
	cmd.Dir = dir
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return usage{}, fmt.Errorf("falkirk %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	took := time.Since(began)
	peak := int64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	if runtime.GOOS == "linux" {
		peak <<= 10 // getrusage(2): kilobytes there
	}
	return usage{took, peak}, nil
}

func row(out *tabwriter.Writer, what string, times int, do func() (usage, error)) error {
	var all []time.Duration
	var peak int64
	for range times {
		u, err := do()
		if err != nil {
			return err
		}
		all, peak = append(all, u.took), max(peak, u.peak)
	}
	slices.Sort(all)
	fmt.Fprintf(out, "%s\t%.1f ms\t%.1f ms\t%d MB\n", what, ms(all[len(all)/2]), ms(all[len(all)-1]), peak>>20)
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// makeApp writes an app of one component of the size, half of it noise.
func makeApp(dir, kind string, megabytes int) error {
	settings := map[string]string{
		"site":  `site: {path: files, entries: ["/f0"]}`,
		"image": `image: {folder: files, entrypoint: [/app/f0]}`,
	}
	text := "app: bench\ncomponents:\n  part:\n    " + settings[kind] +
		"\n    target: {local: {}}\nenvironments: [{name: dev}]\n"
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "falkirk.yml"), []byte(text), 0o644); err != nil {
		return err
	}
	noise := rand.NewChaCha8([32]byte{1})
	const files = 20
	// Small pieces: the memory of this process is the least that a child's is measured as.
	piece := make([]byte, 64<<10)
	for i := range files {
		f, err := os.Create(filepath.Join(dir, "files", fmt.Sprintf("f%d", i)))
		if err != nil {
			return err
		}
		for written := 0; written < megabytes<<20/files; written += len(piece) {
			if _, err := noise.Read(piece[:len(piece)/2]); err != nil {
				return err
			}
			if _, err := f.Write(piece); err != nil {
				return err
			}
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
