package registries

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
)

// private is a repository of Amazon ECR. Tags are read and moved by its API,
// images are copied by the protocol of its registry.
type private struct {
	*ecr.Repository
	readOnly  bool
	data      func(context.Context) (*registry.Repository, error)
	about     ecr.About           // after List
	referrers map[string][]string // by subject; after Referrers
}

// Registry is the registry's host, once it is known.
func (r *private) Registry() string {
	if host, _, ok := strings.Cut(r.about.URI, "/"); ok {
		return host
	}
	return r.Place()
}

// List asks of a repository that is only read what is in it, and not what it is
// like: a policy that lets another account pull does not allow that.
func (r *private) List(ctx context.Context) (Listing, error) {
	var about ecr.About
	if !r.readOnly {
		var there bool
		var err error
		if about, there, err = r.Describe(ctx); err != nil || !there {
			return Listing{}, err
		}
	}
	r.about = about
	tags, err := r.Repository.Tags(ctx)
	if fault.Is(err, fault.NotFound) {
		return Listing{}, nil
	}
	l := Listing{Exists: true, Immutable: about.Immutable, Tags: map[string]string{}, Pushed: map[string]time.Time{}}
	for t, i := range tags {
		l.Tags[t], l.Pushed[t] = i.Digest, i.Pushed
	}
	return l, err
}

func (r *private) Manifest(ctx context.Context, reference string) (oci.Manifest, error) {
	i, err := r.Image(ctx, reference)
	if err != nil {
		return oci.Manifest{}, err
	}
	return manifest(i)
}

// manifest is an image of ECR; one that is no manifest is no bad input.
func manifest(i ecr.Image) (oci.Manifest, error) {
	m, err := oci.NewManifest(i.Raw, i.MediaType)
	if err != nil {
		return m, fault.New(fault.Internal, "read manifest %s: %w", i.Digest, err)
	}
	return m, nil
}

func (r *private) Digest(ctx context.Context, reference string) (string, error) {
	found, err := r.Images(ctx, []string{reference})
	return found[reference].Digest, err
}

// Blob implements oci.From.
func (r *private) Blob(ctx context.Context, digest string, offset int64) (io.ReadCloser, error) {
	data, err := r.data(ctx)
	if err != nil {
		return nil, err
	}
	return data.Blob(ctx, digest, offset)
}

// Stretch implements oci.Ranged.
func (r *private) Stretch(ctx context.Context, digest string, first, size int64) (io.ReadCloser, bool, error) {
	data, err := r.data(ctx)
	if err != nil {
		return nil, false, err
	}
	return data.Stretch(ctx, digest, first, size)
}

// Manifests implements oci.Batch: 100 with one call.
func (r *private) Manifests(ctx context.Context, digests []string) (map[string]oci.Manifest, error) {
	found, err := r.Images(ctx, digests)
	if err != nil {
		return nil, err
	}
	all := map[string]oci.Manifest{}
	for _, d := range digests {
		if i, ok := found[d]; ok {
			if all[d], err = manifest(i); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// Holds asks for 100 with one call.
func (r *private) Holds(ctx context.Context, digests []string) (map[string]bool, error) {
	found, err := r.Images(ctx, digests)
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for _, d := range digests {
		_, all[d] = found[d]
	}
	return all, nil
}

// Lacks asks for 100 with one call.
func (r *private) Lacks(ctx context.Context, blobs []oci.Descriptor) ([]oci.Descriptor, error) {
	digests := make([]string, len(blobs))
	for i, d := range blobs {
		digests[i] = d.Digest.String()
	}
	lacking, err := r.Repository.Lacks(ctx, digests)
	return slices.DeleteFunc(slices.Clone(blobs), func(d oci.Descriptor) bool { return !slices.Contains(lacking, d.Digest.String()) }), err
}

func (r *private) Upload(ctx context.Context, d oci.Descriptor, from string, open func(context.Context) (*oci.Stream, error)) (oci.How, error) {
	data, err := r.data(ctx)
	if err != nil {
		return oci.There, err
	}
	return data.Upload(ctx, d, from, open)
}

func (r *private) Put(ctx context.Context, m oci.Manifest, reference string) (linked bool, err error) {
	data, err := r.data(ctx)
	if err != nil {
		return false, err
	}
	return data.Put(ctx, m, reference)
}

func (r *private) Keep(ctx context.Context, m oci.Manifest, tag string) error {
	return r.Repository.Put(ctx, ecr.Image{Digest: m.Digest, MediaType: m.MediaType, Raw: m.Raw}, tag)
}

// Referrers implements oci.Related, of one reading of the repository.
func (r *private) Referrers(ctx context.Context, digest string) ([]oci.Descriptor, bool, error) {
	if r.referrers == nil {
		found, err := r.Repository.Referrers(ctx)
		if err != nil {
			return nil, false, err
		}
		r.referrers = found
	}
	var list []oci.Descriptor
	for _, d := range r.referrers[digest] {
		h, err := v1.NewHash(d)
		if err != nil {
			return nil, false, err
		}
		list = append(list, oci.Descriptor{Digest: h})
	}
	return list, true, nil
}

// Tags implements oci.Related.
func (r *private) Tags(ctx context.Context) ([]string, error) {
	tags, err := r.Repository.Tags(ctx)
	return slices.Collect(maps.Keys(tags)), err
}

// Missing is Lacks: it asks for all of them.
func (r *private) Missing(ctx context.Context, blobs []oci.Descriptor) ([]oci.Descriptor, error) {
	return r.Lacks(ctx, blobs)
}

// Explain leaves errors as they are: the client has told all.
func (r *private) Explain(err error) error { return err }
