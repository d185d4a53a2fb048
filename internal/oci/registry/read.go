package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// accepted are the manifests that are asked for: OCI and Docker schema 2.
const accepted = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, " +
	"application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"

// maxManifest is what registries accept at most.
const maxManifest = 4 << 20

// maxList is what a page of a list is at most.
const maxList = 64 << 20

// Manifest reads a manifest by digest or tag. Its bytes are those of the digest.
func (r *Repository) Manifest(ctx context.Context, reference string) (oci.Manifest, error) {
	res, raw, err := r.read(ctx, r.at(http.MethodGet, "manifests", reference).accepting(accepted), maxManifest) //nolint:bodyclose // read closes it
	if err != nil {
		return oci.Manifest{}, fmt.Errorf("read manifest %s of %w", reference, err)
	}
	m, err := oci.NewManifest(raw, res.Header.Get("Content-Type"))
	if err != nil { // the fault of the registry, and no bad input
		return oci.Manifest{}, fault.New(fault.Internal, "read manifest %s of %s: %w", reference, r, err)
	}
	if strings.Contains(reference, ":") && m.Digest != reference {
		return oci.Manifest{}, fault.New(fault.Internal, "%s gave %s when asked for %s", r, m.Digest, reference)
	}
	return m, nil
}

// Digest asks which manifest a tag or digest names; "" if none.
func (r *Repository) Digest(ctx context.Context, reference string) (string, error) {
	res, err := r.send(ctx, r.at(http.MethodHead, "manifests", reference).accepting(accepted))
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for %s in %w", reference, err)
	}
	if err := r.done(res); err != nil {
		return "", err
	}
	switch d := res.Header.Get("Docker-Content-Digest"); {
	case oci.IsDigest(d):
		return d, nil
	case d != "":
		return "", fault.New(fault.Internal, "%s says that %s is on %q, which is not a digest", r, reference, d)
	}
	m, err := r.Manifest(ctx, reference) // an old registry, which leaves the header out
	return m.Digest, err
}

// Blob opens a blob at an offset. Its bytes are not checked here.
func (r *Repository) Blob(ctx context.Context, digest string, offset int64) (io.ReadCloser, error) {
	c := r.at(http.MethodGet, "blobs", digest)
	if offset > 0 {
		c.header = map[string]string{"Range": fmt.Sprintf("bytes=%d-", offset)}
	}
	res, err := r.send(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("read %s of %w", digest, err)
	}
	if offset > 0 && res.StatusCode != http.StatusPartialContent { // it gives nothing but the whole
		if _, err := io.CopyN(io.Discard, res.Body, offset); err != nil {
			return nil, errors.Join(fault.New(fault.Unavailable, "read %s of %s: %w", digest, r, err), res.Body.Close())
		}
	}
	return res.Body, nil
}

// Stretch opens a part of a blob; false where the registry gives nothing but the
// whole. It implements oci.Ranged.
func (r *Repository) Stretch(ctx context.Context, digest string, first, size int64) (io.ReadCloser, bool, error) {
	c := r.at(http.MethodGet, "blobs", digest)
	c.header = map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", first, first+size-1)}
	res, err := r.send(ctx, c)
	if err != nil {
		return nil, false, fmt.Errorf("read %s of %w", digest, err)
	}
	if res.StatusCode != http.StatusPartialContent {
		return nil, false, res.Body.Close()
	}
	return res.Body, true, nil
}

// HasBlob asks whether a blob is in the repository.
func (r *Repository) HasBlob(ctx context.Context, digest string) (bool, error) {
	res, err := r.send(ctx, r.at(http.MethodHead, "blobs", digest))
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for %s in %w", digest, err)
	}
	return true, r.done(res)
}

// Tags lists all tags, page by page; none where the repository is not there.
func (r *Repository) Tags(ctx context.Context) ([]string, error) {
	type page struct {
		Tags []string `json:"tags"`
	}
	var all []string
	err := r.pages(ctx, r.at(http.MethodGet, "tags/list?n=1000", ""), into(func(p page) { all = append(all, p.Tags...) }))
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the tags of %w", err)
	}
	return all, nil
}

// Referrers lists what refers to a manifest. The second answer is false where
// the registry does not know how to tell (before OCI 1.1).
func (r *Repository) Referrers(ctx context.Context, digest string) ([]oci.Descriptor, bool, error) {
	if !r.reg.asked.Load() { // one finds out, the others wait
		r.reg.asking.Lock()
		defer r.reg.asking.Unlock()
		defer r.reg.asked.Store(true)
	}
	if r.reg.old.Load() {
		return nil, false, nil
	}
	type page struct {
		Manifests []oci.Descriptor `json:"manifests"`
	}
	var all []oci.Descriptor
	err := r.pages(ctx, r.at(http.MethodGet, "referrers", digest), into(func(p page) { all = append(all, p.Manifests...) }))
	if fault.Is(err, fault.NotFound) || CannotDelete(err) { // the same words: it is not supported
		r.reg.old.Store(!has(err, "NAME_UNKNOWN", "MANIFEST_UNKNOWN"))
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("list what refers to %s in %w", digest, err)
	}
	return all, true, nil
}

// Catalog lists the repositories of the registry, page by page. Many public
// registries do not tell.
func (r *Registry) Catalog(ctx context.Context) ([]string, error) {
	type page struct {
		Repositories []string `json:"repositories"`
	}
	at := &Repository{reg: r}
	var all []string
	first := call{method: http.MethodGet, url: r.base + "_catalog?n=1000", scopes: []string{"registry:catalog:*"}}
	err := at.pages(ctx, first, into(func(p page) { all = append(all, p.Repositories...) }))
	if err != nil {
		err = fmt.Errorf("list the repositories of %s: %w", r.opt.Host, err)
		var said *Answer
		if fault.HintOf(err) != "" || !errors.As(err, &said) || transient(said.Status) {
			return nil, err // it has not said that it does not list them
		}
		return nil, fault.Hint(err, "name the repositories; patterns need a registry that lists what it has")
	}
	return all, nil
}
