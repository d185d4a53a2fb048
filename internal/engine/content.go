package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/rule"
)

// release reads a release and proves that it holds what the ledgers given say
// that it held when it was planned first. Other content, or a release that is
// not there any more, is fault.Tampered.
func (e *Engine) release(ctx context.Context, version string, recs ...delivery.Record) (delivery.Release, error) {
	rel, err := e.Releases.Get(ctx, e.App.Name, version)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return delivery.Release{}, err
	}
	for _, rec := range recs {
		c := rec.Content(version)
		if c.Version == "" || err == nil && c.Digest == rel.Content() {
			continue
		}
		what := "holds something else than"
		if err != nil {
			what = "is missing, and was there"
		}
		bad := fault.New(fault.Tampered, "release %s of %s %s when operation %s planned it", version, e.App.Name, what, c.Operation)
		return delivery.Release{}, fault.Hint(bad, "falkirk verify --blobs names every release that was changed; restore releases/%s/%s.json of the store from a copy", e.App.Name, version)
	}
	return rel, err
}

// recordsOf are the ledgers that may know the release of a situation.
func recordsOf(s rule.Situation) []delivery.Record {
	recs := []delivery.Record{s.Own}
	for _, env := range slices.Sorted(maps.Keys(s.Before)) {
		recs = append(recs, s.Before[env])
	}
	return recs
}

// Changed compares the releases in the store with what the ledgers of these
// environments say that they held when they were planned first.
func (e *Engine) Changed(ctx context.Context, environments []string) ([]delivery.BlobDamage, error) {
	var out []delivery.BlobDamage
	seen := map[delivery.Content]bool{}
	for _, env := range environments {
		rec, err := e.Ledger(env).Read(ctx, delivery.Record{})
		if err != nil {
			return out, err
		}
		for _, c := range rec.Contents {
			key := delivery.Content{Version: c.Version, Digest: c.Digest}
			if seen[key] {
				continue
			}
			seen[key] = true
			_, err := e.release(ctx, c.Version, rec)
			if err == nil {
				continue
			}
			if !fault.Is(err, fault.Tampered) {
				return out, err
			}
			out = append(out, delivery.BlobDamage{Name: fmt.Sprintf("releases/%s/%s.json", e.App.Name, c.Version), What: "changed", Text: err.Error()})
		}
	}
	return out, nil
}
