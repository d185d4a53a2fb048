package signature_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/oci/signature"
)

// pair is a key with its other half.
func pair(t testing.TB, private crypto.Signer) []signature.Key {
	t.Helper()
	keys, err := signature.ParseKeys(public(t, private))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func public(t testing.TB, private crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func curve(t testing.TB, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func made(t testing.TB, private crypto.Signer, message []byte, how crypto.SignerOpts) []byte {
	t.Helper()
	if h := how.HashFunc(); h != 0 {
		message = hashed(h, message)
	}
	raw, err := private.Sign(rand.Reader, message, how)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Each kind of key signs in more ways than cosign's own.
func TestWaysOfSigning(t *testing.T) {
	t.Parallel()
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, way := range map[string]struct {
		private crypto.Signer
		how     crypto.SignerOpts
	}{
		"RSA PKCS1v15 SHA-256": {big, crypto.SHA256},
		"RSA PKCS1v15 SHA-512": {big, crypto.SHA512},
		"RSA PSS":              {big, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}},
		"RSA PSS, long salt":   {big, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA384}},
		"P-256":                {curve(t, elliptic.P256()), crypto.SHA256},
		"P-384 SHA-256":        {curve(t, elliptic.P384()), crypto.SHA256},
		"P-384 SHA-384":        {curve(t, elliptic.P384()), crypto.SHA384},
		"P-521":                {curve(t, elliptic.P521()), crypto.SHA512},
		"Ed25519":              {edwards, crypto.Hash(0)},
		"Ed25519ph":            {edwards, &ed25519.Options{Hash: crypto.SHA512}},
	} {
		s := newShelf()
		digest := s.image(t)
		s.simple(t, digest, payloadOf(digest), made(t, way.private, payloadOf(digest), way.how))
		keys := append(pair(t, curve(t, elliptic.P256())), pair(t, way.private)...)
		proof, err := signature.Policy{Keys: keys}.Verify(t.Context(), s, digest)
		if err != nil || proof.Key != keys[1].Fingerprint() {
			t.Errorf("%s: %+v, %v", name, proof, err)
		}
		_, err = signature.Policy{Keys: keys[:1]}.Verify(t.Context(), s, digest)
		if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "another key") {
			t.Errorf("%s, another key: %v", name, err)
		}
	}
}

// A bundle may sign the manifest's own bytes.
func TestASignatureOverTheManifest(t *testing.T) {
	t.Parallel()
	private := curve(t, elliptic.P256())
	policy := signature.Policy{Keys: pair(t, private)}
	s := newShelf()
	digest := s.image(t)
	bundle := func(over string, message []byte) {
		raw, err := hex.DecodeString(strings.TrimPrefix(over, "sha256:"))
		if err != nil {
			t.Fatal(err)
		}
		file, err := json.Marshal(map[string]any{"messageSignature": map[string]any{
			"messageDigest": map[string]any{"algorithm": "SHA2_256", "digest": raw},
			"signature":     made(t, private, message, crypto.SHA256),
		}})
		if err != nil {
			t.Fatal(err)
		}
		s.layer(t, digest, descriptor("application/vnd.dev.sigstore.bundle.v0.3+json", file), file)
	}
	bundle(digest, s.manifests[digest])
	if proof, err := policy.Verify(t.Context(), s, digest); err != nil || proof.Form != signature.Bundle {
		t.Errorf("%+v, %v", proof, err)
	}
	bundle(digest, []byte("something else"))
	if _, err := policy.Verify(t.Context(), s, digest); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "another key") {
		t.Errorf("over other bytes: %v", err)
	}
	bundle(sum([]byte("x")), []byte("x"))
	if _, err := policy.Verify(t.Context(), s, digest); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "another digest: "+sum([]byte("x"))) {
		t.Errorf("over another digest: %v", err)
	}
}

