package s3

import (
	"context"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"falkirk/internal/bucket"
	"falkirk/internal/fault"
)

// List yields objects in order of key, a request for a thousand.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Info, error] {
	return func(yield func(bucket.Info, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: aws.String(b.prefix + prefix), EncodingType: types.EncodingTypeUrl}
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
				key, ok := strings.CutPrefix(keyOf(o, page.EncodingType), b.prefix)
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

// keyOf is the key of a row. Keys come URL-encoded: XML cannot hold a control
// character, and one key of somebody else would make the whole page unreadable. A
// service that ignores the request gives them as they are.
func keyOf(o types.Object, encoding types.EncodingType) string {
	key := aws.ToString(o.Key)
	if encoding == types.EncodingTypeUrl {
		if plain, err := url.QueryUnescape(key); err == nil {
			return plain
		}
	}
	return key
}

// Sweep removes what killed writers have left behind before a time. The
// lifecycle rules that `falkirk create account` gives the bucket do the same.
func (b *Bucket) Sweep(ctx context.Context, before time.Time) error {
	under := aws.String(b.prefix + staging + "/")
	ups := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: under, EncodingType: types.EncodingTypeUrl})
	for ups.HasMorePages() {
		page, err := ups.NextPage(ctx)
		if err != nil {
			return b.explain("sweep", staging, err)
		}
		for _, u := range page.Uploads {
			if aws.ToTime(u.Initiated).Before(before) {
				key := keyOf(types.Object{Key: u.Key}, page.EncodingType)
				_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: u.UploadId})
				if err = b.explain("sweep", staging, err); err != nil && !fault.Is(err, fault.NotFound) {
					return err
				}
			}
		}
	}
	for pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: under, EncodingType: types.EncodingTypeUrl}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return b.explain("sweep", staging, err)
		}
		for _, o := range page.Contents {
			if aws.ToTime(o.LastModified).Before(before) {
				key := keyOf(o, page.EncodingType)
				if _, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key}); err != nil {
					return b.explain("sweep", staging, err)
				}
			}
		}
	}
	return nil
}
