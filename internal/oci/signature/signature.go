// Package signature tells whether an image is signed by a key that is trusted:
// signatures of cosign, in both of its forms, checked with public keys alone. It
// asks no transparency log and knows no certificates.
package signature

import (
	"context"
	"fmt"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// Policy says what a signature must be like. It must be over the very digest
// that is asked about: over the index, where that is an index. Signatures of the
// images in it say nothing about the index, and so do not count.
type Policy struct {
	Keys     []Key  // one of them must have signed
	Identity string // what the signature must call the image, such as ghcr.io/team/web; empty: anything
}

// Source is the repository that the image, and what refers to it, is in.
type Source interface {
	oci.From
	oci.Related
}

// Proof is the signature that was good.
type Proof struct {
	Digest    string `json:"digest"`    // of the image
	Key       string `json:"key"`       // fingerprint of the one that signed
	Signature string `json:"signature"` // digest of the manifest that the signature is in
	Form      Form   `json:"form"`
}

// Form is how a signature is written down.
type Form string

// Simple is cosign's form up to version 2, Bundle that of version 3.
const (
	Simple Form = "simple signing"
	Bundle Form = "bundle"
)

// statement is one signature as it was read; nothing in it is believed yet.
type statement struct {
	form    Form
	at      string // digest of the manifest it is in
	message []byte // what was signed
	made    [][]byte
	says    func() (claim, error) // for when a key is known to have signed
}

// claim is what a message says.
type claim struct {
	digests  []string
	identity string // "" where the form has none
}

// Verify looks for a signature that the policy asks for, and stops at the first.
// Without one the error is fault.Refused and says what was found instead. What
// could not be read because something did not answer is no refusal.
func (p Policy) Verify(ctx context.Context, from Source, digest string) (Proof, error) {
	if len(p.Keys) == 0 {
		return Proof{}, fault.New(fault.Invalid, "no key is named that should have signed %s", digest)
	}
	s := search{from: from, digest: digest, seen: map[string]bool{}}
	var proof Proof
	err := s.each(ctx, func(one statement) bool {
		key, reason := p.judge(one, digest)
		if reason != "" {
			s.note(one.at, reason)
			return false
		}
		proof = Proof{Digest: digest, Key: key.Fingerprint(), Signature: one.at, Form: one.form}
		return true
	})
	if err != nil {
		return Proof{}, fmt.Errorf("look for signatures of %s: %w", digest, err)
	}
	if proof.Key == "" {
		return Proof{}, fault.Hint(s.refusal(), "sign it with the key's other half: cosign sign --key KEY REPOSITORY@%s", digest)
	}
	return proof, nil
}

// judge says which key made a signature, or why it does not do.
func (p Policy) judge(s statement, digest string) (Key, string) {
	for _, key := range p.Keys {
		for _, made := range s.made {
			if key.signed(s.message, made) {
				return key, p.fits(s, digest)
			}
		}
	}
	return Key{}, "it was made by another key than " + names(p.Keys)
}

// fits says why what was signed is not what is asked for; "" if it is.
func (p Policy) fits(s statement, digest string) string {
	says, err := s.says()
	if err != nil {
		return "what was signed is " + err.Error()
	}
	if !contains(says.digests, digest) {
		return "it is over another digest: " + list(says.digests)
	}
	if p.Identity != "" && says.identity != p.Identity && bare(says.identity) != p.Identity {
		return fmt.Sprintf("it is for %q and not for %q", says.identity, p.Identity)
	}
	return ""
}

// bare is a reference without its tag or digest.
func bare(reference string) string {
	reference, _, _ = strings.Cut(reference, "@")
	if colon := strings.LastIndexByte(reference, ':'); colon > strings.LastIndexByte(reference, '/') {
		return reference[:colon]
	}
	return reference
}

// names tells keys by the beginnings of their fingerprints.
func names(keys []Key) string {
	var all []string
	for _, k := range keys {
		all = append(all, k.Fingerprint()[:len("sha256:")+12])
	}
	return list(all)
}

// list is some words, the first of them if they are many.
func list(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	if more := len(all) - 5; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:5], ", "), more)
	}
	return strings.Join(all, ", ")
}

func contains(all []string, one string) bool {
	for _, a := range all {
		if a == one {
			return true
		}
	}
	return false
}
