package registry

import (
	"context"
	"fmt"
	"net/http"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// Put writes a manifest under a tag or its digest, and reports whether the
// registry took note of its subject by itself (OCI 1.1).
func (r *Repository) Put(ctx context.Context, m oci.Manifest, reference string) (linked bool, err error) {
	if err := r.reg.opt.Limit(ctx); err != nil {
		return false, err
	}
	c := r.at(http.MethodPut, "manifests", reference)
	c.body, c.header = m.Raw, map[string]string{"Content-Type": m.MediaType}
	res, err := r.send(ctx, c)
	if err != nil {
		return false, fmt.Errorf("write %s (%s) to %w", reference, m.Digest, err)
	}
	if err := r.done(res); err != nil {
		return false, fault.New(fault.Unavailable, "write %s to %s: %w", reference, r, err)
	}
	got := res.Header.Get("Docker-Content-Digest")
	if got == "" {
		if got, err = r.Digest(ctx, reference); err != nil {
			return false, err
		}
	}
	if got != m.Digest {
		return false, fault.New(fault.Internal, "%s has %s as %s, and %s was written", r, reference, got, m.Digest)
	}
	return res.Header.Get("OCI-Subject") != "", nil
}

// Delete removes a manifest by digest, or a tag where the registry can do that:
// see CannotDelete. What is not there is deleted.
func (r *Repository) Delete(ctx context.Context, reference string) error {
	c := r.at(http.MethodDelete, "manifests", reference)
	c.scopes = []string{"repository:" + r.name + ":pull,push,delete"}
	res, err := r.send(ctx, c)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete %s from %w", reference, err)
	}
	return r.done(res)
}
