package images

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// tiny is the size of layers that only have to be there.
const tiny = 3000

// Image writes an image of one layer; other seeds make other images.
func (r Registry) Image(ctx context.Context, repository, tag string, seed uint64) (Descriptor, error) {
	l, err := r.layer(ctx, repository, OCILayer, seed, tiny)
	if err != nil {
		return Descriptor{}, err
	}
	return r.image(ctx, repository, tag, oci(), platform(0), fmt.Sprint(seed), l)
}

// Huge writes an image with a layer of a size, which is never in memory.
func (r Registry) Huge(ctx context.Context, repository, tag string, size int64) (Descriptor, error) {
	var l part
	var err error
	l.Descriptor, err = r.Stream(ctx, repository, OCILayer, func(w io.Writer) (err error) {
		l.diffID, err = writeLayer(w, 1, uint64(size))
		return err
	})
	if err != nil {
		return l.Descriptor, err
	}
	return r.image(ctx, repository, tag, oci(), platform(0), "huge", l)
}

// Index writes an OCI index of images for some platforms.
func (r Registry) Index(ctx context.Context, repository, tag string, platforms int, seed uint64) (Descriptor, error) {
	return r.list(ctx, repository, tag, oci(), platforms, seed)
}

// List writes the same in Docker's schema 2.
func (r Registry) List(ctx context.Context, repository, tag string, platforms int, seed uint64) (Descriptor, error) {
	return r.list(ctx, repository, tag, docker(), platforms, seed)
}

func (r Registry) list(ctx context.Context, repository, tag string, k kinds, platforms int, seed uint64) (Descriptor, error) {
	children, err := r.children(ctx, repository, k, platforms, seed)
	if err != nil {
		return Descriptor{}, err
	}
	return r.put(ctx, repository, tag, k.index, index{SchemaVersion: 2, MediaType: k.index, Manifests: children})
}

func (r Registry) children(ctx context.Context, repository string, k kinds, platforms int, seed uint64) ([]Descriptor, error) {
	var all []Descriptor
	for p := range platforms {
		l, err := r.layer(ctx, repository, k.layer, seed<<8|uint64(p), tiny)
		if err != nil {
			return nil, err
		}
		d, err := r.image(ctx, repository, "", k, platform(p), fmt.Sprint(seed), l)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// Foreign writes an image with a layer that is not in the registry but elsewhere,
// as the base layers of Windows were.
func (r Registry) Foreign(ctx context.Context, repository, tag string, url string) (Descriptor, error) {
	raw, diffID, err := layer(3, tiny)
	if err != nil {
		return Descriptor{}, err
	}
	away := part{Of(DockerForeign, raw), diffID}
	away.URLs = []string{url}
	own, err := r.layer(ctx, repository, DockerLayer, 4, tiny)
	if err != nil {
		return Descriptor{}, err
	}
	return r.image(ctx, repository, tag, docker(), Platform{"amd64", "windows"}, "foreign", away, own)
}

// Attested writes an index of one image and its attestation, as docker buildx does:
// one that is for no platform.
func (r Registry) Attested(ctx context.Context, repository, tag string) (Descriptor, error) {
	children, err := r.children(ctx, repository, oci(), 1, 5)
	if err != nil {
		return Descriptor{}, err
	}
	statement := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://slsa.dev/provenance/v0.2","subject":[{"digest":{"sha256":%q}}]}`,
		strings.TrimPrefix(children[0].Digest, "sha256:"))
	l, err := r.Blob(ctx, repository, "application/vnd.in-toto+json", []byte(statement))
	if err != nil {
		return Descriptor{}, err
	}
	nowhere := Platform{"unknown", "unknown"}
	attestation, err := r.image(ctx, repository, "", oci(), nowhere, "attestation", part{l, l.Digest})
	if err != nil {
		return Descriptor{}, err
	}
	attestation.Annotations = map[string]string{
		"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": children[0].Digest,
	}
	return r.put(ctx, repository, tag, OCIIndex, index{SchemaVersion: 2, MediaType: OCIIndex, Manifests: append(children, attestation)})
}

// Signature signs a digest with a key as cosign does, under the tag that cosign
// looks for; identity is what the signature says that the image is called.
func (r Registry) Signature(ctx context.Context, repository, digest, identity string, key crypto.Signer) (Descriptor, error) {
	payload := fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":%q},"image":{"docker-manifest-digest":%q},"type":"cosign container image signature"},"optional":null}`,
		identity, digest)
	sum := sha256.Sum256(payload)
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return Descriptor{}, err
	}
	l, err := r.Blob(ctx, repository, "application/vnd.dev.cosign.simplesigning.v1+json", payload)
	if err != nil {
		return l, err
	}
	l.Annotations = map[string]string{"dev.cosignproject.cosign/signature": base64.StdEncoding.EncodeToString(signature)}
	return r.image(ctx, repository, strings.Replace(digest, ":", "-", 1)+".sig", oci(), Platform{}, "signature", part{l, l.Digest})
}

