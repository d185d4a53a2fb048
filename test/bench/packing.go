//go:build unix

package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packer is one way to turn a folder into an archive.
type packer struct {
	what, name, needs string
	rounds            int
	prepare           func(in, out string) error // in an empty folder out
	command           func(in, out string) command
	made              func(out string) (result, error)
}

// result is what was made: a digest for each archive, and their bytes.
type result struct {
	digests []string
	size    int64
}

const tarFixed = `tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$IN" -cf - .`

func (b *bench) packers() []packer {
	return []packer{
		b.script("layer", "tar, gzip -6", "gzip", tarFixed+" | gzip -6n > out.gz"),
		b.script("layer", "tar, pigz -6", "pigz", tarFixed+" | pigz -6n > out.gz"),
		b.umoci("layer"),
		b.script("zip", "zip -6", "zip", `cd "$IN" && find . -type f | LC_ALL=C sort | zip -6 -q -X "$OUT/out.gz" -@`),
		b.ours("layer", "falkirk pack", image("same")),
		b.ours("zip", "falkirk pack", bundle("same")),
		b.ours("layer and zip", "falkirk pack", image("same")+bundle("same")),
		b.again("layer and zip, 1% changed", image, bundle),
		b.ours("site, each file by digest", "falkirk pack", site("same")),
		b.again("site, 1% changed", site),
	}
}

// large are the ways to pack one file; they take longer.
func (b *bench) large() []packer {
	all := []packer{
		b.script("", "tar, pigz -6", "pigz", tarFixed+" | pigz -6n > out.gz"),
		b.umoci(""),
		b.ours("", "falkirk pack", image("one")),
	}
	for i := range all {
		all[i].rounds = 3
	}
	return all
}

// packing packs the same folder with each, and then a copy with other times.
func (b *bench) packing(p *page) error {
	if err := b.inputs(); err != nil {
		return err
	}
	files, size, err := weigh(b.path("in", "same"))
	if err != nil {
		return err
	}
	p.say("### Packing %d files, %s\n", files, megabytes(size))
	p.say("Half of the bytes of the large files are noise. What Falkirk stores is synced to the disk before it says")
	p.say("that it is done; what the others write is not.\n")
	if err := b.packTable(p, b.packers(), "same"); err != nil {
		return err
	}
	p.say("### Packing one file of %s as a layer\n", megabytes(b.size.one))
	return b.packTable(p, b.large(), "one")
}

func (b *bench) packTable(p *page, packers []packer, in string) error {
	contenders := make([]*contender, len(packers))
	made := make([]result, len(packers))
	for i, k := range packers {
		out := b.path("out", fmt.Sprint(i))
		contenders[i] = &contender{
			name: strings.TrimSpace(k.what + ": " + k.name), needs: k.needs, rounds: k.rounds,
			prepare: func() error { return k.ready(b.path("in", in), out) },
			command: func() command { return k.command(b.path("in", in), out) },
		}
	}
	if err := b.compete(b.size.rounds, contenders); err != nil {
		return err
	}
	var rows [][]string
	for i, k := range packers {
		row := append([]string{k.what, k.name}, contenders[i].cells()...)
		if contenders[i].missing == "" {
			var err error
			if made[i], err = k.made(b.path("out", fmt.Sprint(i))); err != nil {
				return err
			}
			same, err := b.repeat(k, in, made[i])
			if err != nil {
				return err
			}
			row = append(row, megabytes(made[i].size), same)
		} else {
			row = append(row, "-", "-")
		}
		rows = append(rows, row)
	}
	head := []string{"What", "Program", "Median", "Fastest – slowest", "CPU", "Peak memory", "Bytes made", "Same bytes from a copy"}
	if packers[0].what == "" {
		head = head[1:]
		for i := range rows {
			rows[i] = rows[i][1:]
		}
	}
	p.table(head, rows)
	p.leftOut(contenders)
	return nil
}

func (k packer) ready(in, out string) error {
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if k.prepare == nil {
		return nil
	}
	return k.prepare(in, out)
}

// repeat packs a copy with other times and says whether the bytes are the same.
func (b *bench) repeat(k packer, in string, first result) (string, error) {
	if in != "same" {
		return "-", nil
	}
	in, out := b.path("in", "copy"), b.path("out", "copy")
	if err := k.ready(in, out); err != nil {
		return "", err
	}
	if _, err := b.measure(k.command(in, out)); err != nil {
		return "", err
	}
	second, err := k.made(out)
	if err != nil {
		return "", err
	}
	if slices.Equal(first.digests, second.digests) {
		return "yes", nil
	}
	return "no", nil
}

