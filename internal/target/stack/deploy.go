package stack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/cfn"
	"falkirk/internal/aws/partition"
	"falkirk/internal/bucket/s3"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/template"
)

// deploy brings the files that a template names to where CloudFormation can
// read them, and gives the template with their places in it: as text, and by
// address when it is too large for a request.
func (s spot) deploy(ctx context.Context) (text, address string, err error) {
	m, err := s.manifest(ctx)
	if err != nil {
		return "", "", err
	}
	w := &writer{spot: s}
	if text, err = w.template(ctx, m.Template); err != nil {
		return "", "", fmt.Errorf("bring the files of stack %s to %s: %w", s.set.Name, s.Place, err)
	}
	if len(text) > cfn.Inline {
		address, err = w.upload(ctx, text)
	}
	return text, address, err
}

// writer brings files into the bucket of a stack.
type writer struct {
	spot
	cfg    aws.Config
	client *awss3.Client
	bucket *s3.Bucket
}

// open looks up the bucket when it is needed first.
func (w *writer) open(ctx context.Context) error {
	if w.bucket != nil {
		return nil
	}
	if w.set.Bucket == "" {
		err := fault.New(fault.Invalid, "the template of %s names files, or is larger than %d bytes, and there is no bucket for it", w.Component, cfn.Inline)
		return fault.Hint(err, "set bucket of the stack target: one in %s of the same account", w.Place.Region)
	}
	cfg, err := w.t.opt.Accounts.Config(ctx, w.Place.Account, w.Place.Region)
	if err != nil {
		return err
	}
	w.cfg, w.client = cfg, account.S3(cfg)
	w.bucket = s3.New(w.client, w.set.Bucket, w.set.Prefix)
	return nil
}

// template is the text with every reference filled in.
func (w *writer) template(ctx context.Context, t delivery.Template) (string, error) {
	raw, err := w.blob(ctx, t.Digest)
	if err != nil {
		return "", err
	}
	spans, places := make([]template.Span, len(t.References)), make([]string, len(t.References))
	for i, r := range t.References {
		spans[i] = template.Span{Offset: r.Offset, Length: r.Length}
		if places[i], err = w.reference(ctx, r); err != nil {
			return "", fmt.Errorf("%s: %w", r.Where, err)
		}
	}
	return template.Splice(raw, spans, func(i int) string { return places[i] })
}

// reference brings what a reference leads to into the bucket, and gives what is
// written in its place: a flow of YAML, which JSON is too.
func (w *writer) reference(ctx context.Context, r delivery.Reference) (string, error) {
	if err := w.open(ctx); err != nil {
		return "", err
	}
	key := "files/" + strings.TrimPrefix(r.Digest, "sha256:") + r.Suffix
	if r.Template != nil {
		text, err := w.template(ctx, *r.Template)
		if err != nil {
			return "", err
		}
		address, err := w.upload(ctx, text)
		if err != nil || r.Form == delivery.FormURL {
			return quoted(address), err
		}
		key = templateKey(text)
	} else if err := w.file(ctx, r, key); err != nil {
		return "", err
	}
	name, full := w.bucket.Locate(key)
	switch r.Form {
	case delivery.FormURL:
		return quoted(w.address(key)), nil
	case delivery.FormURI:
		return quoted("s3://" + name + "/" + full), nil
	case delivery.FormBucket:
		return fmt.Sprintf(`{"Bucket": %s, "Key": %s}`, quoted(name), quoted(full)), nil
	}
	return fmt.Sprintf(`{"S3Bucket": %s, "S3Key": %s}`, quoted(name), quoted(full)), nil
}

func quoted(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		return `""` // a text can be written
	}
	return string(raw)
}

// file brings a file, unless it is there: by a copy of the server where the
// store is in S3, else through this machine.
func (w *writer) file(ctx context.Context, r delivery.Reference, key string) error {
	if _, err := w.bucket.Stat(ctx, key); !fault.Is(err, fault.NotFound) {
		return err
	}
	if from, at, ok := w.t.opt.Store.Where(r.Digest); ok && r.Size < 5<<30 {
		name, full := w.bucket.Locate(key)
		source := url.PathEscape(from) + "/" + (&url.URL{Path: at}).EscapedPath()
		_, err := w.client.CopyObject(ctx, &awss3.CopyObjectInput{Bucket: &name, Key: &full, CopySource: &source, IfNoneMatch: aws.String("*")})
		if err != nil && w.has(ctx, key) {
			return nil // another was first: its name is its content
		}
		return account.Classify(err)
	}
	body, err := w.t.opt.Store.Open(ctx, r.Digest)
	if err != nil {
		return err
	}
	defer body.Close()
	return create(ctx, w.bucket, key, body)
}

// has reports whether a file is there.
func (w *writer) has(ctx context.Context, key string) bool {
	_, err := w.bucket.Stat(ctx, key)
	return err == nil
}

func create(ctx context.Context, b *s3.Bucket, key string, body io.Reader) error {
	err := b.Create(ctx, key, body)
	if fault.Is(err, fault.Conflict) {
		return nil // its name is its content
	}
	return err
}

func templateKey(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "templates/" + hex.EncodeToString(sum[:]) + ".template"
}

// upload brings a template, and gives its address.
func (w *writer) upload(ctx context.Context, text string) (string, error) {
	if err := w.open(ctx); err != nil {
		return "", err
	}
	key := templateKey(text)
	return w.address(key), create(ctx, w.bucket, key, bytes.NewReader([]byte(text)))
}

// address is the https address of a key, as CloudFormation reads it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
func (w *writer) address(key string) string {
	name, full := w.bucket.Locate(key)
	path := (&url.URL{Path: full}).EscapedPath()
	if w.cfg.BaseEndpoint != nil {
		return *w.cfg.BaseEndpoint + "/" + name + "/" + path
	}
	return fmt.Sprintf("https://%s.s3.%s.%s/%s", name, w.cfg.Region, partition.Domain(w.cfg.Region), path)
}
