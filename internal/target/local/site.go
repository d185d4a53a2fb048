package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/supervisor"
)

// lookAtSite counts what a site that is asked about lacks.
func (t *Target) lookAtSite(ctx context.Context, v *view) error {
	if v.Version == "" || !v.isSite() {
		return nil
	}
	var site delivery.Site
	found, err := place.Read(v.version().SiteFile(), &site)
	if err == nil && !found {
		site, err = t.opt.Store.Site(ctx, v.Artifact.Digest)
	}
	if err != nil {
		return err
	}
	v.facts.Total = int64(len(site.Files))
	for _, f := range missing(v.dir, site) {
		v.facts.Missing++
		v.facts.Bytes += f.Size
	}
	return nil
}

// lacking counts the files of a laid-out site that are missing or altered.
func lacking(dir place.Dir, v place.Version) (count, size, total int64, err error) {
	var site delivery.Site
	found, err := place.Read(v.SiteFile(), &site)
	if err != nil || !found {
		return 1, 0, 0, err
	}
	for _, f := range missing(dir, site) {
		count++
		size += f.Size
	}
	return count, size, int64(len(site.Files)), nil
}

// held is asked before each change: the operation must still hold the
// environment.
func held(ctx context.Context) place.Check { return func() error { return fence.Check(ctx) } }

// missing lists the files whose content is not there whole, each content once.
func missing(dir place.Dir, site delivery.Site) []delivery.File {
	var list []delivery.File
	seen := map[string]bool{}
	for _, f := range site.Files {
		if seen[f.Digest] {
			continue
		}
		seen[f.Digest] = true
		if info, err := os.Stat(dir.Blob(f.Digest)); err != nil || info.Size() != f.Size {
			list = append(list, f)
		}
	}
	return list
}

// copy lays out a site: the content first, then the manifest, then the wish.
func (t *Target) copy(ctx context.Context, s spot, report func(delivery.Progress)) (delivery.Outcome, error) {
	site, err := t.opt.Store.Site(ctx, s.Artifact.Digest)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if err := t.copyBlobs(ctx, s, missing(s.dir, site), report); err != nil {
		return delivery.Outcome{}, err
	}
	w, err := s.wanted(Image{})
	if err != nil {
		return delivery.Outcome{}, err
	}
	st, err := s.client.Status(ctx)
	if errors.Is(err, supervisor.ErrDown) {
		return delivery.Outcome{}, noSupervisor()
	}
	if err != nil {
		return delivery.Outcome{}, err
	}
	same, live, err := s.compareWish(w, st)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if live {
		return s.copyLive(ctx, w, site, same)
	}
	if !same {
		if err := s.withdraw(ctx); err != nil {
			return delivery.Outcome{}, err
		}
	}
	if err := os.MkdirAll(string(s.version()), 0o755); err != nil {
		return delivery.Outcome{}, err
	}
	if err := place.Write(s.version().SiteFile(), site, held(ctx)); err != nil {
		return delivery.Outcome{}, err
	}
	if err := place.Write(s.version().WantedFile(), w, held(ctx)); err != nil {
		return delivery.Outcome{}, err
	}
	return delivery.Outcome{}, s.await(ctx, 30*time.Second, func(st supervisor.Status) (bool, error) {
		r, _ := st.Find(s.Component, s.Version)
		return r.Ready, nil
	})
}

// copyLive writes the manifest of a live site where it is gone, and has changed
// settings taken on.
func (s spot) copyLive(ctx context.Context, w place.Wanted, site delivery.Site, same bool) (delivery.Outcome, error) {
	if _, err := os.Stat(s.version().SiteFile()); err != nil {
		if err := place.Write(s.version().SiteFile(), site, held(ctx)); err != nil {
			return delivery.Outcome{}, err
		}
	}
	if same {
		return delivery.Outcome{}, s.withdrawNext(ctx)
	}
	return s.replace(ctx, w)
}

func (t *Target) copyBlobs(ctx context.Context, s spot, files []delivery.File, report func(delivery.Progress)) error {
	var done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for _, f := range files {
		group.Go(func() error {
			if err := t.copyBlob(ctx, s, f); err != nil {
				return fmt.Errorf("copy %s: %w", f.Path, err)
			}
			report(delivery.Progress{Done: done.Add(1), Total: int64(len(files)), Unit: "files"})
			return nil
		})
	}
	return group.Wait()
}

// copyBlob copies one content, checked; readers see it whole or not at all.
func (t *Target) copyBlob(ctx context.Context, s spot, f delivery.File) error {
	in, err := t.opt.Store.Open(ctx, f.Digest)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	path := s.dir.Blob(f.Digest)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temp := place.Temp(path)
	out, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), in)
	err = errors.Join(err, out.Close())
	if err == nil {
		err = verify(sum, f.Digest)
	}
	if err == nil {
		err = fence.Check(ctx)
	}
	if err == nil {
		err = place.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, place.Remove(temp))
	}
	return nil
}

func verify(sum hash.Hash, want string) error {
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); got != want {
		return fault.New(fault.Conflict, "the store's content is %s and not %s", got, want)
	}
	return nil
}

// sweep deletes the contents that no site of the place refers to any more, and
// what killed copies left.
func sweep(ctx context.Context, dir place.Dir) error {
	kept, err := referred(dir)
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir.Blobs(), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() || kept[e.Name()] {
			return err
		}
		return place.Remove(path, held(ctx))
	})
}

// referred are the contents of all sites laid out in a place.
func referred(dir place.Dir) (map[string]bool, error) {
	kept := map[string]bool{}
	components, err := dir.Components()
	if err != nil {
		return nil, err
	}
	for _, c := range components {
		versions, err := dir.Versions(c)
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			var site delivery.Site
			if _, err := place.Read(dir.Version(c, v).SiteFile(), &site); err != nil {
				return nil, err
			}
			for _, f := range site.Files {
				kept[strings.TrimPrefix(f.Digest, "sha256:")] = true
			}
		}
	}
	return kept, nil
}
