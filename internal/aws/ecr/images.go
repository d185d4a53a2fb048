package ecr

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"falkirk/internal/fault"
)

// accepted are the manifests that are asked for. Without an index among them
// ECR would answer with one of its images.
func accepted() []string {
	return []string{
		"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
		"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
	}
}

// Image is a manifest as ECR has it.
type Image struct {
	Digest    string
	MediaType string
	Raw       []byte
}

// Images reads manifests by tag or digest, 100 a call; those that are not there
// are left out. The keys are the references.
func (r *Repository) Images(ctx context.Context, references []string) (map[string]Image, error) {
	found := map[string]Image{}
	for len(references) > 0 {
		some := references[:min(len(references), 100)]
		references = references[len(some):]
		in := &ecr.BatchGetImageInput{RegistryId: r.id(), RepositoryName: &r.name, AcceptedMediaTypes: accepted()}
		for _, reference := range some {
			in.ImageIds = append(in.ImageIds, identifier(reference))
		}
		out, err := r.client.api.BatchGetImage(ctx, in)
		if err != nil {
			return nil, r.explain("BatchGetImage", err)
		}
		for _, image := range out.Images {
			i := Image{
				Digest:    aws.ToString(image.ImageId.ImageDigest),
				MediaType: aws.ToString(image.ImageManifestMediaType), Raw: []byte(aws.ToString(image.ImageManifest)),
			}
			found[i.Digest] = i
			found[aws.ToString(image.ImageId.ImageTag)] = i
		}
		if len(some) == 1 && len(out.Images) == 1 { // an emulator may name another of its tags
			found[some[0]] = found[aws.ToString(out.Images[0].ImageId.ImageDigest)]
		}
		if err := r.failures("BatchGetImage", out.Failures); err != nil {
			return nil, err
		}
	}
	delete(found, "")
	return found, nil
}

// Image reads one manifest.
func (r *Repository) Image(ctx context.Context, reference string) (Image, error) {
	found, err := r.Images(ctx, []string{reference})
	if err != nil {
		return Image{}, err
	}
	i, ok := found[reference]
	if !ok {
		return Image{}, r.notFound(reference)
	}
	return i, nil
}

// Put writes a manifest under a tag, or under its digest alone where that is
// empty. ECR's answer is checked by digest. What stands so already is no change.
func (r *Repository) Put(ctx context.Context, i Image, tag string) error {
	if err := r.client.Limit(ctx); err != nil {
		return err
	}
	in := &ecr.PutImageInput{
		RegistryId: r.id(), RepositoryName: &r.name, ImageManifest: aws.String(string(i.Raw)),
		ImageManifestMediaType: &i.MediaType, ImageDigest: &i.Digest,
	}
	if tag != "" {
		in.ImageTag = &tag
	}
	out, err := r.client.api.PutImage(ctx, in)
	var same *types.ImageAlreadyExistsException
	if errors.As(err, &same) { // or, with some emulators, the tag is on another one and cannot be moved
		now, again := r.Image(ctx, reference(i, tag))
		if again == nil && now.Digest == i.Digest {
			return nil
		}
		return errors.Join(r.explain("PutImage", err), ignoreMissing(again))
	}
	if err != nil {
		return fmt.Errorf("write %s (%s): %w", reference(i, tag), i.Digest, r.explain("PutImage", err))
	}
	if got := aws.ToString(out.Image.ImageId.ImageDigest); got != i.Digest {
		return fault.New(fault.Internal, "ECR has %s in %s as %s, and %s was written", got, r.name, tag, i.Digest)
	}
	return nil
}

func reference(i Image, tag string) string {
	if tag != "" {
		return tag
	}
	return i.Digest
}

func ignoreMissing(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// Delete removes tags and digests, 100 a call. What is not there is removed;
// what is still part of an index comes back.
func (r *Repository) Delete(ctx context.Context, references []string) (left []string, err error) {
	for len(references) > 0 {
		some := references[:min(len(references), 100)]
		references = references[len(some):]
		in := &ecr.BatchDeleteImageInput{RegistryId: r.id(), RepositoryName: &r.name}
		for _, reference := range some {
			in.ImageIds = append(in.ImageIds, identifier(reference))
		}
		out, err := r.client.api.BatchDeleteImage(ctx, in)
		if err != nil {
			return left, r.explain("BatchDeleteImage", err)
		}
		var other []types.ImageFailure
		for _, f := range out.Failures {
			if f.FailureCode == types.ImageFailureCodeImageReferencedByManifestList {
				left = append(left, aws.ToString(f.ImageId.ImageDigest))
				continue
			}
			other = append(other, f)
		}
		if err := r.failures("BatchDeleteImage", other); err != nil {
			return left, err
		}
	}
	return left, nil
}

// failures are those of a batch, but for what is not there.
func (r *Repository) failures(action string, all []types.ImageFailure) error {
	var errs []error
	for _, f := range all {
		if f.FailureCode == types.ImageFailureCodeImageNotFound || f.ImageId == nil {
			continue
		}
		errs = append(errs, fault.New(fault.Internal, "%s%s: %s: %s", aws.ToString(f.ImageId.ImageTag),
			aws.ToString(f.ImageId.ImageDigest), f.FailureCode, aws.ToString(f.FailureReason)))
	}
	return r.explain(action, errors.Join(errs...))
}

func identifier(reference string) types.ImageIdentifier {
	if strings.Contains(reference, ":") {
		return types.ImageIdentifier{ImageDigest: &reference}
	}
	return types.ImageIdentifier{ImageTag: &reference}
}
