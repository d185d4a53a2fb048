package image

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
)

// pulled is an image in a registry, read blob by blob. It implements oci.Blobs.
type pulled struct {
	repo *registry.Repository

	mu        sync.Mutex
	manifests map[string]bool // digests that are read as manifests; the others are blobs
}

// pull finds an image or index in a registry, with the login of the docker
// command.
func pull(ctx context.Context, reference string) (b oci.Blobs, digest string, err error) {
	repo, tag, err := repositoryOf(reference, registry.Keychain)
	if err != nil {
		return nil, "", err
	}
	p := &pulled{repo: repo, manifests: map[string]bool{}}
	m, err := p.manifest(ctx, tag)
	if err != nil {
		return nil, "", fmt.Errorf("pull %s: %w", reference, err)
	}
	return p, m.Digest, nil
}

// repositoryOf is the repository of an image reference, and its tag or digest.
func repositoryOf(reference string, login func(host string) registry.Login) (repo *registry.Repository, tag string, err error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return nil, "", fault.New(fault.Invalid, "%q is not an image reference: %w", reference, err)
	}
	if name := ref.Context().RepositoryStr(); !oci.IsRepository(name) {
		return nil, "", fault.New(fault.Invalid, "%q is not an image reference: %q is not the name of a repository", reference, name)
	}
	host := ref.Context().RegistryStr()
	reg := registry.New(registry.Options{Host: host, Plain: oci.IsLoopback(host), Login: login(host)})
	return reg.Repository(ref.Context().RepositoryStr()), ref.Identifier(), nil
}

// manifest reads a manifest, and notes which manifests it lists.
func (p *pulled) manifest(ctx context.Context, reference string) (oci.Manifest, error) {
	m, err := p.repo.Manifest(ctx, reference)
	if err != nil {
		return m, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.manifests[m.Digest] = true
	for _, d := range m.Children() {
		if d.MediaType.IsIndex() || d.MediaType.IsImage() {
			p.manifests[d.Digest.String()] = true
		}
	}
	return m, nil
}

// Open implements oci.Blobs.
func (p *pulled) Open(ctx context.Context, digest string) (io.ReadCloser, error) {
	p.mu.Lock()
	isManifest := p.manifests[digest]
	p.mu.Unlock()
	if !isManifest {
		return p.repo.Blob(ctx, digest, 0)
	}
	m, err := p.manifest(ctx, digest)
	return io.NopCloser(bytes.NewReader(m.Raw)), err
}