// script is a pipeline of a shell; $IN and $OUT are the folders.
func (b *bench) script(what, name, needs, text string) packer {
	return packer{
		what: what, name: name, needs: needs,
		command: func(in, out string) command { return shell(out, "IN='"+in+"' OUT='"+out+"'; "+text) },
		made:    func(out string) (result, error) { return fileResult(filepath.Join(out, "out.gz")) },
	}
}

func (b *bench) umoci(what string) packer {
	return packer{
		what: what, name: "umoci insert", needs: "umoci",
		prepare: func(_, out string) error {
			_, err := b.measure(shell(out, "umoci init --layout l && umoci new --image l:x"))
			return err
		},
		command: func(in, out string) command {
			return command{out, []string{"umoci", "insert", "--rootless", "--image", "l:x", in, "/app"}}
		},
		made: func(out string) (result, error) { return largest(filepath.Join(out, "l", "blobs", "sha256")) },
	}
}

// block is a component of the app file over an input.
type block func(in string) string

func image(in string) string {
	return "  image:\n    image: {folder: @/" + in + ", entrypoint: [/app/run]}\n    target: {local: {}}\n"
}

func bundle(in string) string { return "  bundle:\n    bundle: {path: @/" + in + "}\n" }

func site(in string) string {
	return "  site:\n    site: {path: @/" + in + "}\n    target: {local: {path: /site}}\n"
}

// ours packs components over the input called same or one.
func (b *bench) ours(what, name, components string) packer {
	return packer{
		what: what, name: name,
		prepare: func(in, out string) error {
			components := strings.ReplaceAll(components, "@/same", in)
			return b.appFile(out, strings.ReplaceAll(components, "@", b.path("in")))
		},
		command: func(_, out string) command { return b.packCommand(out, "1") },
		made:    func(out string) (result, error) { return packed(out, "1") },
	}
}

// again packs with one in a hundred files changed since the release before.
func (b *bench) again(what string, blocks ...block) packer {
	k := b.ours(what, "falkirk pack", "")
	k.prepare = func(in, out string) error {
		for i, from := range []string{in, b.path("in", "changed")} {
			var components string
			for _, block := range blocks {
				components += strings.ReplaceAll(block("X"), "@/X", from)
			}
			if err := b.appFile(out, components); err != nil {
				return err
			}
			if i > 0 {
				return nil
			}
			if _, err := b.measure(b.packCommand(out, "0")); err != nil {
				return err
			}
		}
		return nil
	}
	return k
}

func (b *bench) packCommand(dir, version string) command {
	return command{dir, []string{b.falkirk(), "pack", "-q", "--version", version}}
}

// appFile writes an app; unknown says that this falkirk lacks a kind in it.
func (b *bench) appFile(dir, components string) error {
	text := "app: bench\ncomponents:\n" + components + "environments: [{name: dev}]\n"
	if err := os.WriteFile(filepath.Join(dir, "falkirk.yml"), []byte(text), 0o644); err != nil {
		return err
	}
	_, err := b.measure(command{dir, []string{b.falkirk(), "config", "check"}})
	if err != nil && strings.Contains(components, "bundle:") && strings.Contains(err.Error(), `unknown key "bundle"`) {
		return &unknown{"component of the kind bundle"}
	}
	return err
}

// packed reads what a release of the app in dir holds.
func packed(dir, version string) (result, error) {
	raw, err := os.ReadFile(filepath.Join(dir, ".falkirk", "releases", "bench", version+".json"))
	if err != nil {
		return result{}, err
	}
	var release struct {
		Artifacts []struct {
			Digest string
			Size   int64
		}
	}
	if err := json.Unmarshal(raw, &release); err != nil {
		return result{}, err
	}
	var r result
	for _, a := range release.Artifacts {
		r.digests = append(r.digests, a.Digest)
		r.size += a.Size
	}
	return r, nil
}

func fileResult(at string) (result, error) {
	f, err := os.Open(at)
	if err != nil {
		return result{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return result{[]string{fmt.Sprintf("%x", h.Sum(nil))}, n}, err
}

// largest is the layer in a folder of blobs.
func largest(dir string) (result, error) {
	var r result
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Size() > r.size {
			r = result{[]string{e.Name()}, info.Size()}
		}
	}
	return r, err
}

func weigh(dir string) (files int, size int64, err error) {
	err = filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			files++
			size += info.Size()
		}
		return err
	})
	return files, size, err
}
