package kms

import (
	"encoding/asn1"
	"fmt"
	"math/big"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"golang.org/x/crypto/ssh"
)

// algorithmOf is what KMS calls an algorithm of SSH.
func algorithmOf(name string) (types.SigningAlgorithmSpec, error) {
	spec, ok := map[string]types.SigningAlgorithmSpec{
		ssh.KeyAlgoECDSA256:  types.SigningAlgorithmSpecEcdsaSha256,
		ssh.KeyAlgoECDSA384:  types.SigningAlgorithmSpecEcdsaSha384,
		ssh.KeyAlgoECDSA521:  types.SigningAlgorithmSpecEcdsaSha512,
		ssh.KeyAlgoRSASHA256: types.SigningAlgorithmSpecRsassaPkcs1V15Sha256,
		ssh.KeyAlgoRSASHA512: types.SigningAlgorithmSpecRsassaPkcs1V15Sha512,
		ssh.KeyAlgoED25519:   types.SigningAlgorithmSpecEd25519Sha512,
	}[name]
	if !ok {
		return "", fmt.Errorf("KMS has no signatures of type %s", name)
	}
	return spec, nil
}

// blobOf is a signature of KMS as SSH has it: of ECDSA, KMS gives ASN.1.
func blobOf(algorithm string, signature []byte) ([]byte, error) {
	switch algorithm {
	case ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
	default:
		return signature, nil
	}
	var numbers struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &numbers); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("the signature is no ASN.1: %w", err)
	}
	return ssh.Marshal(numbers), nil
}
