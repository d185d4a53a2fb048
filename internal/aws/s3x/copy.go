package s3x

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// MetaDigest is the key of the metadata that holds the SHA-256 of an object.
const MetaDigest = "falkirk-sha256"

// Place is where an object lies.
type Place struct{ Bucket, Key string }

// String is the place as the AWS CLI writes it.
func (p Place) String() string { return "s3://" + p.Bucket + "/" + p.Key }

// Source names the place for a copy: URL-encoded but for slashes.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
func (p Place) Source() string {
	parts := strings.Split(p.Key, "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(part), "+", "%20")
	}
	return p.Bucket + "/" + strings.Join(parts, "/")
}

// Item is an object that is to be somewhere.
type Item struct {
	To     Place
	Size   int64
	Digest string            // sha256:… of the content
	Type   string            // Content-Type
	Cache  string            // Cache-Control
	Coding string            // Content-Encoding
	Meta   map[string]string // user-defined metadata besides MetaDigest
	Key    string            // of KMS, to encrypt it with; empty: what the bucket says
	Was    string            // ETag of the object that it replaces; empty: there must be none
	Not    string            // ETag that it must not get, where one is given; see split
}

// Metadata is all user-defined metadata of the object.
func (i Item) Metadata() map[string]string {
	all := map[string]string{}
	maps.Copy(all, i.Meta)
	all[MetaDigest] = strings.TrimPrefix(i.Digest, "sha256:")
	return all
}

func (i Item) sum() string {
	raw, err := hex.DecodeString(strings.TrimPrefix(i.Digest, "sha256:"))
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func (i Item) encryption() (how types.ServerSideEncryption, key *string, bucketKey *bool) {
	if i.Key == "" {
		return "", nil, nil
	}
	return types.ServerSideEncryptionAwsKms, aws.String(i.Key), aws.Bool(true)
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Copy has the server copy an object, with the headers of the item and not
// those of the source, and gives its ETag. The source must still have the ETag
// given, where one is. fault.Conflict says that the destination is not as the
// item says it was.
func (c *Client) Copy(ctx context.Context, from Place, tag string, item Item) (string, error) {
	if item.Size > c.sizes.copied || item.split() {
		return c.copyParts(ctx, from, tag, item)
	}
	in := &s3.CopyObjectInput{
		Bucket: &item.To.Bucket, Key: &item.To.Key, CopySource: aws.String(from.Source()), CopySourceIfMatch: optional(tag),
		MetadataDirective: types.MetadataDirectiveReplace, Metadata: item.Metadata(),
		ContentType: optional(item.Type), CacheControl: optional(item.Cache), ContentEncoding: optional(item.Coding),
	}
	in.ServerSideEncryption, in.SSEKMSKeyId, in.BucketKeyEnabled = item.encryption()
	in.IfMatch, in.IfNoneMatch = item.condition()
	out, err := c.api.CopyObject(ctx, in)
	if err == nil && out.CopyObjectResult == nil {
		err = fmt.Errorf("the answer has no result")
	}
	if err != nil {
		return c.written(ctx, item, fmt.Errorf("copy %s to %s: %w", from, item.To, err))
	}
	return unquote(out.CopyObjectResult.ETag), nil
}
