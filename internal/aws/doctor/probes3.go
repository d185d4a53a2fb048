package doctor

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/policy"
)

// object is a bucket and a key that a resource covers, and that no object has.
func object(r policy.ARN) (bucket, key *string) {
	b, pattern, _ := strings.Cut(r.Resource, "/")
	prefix, _, _ := strings.Cut(pattern, "*")
	if prefix == pattern && pattern != "" {
		return aws.String(b), aws.String(pattern) // one object alone
	}
	return aws.String(b), aws.String(prefix + nothing)
}

// objects are the probes of S3. Writes name an upload that was never begun, or
// ask that the object be one that it cannot be.
func objects(cfg aws.Config) probes {
	c := account.S3(cfg)
	upload := aws.String(nothing)
	return probes{
		"s3:ListBucket": func(ctx context.Context, r policy.ARN, st policy.Statement) error {
			prefix := ""
			for _, keys := range st.Conditions {
				if given := keys["s3:prefix"]; len(given) > 0 {
					prefix = strings.TrimSuffix(given[0], "*")
				}
			}
			_, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(r.Resource), Prefix: aws.String(prefix), MaxKeys: aws.Int32(1)})
			return err
		},
		"s3:ListBucketVersions": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: aws.String(r.Resource), MaxKeys: aws.Int32(1)})
			return err
		},
		"s3:ListBucketMultipartUploads": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: aws.String(r.Resource), MaxUploads: aws.Int32(1)})
			return err
		},
		"s3:GetBucketLocation": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: aws.String(r.Resource)})
			return err
		},
		"s3:GetEncryptionConfiguration": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: aws.String(r.Resource)})
			return err
		},
		"s3:GetObject": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			bucket, key := object(r)
			out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, Range: aws.String("bytes=0-0")})
			if err == nil {
				err = out.Body.Close()
			}
			return err
		},
		"s3:GetObjectTagging": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			bucket, key := object(r)
			_, err := c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: bucket, Key: key})
			return err
		},
		"s3:PutObject": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			bucket, key := object(r)
			_, err := c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
				Bucket: bucket, Key: key, UploadId: upload, IfNoneMatch: aws.String("*"), // a policy of the bucket may ask for it
				MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: aws.String(`"` + nothing + `"`), PartNumber: aws.Int32(1)}}},
			})
			if err == nil || refused(err) || harmless(err) {
				return err
			}
			// Some that speak S3 answer 500; a write on the condition that what is not
			// there is something in particular needs leave to read as well.
			_, err = c.PutObject(ctx, &s3.PutObjectInput{
				Bucket: bucket, Key: key, IfMatch: aws.String(`"` + nothing + `"`), IfNoneMatch: aws.String("*"), Body: strings.NewReader("-"),
			})
			return err
		},
		"s3:AbortMultipartUpload": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			bucket, key := object(r)
			_, err := c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: bucket, Key: key, UploadId: upload})
			return err
		},
		"s3:ListMultipartUploadParts": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			bucket, key := object(r)
			_, err := c.ListParts(ctx, &s3.ListPartsInput{Bucket: bucket, Key: key, UploadId: upload})
			return err
		},
		"s3:DeleteObject": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			bucket, key := object(r)
			if !strings.HasSuffix(*key, nothing) {
				key = aws.String(*key + nothing) // never an object that may be there
			}
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key, IfMatch: aws.String(`"` + nothing + `"`)})
			return err
		},
	}
}