// Referrer writes something that says by its subject what it belongs to (OCI 1.1).
// A registry that takes no note of subjects gets the index under the tag that
// stands for it, too.
func (r Registry) Referrer(ctx context.Context, repository string, subject Descriptor, artifactType string, content []byte) (Descriptor, error) {
	empty, err := r.Blob(ctx, repository, OCIEmpty, []byte("{}"))
	if err != nil {
		return empty, err
	}
	l, err := r.Blob(ctx, repository, artifactType, content)
	if err != nil {
		return l, err
	}
	subject.Platform, subject.Annotations = nil, nil
	m := manifest{SchemaVersion: 2, MediaType: OCIManifest, ArtifactType: artifactType, Config: empty, Layers: []Descriptor{l}, Subject: &subject}
	d, err := r.put(ctx, repository, "", OCIManifest, m)
	if err != nil {
		return d, err
	}
	d.ArtifactType = artifactType
	res, err := r.ask(ctx, "GET", "/v2/"+repository+"/referrers/"+subject.Digest, nil, "")
	if err != nil {
		return d, err
	}
	defer res.Body.Close()
	if res.StatusCode == 200 {
		return d, nil
	}
	return d, r.fallback(ctx, repository, subject.Digest, d)
}

// fallback adds a referrer to the index that clients keep for registries that do
// not.
func (r Registry) fallback(ctx context.Context, repository, subject string, d Descriptor) error {
	tag, x := strings.Replace(subject, ":", "-", 1), index{SchemaVersion: 2, MediaType: OCIIndex}
	if raw, _, err := r.Read(ctx, repository, tag); err == nil {
		if err := json.Unmarshal(raw, &x); err != nil {
			return err
		}
	}
	x.Manifests = append(x.Manifests, d)
	_, err := r.put(ctx, repository, tag, OCIIndex, x)
	return err
}

// Many writes a few images and many tags on them in turns, and gives the digest
// of each tag.
func (r Registry) Many(ctx context.Context, repository string, images, tags int) (map[string]string, error) {
	all, made := make(map[string]string, tags), make([]Descriptor, images)
	for i := range made {
		d, err := r.Image(ctx, repository, fmt.Sprintf("image-%d", i), uint64(i))
		if err != nil {
			return nil, err
		}
		all[fmt.Sprintf("image-%d", i)], made[i] = d.Digest, d
	}
	raws := map[string][]byte{}
	for _, d := range made {
		raw, _, err := r.Read(ctx, repository, d.Digest)
		if err != nil {
			return nil, err
		}
		raws[d.Digest] = raw
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for n := len(made); n < tags; n++ {
		group.Go(func() error {
			d, tag := made[n%images], fmt.Sprintf("build-%04d", n)
			mu.Lock()
			all[tag] = d.Digest
			mu.Unlock()
			_, err := r.Manifest(ctx, repository, tag, d.MediaType, raws[d.Digest])
			return err
		})
	}
	return all, group.Wait()
}

// Lose removes the bytes of a blob or of a manifest from the folder of a
// docker-registry, as a bad disk or a wrong garbage collection does: what refers
// to it is there still.
func Lose(folder, digest string) error {
	_, hex, _ := strings.Cut(digest, ":")
	return os.Remove(filepath.Join(folder, "docker/registry/v2/blobs/sha256", hex[:2], hex, "data"))
}

// Damage turns a bit of a blob or of a manifest in the folder of a docker-registry.
func Damage(folder, digest string) error {
	_, hex, _ := strings.Cut(digest, ":")
	path := filepath.Join(folder, "docker/registry/v2/blobs/sha256", hex[:2], hex, "data")
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	raw[len(raw)/2] ^= 1
	return os.WriteFile(path, raw, 0o600)
}
