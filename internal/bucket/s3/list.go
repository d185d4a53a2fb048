package s3

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/internal/bucket"
	"falkirk/internal/fault"
)

// List yields objects in order of key, a request for a thousand.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Info, error] {
	return func(yield func(bucket.Info, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: aws.String(b.prefix + prefix)}
		if after != "" {
			in.StartAfter = aws.String(b.prefix + after)
		}
		for pages := s3.NewListObjectsV2Paginator(b.client, in); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(bucket.Info{}, b.explain("list", prefix, err))
				return
			}
			for _, o := range page.Contents {
				key, ok := strings.CutPrefix(aws.ToString(o.Key), b.prefix)
				if !ok || strings.HasPrefix(key, staging+"/") || bucket.CheckKey(key) != nil {
					continue // not one of ours
				}
				if !yield(bucket.Info{Key: key, Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified)}, nil) {
					return
				}
			}
		}
	}
}

// Sweep removes what killed writers have left behind before a time. The
// lifecycle rules that `falkirk create account` gives the bucket do the same.
func (b *Bucket) Sweep(ctx context.Context, before time.Time) error {
	under := aws.String(b.prefix + staging + "/")
	ups := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: under})
	for ups.HasMorePages() {
		page, err := ups.NextPage(ctx)
		if err != nil {
			return b.explain("sweep", staging, err)
		}
		for _, u := range page.Uploads {
			if aws.ToTime(u.Initiated).Before(before) {
				_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: u.Key, UploadId: u.UploadId})
				if err = b.explain("sweep", staging, err); err != nil && !fault.Is(err, fault.NotFound) {
					return err
				}
			}
		}
	}
	for pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: under}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return b.explain("sweep", staging, err)
		}
		for _, o := range page.Contents {
			if aws.ToTime(o.LastModified).Before(before) {
				if _, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: o.Key}); err != nil {
					return b.explain("sweep", staging, err)
				}
			}
		}
	}
	return nil
}
