package image

import (
	"encoding/json"

	"falkirk/internal/oci"
)

// The kinds of artifact that the target keeps in a repository.
const (
	typeLive = "application/vnd.falkirk.live.v1+json"
	typeLeft = "application/vnd.falkirk.left.v1+json"
)

// The blob that an artifact without content has (OCI image specification 1.1,
// "guidance for an empty descriptor").
const (
	emptyDigest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
	emptyType   = "application/vnd.oci.empty.v1+json"
	emptyBytes  = "{}"
)

// pointer says which version is live. It is a tiny artifact beside the images,
// since two versions can have one digest.
type pointer struct {
	App, Component, Environment string
	Version, Digest             string // empty: nothing is live
	Tag                         string // the environment's tag at that time
	PreviousVersion             string
	PreviousDigest              string // what the tag really was on
	Operation                   string
}

// none reports whether there is no pointer at all.
func (p pointer) none() bool { return p == pointer{} }

func (p pointer) annotations() map[string]string {
	all := map[string]string{
		"falkirk.app": p.App, "falkirk.component": p.Component, "falkirk.environment": p.Environment,
		"falkirk.version": p.Version, "falkirk.digest": p.Digest, "falkirk.tag": p.Tag,
		"falkirk.previous.version": p.PreviousVersion, "falkirk.previous.digest": p.PreviousDigest,
		"falkirk.operation": p.Operation,
	}
	for k, v := range all {
		if v == "" {
			delete(all, k)
		}
	}
	return all
}

func pointerOf(m oci.Manifest) pointer {
	a := m.Annotations()
	return pointer{
		App: a["falkirk.app"], Component: a["falkirk.component"], Environment: a["falkirk.environment"],
		Version: a["falkirk.version"], Digest: a["falkirk.digest"], Tag: a["falkirk.tag"],
		PreviousVersion: a["falkirk.previous.version"], PreviousDigest: a["falkirk.previous.digest"],
		Operation: a["falkirk.operation"],
	}
}

// artifact is a manifest without content, whose annotations tell everything.
func artifact(kind string, annotations map[string]string) (oci.Manifest, error) {
	type descriptor struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
		Size      int    `json:"size"`
	}
	empty := descriptor{emptyType, emptyDigest, len(emptyBytes)}
	raw, err := json.Marshal(struct {
		SchemaVersion int               `json:"schemaVersion"`
		MediaType     string            `json:"mediaType"`
		ArtifactType  string            `json:"artifactType"`
		Config        descriptor        `json:"config"`
		Layers        []descriptor      `json:"layers"`
		Annotations   map[string]string `json:"annotations"` // sorted by name when written
	}{2, "application/vnd.oci.image.manifest.v1+json", kind, empty, []descriptor{empty}, annotations})
	if err != nil {
		return oci.Manifest{}, err
	}
	return oci.NewManifest(raw, "")
}
