package kms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// algorithmOf is what KMS calls a signature by a key with a hash.
func algorithmOf(key crypto.PublicKey, hash crypto.Hash) (types.SigningAlgorithmSpec, types.MessageType, error) {
	name, kind := types.SigningAlgorithmSpec(""), types.MessageTypeDigest
	switch key.(type) {
	case *ecdsa.PublicKey:
		name = map[crypto.Hash]types.SigningAlgorithmSpec{
			crypto.SHA256: types.SigningAlgorithmSpecEcdsaSha256,
			crypto.SHA384: types.SigningAlgorithmSpecEcdsaSha384,
			crypto.SHA512: types.SigningAlgorithmSpecEcdsaSha512,
		}[hash]
	case *rsa.PublicKey:
		name = map[crypto.Hash]types.SigningAlgorithmSpec{
			crypto.SHA256: types.SigningAlgorithmSpecRsassaPkcs1V15Sha256,
			crypto.SHA512: types.SigningAlgorithmSpecRsassaPkcs1V15Sha512,
		}[hash]
	case ed25519.PublicKey:
		name, kind = types.SigningAlgorithmSpecEd25519Sha512, types.MessageTypeRaw
	}
	if name == "" {
		return "", "", fmt.Errorf("no signature by %T with %s", key, hash)
	}
	return name, kind, nil
}
