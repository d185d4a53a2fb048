// Command sync shows `falkirk sync` between two registries on this machine: a
// first time, again with nothing new, and with one tag that has moved. Requests
// and bytes are counted by proxies before the registries, and skopeo says whether
// all digests agree. `make demo-sync` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"falkirk/test/emulators/docker"
	"falkirk/test/images"
	"falkirk/test/registryproxy"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo-sync:", err)
		os.Exit(1)
	}
}

// show is the demonstration.
type show struct {
	ctx      context.Context
	out      io.Writer
	dir      string
	program  string
	from, to *registryproxy.Proxy
	source   *docker.Registry
	load     images.Workload
	images   images.Written
}

func run(ctx context.Context, out io.Writer, args []string) (err error) {
	flags := flag.NewFlagSet("demo-sync", flag.ContinueOnError)
	small := flags.Bool("small", false, "next to nothing, to see that it works")
	program := flags.String("falkirk", "", "the program; else it is built")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "falkirk-demo-sync-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := &show{ctx: ctx, out: out, dir: dir, program: *program, load: images.Large()}
	if *small {
		s.load = images.Small()
	}
	if err := s.build(); err != nil {
		return err
	}
	stop, err := s.registries()
	if err != nil {
		return err
	}
	defer stop()
	return s.story()
}

func (s *show) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.out, format+"\n", args...) // nobody may be looking any more
}

func (s *show) build() error {
	if s.program != "" {
		return nil
	}
	s.program = filepath.Join(s.dir, "falkirk")
	cmd := exec.CommandContext(s.ctx, "go", "build", "-trimpath", "-o", s.program, "falkirk/cmd/falkirk")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build falkirk: %w\n%s", err, out)
	}
	return nil
}

// registries starts two, with a proxy that counts before each.
func (s *show) registries() (func(), error) {
	var all []*docker.Registry
	stop := func() {
		for _, r := range all {
			r.Stop()
		}
	}
	for _, name := range []string{"nonprod", "prd"} {
		folder := filepath.Join(s.dir, name)
		if err := os.Mkdir(folder, 0o755); err != nil {
			stop()
			return nil, err
		}
		r, err := docker.Start(docker.Options{Folder: folder, Deletes: true})
		if err != nil {
			stop()
			return nil, fmt.Errorf("start a docker-registry (./test/peers/install installs it): %w", err)
		}
		all = append(all, r)
	}
	s.source = all[0]
	s.from, s.to = registryproxy.Start(all[0].URL, nil, registryproxy.Rules{}), registryproxy.Start(all[1].URL, nil, registryproxy.Rules{})
	return func() { s.from.Stop(); s.to.Stop(); stop() }, nil
}

// story is what is shown.
func (s *show) story() (err error) {
	s.say("Two registries (Debian's docker-registry): nonprod at %s, prd at %s.", s.from.Host, s.to.Host)
	if s.images, err = s.load.Write(s.ctx, images.Registry{URL: s.source.URL}); err != nil {
		return err
	}
	s.say("nonprod has %d repositories with %d tags in all, each an image for %d platforms: %d manifests and %d blobs, %.0f MB.",
		s.load.Repositories, len(s.images.Tags), s.load.Platforms, s.images.Manifests, len(s.images.Blobs), float64(s.images.Bytes())/1e6)
	if err := s.sync("The first sync: each blob moves once, and is mounted where other repositories have it too."); err != nil {
		return err
	}
	if err := s.agree(); err != nil {
		return err
	}
	if err := s.sync("Nothing has changed: the digests are compared, and that is all."); err != nil {
		return err
	}
	name := s.load.Repository(1) + ":" + s.load.Tag(0)
	d, err := images.Registry{URL: s.source.URL}.Index(s.ctx, s.load.Repository(1), s.load.Tag(0), s.load.Platforms, 99)
	if err != nil {
		return err
	}
	s.images.Tags[name] = d.Digest
	if err := s.sync(fmt.Sprintf("In nonprod %s is another image now.", name)); err != nil {
		return err
	}
	return s.agree()
}

// sync runs the command and says what it asked for.
func (s *show) sync(what string) error {
	args := []string{"sync", "--source", s.from.Host, "--destination", s.to.Host, "--insecure", "--repository", "service-*", "--tag", "*"}
	s.say("\n%s\n\n$ falkirk %s", what, strings.Join(quoted(args), " "))
	s.from.Reset()
	s.to.Reset()
	cmd := exec.CommandContext(s.ctx, s.program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, s.out, s.out
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("falkirk sync: %w", err)
	}
	took := time.Since(began)
	from, to := s.from.Counts(), s.to.Counts()
	s.say("\n  %.2f s, %d requests, %.1f MB moved", took.Seconds(), from.Requests+to.Requests, float64(to.Up)/1e6)
	s.say("  nonprod: %s\n  prd:     %s", from, to)
	return nil
}

// quoted are the words as a shell wants them.
func quoted(words []string) []string {
	var all []string
	for _, w := range words {
		if strings.Contains(w, "*") {
			w = "'" + w + "'"
		}
		all = append(all, w)
	}
	return all
}

// agree asks skopeo for the digest of every tag in both registries.
func (s *show) agree() error {
	names := slices.Sorted(maps.Keys(s.images.Tags))
	group, ctx := errgroup.WithContext(s.ctx)
	group.SetLimit(4)
	for _, name := range names {
		group.Go(func() error {
			var got [2]string
			for i, p := range []*registryproxy.Proxy{s.from, s.to} {
				cmd := exec.CommandContext(ctx, "skopeo", "inspect", "--no-tags", "--tls-verify=false", "--format", "{{.Digest}}", "docker://"+p.Host+"/"+name)
				out, err := cmd.Output()
				if err != nil {
					return fmt.Errorf("skopeo inspect %s/%s (./test/peers/install installs it): %w", p.Host, name, err)
				}
				got[i] = strings.TrimSpace(string(out))
			}
			if got[0] != got[1] || got[0] != s.images.Tags[name] {
				return fmt.Errorf("%s is %s in nonprod and %s in prd, says skopeo; written was %s", name, got[0], got[1], s.images.Tags[name])
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.say("\nskopeo: all %d digests agree.", len(names))
	return nil
}
