package images

import (
	"context"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/registries"
)

// CopyRequest asks for a copy.
type CopyRequest struct {
	From      string   `json:"from"` // reference
	To        string   `json:"to"`
	Platforms []string `json:"platforms,omitempty"`   // an index is narrowed to these
	Alone     bool     `json:"noReferrers,omitempty"` // without what refers to it
}

// Copied is what a copy came to.
type Copied struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Digest    string `json:"digest"`
	Uploaded  int    `json:"uploaded"` // blobs
	Mounted   int    `json:"mounted"`
	Manifests int    `json:"manifests"` // written
	Referrers int    `json:"referrers"`
	Bytes     int64  `json:"bytes"`
}

// Copy copies one image, and tells report how many bytes have passed. Without a tag
// to go to it is latest.
func (t Tool) Copy(ctx context.Context, r CopyRequest, report func(passed, total int64)) (Copied, error) {
	out := Copied{From: r.From, To: r.To}
	from, source, err := t.open(ctx, r.From, true)
	if err != nil {
		return out, err
	}
	to, dest, err := t.open(ctx, r.To, false)
	if err != nil {
		return out, err
	}
	if to.Digest != "" {
		return out, fault.New(fault.Invalid, "%q: an image goes to a tag; its digest stays what it is", r.To)
	}
	m, err := source.Manifest(ctx, from.String())
	if err != nil {
		return out, source.Explain(err)
	}
	var origin oci.From = source
	whole := m
	if len(r.Platforms) > 0 {
		if m, err = oci.Narrow(m, r.Platforms); err != nil {
			return out, err
		}
		origin = oci.Narrowed(source, m)
	}
	list, err := dest.List(ctx)
	if err != nil {
		return out, dest.Explain(err)
	}
	if err := t.mayWrite(ctx, whole, m); err != nil {
		return out, err
	}
	if c, ok := dest.(registries.Creator); ok && !list.Exists {
		if _, err := c.Create(ctx, ecr.Make{ScanOnPush: true, Moving: []string{to.Tag}}); err != nil {
			return out, dest.Explain(err)
		}
	}
	got, err := oci.NewCopier().Copy(ctx, dest, origin, oci.Wish{
		Digest: m.Digest, Tag: to.Tag, Alone: r.Alone, Report: report, Fresh: len(list.Tags) == 0,
	})
	out.Digest, out.Uploaded, out.Mounted = m.Digest, got.Uploaded, got.Mounted
	out.Manifests, out.Referrers, out.Bytes = got.Manifests, got.Referrers, got.Bytes
	return out, dest.Explain(err)
}
