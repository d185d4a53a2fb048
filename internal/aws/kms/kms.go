// Package kms signs with asymmetric keys of AWS KMS. The private key stays
// there. It does not know what is signed.
package kms

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"golang.org/x/crypto/ssh"

	"falkirk/internal/aws/account"
	"falkirk/internal/fault"
	"falkirk/internal/network"
)

// Key is an asymmetric key for signatures.
type Key struct {
	client *kms.Client
	arn    string
	public ssh.PublicKey
}

// signer is a key that signs within one context.
type signer struct {
	Key
	ctx context.Context //nolint:containedctx // ssh.Signer takes none
}

// Region is the region in the ARN of a key or an alias.
func Region(key string) (string, error) {
	a, err := arn.Parse(key)
	if err != nil || a.Service != "kms" {
		err := fault.New(fault.Invalid, "%q is not the ARN of a KMS key", key)
		return "", fault.Hint(err, "give arn:aws:kms:REGION:ACCOUNT:key/ID or arn:aws:kms:REGION:ACCOUNT:alias/NAME")
	}
	return a.Region, nil
}

// Open asks for the public key.
func Open(ctx context.Context, cfg aws.Config, key string) (Key, error) {
	client := kms.NewFromConfig(cfg)
	out, err := client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: &key})
	if err != nil {
		return Key{}, explain("read the public key of", key, err)
	}
	if out.KeyUsage != types.KeyUsageTypeSignVerify {
		return Key{}, fault.New(fault.Invalid, "the KMS key %s is for %s, not for signatures", key, out.KeyUsage)
	}
	parsed, err := x509.ParsePKIXPublicKey(out.PublicKey)
	if err == nil {
		var public ssh.PublicKey
		if public, err = ssh.NewPublicKey(parsed); err == nil {
			return Key{client: client, arn: key, public: public}, nil
		}
	}
	return Key{}, fault.New(fault.Invalid, "the KMS key %s has the type %s, which SSH does not know: %w", key, out.KeySpec, err)
}

// Signer signs within a context, as a key of SSH.
func (k Key) Signer(ctx context.Context) ssh.AlgorithmSigner { return signer{k, ctx} }

// PublicKey is the public key.
func (k signer) PublicKey() ssh.PublicKey { return k.public }

// Sign signs with the algorithm of the key's type.
func (k signer) Sign(r io.Reader, data []byte) (*ssh.Signature, error) {
	return k.SignWithAlgorithm(r, data, k.public.Type())
}

// SignWithAlgorithm signs data of at most 4096 bytes; KMS makes the digest.
func (k signer) SignWithAlgorithm(_ io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	spec, err := algorithmOf(algorithm)
	if err != nil {
		return nil, err
	}
	out, err := k.client.Sign(k.ctx, &kms.SignInput{KeyId: &k.arn, Message: data, MessageType: types.MessageTypeRaw, SigningAlgorithm: spec})
	if err != nil {
		return nil, explain("sign with", k.arn, err)
	}
	blob, err := blobOf(algorithm, out.Signature)
	if err != nil {
		return nil, fmt.Errorf("sign with the KMS key %s: %w", k.arn, err)
	}
	return &ssh.Signature{Format: algorithm, Blob: blob}, nil
}

// explain gives an error of KMS its kind and the next step.
func explain(doing, key string, err error) error {
	err = fmt.Errorf("%s the KMS key %s: %w", doing, key, network.Answered(err))
	var api smithy.APIError
	if !errors.As(err, &api) {
		return account.Classify(err)
	}
	switch api.ErrorCode() {
	case "NotFoundException":
		return fault.Hint(fault.New(fault.NotFound, "%w", err), "see ledger.sign in the app file")
	case "AccessDeniedException":
		return fault.Hint(fault.New(fault.Refused, "%w", err), "the role needs kms:GetPublicKey and kms:Sign on the key")
	case "DisabledException", "KMSInvalidStateException":
		return fault.Hint(fault.New(fault.Refused, "%w", err), "enable the key, or sign with another one")
	}
	return account.Classify(err)
}
