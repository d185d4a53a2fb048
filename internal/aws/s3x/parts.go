package s3x

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"falkirk/internal/fence"
	"falkirk/internal/limit"
)

// part is a stretch of an object; last is the byte after it.
type part struct {
	number      int32 // from 1
	first, last int64
}

// inParts cuts an object into as few parts of at least size bytes as there may
// be. An empty object is one part.
func inParts(total, size int64) []part {
	size = max(size, (total+mostParts-1)/mostParts)
	if total == 0 {
		return []part{{number: 1}}
	}
	var all []part
	for first := int64(0); first < total; first += size {
		all = append(all, part{int32(len(all) + 1), first, min(first+size, total)})
	}
	return all
}

// sized is the size of parts of an item. Large objects have several parts
// always; where the ETag must differ the parts are smaller.
func (i Item) sized(usual int64) int64 {
	if strings.Contains(i.Not, "-") {
		return usual / 2
	}
	return usual
}

// copyParts has the server copy an object in parts: one that is too large for
// one copy, or whose ETag must differ.
func (c *Client) copyParts(ctx context.Context, from Place, tag string, item Item) (string, error) {
	if item.Size == 0 {
		return c.uploadParts(ctx, strings.NewReader(""), item) // an empty range cannot be copied
	}
	all := inParts(item.Size, item.sized(c.sizes.partCopied))
	done := make([]types.CompletedPart, len(all))
	return c.inOne(ctx, item, func(id string) ([]types.CompletedPart, error) {
		return done, sideBySide(ctx, len(all), func(ctx context.Context, i int) error {
			p := all[i]
			in := &s3.UploadPartCopyInput{
				Bucket: &item.To.Bucket, Key: &item.To.Key, UploadId: &id, PartNumber: &p.number,
				CopySource: aws.String(from.Source()), CopySourceIfMatch: optional(tag),
			}
			if len(all) > 1 { // of small objects S3 copies no range
				in.CopySourceRange = aws.String(fmt.Sprintf("bytes=%d-%d", p.first, p.last-1))
			}
			out, err := c.api.UploadPartCopy(ctx, in)
			if err == nil && out.CopyPartResult == nil {
				err = errors.New("the answer has no result")
			}
			if err != nil {
				return fmt.Errorf("copy part %d of %s to %s: %w", p.number, from, item.To, err)
			}
			r := out.CopyPartResult
			done[i] = types.CompletedPart{
				PartNumber: &p.number, ETag: r.ETag,
				ChecksumCRC32: r.ChecksumCRC32, ChecksumCRC32C: r.ChecksumCRC32C, ChecksumCRC64NVME: r.ChecksumCRC64NVME,
				ChecksumSHA1: r.ChecksumSHA1, ChecksumSHA256: r.ChecksumSHA256,
			}
			return nil
		})
	})
}

// sideBySide calls f for 0 to n-1, a few at once: they are parts of one object,
// and the object counts as one request. One that fails does not cut off the
// others: a part that arrives after the upload was dropped would stay.
func sideBySide(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	few := &Client{limit: limit.New(8, 8)}
	return few.Each(ctx, n, func(_ context.Context, i int) error { return f(ctx, i) })
}

// inOne makes one object of parts. What fails leaves no parts behind.
func (c *Client) inOne(ctx context.Context, item Item, parts func(id string) ([]types.CompletedPart, error)) (string, error) {
	in := &s3.CreateMultipartUploadInput{
		Bucket: &item.To.Bucket, Key: &item.To.Key, Metadata: item.Metadata(),
		ContentType: optional(item.Type), CacheControl: optional(item.Cache), ContentEncoding: optional(item.Coding),
	}
	in.ServerSideEncryption, in.SSEKMSKeyId, in.BucketKeyEnabled = item.encryption()
	begun, err := c.api.CreateMultipartUpload(ctx, in)
	if err != nil {
		return "", fmt.Errorf("begin %s: %w", item.To, err)
	}
	id := aws.ToString(begun.UploadId)
	done, err := parts(id)
	var out *s3.CompleteMultipartUploadOutput
	if err == nil {
		err = fence.Check(ctx)
	}
	if err == nil {
		complete := &s3.CompleteMultipartUploadInput{
			Bucket: &item.To.Bucket, Key: &item.To.Key, UploadId: &id,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
		}
		complete.IfMatch, complete.IfNoneMatch = item.condition()
		out, err = c.api.CompleteMultipartUpload(ctx, complete)
	}
	if err == nil {
		return unquote(out.ETag), nil
	}
	return c.dropped(ctx, item, id, fmt.Errorf("write %s in parts: %w", item.To, err))
}

