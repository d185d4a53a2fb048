package site

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"falkirk/internal/aws/s3x"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// stateDir is the folder below the site's own in which the target keeps what it
// knows and the files that promote puts in their places.
const stateDir = ".falkirk"

// Versions of the formats below. What holds no header of delivery.Headers is
// written in the first one, which older versions of this program read.
const (
	schema        = 1
	schemaHeaders = 2
)

// schemaOf is the version of a record with these files.
func schemaOf(files []laid) int {
	for _, f := range files {
		if f.Headers != (delivery.Headers{}) {
			return schemaHeaders
		}
	}
	return schema
}

// record is what the provisioning of a release laid out. It is written before
// the first copy, so that what a killed one left is known for its own, and
// again as the last, when Ready.
type record struct {
	Schema    int    `json:"schema"`
	App       string `json:"app"`
	Component string `json:"component"`
	Version   string `json:"version"`
	Digest    string `json:"digest"` // of the site manifest
	Ready     bool   `json:"ready"`
	Key       string `json:"key,omitempty"`       // with which its files were encrypted; empty where that was not noted
	Operation string `json:"operation,omitempty"` // that wrote it: no two operations write the same bytes
	Files     []laid `json:"files"`
	Saved     []kept `json:"saved,omitempty"` // what it saved of other releases

	Removing *removing `json:"removing,omitempty"`

	at time.Time // when it was last written, as the bucket says
}

// noted is how a record names the key that its files are encrypted with.
func (s Settings) noted() string { return cmp.Or(s.KMSKey, bucketDefault) }

const bucketDefault = "the default of the bucket"

// laid is a file and where it was laid: at its path, or beside the site, from
// where promote copies it to its path.
type laid struct {
	delivery.File
	Staged bool   `json:"staged,omitempty"`
	ETag   string `json:"etag,omitempty"` // of where it was laid
}

// kept is content beside the site.
type kept struct {
	Digest string `json:"digest"`
	ETag   string `json:"etag"`
}

// content is what tells two objects under one path apart.
type content struct {
	Digest string         `json:"digest"`
	Type   string         `json:"type"`
	Cache  delivery.Cache `json:"cache"`
	delivery.Headers
}

func contentOf(f delivery.File) content { return content{f.Digest, f.Type, f.Cache, f.Headers} }

// removing is a removal that has begun. It is written before the first delete.
type removing struct {
	Operation string            `json:"operation,omitempty"`
	Objects   map[string]string `json:"objects"` // that it deletes: ETags by key
}

// pointer says which release is live. It is written as the last of a promotion.
type pointer struct {
	Schema    int                `json:"schema"`
	App       string             `json:"app"`
	Component string             `json:"component"`
	Version   string             `json:"version"` // "": nothing
	Serial    int                `json:"serial"`  // promotions so far
	Writes    int                `json:"writes"`  // of this object so far: no content of it comes twice
	By        *author            `json:"by,omitempty"`
	Moving    *moving            `json:"moving,omitempty"`
	Written   map[string]written `json:"written,omitempty"` // by path: what promotions wrote there

	Marks        []string `json:"marks,omitempty"`        // keys about a page of the listing apart
	Stale        []string `json:"stale,omitempty"`        // paths that CloudFront has to forget
	Invalidation string   `json:"invalidation,omitempty"` // its ID, when that was asked for and is waited for

	Avoid   map[string]avoid  `json:"avoid,omitempty"`   // by key
	Renewed map[string]string `json:"renewed,omitempty"` // by digest: ETags of copies beside the site that were written again
}

// lowestSchema is the first version that holds what promotions wrote.
func (p *pointer) lowestSchema() int {
	for _, w := range p.Written {
		if w.Headers != (delivery.Headers{}) {
			return schemaHeaders
		}
	}
	return schema
}

// author is the operation that wrote the pointer last.
type author struct {
	Operation string        `json:"operation"`
	Verb      delivery.Verb `json:"verb"`
	Version   string        `json:"version,omitempty"`
	Actor     string        `json:"actor"`
}

// moving is a promotion that has begun.
type moving struct {
	To        string            `json:"to"`
	Operation string            `json:"operation,omitempty"`
	Paths     map[string]string `json:"paths"`            // that it writes or removes, with the ETag before
	Remove    map[string]string `json:"remove,omitempty"` // those that it removes, with the ETag that it names
}

// avoid is an ETag that an object must not get for a while, because a delete of
// an operation that has lost the environment may still arrive and names it.
type avoid struct {
	ETag  string    `json:"etag"`
	Until time.Time `json:"until"`
}

// late is how long a request of a former holder may take to arrive, with room
// for clocks that differ. S3 refuses a request 15 minutes after it was signed.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
const late = time.Hour

// written is what a promotion wrote to a path.
type written struct {
	content
	ETag  string `json:"etag"`
	Entry bool   `json:"entry,omitempty"`
}

func (s spot) dir() string             { return s.set.folder() + stateDir + "/" + s.App + "/" + s.Component + "/" }
func (s spot) pointerKey() string      { return s.dir() + "live.json" }
func (s spot) recordsDir() string      { return s.dir() + "releases/" }
func (s spot) stagedDir() string       { return s.dir() + "files/" }
func (s spot) at(key string) s3x.Place { return s3x.Place{Bucket: s.set.Bucket, Key: key} }

func (s spot) recordKey(version string) string { return s.recordsDir() + version + ".json" }

func (s spot) stagedKey(digest string) string {
	return s.stagedDir() + strings.TrimPrefix(digest, "sha256:")
}

// inState reports whether a path lies where the target keeps its own.
func inState(path string) bool {
	return strings.HasPrefix(path, stateDir+"/") || strings.Contains(path, "/"+stateDir+"/")
}

// decode reads a state object; what another falkirk wrote is refused.
func decode[T any](raw []byte, key string, schemaOf func(T) int) (T, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fault.New(fault.Internal, "read %s: %w", key, err)
	}
	if n := schemaOf(v); n < schema || n > schemaHeaders {
		err := fault.New(fault.Refused, "%s has schema %d; this falkirk reads %d to %d", key, n, schema, schemaHeaders)
		return v, fault.Hint(err, "use the version of the program that wrote it, or a newer one")
	}
	return v, nil
}

// writePointer puts the pointer in the place of the one with that ETag. What it
// writes differs from everything that the pointer ever was.
func (s spot) writePointer(ctx context.Context, p *pointer, tag string) (string, error) {
	p.Writes++
	p.Schema = p.lowestSchema()
	p.By = &author{s.operation.ID, s.operation.Verb, s.operation.Version, s.operation.Actor}
	return s.write(ctx, s.pointerKey(), *p, tag)
}

// write puts a state object in the place of the one with that ETag.
func (s spot) write(ctx context.Context, key string, v any, tag string) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	now, err := s.s3.Swap(ctx, s.at(key), append(raw, '\n'), tag, s.set.KMSKey)
	if err == nil {
		s.remember(key, now, v)
	}
	return now, err
}

func byPath(a, b laid) int { return cmp.Compare(a.Path, b.Path) }

// find is the file of a record at a path.
func (r record) find(path string) (laid, bool) {
	i, ok := slices.BinarySearchFunc(r.Files, laid{File: delivery.File{Path: path}}, byPath)
	if !ok {
		return laid{}, false
	}
	return r.Files[i], true
}
