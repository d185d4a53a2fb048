package image

import (
	"context"
	"encoding/json"
	"path/filepath"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/pack"
)

// Kind is the word for these components in the app file.
const Kind = "image"

// New makes the packer of images.
func New(kit pack.Kit) pack.Packer { return packer{kit} }

type packer struct{ kit pack.Kit }

// job is one image being packed.
type job struct {
	store  pack.Kit
	root   string
	s      Settings
	report func(delivery.Progress)
}

// Pack implements pack.Packer.
func (p packer) Pack(ctx context.Context, root string, c delivery.Component, report func(delivery.Progress)) (delivery.Artifact, error) {
	j := job{store: p.kit, root: root, report: report}
	if err := json.Unmarshal(c.Settings, &j.s); err != nil {
		return delivery.Artifact{}, fault.New(fault.Invalid, "settings: %w", err)
	}
	if problems := j.s.Check(); len(problems) > 0 {
		return delivery.Artifact{}, fault.New(fault.Invalid, "settings: %s", problems[0])
	}
	stored, err := j.pack(ctx)
	if err != nil {
		return delivery.Artifact{}, err
	}
	return delivery.Artifact{
		Component: c.Name, Kind: Kind, Digest: stored.Digest, MediaType: stored.MediaType,
		Size: stored.Size, Count: stored.Count,
	}, nil
}

func (j job) pack(ctx context.Context) (oci.Stored, error) {
	switch {
	case j.s.Dockerfile != "":
		return j.build(ctx)
	case j.s.Layout != "":
		return j.layout(ctx, j.path(j.s.Layout))
	case j.s.Reference != "":
		src, digest, err := pull(ctx, j.s.Reference)
		if err != nil {
			return oci.Stored{}, err
		}
		return oci.Copy(ctx, j.store, src, digest)
	}
	return j.assemble(ctx)
}

// layout takes what an OCI layout holds, whole.
func (j job) layout(ctx context.Context, at string) (oci.Stored, error) {
	l, err := oci.OpenLayout(at)
	if err != nil {
		return oci.Stored{}, err
	}
	defer l.Close()
	digest, err := l.Root()
	if err != nil {
		return oci.Stored{}, err
	}
	return oci.Copy(ctx, j.store, l, digest)
}

// path is a path of the settings, which are relative to the app file.
func (j job) path(p string) string {
	p = filepath.FromSlash(p)
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(j.root, p)
}
