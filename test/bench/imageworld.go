//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"falkirk/test/emulators/docker"
	"falkirk/test/images"
	"falkirk/test/registryproxy"
)

// imageWorld is two registries: a full one, and one that is brought to what a
// scenario begins with. Before each stands a proxy, which is used where requests
// are counted and where the registries are to be far away.
type imageWorld struct {
	*bench
	load      images.Workload
	names     []string // of repositories that are copied
	tags      []string // "repository:tag", all of those
	from, to  *docker.Registry
	nearFrom  *registryproxy.Proxy
	nearTo    *registryproxy.Proxy
	snapshots map[string]string // folder by what is in it
}

// Lasting states of the destination.
const (
	nothing = "nothing"
	most    = "all but the last tag of each repository"
	all     = "all"
)

// startImages starts the registries and fills the source. The program is that of
// distribution 3, where it is to be had.
func (b *bench) startImages(dir string) (*imageWorld, error) {
	w := &imageWorld{bench: b, load: images.Large(), snapshots: map[string]string{}}
	if b.size.objects < 1000 {
		w.load = images.Small()
	}
	for n := range w.load.Repositories {
		w.names = append(w.names, w.load.Repository(n))
		for t := range w.load.Tags {
			w.tags = append(w.tags, w.load.Repository(n)+":"+w.load.Tag(t))
		}
	}
	var err error
	if w.from, err = startRegistry(filepath.Join(dir, "from")); err != nil {
		return nil, err
	}
	if w.to, err = startRegistry(filepath.Join(dir, "to")); err != nil {
		w.from.Stop()
		return nil, err
	}
	w.nearFrom, w.nearTo = registryproxy.Start(w.from.URL, nil, registryproxy.Rules{}), registryproxy.Start(w.to.URL, nil, registryproxy.Rules{})
	if err := w.fill(dir); err != nil {
		w.stop()
		return nil, err
	}
	return w, nil
}

func startRegistry(folder string) (*docker.Registry, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	return docker.Start(docker.Options{Program: registryProgram(), Folder: folder, Deletes: true})
}

func registryProgram() string {
	if found("distribution") {
		return "distribution"
	}
	return "docker-registry"
}

func (w *imageWorld) stop() {
	w.nearFrom.Stop()
	w.nearTo.Stop()
	w.from.Stop()
	w.to.Stop()
}

// fill writes the images into the source, and keeps what the destination has when
// it has all of them, and most. Other processes write them: see measureApart.
func (w *imageWorld) fill(dir string) error {
	for state, tags := range map[string]int{most: w.load.Tags - 1, all: w.load.Tags} {
		r := w.to
		if state == all {
			r = w.from
		}
		cmd := exec.CommandContext(w.ctx, w.path("bench"), "images", r.URL, fmt.Sprint(w.load.Repositories), fmt.Sprint(tags))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("write images: %w\n%s", err, out)
		}
		w.snapshots[state] = filepath.Join(dir, fmt.Sprintf("snapshot-%d", tags))
		if err := copyFolder(filepath.Join(r.Folder, "docker"), w.snapshots[state]); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(w.ctx, w.path("bench"), "images", w.from.URL, "0", fmt.Sprint(w.huge()))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("write a huge layer: %w\n%s", err, out)
	}
	return nil
}

// huge is the size of the one layer of an image by itself.
func (w *imageWorld) huge() int { return int(w.size.one) * 4 }

// single is the same world with that image alone.
func (w *imageWorld) single() *imageWorld {
	one := *w
	one.names, one.tags = []string{"huge"}, []string{"huge:v1"}
	return &one
}

// writeImages is what that process does: so many tags, or without repositories so
// many bytes in one layer.
func writeImages(ctx context.Context, url string, repositories, tags int) error {
	if repositories == 0 {
		_, err := images.Registry{URL: url}.Huge(ctx, "huge", "v1", int64(tags))
		return err
	}
	load := images.Large()
	if repositories < load.Repositories {
		load = images.Small()
	}
	load.Tags = tags
	_, err := load.Write(ctx, images.Registry{URL: url})
	return err
}

// bring makes the destination hold just what a scenario begins with.
func (w *imageWorld) bring(state string) error {
	if err := w.to.Empty(); err != nil || state == nothing {
		return err
	}
	return copyFolder(w.snapshots[state], filepath.Join(w.to.Folder, "docker"))
}

func copyFolder(from, to string) error {
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s: %w: %s", from, err, out)
	}
	return nil
}

// check fails unless every tag of the destination is what it is at the source: as
// crane says, and every blob below it is there.
func (w *imageWorld) check(suffix string) error {
	group, ctx := errgroup.WithContext(w.ctx)
	group.SetLimit(4)
	for _, tag := range w.tags {
		group.Go(func() error {
			want, err := exec.CommandContext(ctx, "crane", "digest", w.from.Host+"/"+tag).Output()
			if err != nil {
				return fmt.Errorf("crane digest of the source's %s: %w", tag, err)
			}
			got, err := exec.CommandContext(ctx, "crane", "digest", w.to.Host+"/"+tag+suffix).Output()
			if err != nil || !slices.Equal(got, want) {
				return fmt.Errorf("%s has the digest %s, want %s (%w)", tag+suffix, strings.TrimSpace(string(got)), strings.TrimSpace(string(want)), err)
			}
			repository, _, _ := strings.Cut(tag, ":")
			return whole(ctx, images.Registry{URL: w.to.URL}, repository, strings.TrimSpace(string(got)))
		})
	}
	return group.Wait()
}

// whole fails unless everything below a manifest is there.
func whole(ctx context.Context, r images.Registry, repository, digest string) error {
	raw, _, err := r.Read(ctx, repository, digest)
	if err != nil {
		return err
	}
	var m struct {
		Manifests, Layers []images.Descriptor
		Config            images.Descriptor
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	for _, child := range m.Manifests {
		if err := whole(ctx, r, repository, child.Digest); err != nil {
			return err
		}
	}
	if m.Config.Digest == "" {
		return nil
	}
	for _, blob := range append(m.Layers, m.Config) {
		if has, err := r.Has(ctx, repository, blob.Digest); err != nil || !has {
			return errors.Join(err, fmt.Errorf("%s lacks %s", repository, blob.Digest))
		}
	}
	return nil
}

// measureApart runs a command from a small process of its own: the memory of the
// process that starts a program is the least that the program's is measured as,
// and the proxies are in this one.
func (b *bench) measureApart(c command) (usage, error) {
	file := b.path("usage.json")
	u, err := b.measure(command{c.dir, append([]string{b.path("bench"), "measured", file}, c.argv...)})
	if err != nil {
		return u, err
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return u, err
	}
	var got struct{ Wall, CPU, Peak int64 }
	err = json.Unmarshal(raw, &got)
	return usage{wall: time.Duration(got.Wall), cpu: time.Duration(got.CPU), peak: got.Peak}, err
}

// measured is that small process.
func measured(ctx context.Context, file string, argv []string) error {
	b := &bench{ctx: ctx}
	u, err := b.measure(command{argv: argv})
	if err != nil {
		return err
	}
	raw, err := json.Marshal(map[string]int64{"Wall": int64(u.wall), "CPU": int64(u.cpu), "Peak": u.peak})
	if err != nil {
		return err
	}
	return os.WriteFile(file, raw, 0o600)
}
