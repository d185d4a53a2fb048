package site

import (
	"context"
	"encoding/json"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/pack"
	"falkirk/internal/pack/ignore"
	"falkirk/internal/pack/tree"
	"falkirk/internal/release"
)

// Kind is the word for these components in the app file.
const Kind = "site"

// New makes the packer of sites.
func New(kit pack.Kit) pack.Packer { return packer{kit.Store} }

type packer struct{ store pack.Store }

// Pack implements pack.Packer.
func (p packer) Pack(ctx context.Context, root string, c delivery.Component, report func(delivery.Progress)) (delivery.Artifact, error) {
	var s Settings
	if err := json.Unmarshal(c.Settings, &s); err != nil {
		return delivery.Artifact{}, fault.New(fault.Invalid, "settings: %w", err)
	}
	files, err := tree.Files(ctx, root, s.Path, s.Ignore)
	if err != nil {
		return delivery.Artifact{}, err
	}
	site, err := classify(s, files)
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

// classify gives every file its content type and cache class. Entries win over
// names that look hashed: being asked about once too often does no harm.
func classify(s Settings, files []tree.File) (delivery.Site, error) {
	var entries, immutable ignore.List
	if err := entries.Add("entries", orDefault(s.Entries)...); err != nil {
		return delivery.Site{}, err
	}
	if err := immutable.Add("immutable", s.Immutable...); err != nil {
		return delivery.Site{}, err
	}
	site := delivery.Site{Schema: release.SiteSchema, Files: make([]delivery.File, len(files))}
	paths, found := make([]string, len(files)), false
	for i, f := range files {
		out := delivery.File{Path: f.Path, Size: f.Size, Type: contentType(f.Path), Cache: delivery.CacheRevalidate}
		entry, lasting := entries.Covers(f.Path), immutable.Covers(f.Path)
		switch {
		case entry && lasting && len(s.Entries) > 0:
			return site, fault.New(fault.Invalid, "%q is matched by both entries and immutable", f.Path)
		case entry && !lasting:
			out.Cache, out.Entry, found = delivery.CacheNone, true, true
		case lasting || hashed(f.Path):
			out.Cache = delivery.CacheImmutable
		}
		site.Files[i], paths[i] = out, f.Path
	}
	if unused := entries.Unused(paths); len(s.Entries) > 0 && len(unused) > 0 {
		return site, fault.New(fault.Invalid, "entries: no file is matched by %s", strings.Join(unused, ", "))
	}
	if !found {
		err := fault.New(fault.Invalid, "no file is an entry point, so promoting would change nothing that is seen")
		return site, fault.Hint(err, `name the files that lead to all others: entries: ["index.html"]`)
	}
	return site, nil
}
