package s3

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/internal/network"
)

// body reads an object and goes on where the connection broke, as long as the
// object is the same.
type body struct {
	ctx   context.Context
	b     *Bucket
	key   string
	etag  *string
	size  int64
	done  int64
	tries int
	r     io.ReadCloser
}

// resumes is how often a read goes on after a break.
const resumes = 5

func (x *body) Read(p []byte) (int, error) {
	for {
		n, err := x.r.Read(p)
		x.done += int64(n)
		switch {
		case n > 0 && !errors.Is(err, io.EOF):
			return n, nil // an error comes again
		case err == nil:
			return n, nil
		case errors.Is(err, io.EOF) && x.done >= x.size:
			return n, io.EOF
		}
		if n > 0 {
			return n, nil
		}
		if again := x.resume(err); again != nil {
			return 0, fmt.Errorf("read object %s: %w", x.key, again)
		}
	}
}

func (x *body) resume(cause error) error {
	if x.ctx.Err() != nil {
		return x.ctx.Err()
	}
	if x.tries++; x.tries > resumes {
		return network.Explain(cause)
	}
	_ = x.r.Close() // it is broken
	full, err := x.b.key(x.key)
	if err != nil {
		return err
	}
	out, err := x.b.client.GetObject(x.ctx, &s3.GetObjectInput{
		Bucket: &x.b.name, Key: full, IfMatch: x.etag, Range: aws.String(fmt.Sprintf("bytes=%d-", x.done)),
	})
	if err != nil {
		x.r = io.NopCloser(errReader{err})
		return x.b.explain("read", x.key, err)
	}
	x.r = out.Body
	return nil
}

func (x *body) Close() error { return x.r.Close() }

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }
