package app

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"falkirk/internal/aws/account"
	"falkirk/internal/config"
	"falkirk/internal/deflate"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/pack"
	"falkirk/internal/pack/image"
	"falkirk/internal/pack/version"
	"falkirk/internal/redact"
	"falkirk/internal/release"
	"falkirk/internal/usecase"
)

// packer packs an app into its store.
func packer(f *config.File, store *release.Store, accounts *account.Pool, hide *redact.Hider) usecase.Packer {
	a := f.App
	return func(ctx context.Context, r usecase.PackRequest) (usecase.Packed, []string, error) {
		named, err := versionOf(ctx, a, r.Version)
		if err != nil {
			return usecase.Packed{}, nil, err
		}
		v, src := named.Version, named.Source
		hide.Show(v)
		if err := a.Needs(delivery.BlockComponents); err != nil {
			return usecase.Packed{}, nil, err
		}
		req := pack.Request{
			App: a, Version: v, Source: src, By: r.Actor, Tool: toolVersion(),
			At: time.Now().UTC(), Packers: map[string]pack.New{}, Store: store, Report: r.Report,
			Own:     pack.Own{Folders: ownFolders(a), AppFile: f.Path},
			Publish: map[string]pack.Publish{image.Kind: asked(r.People, pusher(a, store, accounts))},
		}
		var left []usecase.LeftOut
		req.Left = func(component, path, why string) {
			left = append(left, usecase.LeftOut{Component: component, Path: path, Why: why})
		}
		for _, c := range components() {
			req.Packers[c.Name] = c.pack
		}
		cache := deflate.OpenCache(filepath.Join(a.Root, ".falkirk", "cache"), deflate.Limit)
		req.Deflate = deflate.New(cache)
		defer cache.Close() // what it could not keep is compressed again the next time
		if r.DryRun {
			p, err := pack.Plan(ctx, req)
			return usecase.Packed{Release: p.Release, Added: p.New, Bytes: p.Bytes, LeftOut: sorted(left)}, named.Notes, err
		}
		if err := r.People.Ask(ctx, v); err != nil { // the version is known now
			return usecase.Packed{}, nil, err
		}
		rel, added, err := pack.Pack(ctx, req)
		return usecase.Packed{Release: rel, Added: added, Healed: store.Healed(), LeftOut: sorted(left)}, named.Notes, err
	}
}

// ownFolders are the state and the store, where that is a folder.
func ownFolders(a delivery.App) []string {
	own := []string{filepath.Join(a.Root, ".falkirk")}
	if dir, ok := strings.CutPrefix(a.Store, "file://"); ok {
		own = append(own, filepath.FromSlash(dir))
	}
	return own
}

// sorted puts what was left out in the order in which it is printed.
func sorted(left []usecase.LeftOut) []usecase.LeftOut {
	slices.SortFunc(left, func(a, b usecase.LeftOut) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.Why, b.Why), cmp.Compare(a.Path, b.Path))
	})
	return left
}

// asked is what brings an artifact elsewhere, once nobody has decided against it
// in the time that packing took.
func asked(d *engine.Decisions, publish pack.Publish) pack.Publish {
	return func(ctx context.Context, c delivery.Component, r delivery.Release) error {
		if err := d.Ask(ctx, r.Version); err != nil {
			return err
		}
		return publish(ctx, c, r)
	}
}

// versionOf is the version given, or git's. The commit is recorded either way,
// where there is one.
func versionOf(ctx context.Context, a delivery.App, given string) (version.Named, error) {
	tree := version.Tree{Dir: a.Root, Own: ownFolders(a), Tags: a.VersionTags}
	n, err := version.FromGit(ctx, tree)
	if given == "" {
		return n, err
	}
	n.Version = given // a given version needs no repository, and a tag says nothing about it
	return n, delivery.CheckVersion(given)
}

func toolVersion() string { return buildVersion().Version }
