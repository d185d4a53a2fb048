package ecr

import (
	"context"
	"errors"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"falkirk/internal/fault"
)

// Repository is one repository of a registry.
type Repository struct {
	client *Client
	name   string
}

// Repository names one; it need not be there.
func (c *Client) Repository(name string) *Repository { return &Repository{c, name} }

// Name is the repository's name.
func (r *Repository) Name() string { return r.name }

// Place names the registry for people, without asking for its host.
func (r *Repository) Place() string {
	if r.client.account == "" {
		return "ecr." + r.client.region
	}
	return "ecr." + r.client.region + "." + r.client.account
}

func (r *Repository) id() *string {
	if r.client.registry == "" {
		return nil
	}
	return &r.client.registry
}

func (r *Repository) explain(action string, err error) error {
	return r.client.explain(action, r.name, err)
}

// About is what ECR says of a repository.
type About struct {
	URI string // host and name

	mutability types.ImageTagMutability
	except     []string // patterns with * of the tags that it is the other way round for
}

// Immutable reports whether a tag cannot be moved, as far as the repository says:
// one that has exceptions and names none says nothing, and answers when a tag is
// moved.
func (a About) Immutable(tag string) bool {
	fixed := a.mutability == types.ImageTagMutabilityImmutable || a.mutability == types.ImageTagMutabilityImmutableWithExclusion && len(a.except) > 0
	for _, pattern := range a.except {
		if ok, err := path.Match(pattern, tag); ok && err == nil { // a tag has no slash
			return !fixed
		}
	}
	return fixed
}

// Describe says what a repository is like; false if it is not there.
func (r *Repository) Describe(ctx context.Context) (About, bool, error) {
	out, err := r.client.api.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{
		RegistryId: r.id(), RepositoryNames: []string{r.name},
	})
	var missing *types.RepositoryNotFoundException
	if errors.As(err, &missing) || err == nil && len(out.Repositories) == 0 {
		return About{}, false, nil
	}
	if err != nil {
		return About{}, false, r.explain("DescribeRepositories", err)
	}
	found := out.Repositories[0]
	a := About{URI: aws.ToString(found.RepositoryUri), mutability: found.ImageTagMutability}
	for _, f := range found.ImageTagMutabilityExclusionFilters {
		a.except = append(a.except, aws.ToString(f.Filter))
	}
	return a, true, nil
}

// Make says how a repository is made. Its tags stay on the image that they were
// pushed with, but for those that may move.
type Make struct {
	Tags       map[string]string
	Mutable    bool     // all tags may move
	Moving     []string // tags that may move; * is any characters; at most MostMoving
	KMSKey     string   // ARN of the key; "" is ECR's own
	ScanOnPush bool
	Lifecycle  string // policy as JSON; "" is none
}

// MostMoving is how many patterns of tags that may move a repository takes.
const MostMoving = 5

func (m Make) mutability() (types.ImageTagMutability, []types.ImageTagMutabilityExclusionFilter) {
	if m.Mutable {
		return types.ImageTagMutabilityMutable, nil
	}
	if len(m.Moving) == 0 {
		return types.ImageTagMutabilityImmutable, nil
	}
	var filters []types.ImageTagMutabilityExclusionFilter
	for _, tag := range m.Moving {
		filters = append(filters, types.ImageTagMutabilityExclusionFilter{
			Filter: aws.String(tag), FilterType: types.ImageTagMutabilityExclusionFilterTypeWildcard,
		})
	}
	return types.ImageTagMutabilityImmutableWithExclusion, filters
}

