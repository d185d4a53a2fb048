package oci

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"mime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"falkirk/internal/fault"
)

// Manifest is an image manifest or an index as it stands in a registry.
type Manifest struct {
	Digest    string
	MediaType string
	Raw       []byte
}

// NewManifest takes the bytes of a manifest. Its media type is what it says
// itself, or what the registry said where it says nothing.
func NewManifest(raw []byte, contentType string) (Manifest, error) {
	digest := digestOf(raw)
	m, err := parseManifest(raw, digest)
	if err != nil {
		return Manifest{}, err
	}
	out := Manifest{Digest: digest, MediaType: m.MediaType, Raw: raw}
	if out.MediaType == "" {
		if t, _, err := mime.ParseMediaType(contentType); err == nil && t != "application/json" && t != "application/octet-stream" {
			out.MediaType = t
		} else {
			out.MediaType = mediaType(m)
		}
	}
	return out, nil
}

// Children are the manifests that an index lists; none of an image.
func (m Manifest) Children() []Descriptor {
	var index struct {
		Manifests []Descriptor `json:"manifests"`
	}
	if json.Unmarshal(m.Raw, &index) != nil {
		return nil // NewManifest has read it
	}
	return index.Manifests
}

// Annotations are those of the manifest itself.
func (m Manifest) Annotations() map[string]string {
	var file struct {
		Annotations map[string]string `json:"annotations"`
	}
	if json.Unmarshal(m.Raw, &file) != nil {
		return nil // NewManifest has read it
	}
	return file.Annotations
}

// Descriptor points to the manifest, with what an index of referrers tells of it.
func (m Manifest) Descriptor() (Descriptor, error) {
	var file struct {
		ArtifactType string            `json:"artifactType"`
		Annotations  map[string]string `json:"annotations"`
		Config       *Descriptor       `json:"config"`
	}
	if err := json.Unmarshal(m.Raw, &file); err != nil {
		return Descriptor{}, fault.New(fault.Invalid, "%s is not a manifest: %w", m.Digest, err)
	}
	h, err := v1.NewHash(m.Digest)
	if err != nil {
		return Descriptor{}, err
	}
	d := Descriptor{
		MediaType: types.MediaType(m.MediaType), Digest: h, Size: int64(len(m.Raw)),
		ArtifactType: file.ArtifactType, Annotations: file.Annotations,
	}
	if d.ArtifactType == "" && file.Config != nil {
		d.ArtifactType = string(file.Config.MediaType)
	}
	return d, nil
}

func digestOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}
