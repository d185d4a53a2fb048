package oci

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"

	"falkirk/internal/fault"
)

// open reads a blob and answers an error in place of io.EOF when its bytes are
// not those of the digest.
func open(ctx context.Context, b Blobs, digest string) (*verified, error) {
	if !validDigest(digest) {
		return nil, fault.New(fault.Invalid, "%q is not a digest", digest)
	}
	body, err := b.Open(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", digest, err)
	}
	return &verified{ctx: ctx, body: body, hash: sha256.New(), want: digest}, nil
}

func readBlob(ctx context.Context, b Blobs, digest string, limit int64) ([]byte, error) {
	body, err := open(ctx, b, digest)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fault.New(fault.Invalid, "larger than %d bytes", limit)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", digest, err)
	}
	return raw, nil
}

// verified also ends early when its context does, so that a long copy stops
// between two reads.
type verified struct {
	ctx  context.Context
	body io.ReadCloser
	hash hash.Hash
	want string
	size int64
}

func (v *verified) Read(p []byte) (int, error) {
	if err := v.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := v.body.Read(p)
	v.hash.Write(p[:n])
	v.size += int64(n)
	if err == io.EOF {
		if got := "sha256:" + hex.EncodeToString(v.hash.Sum(nil)); got != v.want {
			return n, fault.New(fault.Internal, "blob %s is damaged: its bytes are %s", v.want, got)
		}
	}
	return n, err
}

func (v *verified) Close() error { return v.body.Close() }

func validDigest(d string) bool {
	digits, ok := strings.CutPrefix(d, "sha256:")
	return ok && len(digits) == 64 && strings.Trim(digits, "0123456789abcdef") == ""
}
