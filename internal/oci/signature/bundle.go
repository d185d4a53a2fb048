package signature

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"falkirk/internal/fault"
)

// A bundle's layer, what it holds, and what it must say to be a signature.
const (
	mediaBundle   = "application/vnd.dev.sigstore.bundle"
	typeStatement = "application/vnd.in-toto+json"
	predicate     = "https://sigstore.dev/cosign/sign/v1"
)

// mostSigners bounds the signatures in one bundle; the format wants one.
const mostSigners = 8

// bundled is a Sigstore bundle, of which the key's signature is read and nothing
// that a log or a clock has added.
type bundled struct {
	Envelope *struct {
		Payload     []byte `json:"payload"`
		PayloadType string `json:"payloadType"`
		Signatures  []struct {
			Sig []byte `json:"sig"`
		} `json:"signatures"`
	} `json:"dsseEnvelope"`
	Message *struct {
		Digest struct {
			Algorithm string `json:"algorithm"`
			Digest    []byte `json:"digest"`
		} `json:"messageDigest"`
		Signature []byte `json:"signature"`
	} `json:"messageSignature"`
}

// bundle reads a signature in the form that cosign has since version 3.
func (s *search) bundle(ctx context.Context, raw []byte) (statement, error) {
	var b bundled
	if err := json.Unmarshal(raw, &b); err != nil {
		return statement{}, fault.New(fault.Invalid, "its bundle is damaged: %w", err)
	}
	switch {
	case b.Envelope != nil && b.Message == nil:
		return b.enveloped()
	case b.Message != nil && b.Envelope == nil:
		return s.overManifest(ctx, b)
	}
	return statement{}, fault.New(fault.Invalid, "its bundle holds neither an envelope nor a signature")
}

// enveloped reads a DSSE envelope around an in-toto statement.
func (b bundled) enveloped() (statement, error) {
	e := b.Envelope
	if e.PayloadType != typeStatement {
		return statement{}, fault.New(fault.Invalid, "its envelope holds %q and not a statement", e.PayloadType)
	}
	if len(e.Signatures) > mostSigners {
		return statement{}, fault.New(fault.Invalid, "its envelope has %d signatures", len(e.Signatures))
	}
	out := statement{form: Bundle, message: authenticated(e.PayloadType, e.Payload)}
	for _, one := range e.Signatures {
		out.made = append(out.made, one.Sig)
	}
	out.says = func() (claim, error) { return subjects(e.Payload) }
	return out, nil
}

// authenticated is what DSSE signs of a payload: its type and its bytes, each
// with its length before it.
func authenticated(kind string, payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(payload), payload)
}

// subjects reads an in-toto statement that says of images that they are signed.
func subjects(payload []byte) (claim, error) {
	var s struct {
		Type      string `json:"_type"`
		Predicate string `json:"predicateType"`
		Subject   []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	if err := json.Unmarshal(payload, &s); err != nil {
		return claim{}, fmt.Errorf("damaged: %w", err)
	}
	if !slices.Contains([]string{"https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"}, s.Type) {
		return claim{}, fmt.Errorf("no in-toto statement but %q", s.Type)
	}
	if s.Predicate != predicate {
		return claim{}, fmt.Errorf("an attestation (%s) and no signature", s.Predicate)
	}
	var c claim
	for _, one := range s.Subject {
		if d := one.Digest["sha256"]; d != "" {
			c.digests = append(c.digests, "sha256:"+d)
		}
	}
	return c, nil
}

// overManifest takes a signature over the bytes of the image's manifest itself.
func (s *search) overManifest(ctx context.Context, b bundled) (statement, error) {
	over := "sha256:" + hex.EncodeToString(b.Message.Digest.Digest)
	if b.Message.Digest.Algorithm == "SHA2_256" && over != s.digest {
		return statement{}, fault.New(fault.Invalid, "it is over another digest: %s", over)
	}
	m, err := s.from.Manifest(ctx, s.digest)
	if err != nil {
		return statement{}, fmt.Errorf("read what is signed: %w", err)
	}
	return statement{
		form: Bundle, message: m.Raw, made: [][]byte{b.Message.Signature},
		says: func() (claim, error) { return claim{digests: []string{m.Digest}}, nil },
	}, nil
}
