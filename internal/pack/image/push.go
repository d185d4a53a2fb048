package image

import (
	"context"
	"encoding/json"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
)

// Builds is the registry and repository that the settings of a component have
// its image pushed to, "host/name", and whether that is without TLS, as on this
// machine; "" if it is pushed nowhere.
func Builds(settings json.RawMessage) (reference string, plain bool) {
	var s Settings
	if json.Unmarshal(settings, &s) != nil {
		return "", false // told where the settings are checked
	}
	host, _, _ := strings.Cut(s.Push, "/")
	return s.Push, oci.IsLoopback(host)
}

// Push brings the image of a release to the builds registry that the settings of
// its component name, if they do, under three labels: the version, the first
// seven letters of the commit, and latest. Nothing is deployed by a label. A
// version that is there with another image is fault.Conflict, and nothing is
// written then. login finds the login for a host.
func Push(ctx context.Context, store oci.Blobs, c delivery.Component, r delivery.Release, login func(host string) registry.Login) error {
	var s Settings
	if err := json.Unmarshal(c.Settings, &s); err != nil {
		return fault.New(fault.Invalid, "settings: %w", err)
	}
	a, ok := r.Artifact(c.Name)
	if s.Push == "" || !ok {
		return nil
	}
	host, repository, _ := strings.Cut(s.Push, "/")
	to := registry.New(registry.Options{Host: host, Plain: oci.IsLoopback(host), Login: login(host)}).Repository(repository)
	version := oci.EncodeTag(r.Version)
	switch there, err := to.Digest(ctx, version); {
	case err != nil:
		return err
	case there != "" && there != a.Digest:
		err := fault.New(fault.Conflict, "%s:%s is on %s, and this release has %s", to, version, there, a.Digest)
		return fault.Hint(err, "pack under another version")
	}
	from, err := s.origin(ctx, store, a.Digest, login)
	if err != nil {
		return err
	}
	if _, err := oci.NewCopier().Copy(ctx, to, from, oci.Wish{Digest: a.Digest, Tag: version}); err != nil {
		return err
	}
	return label(ctx, to, a.Digest, labels(r.Source))
}

// labels are the tags beside the version. A commit that was not all there is no
// label.
func labels(s delivery.Source) []string {
	if len(s.Commit) >= 7 && !s.Dirty {
		return []string{s.Commit[:7], "latest"}
	}
	return []string{"latest"}
}

// label puts tags on a digest, but for those that are there and cannot be moved.
func label(ctx context.Context, to *registry.Repository, digest string, tags []string) error {
	for _, tag := range tags {
		there, err := to.Digest(ctx, tag)
		if err == nil && there != digest {
			err = to.Retag(ctx, map[string]string{tag: digest})
		}
		if err != nil && !registry.IsImmutable(err) {
			return err
		}
	}
	return nil
}

// origin is where the image is pushed from: the store, or the registry that it
// was taken from, where what refers to it is too.
func (s Settings) origin(ctx context.Context, store oci.Blobs, digest string, login func(string) registry.Login) (oci.From, error) {
	if s.Reference == "" {
		return oci.Stock(store), nil
	}
	from, _, err := repositoryOf(s.Reference, login)
	if err != nil {
		return nil, err
	}
	there, err := from.Digest(ctx, digest)
	if err != nil || there == "" {
		return oci.Stock(store), err
	}
	return from, nil
}
