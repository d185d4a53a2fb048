package s3

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// upload is an object being written: kept in memory while it fits into one
// part, then sent in parts, a few at once.
type upload struct {
	b    *Bucket
	ctx  context.Context
	full string // key; "" while it is not known and everything is in memory
	id   *string
	data []byte

	group  *errgroup.Group
	send   context.Context
	number int32
	mu     sync.Mutex
	parts  []types.CompletedPart
	ended  bool
}

func (b *Bucket) upload(ctx context.Context, full string) *upload {
	u := &upload{b: b, ctx: ctx, full: full}
	u.group, u.send = errgroup.WithContext(ctx)
	u.group.SetLimit(partsAway)
	return u
}

func (u *upload) Write(p []byte) (int, error) {
	if u.ended {
		return 0, fs.ErrClosed
	}
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	size := u.partSize()
	for rest := p; len(rest) > 0; {
		n := min(len(rest), size-len(u.data))
		u.data = append(u.data, rest[:n]...)
		if rest = rest[n:]; len(u.data) == size && len(rest) > 0 {
			if err := u.flush(); err != nil {
				return 0, err
			}
			size = u.partSize()
		}
	}
	return len(p), nil
}

// partSize grows, as an upload may have 10,000 parts only.
func (u *upload) partSize() int { return u.b.part << (u.number / 1000) }

// flush sends what is in memory as one part.
func (u *upload) flush() error {
	if u.id == nil {
		out, err := u.b.client.CreateMultipartUpload(u.ctx, &s3.CreateMultipartUploadInput{Bucket: &u.b.name, Key: &u.full, ContentType: contentType(u.full)})
		if err != nil {
			return err
		}
		u.id = out.UploadId
	}
	u.number++
	data, number := u.data, u.number
	u.data = make([]byte, 0, u.b.part)
	if err := u.send.Err(); err != nil {
		return errors.Join(err, u.group.Wait())
	}
	u.group.Go(func() error {
		out, err := u.b.client.UploadPart(u.send, &s3.UploadPartInput{
			Bucket: &u.b.name, Key: &u.full, UploadId: u.id, PartNumber: &number, Body: bytes.NewReader(data),
		})
		if err != nil {
			return err
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		u.parts = append(u.parts, types.CompletedPart{
			ETag: out.ETag, PartNumber: &number, ChecksumCRC32: out.ChecksumCRC32, ChecksumCRC32C: out.ChecksumCRC32C,
			ChecksumSHA1: out.ChecksumSHA1, ChecksumSHA256: out.ChecksumSHA256, ChecksumCRC64NVME: out.ChecksumCRC64NVME,
		})
		return nil
	})
	return nil
}

// finish makes the object appear; what was not sent is in one request.
func (u *upload) finish(ctx context.Context, absent bool) error {
	if err := ctx.Err(); err != nil {
		u.abort() //nolint:contextcheck // it ends what was begun, whatever became of the caller
		return err
	}
	if u.id == nil {
		u.ended = true
		return u.b.put(ctx, u.full, u.data, absent)
	}
	err := u.flush()
	if waitErr := u.group.Wait(); waitErr != nil {
		err = waitErr
	}
	if err != nil {
		u.abort() //nolint:contextcheck // it ends what was begun, whatever became of the caller
		return err
	}
	u.ended = true
	slices.SortFunc(u.parts, func(a, b types.CompletedPart) int { return int(*a.PartNumber - *b.PartNumber) })
	err = again(ctx, func() error {
		in := &s3.CompleteMultipartUploadInput{
			Bucket: &u.b.name, Key: &u.full, UploadId: u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
		}
		if absent {
			in.IfNoneMatch = aws.String("*")
		}
		_, err := u.b.client.CompleteMultipartUpload(ctx, in)
		return err
	})
	if err != nil {
		u.drop() //nolint:contextcheck // it ends what was begun, whatever became of the caller
	}
	return err
}

// abort drops what was sent.
func (u *upload) abort() {
	if u.ended {
		return
	}
	u.ended = true
	if u.id != nil {
		_ = u.group.Wait() // of what is dropped
		u.drop()
	}
}

func (u *upload) drop() {
	ctx := context.WithoutCancel(u.ctx)
	_, _ = u.b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.b.name, Key: &u.full, UploadId: u.id}) // else the bucket's lifecycle ends it
}
