package registries

import (
	"context"
	"errors"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
)

// plain is a repository of a registry that speaks the distribution protocol.
type plain struct{ *registry.Repository }

// List has no digests: the protocol lists names only.
func (r plain) List(ctx context.Context) (Listing, error) {
	tags, err := r.Tags(ctx)
	l := Listing{Exists: true, Tags: make(map[string]string, len(tags))} // it is made by the first push
	for _, t := range tags {
		l.Tags[t] = ""
	}
	return l, err
}

// Keep writes an artifact under a tag.
func (r plain) Keep(ctx context.Context, m oci.Manifest, tag string) error {
	_, err := r.Put(ctx, m, tag)
	return err
}

func (r plain) Delete(ctx context.Context, references []string) (left []string, err error) {
	for _, reference := range references {
		err := r.Repository.Delete(ctx, reference)
		if registry.CannotDelete(err) {
			left = append(left, reference)
			continue
		}
		if err != nil {
			return left, err
		}
	}
	return left, nil
}

// Explain names who may not do what.
func (r plain) Explain(err error) error {
	var a *registry.Answer
	if errors.As(err, &a) && fault.Is(err, fault.Refused) && a.Status >= 400 && !a.Page {
		return fault.Hint(err, "log in to %s as somebody who may pull from and push to %s: docker login %s", r.Registry(), r.Name(), r.Registry())
	}
	return err
}