// Create makes the repository, encrypted; false if it is there.
func (r *Repository) Create(ctx context.Context, m Make) (made bool, err error) {
	in := &ecr.CreateRepositoryInput{
		RegistryId: r.id(), RepositoryName: &r.name,
		ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: m.ScanOnPush},
		EncryptionConfiguration:    &types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeAes256},
	}
	in.ImageTagMutability, in.ImageTagMutabilityExclusionFilters = m.mutability()
	if m.KMSKey != "" {
		in.EncryptionConfiguration = &types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeKms, KmsKey: &m.KMSKey}
	}
	for k, v := range m.Tags {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	_, err = r.client.api.CreateRepository(ctx, in)
	var there *types.RepositoryAlreadyExistsException
	if errors.As(err, &there) {
		return false, nil
	}
	if err != nil || m.Lifecycle == "" {
		return err == nil, r.explain("CreateRepository", err)
	}
	_, err = r.client.api.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{RegistryId: r.id(), RepositoryName: &r.name, LifecyclePolicyText: &m.Lifecycle})
	return true, r.explain("PutLifecyclePolicy", err)
}

// Repositories lists the names of all repositories of the registry.
func (c *Client) Repositories(ctx context.Context) ([]string, error) {
	in := &ecr.DescribeRepositoriesInput{MaxResults: aws.Int32(1000)}
	if c.registry != "" {
		in.RegistryId = &c.registry
	}
	var all []string
	for pages := ecr.NewDescribeRepositoriesPaginator(c.api, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, c.explain("DescribeRepositories", "", err)
		}
		for _, r := range page.Repositories {
			all = append(all, aws.ToString(r.RepositoryName))
		}
	}
	return all, nil
}

// Tagged is an image that has a tag.
type Tagged struct {
	Digest string
	Pushed time.Time // when it came; its tag may be younger
}

// Tags lists all tags with their images, up to 1,000 images a call.
func (r *Repository) Tags(ctx context.Context) (map[string]Tagged, error) {
	tags := map[string]Tagged{}
	err := r.images(ctx, types.TagStatusTagged, func(image types.ImageDetail) {
		for _, tag := range image.ImageTags {
			tags[tag] = Tagged{aws.ToString(image.ImageDigest), aws.ToTime(image.ImagePushedAt)}
		}
	})
	return tags, err
}

// Referrers lists what has another image as its subject, by the digest of that:
// signatures, attestations, bills of materials.
func (r *Repository) Referrers(ctx context.Context) (map[string][]string, error) {
	by := map[string][]string{}
	err := r.images(ctx, types.TagStatusAny, func(image types.ImageDetail) {
		if subject := aws.ToString(image.SubjectManifestDigest); subject != "" {
			by[subject] = append(by[subject], aws.ToString(image.ImageDigest))
		}
	})
	return by, err
}

// images gives the images of the repository one by one.
func (r *Repository) images(ctx context.Context, status types.TagStatus, each func(types.ImageDetail)) error {
	pages := ecr.NewDescribeImagesPaginator(r.client.api, &ecr.DescribeImagesInput{
		RegistryId: r.id(), RepositoryName: &r.name, MaxResults: aws.Int32(1000),
		Filter: &types.DescribeImagesFilter{TagStatus: status},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return r.explain("DescribeImages", err)
		}
		for _, image := range page.ImageDetails {
			each(image)
		}
	}
	return nil
}

// Lacks says which blobs the repository does not have, 100 a call.
func (r *Repository) Lacks(ctx context.Context, digests []string) ([]string, error) {
	var lacking []string
	for len(digests) > 0 {
		some := digests[:min(len(digests), 100)]
		digests = digests[len(some):]
		out, err := r.client.api.BatchCheckLayerAvailability(ctx, &ecr.BatchCheckLayerAvailabilityInput{
			RegistryId: r.id(), RepositoryName: &r.name, LayerDigests: some,
		})
		if err != nil {
			return nil, r.explain("BatchCheckLayerAvailability", err)
		}
		has := map[string]bool{}
		for _, l := range out.Layers {
			has[aws.ToString(l.LayerDigest)] = l.LayerAvailability == types.LayerAvailabilityAvailable
		}
		for _, d := range some {
			if !has[d] {
				lacking = append(lacking, d)
			}
		}
	}
	return lacking, nil
}

// notFound is the error for an image that is not there.
func (r *Repository) notFound(reference string) error {
	return fault.New(fault.NotFound, "%s is not in repository %s of account %s in %s", reference, r.name, r.client.account, r.client.region)
}
