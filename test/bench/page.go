//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"
)

// page is the Markdown that comes out.
type page struct{ b bytes.Buffer }

func (p *page) say(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

// table writes rows below a head, with columns of even width.
func (p *page) table(head []string, rows [][]string) {
	all := append([][]string{head}, rows...)
	widths := make([]int, len(head))
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	line := func(row []string) {
		for i, cell := range row {
			fmt.Fprintf(&p.b, "| %s%s ", cell, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		p.b.WriteString("|\n")
	}
	line(head)
	for _, w := range widths {
		p.b.WriteString("|" + strings.Repeat("-", w+2))
	}
	p.b.WriteString("|\n")
	for _, row := range rows {
		line(row)
	}
	p.say("")
}

func (b *bench) page(only string) (string, error) {
	p := &page{}
	p.say("Written by `make bench`. Programs of others run beside Falkirk in the same rounds, in turns, on the same")
	p.say("input, which is made from a fixed seed. Times are medians, with the fastest and the slowest round. Before")
	p.say("each run the disk is brought up to date. Peak memory is that of the largest process.\n")
	p.say("%s, %s, %d cores. %s\n", time.Now().UTC().Format(time.DateOnly), machine(), runtime.NumCPU(), b.versions())
	found := only == ""
	for _, s := range sections() {
		if only != "" && only != s.name {
			continue
		}
		found = true
		if err := s.write(b, p); err != nil {
			return "", fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if !found {
		return "", fmt.Errorf("there is no section %q; there are %s", only, sectionNames())
	}
	return strings.TrimRight(p.b.String(), "\n") + "\n", nil
}

// machine names the processor and the system.
func machine() string {
	name := runtime.GOOS + "/" + runtime.GOARCH
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return name
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value) + ", " + name
		}
	}
	return name
}

// versions names what ran beside ours, and what is missing.
func (b *bench) versions() string {
	var here, missing []string
	for _, c := range [][]string{
		{"tar", "--version"},
		{"gzip", "--version"},
		{"pigz", "--version"},
		{"zip", "-v"},
		{"umoci", "--version"},
		{"nginx", "-v"},
		{"wrk", "-v"},
		{"s5cmd", "version"},
		{"rclone", "version"},
		{"aws", "--version"},
		{"crane", "version"},
		{"regsync", "version"},
		{"oras", "version"},
		{"skopeo", "--version"},
	} {
		if _, err := exec.LookPath(c[0]); err != nil {
			missing = append(missing, c[0])
			continue
		}
		here = append(here, c[0]+" "+versionIn(output(b.ctx, c)))
	}
	text := "Go " + strings.TrimPrefix(runtime.Version(), "go") + ", " + strings.Join(here, ", ") + "."
	if len(missing) > 0 {
		text += " Not installed here: " + strings.Join(missing, ", ") + "."
	}
	return text
}

func output(ctx context.Context, argv []string) string {
	out, _ := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput() // some say their version and fail
	return string(out)
}

// versionIn is the first word that looks like a version.
func versionIn(text string) string {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\n,()/[]", r) }) {
		word = strings.TrimPrefix(word, "v")
		if len(word) > 2 && strings.Contains(word, ".") && word[0] >= '0' && word[0] <= '9' {
			return strings.TrimRight(word, ".")
		}
	}
	return "(version unknown)"
}

func seconds(d time.Duration) string {
	if d < time.Second/10 {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func megabytes(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// cells are median, span, processor time and memory of a contender.
func (c *contender) cells() []string {
	if len(c.all) == 0 {
		return []string{"-", "-", "-", "-"}
	}
	m := c.median()
	least, most := c.span()
	return []string{seconds(m.wall), seconds(least) + " – " + seconds(most), seconds(m.cpu), megabytes(c.peak())}
}

// leftOut says below a table which of its rows are empty, and why.
func (p *page) leftOut(all []*contender) {
	for _, c := range all {
		if c.missing != "" {
			p.say("Left out: %s: %s.\n", c.name, c.missing)
		}
	}
}
