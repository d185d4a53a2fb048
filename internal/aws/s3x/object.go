package s3x

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
	"falkirk/internal/network"
)

// Object is what a listing says of an object.
type Object struct {
	Key      string
	ETag     string // without quotes
	Size     int64
	Modified time.Time
}

// List gives the objects whose keys begin with prefix, in order of key, while
// the pages arrive.
func (c *Client) List(ctx context.Context, bucket, prefix string) iter.Seq2[Object, error] {
	return c.stretch(ctx, bucket, prefix, "", "")
}

// stretch lists the keys after one and up to another; an empty one is no bound.
func (c *Client) stretch(ctx context.Context, bucket, prefix, after, last string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: optional(prefix), StartAfter: optional(after), EncodingType: types.EncodingTypeUrl}
		for {
			out, err := c.api.ListObjectsV2(ctx, in)
			if err != nil {
				yield(Object{}, fmt.Errorf("list s3://%s/%s: %w", bucket, prefix, err))
				return
			}
			for _, o := range out.Contents {
				listed, err := object(o, out.EncodingType)
				if err == nil && last != "" && listed.Key > last || !yield(listed, err) || err != nil || listed.Key == last {
					return
				}
			}
			if !aws.ToBool(out.IsTruncated) {
				return
			}
			in.ContinuationToken = out.NextContinuationToken
		}
	}
}

// ListWide gives the same objects as List in no order of pages, and asks for the
// stretches between the marks side by side. Marks are keys, in order, as near to
// a page apart as the caller knows; where they are far off it takes longer, and
// nothing is left out. each is called by one goroutine at a time.
func (c *Client) ListWide(ctx context.Context, bucket, prefix string, marks []string, each func(Object)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	var one sync.Mutex
	bounds := append(append([]string{""}, marks...), "")
	for i := range len(bounds) - 1 {
		group.Go(func() {
			for o, err := range c.stretch(ctx, bucket, prefix, bounds[i], bounds[i+1]) {
				if err != nil {
					cancel(err)
					return
				}
				one.Lock()
				each(o)
				one.Unlock()
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// stride is a page of a listing, 1,000 keys, less some room for keys to come.
const stride = 900

// Marks are the marks of a listing of these keys, which are in order.
func Marks(sorted []string) []string {
	var marks []string
	for i := stride - 1; i < len(sorted)-1; i += stride {
		marks = append(marks, sorted[i])
	}
	return marks
}

// object reads one row of a listing. Keys come URL-encoded, for XML cannot hold
// all of them, unless the service took no notice of having been asked so.
func object(o types.Object, encoding types.EncodingType) (Object, error) {
	key := aws.ToString(o.Key)
	if encoding == types.EncodingTypeUrl {
		var err error
		if key, err = url.QueryUnescape(key); err != nil {
			return Object{}, fault.New(fault.Internal, "the listing has the key %q: %w", aws.ToString(o.Key), err)
		}
	}
	return Object{key, unquote(o.ETag), aws.ToInt64(o.Size), aws.ToTime(o.LastModified)}, nil
}

// readings is how often a small object is read that breaks off in its midst.
const readings = 6

// Get reads a small object; fault.NotFound when there is none.
func (c *Client) Get(ctx context.Context, p Place) (data []byte, tag string, err error) {
	var out *s3.GetObjectOutput
	for range readings {
		out, err = c.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.Bucket, Key: &p.Key})
		if err == nil {
			data, err = io.ReadAll(out.Body)
			err = errors.Join(err, out.Body.Close())
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) && !network.IsStalled(err) || ctx.Err() != nil {
			break
		}
	}
	if status(err) == http.StatusNotFound {
		err = fault.New(fault.NotFound, "%w", err)
	}
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w", p, err)
	}
	return data, unquote(out.ETag), nil
}

// Swap writes a small object in the place of the one with the ETag given, or of
// none where it is empty, and gives the new ETag. fault.Conflict says that
// somebody else was there before.
func (c *Client) Swap(ctx context.Context, p Place, data []byte, tag, kmsKey string) (string, error) {
	in := &s3.PutObjectInput{
		Bucket: &p.Bucket, Key: &p.Key, Body: bytes.NewReader(data),
		ContentType: aws.String("application/json"), CacheControl: aws.String("no-store"),
	}
	in.ServerSideEncryption, in.SSEKMSKeyId, in.BucketKeyEnabled = Item{Key: kmsKey}.encryption()
	in.IfMatch, in.IfNoneMatch = Item{Was: tag}.condition()
	if err := fence.Check(ctx); err != nil {
		return "", err
	}
	out, err := c.api.PutObject(ctx, in)
	if err == nil {
		return unquote(out.ETag), nil
	}
	if !isPrecondition(err) && (tag == "" || !isGone(err)) {
		return "", fmt.Errorf("write %s: %w", p, err)
	}
	// After an answer that was lost the request comes a second time.
	if there, now, getErr := c.Get(ctx, p); getErr == nil && bytes.Equal(there, data) {
		return now, nil
	}
	return "", fault.New(fault.Conflict, "write %s: somebody else has written it meanwhile: %w", p, err)
}
