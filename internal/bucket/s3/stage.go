package s3

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"falkirk/internal/bucket"
	"falkirk/internal/fault"
)

// staged is an object whose key is not known yet. What is larger than a part is
// written to a key of its own and copied on the server's side.
type staged struct {
	b *Bucket
	u *upload
}

// Stage begins an object whose key is not known yet.
func (b *Bucket) Stage(ctx context.Context) (bucket.Staged, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("stage an object: %w", err)
	}
	return &staged{b: b, u: b.upload(ctx, b.prefix+staging+"/"+rand.Text())}, nil
}

func (s *staged) Write(p []byte) (int, error) {
	n, err := s.u.Write(p)
	return n, s.b.explain("stage", s.u.full[len(s.b.prefix):], err)
}

// Discard drops what was written.
func (s *staged) Discard() { s.u.abort() }

// Commit gives the object its key; one that exists there stays.
func (s *staged) Commit(ctx context.Context, key string) error {
	full, err := s.target(key)
	if err != nil {
		return err
	}
	if s.u.id == nil {
		s.u.full = full
		err := s.b.explain("write", key, s.u.finish(ctx, true))
		if fault.Is(err, fault.Conflict) {
			return nil
		}
		return err
	}
	switch _, err := s.b.Stat(ctx, key); {
	case err == nil:
		s.u.abort() //nolint:contextcheck // it ends what was begun, whatever became of the caller
		return nil
	case !fault.Is(err, fault.NotFound):
		s.u.abort() //nolint:contextcheck // it ends what was begun, whatever became of the caller
		return err
	}
	return s.move(ctx, key, full, true)
}

// Replace gives the object its key, in the place of one that exists.
func (s *staged) Replace(ctx context.Context, key string) error {
	full, err := s.target(key)
	if err != nil {
		return err
	}
	if s.u.id == nil {
		s.u.full = full
		return s.b.explain("write", key, s.u.finish(ctx, false))
	}
	return s.move(ctx, key, full, false)
}

// target is the full key; the staging must not have ended.
func (s *staged) target(key string) (string, error) {
	if s.u.ended {
		return "", fmt.Errorf("write object %s: %w", key, fs.ErrClosed)
	}
	full, err := s.b.key(key)
	if err != nil {
		s.u.abort()
		return "", err
	}
	return *full, nil
}

// move copies a large object from where it waits to its key.
func (s *staged) move(ctx context.Context, key, full string, absent bool) error {
	if err := s.u.finish(ctx, false); err != nil {
		return s.b.explain("write", key, err)
	}
	err := s.b.explain("write", key, s.b.copy(ctx, s.u.full, full, absent))
	if absent && fault.Is(err, fault.Conflict) {
		err = nil // another was faster; that one stays
	}
	_, _ = s.b.client.DeleteObject(context.WithoutCancel(ctx), &s3.DeleteObjectInput{Bucket: &s.b.name, Key: &s.u.full}) // else the bucket's lifecycle removes it
	return err
}

// copy copies inside the bucket without a byte through this machine. With absent
// the object appears only where there is none: a policy of the bucket may ask for that
// condition, which the end of a multipart upload has and CopyObject has not had
// in all of S3.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
func (b *Bucket) copy(ctx context.Context, from, to string, absent bool) error {
	head, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &from})
	if err != nil {
		return err
	}
	source := aws.String(url.PathEscape(b.name) + "/" + (&url.URL{Path: from}).EscapedPath())
	size := aws.ToInt64(head.ContentLength)
	up, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: &to, ContentType: contentType(to)})
	if err != nil {
		return err
	}
	step := b.copied
	parts := make([]types.CompletedPart, (size+step-1)/step)
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i := range parts {
		group.Go(func() error {
			first := int64(i) * step
			number := int32(i + 1)
			out, err := b.client.UploadPartCopy(gctx, &s3.UploadPartCopyInput{
				Bucket: &b.name, Key: &to, UploadId: up.UploadId, PartNumber: &number, CopySource: source,
				CopySourceRange: aws.String(fmt.Sprintf("bytes=%d-%d", first, min(first+step, size)-1)),
			})
			if err == nil {
				parts[i] = types.CompletedPart{ETag: out.CopyPartResult.ETag, PartNumber: &number}
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		_, _ = b.client.AbortMultipartUpload(context.WithoutCancel(ctx), &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &to, UploadId: up.UploadId})
		return err
	}
	var condition *string
	if absent {
		condition = aws.String("*")
	}
	err = again(ctx, func() error {
		_, err := b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: &b.name, Key: &to, UploadId: up.UploadId, IfNoneMatch: condition,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
		return err
	})
	if err != nil {
		_, _ = b.client.AbortMultipartUpload(context.WithoutCancel(ctx), &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &to, UploadId: up.UploadId})
	}
	return err
}
