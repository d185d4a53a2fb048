package delivery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"time"

	"falkirk/internal/fault"
)

// ReleaseSchema is the version of the release manifest's format.
const ReleaseSchema = 1

// Artifact is what packing a component yields. Digest addresses a blob: the
// site manifest of a site, the image manifest or index of an image.
type Artifact struct {
	Component string `json:"component"`
	Kind      string `json:"kind"`
	Digest    string `json:"digest"`
	MediaType string `json:"mediaType"`
	Size      int64  `json:"size"`            // bytes of everything that the digest leads to
	Count     int    `json:"count,omitempty"` // files of a site, layers of an image
}

// Source says where a release came from.
type Source struct {
	Commit string `json:"commit,omitempty"`
	Tag    string `json:"tag,omitempty"`
	Dirty  bool   `json:"dirty,omitempty"`
}

// Release is an immutable set of artifacts under one version.
type Release struct {
	Schema    int        `json:"schema"`
	App       string     `json:"app"`
	Version   string     `json:"version"`
	Artifacts []Artifact `json:"artifacts"` // in the order of the app file
	Source    Source     `json:"source"`
	PackedBy  string     `json:"packedBy"`
	PackedAt  time.Time  `json:"packedAt"` // UTC
	Tool      string     `json:"tool"`     // falkirk's own version
}

// Artifact finds the artifact of a component.
func (r Release) Artifact(component string) (Artifact, bool) {
	for _, a := range r.Artifacts {
		if a.Component == component {
			return a, true
		}
	}
	return Artifact{}, false
}

// SameContent reports whether two releases hold the same artifacts, whoever
// packed them and when.
func (r Release) SameContent(o Release) bool {
	if r.App != o.App || r.Version != o.Version || len(r.Artifacts) != len(o.Artifacts) {
		return false
	}
	for _, a := range r.Artifacts {
		if b, ok := o.Artifact(a.Component); !ok || a.Kind != b.Kind || a.Digest != b.Digest {
			return false
		}
	}
	return true
}

// Content is the digest of all that the manifest says: what is in the release, and
// who packed it, when and from which commit.
func (r Release) Content() string {
	raw, _ := json.Marshal(r) // texts, numbers and dates: it cannot fail
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

var versionShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$`)

// CheckVersion refuses what cannot be the version of a release: it becomes a
// file name, an object key and an image tag's label.
func CheckVersion(v string) error {
	if versionShape.MatchString(v) {
		return nil
	}
	err := fault.New(fault.Invalid, "%q is not a version", v)
	return fault.Hint(err, "use letters, digits, '.', '_', '+' and '-', starting with a letter or digit, at most 128")
}
