package doctor

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"falkirk/internal/aws/policy"
)

// noDigest is that of no image.
const noDigest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

// registry are the probes of ECR, on an image that is not there.
func registry(cfg aws.Config) probes {
	c := ecr.NewFromConfig(cfg)
	image := []types.ImageIdentifier{{ImageDigest: aws.String(noDigest)}}
	name := func(r policy.ARN) (id, repository *string) {
		return aws.String(r.Account), aws.String(strings.TrimPrefix(r.Resource, "repository/"))
	}
	return probes{
		"ecr:GetAuthorizationToken": func(ctx context.Context, _ policy.ARN, _ policy.Statement) error {
			_, err := c.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
			return err
		},
		"ecr:DescribeRepositories": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			id, repo := name(r)
			_, err := c.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RegistryId: id, RepositoryNames: []string{*repo}})
			return err
		},
		"ecr:DescribeImages": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			id, repo := name(r)
			_, err := c.DescribeImages(ctx, &ecr.DescribeImagesInput{RegistryId: id, RepositoryName: repo, ImageIds: image})
			return err
		},
		"ecr:ListImages": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			id, repo := name(r)
			_, err := c.ListImages(ctx, &ecr.ListImagesInput{RegistryId: id, RepositoryName: repo, MaxResults: aws.Int32(1)})
			return err
		},
		"ecr:BatchGetImage": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			id, repo := name(r)
			_, err := c.BatchGetImage(ctx, &ecr.BatchGetImageInput{RegistryId: id, RepositoryName: repo, ImageIds: image})
			return err
		},
		"ecr:BatchCheckLayerAvailability": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			id, repo := name(r)
			_, err := c.BatchCheckLayerAvailability(ctx, &ecr.BatchCheckLayerAvailabilityInput{RegistryId: id, RepositoryName: repo, LayerDigests: []string{noDigest}})
			return err
		},
		"ecr:GetDownloadUrlForLayer": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			id, repo := name(r)
			_, err := c.GetDownloadUrlForLayer(ctx, &ecr.GetDownloadUrlForLayerInput{RegistryId: id, RepositoryName: repo, LayerDigest: aws.String(noDigest)})
			return err
		},
		"ecr:PutImage": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			id, repo := name(r) // what is no manifest is refused
			_, err := c.PutImage(ctx, &ecr.PutImageInput{RegistryId: id, RepositoryName: repo, ImageManifest: aws.String("{}"), ImageDigest: aws.String(noDigest)})
			return err
		},
		"ecr:UploadLayerPart": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			id, repo := name(r)
			_, err := c.UploadLayerPart(ctx, &ecr.UploadLayerPartInput{
				RegistryId: id, RepositoryName: repo, UploadId: aws.String("00000000-0000-0000-0000-000000000000"),
				PartFirstByte: aws.Int64(0), PartLastByte: aws.Int64(0), LayerPartBlob: []byte("-"),
			})
			return err
		},
		"ecr:CompleteLayerUpload": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			id, repo := name(r)
			_, err := c.CompleteLayerUpload(ctx, &ecr.CompleteLayerUploadInput{
				RegistryId: id, RepositoryName: repo, UploadId: aws.String("00000000-0000-0000-0000-000000000000"), LayerDigests: []string{noDigest},
			})
			return err
		},
		"ecr:BatchDeleteImage": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			id, repo := name(r)
			_, err := c.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RegistryId: id, RepositoryName: repo, ImageIds: image})
			return err
		},
		"ecr:GetRepositoryPolicy": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			id, repo := name(r)
			_, err := c.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RegistryId: id, RepositoryName: repo})
			return err
		},
	}
}
