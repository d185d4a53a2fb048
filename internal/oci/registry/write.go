package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// Upload brings a blob into the repository: it is mounted from another
// repository of the registry, where that is named and possible, or streamed from
// open, which is called again when a connection is lost.
func (r *Repository) Upload(ctx context.Context, d oci.Descriptor, from string, open func(context.Context) (io.ReadCloser, error)) (mounted bool, err error) {
	for n := 1; ; n++ {
		mounted, err = r.upload(ctx, d, from, open)
		if err == nil || n == tries || !fault.Is(err, fault.Unavailable) {
			return mounted, err
		}
		if err := r.reg.pause(ctx, n, 0); err != nil {
			return false, err
		}
		// It may have arrived, and only the answer was lost.
		if has, err := r.HasBlob(ctx, d.Digest.String()); has && err == nil {
			return false, nil
		}
	}
}

func (r *Repository) upload(ctx context.Context, d oci.Descriptor, from string, open func(context.Context) (io.ReadCloser, error)) (mounted bool, err error) {
	begin := call{method: http.MethodPost, url: r.url("blobs", "uploads/"), body: []byte{}}
	if from != "" {
		begin.url += "?" + url.Values{"mount": {d.Digest.String()}, "from": {from}}.Encode()
		begin.scopes = []string{r.scope(), "repository:" + from + ":pull"}
	}
	res, err := r.send(ctx, begin)
	if err != nil {
		return false, fmt.Errorf("begin to upload %s to %w", d.Digest, err)
	}
	if err := done(res); err != nil {
		return false, fault.New(fault.Unavailable, "begin to upload %s to %s: %w", d.Digest, r, err)
	}
	if res.StatusCode == http.StatusCreated {
		return true, nil
	}
	to, err := res.Location()
	if err != nil {
		return false, fault.New(fault.Unavailable, "%s does not say where to upload %s: %w", r, d.Digest, err)
	}
	q := to.Query()
	q.Set("digest", d.Digest.String())
	to.RawQuery = q.Encode()
	body, err := open(ctx)
	if err != nil {
		return false, err
	}
	defer body.Close()
	res, err = r.send(ctx, call{
		method: http.MethodPut, url: to.String(), stream: body, length: d.Size,
		header: map[string]string{"Content-Type": "application/octet-stream"},
	})
	if err != nil {
		return false, fmt.Errorf("upload %s to %w", d.Digest, err)
	}
	return false, done(res)
}

// Put writes a manifest under a tag or its digest, and reports whether the
// registry took note of its subject by itself (OCI 1.1).
func (r *Repository) Put(ctx context.Context, m oci.Manifest, reference string) (linked bool, err error) {
	if err := r.reg.opt.Limit(ctx); err != nil {
		return false, err
	}
	res, err := r.send(ctx, call{
		method: http.MethodPut, url: r.url("manifests", reference), body: m.Raw,
		header: map[string]string{"Content-Type": m.MediaType},
	})
	if err != nil {
		return false, fmt.Errorf("write %s (%s) to %w", reference, m.Digest, err)
	}
	if err := done(res); err != nil {
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
	res, err := r.send(ctx, call{
		method: http.MethodDelete, url: r.url("manifests", reference),
		scopes: []string{"repository:" + r.name + ":pull,push,delete"},
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete %s from %w", reference, err)
	}
	return done(res)
}
