package syncfunction

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"falkirk/internal/aws/account"
	"falkirk/internal/blueprint/syncstack"
	"falkirk/internal/fault"
)

// objects are buckets in the function's region.
type objects struct {
	api    *s3.Client
	region string
}

func store(cfg aws.Config) objects { return objects{account.S3(cfg), cfg.Region} }

// fits refuses a bucket that Lambda does not take a zip from. It reports whether
// the bucket keeps versions.
func (o objects) fits(ctx context.Context, bucket string) (versioned bool, err error) {
	out, err := o.api.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	if err = explain("look at", bucket, err); fault.Is(err, fault.NotFound) {
		return false, fault.Hint(err, "aws s3 mb s3://%s --region %s, or name another with --bucket", bucket, o.region)
	}
	if err != nil {
		return false, err
	}
	if at := aws.ToString(out.BucketRegion); at != "" && at != o.region {
		err := fault.New(fault.Invalid, "bucket %s is in %s, and Lambda wants its zip in the function's region %s", bucket, at, o.region)
		return false, fault.Hint(err, "name another with --bucket")
	}
	kept, err := o.api.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &bucket})
	if err != nil {
		return false, explain("read the versioning of", bucket, err)
	}
	return kept.Status == types.BucketVersioningStatusEnabled, nil
}

func explain(doing, bucket string, err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.KindOf(account.Classify(err)), "%s bucket %s: %w", doing, bucket, err)
}

// find looks for the zip, and gives the version of the object in a bucket that
// has versions. An object under its key that has other bytes is not the zip.
func (o objects) find(ctx context.Context, at syncstack.Code, raw []byte) (version string, there bool, err error) {
	out, err := o.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &at.Bucket, Key: &at.Key, ChecksumMode: types.ChecksumModeEnabled})
	if err = explain("look into", at.Bucket, err); fault.Is(err, fault.NotFound) {
		return "", false, nil
	}
	if err != nil || aws.ToString(out.ChecksumSHA256) != checksum(raw) {
		return "", false, err
	}
	return aws.ToString(out.VersionId), true, nil
}

// put brings the zip, unless it is there. It gives the version of the object.
func (o objects) put(ctx context.Context, to syncstack.Code, raw []byte) (version string, err error) {
	version, there, err := o.find(ctx, to, raw)
	if err != nil || there {
		return version, err
	}
	out, err := o.api.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &to.Bucket, Key: &to.Key, Body: bytes.NewReader(raw), ContentType: aws.String("application/zip"),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(checksum(raw)),
	})
	if err != nil {
		return "", explain("put the zip into", to.Bucket, err)
	}
	return aws.ToString(out.VersionId), nil
}

func checksum(raw []byte) string {
	sum := sha256.Sum256(raw)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// clear removes all zips of a function, of which one is given.
func (o objects) clear(ctx context.Context, one syncstack.Code) error {
	bucket, folder := one.Bucket, one.Key[:strings.LastIndex(one.Key, "/")+1]
	for pages := s3.NewListObjectsV2Paginator(o.api, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &folder}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err = explain("list the zips in", bucket, err); err != nil {
			if fault.Is(err, fault.NotFound) {
				return nil
			}
			return err
		}
		for _, one := range page.Contents {
			if err := o.remove(ctx, bucket, one); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o objects) remove(ctx context.Context, bucket string, one types.Object) error {
	_, err := o.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: one.Key})
	return explain("remove a zip from", bucket, err)
}
