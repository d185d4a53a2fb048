package release

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// readers bounds how many manifests are read at once.
const readers = 16

// List gives the releases of an app, the newest first.
func (s *Store) List(ctx context.Context, app string) ([]delivery.Release, error) {
	if err := checkNames(app, "0"); err != nil {
		return nil, err
	}
	versions, err := s.Versions(ctx, app)
	if err != nil {
		return nil, err
	}
	list := make([]delivery.Release, len(versions))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for i, v := range versions {
		g.Go(func() (err error) {
			list[i], err = s.read(gctx, manifestKey(app, v))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b delivery.Release) int {
		return cmp.Or(b.PackedAt.Compare(a.PackedAt), cmp.Compare(b.Version, a.Version))
	})
	return list, nil
}

// Versions lists the versions of an app by name, without reading a manifest.
func (s *Store) Versions(ctx context.Context, app string) ([]string, error) {
	var versions []string
	for info, err := range s.bucket.List(ctx, "releases/"+app+"/", "") {
		if err != nil {
			return nil, wrap(err, "list the releases of %s", app)
		}
		name, isManifest := strings.CutSuffix(path.Base(info.Key), ".json")
		if isManifest && info.Key == manifestKey(app, name) && delivery.CheckVersion(name) == nil {
			versions = append(versions, name)
		}
	}
	return versions, nil
}

// missing is the error for a release that is not there. It names what is.
func (s *Store) missing(ctx context.Context, app, version string) error {
	notFound := fault.New(fault.NotFound, "no release %q of %s in the store", version, app)
	versions, err := s.Versions(ctx, app)
	if err != nil {
		return wrap(err, "look for releases like %s", version)
	}
	if len(versions) == 0 {
		return fault.Hint(notFound, "nothing is packed yet: falkirk pack --version %s", version)
	}
	if near := nearest(version, versions); near != "" {
		return fault.Hint(notFound, "did you mean %s? falkirk releases lists %s", near, allOf(len(versions)))
	}
	list, err := s.List(ctx, app)
	if err != nil {
		return wrap(err, "look for releases like %s", version)
	}
	var names []string
	for _, r := range list[:min(3, len(list))] {
		names = append(names, r.Version)
	}
	return fault.Hint(notFound, "%s; falkirk releases lists %s", newest(names), allOf(len(versions)))
}

// newest names the newest releases.
func newest(names []string) string {
	if len(names) == 1 {
		return "the only one is " + names[0]
	}
	return "the newest are " + strings.Join(names, ", ")
}

// allOf says how many releases a list has.
func allOf(n int) string {
	if n == 1 {
		return "it"
	}
	return fmt.Sprintf("all %d", n)
}

// nearest is the version that somebody may have meant, or "".
func nearest(want string, versions []string) string {
	best, bestAt := "", 3 // more than two edits apart is another version
	for _, v := range versions {
		if d := distance(strings.TrimPrefix(want, "v"), strings.TrimPrefix(v, "v")); d < bestAt && d < len(want) {
			best, bestAt = v, d
		}
	}
	return best
}

// distance is the number of edits between two strings (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// wrap says what was being done and keeps the kind and the hint of err.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
