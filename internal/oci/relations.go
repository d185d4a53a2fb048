package oci

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"falkirk/internal/fault"
)

// relation is something that refers to an image.
type relation struct {
	family
	subject string // digest; empty where only a tag says what it belongs to
	tag     string // cosign's: sha256-….sig
}

// mostRelations bounds what refers to what refers.
const mostRelations = 1000

// relations finds what refers to the manifests of a family, and to what refers.
func (j *transfer) relations(ctx context.Context, image family) ([]relation, error) {
	from, ok := j.from.(Related)
	if !ok || j.wish.Alone {
		return nil, nil
	}
	tags := j.wish.Tags
	if tags == nil {
		var err error
		if tags, err = from.Tags(ctx); err != nil {
			return nil, err
		}
	}
	var all []relation
	silent := false
	for queue := image.manifests; len(queue) > 0; queue = queue[1:] {
		of := queue[0].Digest
		found, err := j.referrers(ctx, from, of, tags, &silent)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			queue = append(slices.Clip(queue), r.manifests...)
		}
		if all = append(all, found...); len(all) > mostRelations {
			return nil, fault.New(fault.Refused, "more than %d manifests refer to the image", mostRelations)
		}
	}
	return all, nil
}

// referrers finds what refers to one manifest: by the registry's own list, or
// by the tag that stands in for it, and by the tags of cosign.
func (j *transfer) referrers(ctx context.Context, from Related, of string, tags []string, silent *bool) ([]relation, error) {
	stem := tagOf(of)
	var list []Descriptor
	if !*silent {
		known, can, err := from.Referrers(ctx, of)
		if err != nil {
			return nil, err
		}
		list, *silent = known, !can
	}
	if slices.Contains(tags, stem) {
		index, err := j.from.Manifest(ctx, stem)
		if err != nil {
			return nil, err
		}
		list = append(list, index.Children()...)
	}
	var all []relation
	add := func(digest string, r relation) error {
		if j.seen[digest] {
			return nil
		}
		t, err := j.family(ctx, digest, 0)
		r.family = t
		all = append(all, r)
		return err
	}
	for _, d := range list {
		if err := add(d.Digest.String(), relation{subject: of}); err != nil {
			return nil, err
		}
	}
	for _, tag := range tags {
		if !strings.HasPrefix(tag, stem+".") {
			continue
		}
		m, err := j.from.Manifest(ctx, tag)
		if err == nil {
			err = add(m.Digest, relation{tag: tag})
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// tagOf is the tag that stands for a digest: sha256-….
func tagOf(digest string) string { return strings.Replace(digest, ":", "-", 1) }

// relate writes something that refers to the image, and sees to it that it is
// found from there.
func (j *transfer) relate(ctx context.Context, r relation) error {
	j.out.Referrers++
	root := r.root()
	if r.tag != "" {
		if _, err := j.plant(ctx, r.family, false); err != nil {
			return err
		}
		return j.name(ctx, root, r.tag)
	}
	has, err := j.holds(ctx, r.family)
	if err != nil {
		return err
	}
	linked := false
	err = j.once(ctx, root.Digest, has, func() (err error) {
		if err = j.branches(ctx, r.family, has); err == nil {
			linked, err = j.to.Put(ctx, root, root.Digest)
			j.out.Manifests++
		}
		return err
	})
	if linked || err != nil {
		return err
	}
	return j.link(ctx, r.subject, root)
}

// link adds a referrer to the index under the tag that stands in for a list of
// referrers, unless the registry keeps that list itself.
func (j *transfer) link(ctx context.Context, subject string, m Manifest) error {
	if to, ok := j.to.(Related); ok {
		list, can, err := to.Referrers(ctx, subject)
		if err != nil || can && lists(list, m.Digest) {
			return err
		}
	}
	old, err := j.to.Manifest(ctx, tagOf(subject))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	var list []Descriptor
	if err == nil {
		list = old.Children()
	}
	if lists(list, m.Digest) {
		return nil
	}
	d, err := m.Descriptor()
	if err != nil {
		return err
	}
	index, err := indexOf(append(list, d))
	if err != nil {
		return err
	}
	return j.put(ctx, index, tagOf(subject))
}

func lists(all []Descriptor, digest string) bool {
	return slices.ContainsFunc(all, func(d Descriptor) bool { return d.Digest.String() == digest })
}

// indexOf is an index of referrers.
func indexOf(list []Descriptor) (Manifest, error) {
	raw, err := json.Marshal(struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Manifests     []Descriptor `json:"manifests"`
	}{2, "application/vnd.oci.image.index.v1+json", list})
	if err != nil {
		return Manifest{}, err
	}
	return NewManifest(raw, "")
}
