package oci

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"falkirk/internal/fault"
)

// attested is the annotation by which an attestation in an index names its
// image (BuildKit, "attestation storage").
const attested = "vnd.docker.reference.digest"

// Narrow is an index without the images for other platforms than those that are
// named, and without their attestations. The rest of it stays as it is; its
// digest is another one, unless nothing is left out. An image that is no index
// comes back as it is. A platform that is not there is fault.NotFound.
func Narrow(m Manifest, platforms []string) (Manifest, error) {
	parsed, err := parseManifest(m.Raw, m.Digest)
	if err != nil || !parsed.isIndex() || len(platforms) == 0 {
		return m, err
	}
	var doc map[string]json.RawMessage
	var list []json.RawMessage
	if err := json.Unmarshal(m.Raw, &doc); err != nil {
		return m, fault.New(fault.Invalid, "%s is not an index: %w", m.Digest, err)
	}
	if err := json.Unmarshal(doc["manifests"], &list); err != nil {
		return m, fault.New(fault.Invalid, "%s is not an index: %w", m.Digest, err)
	}
	keep, err := wanted(parsed, platforms)
	if err != nil {
		return m, err
	}
	var kept []json.RawMessage
	for i, d := range parsed.Manifests {
		if keep[d.Digest.String()] {
			kept = append(kept, list[i])
		}
	}
	if len(kept) == len(list) {
		return m, nil
	}
	if doc["manifests"], err = json.Marshal(kept); err != nil {
		return m, err
	}
	raw, err := json.Marshal(doc) // the keys of a map are sorted: the same every time
	if err != nil {
		return m, err
	}
	return NewManifest(raw, m.MediaType)
}

// wanted are the digests that stay.
func wanted(index manifest, platforms []string) (map[string]bool, error) {
	keep, found, there := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, d := range index.Manifests {
		if d.Platform == nil || d.Platform.OS == "unknown" {
			continue
		}
		has := join(d.Platform.OS, d.Platform.Architecture, d.Platform.Variant)
		there[has] = true
		for _, p := range platforms {
			if matches(has, p) {
				keep[d.Digest.String()], found[p] = true, true
			}
		}
	}
	for _, p := range platforms {
		if !found[p] {
			return nil, fault.New(fault.NotFound, "it is not there for %s; it has %s", p, strings.Join(slices.Sorted(maps.Keys(there)), ", "))
		}
	}
	for _, d := range index.Manifests {
		if keep[d.Annotations[attested]] {
			keep[d.Digest.String()] = true
		}
	}
	return keep, nil
}

// Narrowed is a From in which a manifest stands in for the one that it was made
// of.
func Narrowed(from From, m Manifest) From {
	n := narrowed{from, m}
	if related, ok := from.(Related); ok {
		return struct {
			narrowed
			Related
		}{n, related}
	}
	return n
}

type narrowed struct {
	From
	index Manifest
}

func (n narrowed) Manifest(ctx context.Context, digest string) (Manifest, error) {
	if digest == n.index.Digest {
		return n.index, nil
	}
	return n.From.Manifest(ctx, digest)
}
