package s3proxy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"falkirk/test/emulators"
	"falkirk/test/s3proxy"
)

const bucket = "shop"

type world struct {
	t     *testing.T
	proxy *s3proxy.Proxy
	cfg   aws.Config
}

// memory is a server of S3 in the memory of this process.
func memory(t *testing.T) aws.Config {
	t.Helper()
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(s3proxy.Memory(t)),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAFALKIRKTESTS0000", "test", ""),
	}
}

func newWorld(t *testing.T, cfg aws.Config) *world {
	t.Helper()
	w := &world{t: t, cfg: cfg, proxy: s3proxy.New(t, cfg)}
	if _, err := w.client("setup").CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) client(name string) *s3.Client {
	cfg := w.cfg.Copy()
	cfg.BaseEndpoint = aws.String(w.proxy.Client(name))
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle, o.DisableLogOutputChecksumValidationSkipped = true, true
	})
}

func put(ctx context.Context, c *s3.Client, key, text string) (string, error) {
	out, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(text)})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ETag), nil
}

func (w *world) read(c *s3.Client, key string) string {
	w.t.Helper()
	out, err := c.GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
	if err != nil {
		return "nothing"
	}
	defer out.Body.Close()
	raw, err := io.ReadAll(out.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

// Every kind of write is tried with every kind of condition, on an object that
// is there and on one that is not.
func TestConditionsAreEnforced(t *testing.T) {
	t.Parallel()
	servers := map[string]func(*testing.T) aws.Config{
		"memory": memory,
		"moto":   func(t *testing.T) aws.Config { return emulators.Moto(t).Config("us-east-1") },
	}
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, server(t))
			for operation, write := range writes {
				t.Run(operation, func(t *testing.T) { w.tries(t, operation, write) })
			}
		})
	}
}

func (w *world) tries(t *testing.T, operation string, write func(*testing.T, *s3.Client, string, *string, *string) error) {
	c := w.client(operation)
	star, wrong := aws.String("*"), aws.String(`"0123456789abcdef0123456789abcdef"`)
	for _, x := range []struct {
		there       bool
		match, none *string // right is written as "right"
		want        string
	}{
		{true, nil, star, "PreconditionFailed"},
		{false, nil, star, ""},
		{true, wrong, nil, "PreconditionFailed"},
		{false, wrong, nil, "NoSuchKey"},
		{true, aws.String("right"), nil, ""},
		{true, nil, nil, ""},
		{false, nil, nil, ""},
	} {
		key := fmt.Sprintf("a b/ü+%s-%v-%v-%v", operation, x.there, aws.ToString(x.match), aws.ToString(x.none))
		if x.there {
			tag, err := put(t.Context(), c, key, "before")
			if err != nil {
				t.Fatal(err)
			}
			if aws.ToString(x.match) == "right" {
				x.match = &tag
			}
		}
		before := w.read(c, key)
		err := write(t, c, key, x.match, x.none)
		after := w.read(c, key)
		if x.want == "" && (err != nil || after != "after") || x.want != "" && (code(err) != x.want || after != before) {
			t.Errorf("%s: got %v and %q, want %q", key, err, after, x.want)
		}
	}
}

var writes = map[string]func(t *testing.T, c *s3.Client, key string, match, none *string) error{
	"PutObject": func(t *testing.T, c *s3.Client, key string, match, none *string) error {
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader("after"), IfMatch: match, IfNoneMatch: none,
		})
		return err
	},
	"CopyObject": func(t *testing.T, c *s3.Client, key string, match, none *string) error {
		if _, err := put(t.Context(), c, "source", "after"); err != nil {
			t.Fatal(err)
		}
		_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{
			Bucket: aws.String(bucket), Key: &key, CopySource: aws.String(bucket + "/source"), IfMatch: match, IfNoneMatch: none,
		})
		return err
	},
	"CompleteMultipartUpload": func(t *testing.T, c *s3.Client, key string, match, none *string) error {
		begun, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		part, err := c.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: aws.String(bucket), Key: &key, UploadId: begun.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader([]byte("after")),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
			Bucket: aws.String(bucket), Key: &key, UploadId: begun.UploadId, IfMatch: match, IfNoneMatch: none,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}},
		})
		return err
	},
}

func TestDeletesSayTheETag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, memory(t))
	c := w.client("one")
	names := []types.ObjectIdentifier{{Key: aws.String("missing"), ETag: aws.String("x")}}
	for _, key := range []string{"right", "wrong", "any"} {
		tag, err := put(t.Context(), c, key, key)
		if err != nil {
			t.Fatal(err)
		}
		id := types.ObjectIdentifier{Key: &key}
		switch key {
		case "right":
			id.ETag = &tag
		case "wrong":
			id.ETag = aws.String(`"other"`)
		}
		names = append(names, id)
	}
	w.proxy.Reset()
	out, err := c.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String(bucket), Delete: &types.Delete{Objects: names}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range out.Errors {
		got[*e.Key] = *e.Code
	}
	if want := map[string]string{"missing": "NoSuchKey", "wrong": "PreconditionFailed"}; !maps.Equal(got, want) {
		t.Errorf("errors are %v, want %v", got, want)
	}
	for key, want := range map[string]string{"right": "nothing", "any": "nothing", "wrong": "wrong"} {
		if got := w.read(c, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	log := w.proxy.Writes("one")
	if len(log) != 1 || !slices.Equal(log[0].Done(), []string{"right", "any"}) {
		t.Errorf("the log has %+v", log)
	}
}

// Of many who write with one condition, one does it.
func TestOneOfManyWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t, memory(t))
	c := w.client("many")
	if _, err := put(t.Context(), c, "source", "after"); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		key, wins := fmt.Sprintf("key-%d", i), atomic.Int64{}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if writes["CopyObject"](t, c, key, nil, aws.String("*")) == nil {
					wins.Add(1)
				}
			})
		}
		group.Wait()
		if wins.Load() != 1 {
			t.Errorf("%d of 8 wrote %s", wins.Load(), key)
		}
	}
}

func TestHook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, memory(t))
	c := w.client("hooked")
	for fate, want := range map[s3proxy.Fate]string{s3proxy.Break: "nothing", s3proxy.Conflict: "nothing", s3proxy.Lose: "after"} {
		var times atomic.Int64
		key := fmt.Sprintf("key-%d", fate)
		seen := "nothing"
		w.proxy.Hook(func(q s3proxy.Request) s3proxy.Fate {
			if q.Operation != "PutObject" {
				return s3proxy.Pass
			}
			if times.Add(1) == 1 {
				return fate
			}
			seen = w.read(w.client("witness"), key)
			return s3proxy.Pass
		})
		_, err := put(t.Context(), c, key, "after")
		w.proxy.Hook(nil)
		if fate == s3proxy.Conflict {
			if code(err) != "ConditionalRequestConflict" || times.Load() != 1 {
				t.Errorf("the SDK said %v after %d tries", err, times.Load())
			}
			continue
		}
		if err != nil || times.Load() != 2 || seen != want {
			t.Errorf("fate %d: %v after %d tries; before the second one there was %q, want %q", fate, err, times.Load(), seen, want)
		}
	}
}
