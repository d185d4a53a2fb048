package signature

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// What is read at most, whoever has written it.
const (
	mostManifests = 200     // that may hold signatures, for one image
	mostBlobs     = 100     // signatures
	maxPayload    = 1 << 20 // of one in simple signing
	maxBundle     = 4 << 20
)

// search goes through what refers to one image.
type search struct {
	from    Source
	digest  string
	seen    map[string]bool // manifests
	blobs   int             // read
	reasons []string
}

// each shows the signatures, until one is good: those in the registry's list of
// referrers, in the index that stands in for one, and under cosign's own tag.
func (s *search) each(ctx context.Context, good func(statement) bool) error {
	referrers, _, err := s.from.Referrers(ctx, s.digest)
	if err != nil {
		return err
	}
	if done, err := s.all(ctx, referrers, good); done || err != nil {
		return err
	}
	tag := strings.Replace(s.digest, ":", "-", 1)
	index, err := s.from.Manifest(ctx, tag)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err == nil {
		if done, err := s.all(ctx, index.Children(), good); done || err != nil {
			return err
		}
	}
	m, err := s.from.Manifest(ctx, tag+".sig")
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.manifest(ctx, m, good)
	return err
}

// all goes through manifests that refer to the image.
func (s *search) all(ctx context.Context, list []oci.Descriptor, good func(statement) bool) (bool, error) {
	for _, d := range list {
		at := d.Digest.String()
		if s.seen[at] || !mayHold(d.ArtifactType) || !wanted(d.Annotations) {
			continue
		}
		if len(s.seen) == mostManifests {
			s.note("", fmt.Sprintf("more than %d manifests refer to the image, and no more are read", mostManifests))
			return false, nil
		}
		m, err := s.from.Manifest(ctx, at)
		if fault.Is(err, fault.NotFound) {
			s.note(at, "it is named and not there")
			s.seen[at] = true
			continue
		}
		if err != nil {
			return false, err
		}
		if done, err := s.manifest(ctx, m, good); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

// mayHold tells by what a list says of a manifest whether it is worth reading.
func mayHold(artifactType string) bool {
	switch artifactType {
	case "", "application/vnd.oci.image.config.v1+json", "application/vnd.oci.empty.v1+json", mediaSimple:
		return true
	}
	return strings.HasPrefix(artifactType, mediaBundle) || strings.HasPrefix(artifactType, "application/vnd.dev.cosign.")
}

// wanted is false where annotations name another predicate: an attestation, by
// the same key perhaps, that is no signature.
func wanted(annotations map[string]string) bool {
	p := annotations["dev.sigstore.bundle.predicateType"]
	return p == "" || p == predicate
}

// manifest shows the signatures in one manifest.
func (s *search) manifest(ctx context.Context, m oci.Manifest, good func(statement) bool) (bool, error) {
	if s.seen[m.Digest] || !wanted(m.Annotations()) {
		return false, nil
	}
	s.seen[m.Digest] = true
	for _, d := range layers(m) {
		one, err := s.read(ctx, d)
		switch {
		case fault.Is(err, fault.Invalid):
			s.note(m.Digest, err.Error())
		case err != nil:
			return false, err
		case one.form != "":
			if one.at = m.Digest; good(one) {
				return true, nil
			}
		}
	}
	return false, nil
}

func layers(m oci.Manifest) []oci.Descriptor {
	var file struct {
		Layers []oci.Descriptor `json:"layers"`
	}
	if json.Unmarshal(m.Raw, &file) != nil {
		return nil // oci.NewManifest has read it
	}
	return file.Layers
}

// read reads the signature in a layer; without a form it is something else.
func (s *search) read(ctx context.Context, d oci.Descriptor) (statement, error) {
	switch media := string(d.MediaType); {
	case media == mediaSimple:
		raw, err := s.blob(ctx, d, maxPayload)
		if err != nil {
			return statement{}, err
		}
		return simple(d, raw)
	case strings.HasPrefix(media, mediaBundle):
		raw, err := s.blob(ctx, d, maxBundle)
		if err != nil {
			return statement{}, err
		}
		return s.bundle(ctx, raw)
	}
	return statement{}, nil
}

// blob reads a small blob; fault.Invalid says why it cannot be believed.
func (s *search) blob(ctx context.Context, d oci.Descriptor, limit int64) ([]byte, error) {
	if s.blobs++; s.blobs > mostBlobs {
		return nil, fault.New(fault.Invalid, "more than %d signatures are there, and no more are read", mostBlobs)
	}
	if d.Size > limit {
		return nil, fault.New(fault.Invalid, "it has %d bytes, and %d is the most that is read", d.Size, limit)
	}
	body, err := s.from.Blob(ctx, d.Digest.String(), 0)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.Invalid, "its bytes are not there")
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "read %s: %w", d.Digest, err)
	}
	if sum := sha256.Sum256(raw); "sha256:"+hex.EncodeToString(sum[:]) != d.Digest.String() {
		return nil, fault.New(fault.Invalid, "its bytes are damaged")
	}
	return raw, nil
}

// note remembers why a signature does not do.
func (s *search) note(at, reason string) {
	if at != "" {
		reason = "signature " + at + ": " + reason
	}
	if !contains(s.reasons, reason) {
		s.reasons = append(s.reasons, reason)
	}
}

func (s *search) refusal() error {
	if len(s.reasons) == 0 {
		return fault.New(fault.Refused, "%s has no signature", s.digest)
	}
	const most = 5
	text := strings.Join(s.reasons[:min(most, len(s.reasons))], "; ")
	if more := len(s.reasons) - most; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return fault.New(fault.Refused, "%s has no signature that does: %s", s.digest, text)
}
