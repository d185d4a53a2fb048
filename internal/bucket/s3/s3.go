// Package s3 keeps a bucket under a prefix of an S3 bucket. Objects are created
// by conditional writes, so that of many writers one wins.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
package s3

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/internal/bucket"
	"falkirk/internal/fault"
)

// staging is where large objects wait for their key.
const staging = ".staging"

// Bucket is a bucket under a prefix. It may be used from many goroutines and
// many processes.
type Bucket struct {
	client *s3.Client
	name   string
	prefix string // "" or ends in a slash
	part   int    // bytes of a part; what fits into one is sent in one request
	copied int64  // bytes of a part of a copy
}

var _ bucket.Bucket = (*Bucket)(nil)

const (
	partSize  = 8 << 20
	copyPart  = 512 << 20
	atOnce    = 64
	partsAway = 4 // of one object, on their way at once
)

// New is the bucket under a prefix of an S3 bucket. Nothing is asked yet.
func New(client *s3.Client, name, prefix string) *Bucket {
	prefix = strings.Trim(prefix, "/")
	if prefix != "" {
		prefix += "/"
	}
	return &Bucket{client: client, name: name, prefix: prefix, part: partSize, copied: copyPart}
}

// Locate is where a key is in S3, for copies on the server's side.
func (b *Bucket) Locate(key string) (name, full string) { return b.name, b.prefix + key }

// Parallel is how many objects are best written at once.
func (b *Bucket) Parallel() int { return atOnce }

// key is the full key.
func (b *Bucket) key(key string) (*string, error) {
	if err := bucket.CheckKey(key); err != nil {
		return nil, err
	}
	if first, _, _ := strings.Cut(key, "/"); first == staging {
		return nil, fault.New(fault.Invalid, "%.80q is not a key of a bucket: the name is reserved", key)
	}
	return aws.String(b.prefix + key), nil
}

// Get opens an object. A connection that breaks is taken up again where it broke.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, bucket.Info, error) {
	full, err := b.key(key)
	if err != nil {
		return nil, bucket.Info{}, err
	}
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: full})
	if err != nil {
		return nil, bucket.Info{}, b.explain("read", key, err)
	}
	info := bucket.Info{Key: key, Size: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified)}
	info.Read, _ = awsmiddleware.GetServerTime(out.ResultMetadata) // the Date header
	return &body{ctx: ctx, b: b, key: key, etag: out.ETag, size: info.Size, r: out.Body}, info, nil
}

// Stat describes an object without reading it.
func (b *Bucket) Stat(ctx context.Context, key string) (bucket.Info, error) {
	full, err := b.key(key)
	if err != nil {
		return bucket.Info{}, err
	}
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: full})
	if err != nil {
		return bucket.Info{}, b.explain("look at", key, err)
	}
	return bucket.Info{Key: key, Size: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified)}, nil
}

// Create writes an object that must not exist.
func (b *Bucket) Create(ctx context.Context, key string, r io.Reader) error {
	return b.write(ctx, key, r, true)
}

// Put writes an object, in the place of one that exists.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader) error {
	return b.write(ctx, key, r, false)
}

func (b *Bucket) write(ctx context.Context, key string, r io.Reader, absent bool) error {
	full, err := b.key(key)
	if err != nil {
		return err
	}
	up := b.upload(ctx, *full)
	if _, err := io.Copy(up, r); err != nil {
		up.abort() //nolint:contextcheck // it ends what was begun, whatever became of the caller
		return fmt.Errorf("write object %s: %w", key, err)
	}
	return b.explain("write", key, up.finish(ctx, absent))
}

// put sends an object in one request.
func (b *Bucket) put(ctx context.Context, full string, data []byte, absent bool) error {
	return again(ctx, func() error {
		in := &s3.PutObjectInput{Bucket: &b.name, Key: &full, Body: bytes.NewReader(data), ContentType: contentType(full)}
		if absent {
			in.IfNoneMatch = aws.String("*")
		}
		_, err := b.client.PutObject(ctx, in)
		return err
	})
}

// contentType is for people who look at the store.
func contentType(key string) *string {
	if path.Ext(key) == ".json" {
		return aws.String("application/json")
	}
	return aws.String("application/octet-stream")
}

// Delete removes an object; removing one that is not there is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	full, err := b.key(key)
	if err != nil {
		return err
	}
	_, err = b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: full})
	if err = b.explain("delete", key, err); fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
