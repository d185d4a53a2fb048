// Package load fetches what a comparison needs from the store of releases.
package load

import (
	"context"
	"encoding/json"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/delivery"
	"falkirk/internal/diff"
	"falkirk/internal/oci"
)

// Blobs is the store that the artifacts of releases are in.
type Blobs interface {
	Open(ctx context.Context, digest string) (io.ReadCloser, error)
	Site(ctx context.Context, digest string) (delivery.Site, error)
}

// Loader fetches contents. Hidden says of a named value whether it must not be
// shown.
type Loader struct {
	Blobs  Blobs
	Hidden func(name, value string) bool
}

// Fill reads the site manifests and images of the parts that differ between two
// contents; the others are left as they are.
func (l Loader) Fill(ctx context.Context, from, to *diff.Content) error {
	same := map[string]bool{}
	for _, p := range from.Parts {
		for _, q := range to.Parts {
			if p.Component == q.Component && p.Digest == q.Digest && p.Kind == q.Kind {
				same[p.Component] = true
			}
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range []*diff.Content{from, to} {
		for i := range c.Parts {
			if p := &c.Parts[i]; !same[p.Component] {
				group.Go(func() error { return l.part(ctx, p) })
			}
		}
	}
	return group.Wait()
}

func (l Loader) part(ctx context.Context, p *diff.Part) error {
	switch {
	case p.MediaType == delivery.SiteMediaType:
		s, err := l.Blobs.Site(ctx, p.Digest)
		p.Site = &s
		return err
	case isImage(p.MediaType):
		d, err := oci.Describe(ctx, l.Blobs, p.Digest)
		p.Image = l.image(d)
		return err
	}
	return nil
}

func isImage(mediaType string) bool {
	switch mediaType {
	case "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json":
		return true
	}
	return false
}

func (l Loader) image(d oci.Description) *diff.Image {
	img := &diff.Image{Blobs: blobs(d.Blobs)}
	for _, p := range d.Platforms {
		img.Platforms = append(img.Platforms, diff.Platform{
			Name: p.Platform, Digest: p.Digest, Layers: blobs(p.Layers), Config: l.settings(p),
		})
	}
	return img
}

func blobs(all []oci.Descriptor) []diff.Blob {
	out := make([]diff.Blob, len(all))
	for i, d := range all {
		out[i] = diff.Blob{Digest: d.Digest.String(), Size: d.Size}
	}
	return out
}

// settings is the configuration as names and values.
func (l Loader) settings(p oci.Described) []diff.Setting {
	var out []diff.Setting
	add := func(key, value string) {
		if value != "" {
			out = append(out, diff.Plain(key, value))
		}
	}
	named := func(prefix, name, value string) {
		if l.Hidden(name, value) {
			out = append(out, diff.Hidden(prefix+name, diff.Secret, value))
			return
		}
		out = append(out, diff.Plain(prefix+name, value))
	}
	out = append(out, l.words("entrypoint", p.Entrypoint)...)
	out = append(out, l.words("cmd", p.Cmd)...)
	out = append(out, l.words("healthcheck", p.Health)...)
	add("user", p.User)
	add("workdir", p.WorkingDir)
	add("stop signal", p.StopSignal)
	add("ports", strings.Join(p.ExposedPorts, " "))
	add("volumes", strings.Join(p.Volumes, " "))
	if !p.Created.IsZero() {
		add("created", p.Created.UTC().Format("2006-01-02T15:04:05Z"))
	}
	for _, kv := range p.Env {
		name, value, _ := strings.Cut(kv, "=")
		named("env ", name, value)
	}
	for name, value := range p.Labels {
		named("label ", name, value)
	}
	return out
}

// words is a command line. What follows a flag with a secret name is hidden, and
// so is what such a name is set to.
func (l Loader) words(key string, args []string) []diff.Setting {
	if len(args) == 0 {
		return nil
	}
	shown := make([]string, len(args))
	for i, a := range args {
		shown[i] = a
		name, value, set := strings.Cut(a, "=")
		switch {
		case set && l.Hidden(name, value):
			shown[i] = name + "=" + diff.Secret
		case l.Hidden("", a), i > 0 && strings.HasPrefix(args[i-1], "-") && !strings.Contains(args[i-1], "=") && !strings.HasPrefix(a, "-") && l.Hidden(args[i-1], a):
			shown[i] = diff.Secret
		}
	}
	return []diff.Setting{diff.Hidden(key, list(shown), list(args))}
}

func list(words []string) string {
	raw, err := json.Marshal(words)
	if err != nil {
		return strings.Join(words, " ") // strings are always JSON
	}
	return string(raw)
}
