package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// chunk is the size of the pieces that a large blob is sent in: eight of them, but
// none smaller or larger than is good. What a lost connection costs is the piece
// that was on its way.
func chunk(size int64) int64 { return min(max(size/8, 32<<20), 256<<20) }

// Upload brings a blob into the repository. The request that begins it asks for
// a mount: from another repository of the registry, where one is named, or from
// this one, which tells whether the blob is there. Else it is streamed from
// open, which is called again when a connection is lost.
func (r *Repository) Upload(ctx context.Context, d oci.Descriptor, from string, open func(context.Context) (*oci.Stream, error)) (oci.How, error) {
	for n := 1; ; n++ {
		how, err := r.upload(ctx, d, from, open)
		if err == nil || n == tries || !fault.Is(err, fault.Unavailable) {
			return how, err
		}
		if err := r.reg.pause(ctx, n, 0); err != nil {
			return oci.There, err
		}
		// It may have arrived, and only the answer was lost.
		if has, err := r.HasBlob(ctx, d.Digest.String()); has && err == nil {
			return oci.Uploaded, nil
		}
	}
}

func (r *Repository) upload(ctx context.Context, d oci.Descriptor, from string, open func(context.Context) (*oci.Stream, error)) (oci.How, error) {
	to, how, err := r.begin(ctx, d, from)
	if to == nil || err != nil {
		return how, err
	}
	body, err := open(ctx)
	if err != nil {
		return oci.There, err
	}
	defer body.Close()
	if d.Size > chunk(d.Size) {
		if to, err = r.pieces(ctx, to, body); err != nil {
			return oci.There, fmt.Errorf("upload %s to %w", d.Digest, err)
		}
	}
	q := to.Query()
	q.Set("digest", d.Digest.String())
	to.RawQuery = q.Encode()
	res, err := r.send(ctx, call{
		method: http.MethodPut, url: to.String(), stream: body, length: body.Left(),
		header: map[string]string{"Content-Type": "application/octet-stream"},
	})
	if err != nil {
		return oci.There, fmt.Errorf("upload %s to %w", d.Digest, err)
	}
	return oci.Uploaded, r.done(res)
}

// begin asks for a mount, or where to upload to: nil if the blob is there now.
func (r *Repository) begin(ctx context.Context, d oci.Descriptor, from string) (*url.URL, oci.How, error) {
	c := r.at(http.MethodPost, "blobs/uploads/", "")
	c.body = []byte{}
	how := oci.There
	if from == "" {
		from = r.name
	} else {
		how = oci.Mounted
		c.scopes = []string{r.scope(), "repository:" + from + ":pull"}
	}
	c.err = cmp.Or(c.err, checkName(from))
	c.url += "?" + url.Values{"mount": {d.Digest.String()}, "from": {from}}.Encode()
	res, err := r.send(ctx, c)
	if err != nil {
		return nil, how, fmt.Errorf("begin to upload %s to %w", d.Digest, err)
	}
	if err := r.done(res); err != nil {
		return nil, how, fault.New(fault.Unavailable, "begin to upload %s to %s: %w", d.Digest, r, err)
	}
	if res.StatusCode == http.StatusCreated {
		return nil, how, nil
	}
	to, err := r.reg.location(res)
	if errors.Is(err, http.ErrNoLocation) {
		err = fault.New(fault.Unavailable, "%s does not say where to upload %s", r, d.Digest)
	}
	if err != nil {
		return nil, how, fmt.Errorf("begin to upload %s to %s: %w", d.Digest, r, err)
	}
	return to, how, nil
}

// pieces sends all but the last piece of a large blob, and gives where the rest
// goes.
func (r *Repository) pieces(ctx context.Context, to *url.URL, body *oci.Stream) (*url.URL, error) {
	lost := 0
	for n := chunk(body.Left()); body.Left() > n; {
		if err := body.Mark(); err != nil {
			return nil, err
		}
		for end := body.Offset() + n; body.Offset() < end; {
			next, err := r.piece(ctx, to, body, end-body.Offset())
			if err != nil {
				if lost++; lost == tries || !fault.Is(err, fault.Unavailable) {
					return nil, err
				}
				next, err = r.goOn(ctx, to, body, err)
			}
			if err != nil {
				return nil, err
			}
			to = next
		}
	}
	return to, nil
}

// goOn sets a piece that was cut off, or whose answer was lost, to where the
// registry has got to.
func (r *Repository) goOn(ctx context.Context, to *url.URL, body *oci.Stream, broke error) (*url.URL, error) {
	next, at, err := r.whereabouts(ctx, to)
	if fault.Is(err, fault.Refused) {
		return nil, errors.Join(err, broke)
	}
	if err != nil {
		return nil, broke // the registry has forgotten it all
	}
	if err := body.Back(at); err != nil {
		return nil, errors.Join(broke, err)
	}
	return next, nil
}

// piece sends the next n bytes.
func (r *Repository) piece(ctx context.Context, to *url.URL, body *oci.Stream, n int64) (*url.URL, error) {
	first := body.Offset()
	res, err := r.send(ctx, call{
		method: http.MethodPatch, url: to.String(), stream: io.LimitReader(body, n), length: n,
		header: map[string]string{
			"Content-Type":  "application/octet-stream",
			"Content-Range": fmt.Sprintf("%d-%d", first, first+n-1),
		},
	})
	if err != nil {
		return nil, err
	}
	if err := r.done(res); err != nil {
		return nil, fault.New(fault.Unavailable, "%s: %w", r, err)
	}
	next, err := r.reg.location(res)
	if errors.Is(err, http.ErrNoLocation) {
		return nil, fault.New(fault.Unavailable, "%s does not say where the upload goes on", r)
	}
	return next, err
}

// whereabouts asks how many bytes of an upload have arrived, and where the rest
// goes.
func (r *Repository) whereabouts(ctx context.Context, to *url.URL) (next *url.URL, at int64, err error) {
	res, err := r.send(ctx, call{method: http.MethodGet, url: to.String()})
	if err != nil {
		return nil, 0, err
	}
	if err := r.done(res); err != nil {
		return nil, 0, fault.New(fault.Unavailable, "%s: %w", r, err)
	}
	_, last, ok := strings.Cut(res.Header.Get("Range"), "-")
	n, err := strconv.ParseInt(last, 10, 64)
	if !ok || err != nil {
		return nil, 0, fault.New(fault.Unavailable, "%s does not say how much has arrived", r)
	}
	next, err = r.reg.location(res)
	if errors.Is(err, http.ErrNoLocation) {
		next, err = to, nil
	}
	if err != nil {
		return nil, 0, err
	}
	if n == 0 { // "0-0" is said of nothing, too
		return next, 0, nil
	}
	return next, n + 1, nil
}
