package site

import (
	"context"
	"encoding/json"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/pack"
	"falkirk/internal/pack/tree"
)

// Kind is the word for these components in the app file.
const Kind = "site"

// New makes the packer of sites.
func New(kit pack.Kit) pack.Packer { return packer{kit, kit.Store} }

type packer struct {
	kit   pack.Kit
	store pack.Store
}

// Pack implements pack.Packer.
func (p packer) Pack(ctx context.Context, root string, c delivery.Component, report func(delivery.Progress)) (delivery.Artifact, error) {
	var s Settings
	if err := json.Unmarshal(c.Settings, &s); err != nil {
		return delivery.Artifact{}, fault.New(fault.Invalid, "settings: %w", err)
	}
	files, site, err := p.files(ctx, root, s, report)
	if err != nil {
		return delivery.Artifact{}, err
	}
	size, err := p.content(ctx, files, site.Files, report)
	if err != nil {
		return delivery.Artifact{}, err
	}
	raw, err := json.Marshal(site)
	if err != nil {
		return delivery.Artifact{}, err
	}
	digest, err := p.store.WriteBytes(ctx, raw)
	if err != nil {
		return delivery.Artifact{}, err
	}
	return delivery.Artifact{
		Component: c.Name, Kind: Kind, Digest: digest, MediaType: delivery.SiteMediaType,
		Size: size + int64(len(raw)), Count: len(files),
	}, nil
}

// files lists what the site holds, and what each file is served with.
func (p packer) files(ctx context.Context, root string, s Settings, report func(delivery.Progress)) ([]tree.File, delivery.Site, error) {
	l, err := newLeaver(p.kit, root, s)
	if err != nil {
		return nil, delivery.Site{}, err
	}
	files, err := tree.Files(ctx, root, s.Path, s.Ignore, l.leave)
	if err != nil {
		return nil, delivery.Site{}, err
	}
	c, err := newClasses(s)
	if err != nil {
		return nil, delivery.Site{}, err
	}
	site, err := c.site(files)
	if err != nil {
		return nil, delivery.Site{}, err
	}
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.Path
	}
	warn := func(key string, unused []string) {
		if len(unused) > 0 {
			report(delivery.Progress{Unit: delivery.UnitWarning, Note: key + ": no file is matched by " + strings.Join(unused, ", ")})
		}
	}
	warn("headers", c.rules.unused())
	warn("dotfiles", l.dotfiles.Unused(paths))
	return files, site, nil
}
