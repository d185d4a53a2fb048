package image

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/pack/ignore"
	"falkirk/internal/pack/tree"
)

// usual is the platform of a folder on scratch when none is given. It does not
// depend on the machine, since the digest does not either.
const usual = "linux/amd64"

// content is what goes on the base for some platforms.
type content struct {
	platforms []string // none: all of the base's
	entries   []oci.Entry
	change    oci.Change
}

// assemble puts a folder or programs on the base, with no daemon.
func (j job) assemble(ctx context.Context) (oci.Stored, error) {
	base, done, err := j.base(ctx)
	if err != nil {
		return oci.Stored{}, err
	}
	defer done()
	contents, err := j.contents(ctx)
	if err != nil {
		return oci.Stored{}, err
	}
	b := &oci.Builder{Sink: j.store}
	var images []oci.Descriptor
	for _, c := range contents {
		made, err := j.on(ctx, b, base, c)
		if err != nil {
			return oci.Stored{}, err
		}
		images = append(images, made...)
	}
	if len(images) == 1 {
		return b.Stored(images[0]), nil
	}
	root, err := b.Index(ctx, images)
	return b.Stored(root), err
}

func (j job) contents(ctx context.Context) ([]content, error) {
	switch {
	case j.s.Folder != "":
		c, err := j.folder(ctx)
		return []content{c}, err
	case j.s.Binary != "":
		c, err := j.program(j.s.Binary, "")
		return []content{c}, err
	}
	var list []content
	for _, platform := range slices.Sorted(maps.Keys(j.s.Binaries)) {
		c, err := j.program(j.s.Binaries[platform], platform)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// on writes one layer and an image with it for each platform.
func (j job) on(ctx context.Context, b *oci.Builder, base bases, c content) ([]oci.Descriptor, error) {
	platforms := c.platforms
	if len(platforms) == 0 {
		platforms = base.platforms
	}
	layer, err := oci.WriteLayer(ctx, j.store, j.store.Deflate, c.entries, j.bytes(c.entries))
	if err != nil {
		return nil, err
	}
	var images []oci.Descriptor
	for _, platform := range platforms {
		on, err := base.read(ctx, platform)
		if err != nil {
			return nil, err
		}
		if len(on.Command()) == 0 && len(c.change.Entrypoint) == 0 && len(c.change.Cmd) == 0 {
			return nil, fault.Hint(fault.New(fault.Invalid, "nothing says what the image runs"), `add entrypoint: ["/app/server"]`)
		}
		d, err := b.Image(ctx, on, layer, c.change)
		if err != nil {
			return nil, err
		}
		images = append(images, d)
	}
	return images, nil
}

func (j job) change() oci.Change {
	return oci.Change{
		Entrypoint: j.s.Entrypoint, Cmd: j.s.Cmd, Env: j.s.Env,
		WorkingDir: j.s.WorkingDir, User: j.s.User, Ports: j.s.Ports,
	}
}

func (j job) folder(ctx context.Context) (content, error) {
	folder := j.path(j.s.Folder)
	left, err := ignore.For(j.root, folder, j.s.Ignore)
	if err != nil {
		return content{}, err
	}
	docker, err := ignore.ReadDocker(folder)
	if err != nil {
		return content{}, err
	}
	files, err := tree.Walk(ctx, folder, tree.Options{Ignore: left, Docker: docker, Leave: j.store.LeaveOwn()})
	if err != nil {
		return content{}, err
	}
	if !slices.ContainsFunc(files, func(f tree.File) bool { return !f.IsDir() }) {
		return content{}, fault.New(fault.Invalid, "%s holds no file to pack", folder)
	}
	into := path.Clean("/" + j.s.Into)
	if j.s.Into == "" {
		into = "/app"
	}
	c := content{change: j.change(), platforms: j.s.Platforms}
	if c.change.WorkingDir == "" {
		c.change.WorkingDir = into
	}
	for _, f := range files {
		e := oci.Entry{Path: strings.TrimPrefix(path.Join(into, f.Path), "/"), Mode: f.Mode, Link: f.Link, Size: f.Size, Open: f.Open}
		c.entries = append(c.entries, e)
	}
	return c, nil
}

// program is the content of a binary; it becomes the entry point.
func (j job) program(at, platform string) (content, error) {
	name := filepath.Base(filepath.FromSlash(at))
	f, err := tree.Stat(j.path(at), name)
	if err != nil {
		return content{}, err
	}
	p, err := inspect(j.path(at))
	if err != nil {
		return content{}, err
	}
	switch {
	case platform != "" && !p.runsOn(platform):
		return content{}, fault.New(fault.Invalid, "%s is for %s and not for %s", at, p.platform, platform)
	case platform == "":
		platform = p.platform
	}
	if p.needs != "" && j.onScratch() && !j.s.AllowDynamic {
		return content{}, dynamic(at, p.needs)
	}
	c := content{change: j.change(), entries: []oci.Entry{{Path: name, Mode: 0o755, Size: f.Size, Open: f.Open}}}
	if platform != "" {
		c.platforms = []string{platform}
	}
	if len(c.change.Entrypoint) == 0 {
		c.change.Entrypoint = []string{"/" + name}
	}
	return c, nil
}

func (j job) onScratch() bool { return j.s.Base == "" || j.s.Base == "scratch" }

// bytes reports how many bytes of the entries have passed.
func (j job) bytes(entries []oci.Entry) func(int64) {
	p := delivery.Progress{Unit: "bytes"}
	for _, e := range entries {
		p.Total += e.Size
	}
	return func(n int64) {
		p.Done += n
		j.report(p)
	}
}

// bases gives the base for a platform.
type bases struct {
	platforms []string
	read      func(ctx context.Context, platform string) (oci.Base, error)
}

// base opens what the settings name: scratch, a path that exists, or a reference.
func (j job) base(ctx context.Context) (bases, func(), error) {
	nothing := func() {}
	if j.onScratch() {
		read := func(_ context.Context, p string) (oci.Base, error) { return oci.Scratch(p) }
		return bases{[]string{usual}, read}, nothing, nil
	}
	var src oci.Blobs
	var digest string
	done := nothing
	if _, err := os.Stat(j.path(j.s.Base)); err == nil {
		l, err := oci.OpenLayout(j.path(j.s.Base))
		if err != nil {
			return bases{}, nil, err
		}
		done = func() { l.Close() }
		src = l
		if digest, err = l.Root(); err != nil {
			done()
			return bases{}, nil, err
		}
	} else if src, digest, err = pull(ctx, j.s.Base); err != nil {
		return bases{}, nil, fmt.Errorf("base: %w", err)
	}
	platforms, err := oci.Platforms(ctx, src, digest)
	if err != nil {
		done()
		return bases{}, nil, fmt.Errorf("base: %w", err)
	}
	read := func(ctx context.Context, p string) (oci.Base, error) { return oci.ReadBase(ctx, src, digest, p) }
	return bases{platforms, read}, done, nil
}