// enveloped is a bundle around a statement that a key really made.
func enveloped(t *testing.T, private crypto.Signer, kind, statement string) []byte {
	t.Helper()
	message := fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(statement), statement)
	file, err := json.Marshal(map[string]any{"dsseEnvelope": map[string]any{
		"payload": []byte(statement), "payloadType": kind,
		"signatures": []any{map[string]any{"sig": made(t, private, message, crypto.SHA256)}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// What the trusted key has signed is no signature of the image unless it says so.
func TestOtherThingsThatAKeySigns(t *testing.T) {
	t.Parallel()
	private := curve(t, elliptic.P256())
	policy := signature.Policy{Keys: pair(t, private)}
	digest := newShelf().image(t)
	const kind, sign = "application/vnd.in-toto+json", "https://sigstore.dev/cosign/sign/v1"
	statement := func(schema, predicate, of string) string {
		return fmt.Sprintf(`{"_type":%q,"predicateType":%q,"subject":[{"digest":{"sha256":%q}}]}`, schema, predicate, strings.TrimPrefix(of, "sha256:"))
	}
	for name, c := range map[string]struct{ kind, statement, because string }{
		"good":         {kind, statement("https://in-toto.io/Statement/v1", sign, digest), ""},
		"attestation":  {kind, statement("https://in-toto.io/Statement/v1", "https://slsa.dev/provenance/v1", digest), "an attestation (https://slsa.dev/provenance/v1) and no signature"},
		"other schema": {kind, statement("something", sign, digest), `no in-toto statement but "something"`},
		"other digest": {kind, statement("https://in-toto.io/Statement/v1", sign, "sha256:00"), "it is over another digest: sha256:00"},
		"no subject":   {kind, `{"_type":"https://in-toto.io/Statement/v1","predicateType":"` + sign + `"}`, "it is over another digest: none"},
		"no JSON":      {kind, `{"_type":`, "what was signed is damaged"},
		"other kind":   {"text/plain", statement("https://in-toto.io/Statement/v1", sign, digest), `its envelope holds "text/plain"`},
	} {
		s := newShelf()
		s.image(t)
		file := enveloped(t, private, c.kind, c.statement)
		s.layer(t, digest, descriptor("application/vnd.dev.sigstore.bundle.v0.3+json", file), file)
		_, err := policy.Verify(t.Context(), s, digest)
		if c.because == "" && err != nil || c.because != "" && (!fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.because)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := newShelf()
	s.image(t)
	payload := strings.Replace(string(payloadOf(digest)), "cosign container image signature", "something else", 1)
	s.simple(t, digest, []byte(payload), made(t, private, []byte(payload), crypto.SHA256))
	if _, err := policy.Verify(t.Context(), s, digest); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), `no signature of an image but "something else"`) {
		t.Errorf("another type: %v", err)
	}
}

func TestDamage(t *testing.T) {
	t.Parallel()
	private := curve(t, elliptic.P256())
	policy := signature.Policy{Keys: pair(t, private)}
	digest := newShelf().image(t)
	payload := payloadOf(digest)
	good := made(t, private, payload, crypto.SHA256)
	blob := sum(payload)
	for name, c := range map[string]struct {
		spoil   func(s *shelf)
		because string
	}{
		"changed payload":  {func(s *shelf) { s.blobs[blob] = []byte("{}") }, "its bytes are damaged"},
		"missing payload":  {func(s *shelf) { delete(s.blobs, blob) }, "its bytes are not there"},
		"payload too long": {func(s *shelf) { s.blobs[blob] = append(make([]byte, 2<<20), payload...) }, "its bytes are damaged"},
		"said to be huge": {func(s *shelf) {
			d := descriptor("application/vnd.dev.cosign.simplesigning.v1+json", payload)
			d.Size = 1 << 40
			s.layer(t, digest, d, payload)
		}, "is the most that is read"},
		"no annotation": {func(s *shelf) {
			s.layer(t, digest, descriptor("application/vnd.dev.cosign.simplesigning.v1+json", payload), payload)
		}, "it lacks the annotation"},
		"no base64": {func(s *shelf) {
			d := descriptor("application/vnd.dev.cosign.simplesigning.v1+json", payload)
			d.Annotations = map[string]string{"dev.cosignproject.cosign/signature": "%%%"}
			s.layer(t, digest, d, payload)
		}, "is damaged"},
		"empty signature":   {func(s *shelf) { s.simple(t, digest, payload, nil) }, "another key"},
		"dangling referrer": {func(s *shelf) { s.manifests = map[string][]byte{}; s.referrers = one(digest, "") }, "it is named and not there"},
	} {
		s := newShelf()
		s.image(t)
		s.simple(t, digest, payload, good)
		c.spoil(s)
		_, err := policy.Verify(t.Context(), s, digest)
		if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.because) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func one(digest, artifactType string) []oci.Descriptor {
	d := descriptor("application/vnd.oci.image.manifest.v1+json", []byte(digest))
	d.ArtifactType = artifactType
	return []oci.Descriptor{d}
}

// What did not answer is no word about the image.
func TestARegistryThatFailsRefusesNothing(t *testing.T) {
	t.Parallel()
	private := curve(t, elliptic.P256())
	s := newShelf()
	digest := s.image(t)
	s.simple(t, digest, payloadOf(digest), made(t, private, payloadOf(digest), crypto.SHA256))
	s.broken = fault.New(fault.Unavailable, "503")
	if _, err := (signature.Policy{Keys: pair(t, private)}).Verify(t.Context(), s, digest); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	s.broken = context.Canceled
	if _, err := (signature.Policy{Keys: pair(t, private)}).Verify(t.Context(), s, digest); !fault.Is(err, fault.Interrupted) {
		t.Error(err)
	}
	if _, err := (signature.Policy{}).Verify(t.Context(), s, digest); !fault.Is(err, fault.Invalid) {
		t.Error("without a key:", err)
	}
}

// However much refers to an image, the work has an end.
func TestManyReferrers(t *testing.T) {
	t.Parallel()
	s := newShelf()
	digest := s.image(t)
	for i := range 1000 {
		s.referrers = append(s.referrers, one(fmt.Sprint(i), "application/vnd.dev.sigstore.bundle.v0.3+json")...)
		s.referrers = append(s.referrers, one(fmt.Sprint("bill", i), "application/spdx+json")...)
	}
	_, err := signature.Policy{Keys: pair(t, curve(t, elliptic.P256()))}.Verify(t.Context(), s, digest)
	if !fault.Is(err, fault.Refused) || s.asked > 210 || len(err.Error()) > 2000 {
		t.Errorf("%d questions: %v", s.asked, err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	good := string(public(t, curve(t, elliptic.P256())))
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := signature.ParseKeys([]byte("# ours\n" + good + "\n" + good)); err != nil || len(keys) != 2 || !strings.HasPrefix(keys[0].Fingerprint(), "sha256:") {
		t.Errorf("two keys: %v, %v", keys, err)
	}
	for name, c := range map[string]struct{ text, because string }{
		"nothing":     {"", "no public key"},
		"no PEM":      {"hello", "no public key"},
		"cut":         {good[:60], "is not PEM"},
		"cut later":   {good + good[:60], "is not PEM"},
		"rest":        {good + "hello", "is not PEM"},
		"private":     {"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n", "a private key"},
		"certificate": {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", `a "CERTIFICATE" is no public key`},
		"damaged":     {"-----BEGIN PUBLIC KEY-----\n" + base64.StdEncoding.EncodeToString([]byte("hello")) + "\n-----END PUBLIC KEY-----\n", "read a public key"},
		"weak":        {string(public(t, weak)), "1024 bits is too weak"},
		"small curve": {string(public(t, curve(t, elliptic.P224()))), "P-224"},
	} {
		if _, err := signature.ParseKeys([]byte(c.text)); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.because) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzVerify: whatever lies in a registry, nothing is believed that the key did
// not sign, and nothing panics.
func FuzzVerify(f *testing.F) {
	private := curve(f, elliptic.P256())
	keys := pair(f, private)
	digest := newShelf().image(f)
	f.Add([]byte(`{"schemaVersion":2,"config":{},"layers":[]}`), payloadOf(digest), []byte("MEUC"), "application/vnd.dev.cosign.simplesigning.v1+json")
	f.Add([]byte(`{"manifests":[]}`), []byte(`{"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AAAA"}]}}`), []byte{}, "application/vnd.dev.sigstore.bundle.v0.3+json")
	f.Add([]byte(`{}`), []byte(`{"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"AAAA"},"signature":"AAAA"}}`), []byte{}, "application/vnd.dev.sigstore.bundle.v0.3+json")
	f.Fuzz(func(t *testing.T, manifest, blob, made []byte, media string) {
		s := newShelf()
		s.image(t)
		d := descriptor(media, blob)
		d.Annotations = map[string]string{"dev.cosignproject.cosign/signature": string(made)}
		s.layer(t, digest, d, blob)
		s.manifests[strings.Replace(digest, ":", "-", 1)] = manifest
		s.manifests[sum(manifest)] = manifest
		s.referrers = one(string(manifest), "")
		if proof, err := (signature.Policy{Keys: keys}).Verify(t.Context(), s, digest); err == nil {
			t.Errorf("it believes %+v", proof)
		}
	})
}

// FuzzParseKeys: a file of keys is keys, or an error that names no bytes of it.
func FuzzParseKeys(f *testing.F) {
	f.Add(public(f, curve(f, elliptic.P384())))
	f.Add([]byte("-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----"))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := signature.ParseKeys(text)
		if (err == nil) != (len(keys) > 0) {
			t.Errorf("%d keys, %v", len(keys), err)
		}
	})
}
