package signature

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"

	"falkirk/internal/fault"
)

// Key is a public key: ECDSA on P-256, P-384 or P-521, RSA of 2048 bits or more,
// or Ed25519.
type Key struct {
	public      crypto.PublicKey
	fingerprint string
}

// Fingerprint is the SHA-256 of the key in DER: what
// openssl pkey -pubin -outform der | sha256sum prints, after "sha256:".
func (k Key) Fingerprint() string { return k.fingerprint }

// leastRSA is the size that RSA keys must have, in bits.
const leastRSA = 2048

// ParseKeys reads a file of public keys in PEM, one or several, as cosign
// generate-key-pair, cosign public-key and openssl pkey -pubout write them.
func ParseKeys(text []byte) ([]Key, error) {
	var keys []Key
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			if len(bytes.TrimSpace(rest)) > 0 && len(keys) > 0 || bytes.Contains(rest, []byte("-----BEGIN")) {
				return nil, fault.New(fault.Invalid, "what comes after key %d is not PEM", len(keys))
			}
			break
		}
		key, err := parseKey(block)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		err := fault.New(fault.Invalid, "no public key in PEM")
		return nil, fault.Hint(err, "it begins with -----BEGIN PUBLIC KEY-----, as cosign public-key prints it")
	}
	return keys, nil
}

func parseKey(block *pem.Block) (Key, error) {
	if strings.Contains(block.Type, "PRIVATE") {
		err := fault.New(fault.Invalid, "this is a private key, which belongs to whoever signs")
		return Key{}, fault.Hint(err, "give the public one: cosign public-key --key FILE, or openssl pkey -in FILE -pubout")
	}
	var public crypto.PublicKey
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	default:
		err = fault.New(fault.Invalid, "a %q is no public key", block.Type)
	}
	if err != nil {
		return Key{}, fault.New(fault.Invalid, "read a public key: %w", err)
	}
	if err := strong(public); err != nil {
		return Key{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return Key{}, fault.New(fault.Invalid, "read a public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return Key{public, "sha256:" + hex.EncodeToString(sum[:])}, nil
}

// strong refuses keys that are too weak, and kinds that nobody signs images with.
func strong(public crypto.PublicKey) error {
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() || k.Curve == elliptic.P384() || k.Curve == elliptic.P521() {
			return nil
		}
		return fault.New(fault.Invalid, "a key on curve %s: P-256, P-384 and P-521 are understood", k.Params().Name)
	case *rsa.PublicKey:
		if k.N.BitLen() >= leastRSA {
			return nil
		}
		return fault.New(fault.Invalid, "an RSA key of %d bits is too weak: %d at least", k.N.BitLen(), leastRSA)
	case ed25519.PublicKey:
		return nil
	}
	return fault.New(fault.Invalid, "a key of kind %T: ECDSA, RSA and Ed25519 are understood", public)
}

// signed reports whether the key's other half signed a message, in any of the
// ways that tools use for its kind.
func (k Key) signed(message, made []byte) bool {
	if public, ok := k.public.(ed25519.PublicKey); ok {
		sum := sha512.Sum512(message)
		return ed25519.Verify(public, message, made) ||
			ed25519.VerifyWithOptions(public, sum[:], made, &ed25519.Options{Hash: crypto.SHA512}) == nil
	}
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		if k.over(h, digest(h, message), made) {
			return true
		}
	}
	return false
}

// over reports whether the key's other half signed a hash.
func (k Key) over(h crypto.Hash, sum, made []byte) bool {
	switch public := k.public.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(public, sum, made)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, h, sum, made) == nil ||
			rsa.VerifyPSS(public, h, sum, made, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}) == nil
	}
	return false
}

func digest(h crypto.Hash, message []byte) []byte {
	w := h.New()
	w.Write(message)
	return w.Sum(nil)
}
