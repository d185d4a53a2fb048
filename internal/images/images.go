// Package images is what people ask of single images in registries: what is in
// one, which there are, another tag, a copy elsewhere.
package images

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/registries"
)

// Registries finds repositories.
type Registries interface {
	Repository(ctx context.Context, w registries.Where, name string) (registries.Repository, error)
	Catalog(ctx context.Context, w registries.Where) ([]string, error)
}

// People is what people decided; it is asked before an image is written.
type People interface {
	HasBans() bool
	AskImage(ctx context.Context, digests ...string) error
}

// Tool answers.
type Tool struct {
	Registries Registries
	People     People // may be nil: nobody can have decided anything
	Account    string // of the app file, for ECR; "" is whoever this process is
	Insecure   bool   // HTTP without TLS
}

// Reference is an image reference taken apart.
type Reference struct {
	Where  registries.Where
	Name   string // of the repository; "" is the whole registry
	Tag    string
	Digest string // "sha256:…"; it counts more than the tag
}

// String is what is asked for in the repository.
func (r Reference) String() string {
	if r.Digest != "" {
		return r.Digest
	}
	return r.Tag
}

// ownECR begins the name of the ECR of the account itself; the region follows.
const ownECR = "ecr:"

// Parse takes a reference apart: as docker writes it, with http:// before a
// registry without TLS, or with ecr:REGION in place of the host for the ECR of
// the account itself. Without a tag it is latest.
func (t Tool) Parse(s string) (Reference, error) {
	r := Reference{Where: registries.Where{Account: t.Account, Insecure: t.Insecure}}
	rest, clear := strings.CutPrefix(s, "http://")
	r.Where.Insecure = r.Where.Insecure || clear
	if own, ok := strings.CutPrefix(rest, ownECR); ok {
		region, path, _ := strings.Cut(own, "/")
		r.Where.Region = region
		rest = "registry.invalid/" + path
	}
	ref, err := name.ParseReference(rest)
	if err != nil {
		err := fault.New(fault.Invalid, "%q is no image: %w", s, err)
		return r, fault.Hint(err, "write HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:…")
	}
	r.Name = ref.Context().RepositoryStr()
	if !oci.IsRepository(r.Name) {
		err := fault.New(fault.Invalid, "%q is no image: %q is not the name of a repository", s, r.Name)
		return r, fault.Hint(err, "write HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:…")
	}
	if r.Where.Region == "" {
		r.Where.Host = ref.Context().RegistryStr()
	}
	switch ref := ref.(type) {
	case name.Digest:
		r.Digest = ref.DigestStr()
	case name.Tag:
		r.Tag = ref.TagStr()
	}
	if r.Tag != "" && !oci.IsTag(r.Tag) {
		return r, noTag(r.Tag)
	}
	return r, nil
}

func noTag(tag string) error {
	err := fault.New(fault.Invalid, "%q is no tag", tag)
	return fault.Hint(err, "use letters, digits, and after the first of them also . _ and -; at most 128 in all")
}

// mayWrite asks whether an image may be written anywhere: by its own digest, and
// by those of what it leads to.
func (t Tool) mayWrite(ctx context.Context, all ...oci.Manifest) error {
	if t.People == nil {
		return nil
	}
	var digests []string
	for _, m := range all {
		digests = append(digests, m.Digest)
		for _, child := range m.Children() {
			digests = append(digests, child.Digest.String())
		}
	}
	return t.People.AskImage(ctx, digests...)
}

// open finds the repository of a reference.
func (t Tool) open(ctx context.Context, s string, readOnly bool) (Reference, registries.Repository, error) {
	ref, err := t.Parse(s)
	if err != nil {
		return ref, nil, err
	}
	ref.Where.ReadOnly = readOnly
	repo, err := t.Registries.Repository(ctx, ref.Where, ref.Name)
	if err != nil {
		return ref, nil, fmt.Errorf("%s: %w", s, err)
	}
	return ref, repo, nil
}
