package app

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"falkirk/internal/aws/account"
	"falkirk/internal/deflate"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli"
	"falkirk/internal/pack"
	"falkirk/internal/pack/image"
	"falkirk/internal/pack/version"
	"falkirk/internal/release"
)

// packer packs an app into its store.
func packer(a delivery.App, store *release.Store, accounts *account.Pool) cli.Packer {
	return func(ctx context.Context, r cli.PackRequest) (cli.Packed, error) {
		named, err := versionOf(ctx, a, r.Version)
		if err != nil {
			return cli.Packed{}, err
		}
		v, src := named.Version, named.Source
		if err := a.Needs(delivery.BlockComponents); err != nil {
			return cli.Packed{}, err
		}
		req := pack.Request{
			App: a, Version: v, Source: src, By: r.Actor, Tool: toolVersion(),
			At: time.Now().UTC(), Packers: map[string]pack.New{}, Store: store, Report: r.Report,
			Publish: map[string]pack.Publish{image.Kind: asked(r.People, pusher(a, store, accounts))},
		}
		for _, c := range components() {
			req.Packers[c.Name] = c.pack
		}
		cache := deflate.OpenCache(filepath.Join(a.Root, ".falkirk", "cache"), deflate.Limit)
		req.Deflate = deflate.New(cache)
		defer cache.Close() // what it could not keep is compressed again the next time
		if r.DryRun {
			p, err := pack.Plan(ctx, req)
			return cli.Packed{Release: p.Release, Added: p.New, Bytes: p.Bytes, Notes: named.Notes}, err
		}
		if err := r.People.Ask(ctx, v); err != nil { // the version is known now
			return cli.Packed{}, err
		}
		rel, added, err := pack.Pack(ctx, req)
		return cli.Packed{Release: rel, Added: added, Healed: store.Healed(), Notes: named.Notes}, err
	}
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
	tree := version.Tree{Dir: a.Root, Own: []string{filepath.Join(a.Root, ".falkirk")}, Tags: a.VersionTags}
	if dir, ok := strings.CutPrefix(a.Store, "file://"); ok {
		tree.Own = append(tree.Own, filepath.FromSlash(dir))
	}
	n, err := version.FromGit(ctx, tree)
	if given == "" {
		return n, err
	}
	n.Version = given // a given version needs no repository, and a tag says nothing about it
	return n, delivery.CheckVersion(given)
}

func toolVersion() string { return buildVersion().Version }
