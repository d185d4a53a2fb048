package image

import (
	"context"
	"fmt"
	"io"
	"strings"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/registries"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func (t *Target) create(ctx context.Context, s spot) (delivery.Outcome, error) {
	c, ok := s.repo.(registries.Creator)
	if !ok {
		return delivery.Outcome{Nothing: true}, nil
	}
	tags := map[string]string{"falkirk:app": s.App, "falkirk:component": s.Component, "falkirk:environment": s.Place.Environment}
	if op, ok := delivery.OperationOf(ctx); ok {
		tags["falkirk:operation"] = op.ID
	}
	made, err := c.Create(ctx, ecr.Make{Tags: tags, ScanOnPush: true, Moving: t.moving(s)})
	return delivery.Outcome{Nothing: !made}, err
}

// copy brings the release's image with all that belongs to it into the
// repository, and gives it the release's tag at the end.
func (t *Target) copy(ctx context.Context, s spot, report func(delivery.Progress)) (delivery.Outcome, error) {
	tag, err := releaseTag(s.tag, s.Version)
	if err != nil {
		return delivery.Outcome{}, err
	}
	from, where, err := t.source(ctx, s)
	if err != nil {
		return delivery.Outcome{}, err
	}
	v := view{spot: s}
	if v.list, err = s.repo.List(ctx); err != nil {
		return delivery.Outcome{}, err
	}
	if !v.list.Exists {
		err := fault.New(fault.Refused, "there is no repository %s in %s", s.repo.Name(), s.repo.Registry())
		return delivery.Outcome{}, fault.Hint(err, "make it, or set create: true of the image target")
	}
	if err := s.empty(ctx); err != nil {
		return delivery.Outcome{}, err
	}
	got, err := t.copier.Copy(ctx, s.repo, from, oci.Wish{
		Digest: s.Artifact.Digest, Tag: tag,
		Report: func(passed, total int64) { report(delivery.Progress{Done: passed, Total: total, Unit: "bytes"}) },
	})
	if registries.IsImmutable(err) {
		err = fault.Hint(fault.New(fault.Conflict, "tag %s is on something else and cannot be moved: %w", tag, err), "pack under another version")
	}
	if err != nil {
		return delivery.Outcome{}, err
	}
	if err := v.unleave(ctx); err != nil {
		return delivery.Outcome{}, err
	}
	return delivery.Outcome{Note: noteOf(got, where)}, nil
}

func noteOf(c oci.Copied, where string) string {
	note := fault.Count(c.Uploaded, "blob", "blobs") + " copied from " + where
	if c.Mounted > 0 {
		note += fmt.Sprintf(", %d mounted", c.Mounted)
	}
	if c.Referrers > 0 {
		note += ", " + fault.Count(c.Referrers, "signature or other referrer", "signatures and other referrers")
	}
	return note
}

// source is where the image comes from: the builds registry, if pack pushes
// there and it is there, or the store of releases.
func (t *Target) source(ctx context.Context, s spot) (from oci.From, where string, err error) {
	stock := oci.Stock(t.opt.Store)
	if t.opt.Builds == nil {
		return stock, "the store", nil
	}
	reference, plain, err := t.opt.Builds(s.Component)
	if err != nil {
		return nil, "", err
	}
	if reference == "" {
		return stock, "the store", nil
	}
	repo, err := t.builds(ctx, s.Place, reference, plain)
	if err != nil {
		return nil, "", err
	}
	has, err := repo.Digest(ctx, s.Artifact.Digest)
	if err != nil {
		return nil, "", fmt.Errorf("look for the build: %w", err)
	}
	if has == "" {
		return stock, "the store", nil
	}
	return repo, reference, nil
}

// emptyBlob is what the pointer is made of.
func emptyBlob() (oci.Descriptor, error) {
	h, err := v1.NewHash(emptyDigest)
	return oci.Descriptor{Digest: h, Size: int64(len(emptyBytes)), MediaType: emptyType}, err
}

// empty puts that blob into the repository.
func (s spot) empty(ctx context.Context) error {
	blob, err := emptyBlob()
	if err != nil {
		return err
	}
	lacks, err := s.repo.Lacks(ctx, []oci.Descriptor{blob})
	if err != nil || len(lacks) == 0 {
		return err
	}
	return s.uploadEmpty(ctx)
}

func (s spot) uploadEmpty(ctx context.Context) error {
	blob, err := emptyBlob()
	if err != nil {
		return err
	}
	_, err = s.repo.Upload(ctx, blob, "", func(ctx context.Context) (*oci.Stream, error) {
		return oci.NewStream(ctx, blob, func(context.Context, int64) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(emptyBytes)), nil
		}, nil)
	})
	return err
}