// dropped ends an upload that met an error, and looks whether the object is
// there all the same: after an answer that is lost the SDK completes the upload
// a second time.
func (c *Client) dropped(ctx context.Context, item Item, id string, met error) (string, error) {
	tag, err := c.written(ctx, item, met)
	// Parts cost money until they are gone; an interrupt is no reason to leave them.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_, aborted := c.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &item.To.Bucket, Key: &item.To.Key, UploadId: &id})
	if err != nil && aborted != nil && !isNoUpload(aborted) {
		err = errors.Join(err, fmt.Errorf("drop the parts of %s: %w", item.To, aborted))
	}
	return tag, err
}

// Upload writes an object from here, for what the server cannot copy. The
// service holds the content against the item's digest.
func (c *Client) Upload(ctx context.Context, r io.Reader, item Item) (string, error) {
	if item.Size > c.sizes.sent || item.split() {
		return c.uploadParts(ctx, r, item)
	}
	release, err := c.room.take(item.Size)
	if err != nil {
		return "", err
	}
	defer release()
	data, err := io.ReadAll(r)
	if err != nil {
		return "", fmt.Errorf("read what goes to %s: %w", item.To, err)
	}
	in := &s3.PutObjectInput{
		Bucket: &item.To.Bucket, Key: &item.To.Key, Body: bytes.NewReader(data), Metadata: item.Metadata(),
		ContentType: optional(item.Type), CacheControl: optional(item.Cache), ContentEncoding: optional(item.Coding), ChecksumSHA256: optional(item.sum()),
	}
	in.ServerSideEncryption, in.SSEKMSKeyId, in.BucketKeyEnabled = item.encryption()
	in.IfMatch, in.IfNoneMatch = item.condition()
	out, err := c.api.PutObject(ctx, in)
	if err != nil {
		return c.written(ctx, item, fmt.Errorf("write %s: %w", item.To, err))
	}
	return unquote(out.ETag), nil
}

// uploadParts reads one part after the other and sends a few at once. r must
// give an error at its end when the bytes are not those that were expected.
func (c *Client) uploadParts(ctx context.Context, r io.Reader, item Item) (string, error) {
	all := inParts(item.Size, item.sized(c.sizes.partSent))
	done := make([]types.CompletedPart, len(all))
	var reading sync.Mutex
	next := 0
	return c.inOne(ctx, item, func(id string) ([]types.CompletedPart, error) {
		err := sideBySide(ctx, len(all), func(ctx context.Context, _ int) error {
			release, err := c.room.take(all[0].last) // the largest
			if err != nil {
				return err
			}
			defer release()
			reading.Lock()
			p := all[next]
			next++
			data := make([]byte, p.last-p.first)
			_, err = io.ReadFull(r, data)
			reading.Unlock()
			if err != nil {
				return fmt.Errorf("read what goes to %s: %w", item.To, err)
			}
			out, err := c.api.UploadPart(ctx, &s3.UploadPartInput{
				Bucket: &item.To.Bucket, Key: &item.To.Key, UploadId: &id, PartNumber: &p.number, Body: bytes.NewReader(data),
			})
			if err != nil {
				return fmt.Errorf("write part %d of %s: %w", p.number, item.To, err)
			}
			done[p.number-1] = types.CompletedPart{PartNumber: &p.number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32}
			return nil
		})
		if err != nil {
			return nil, err
		}
		return done, atEnd(r)
	})
}

// atEnd reads past the last byte, where a checked reader says what it thinks.
func atEnd(r io.Reader) error {
	n, err := io.Copy(io.Discard, r)
	if err == nil && n > 0 {
		err = errors.New("it is longer than it was said to be")
	}
	return err
}
