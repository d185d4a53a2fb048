// Package kms signs with asymmetric keys of AWS KMS. The private key stays
// there. It does not know what is signed.
package kms

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"falkirk/internal/fault"
)

// Key is an asymmetric key for signatures.
type Key struct {
	client *kms.Client
	arn    string
	public crypto.PublicKey
}

// signer is a key that signs within one context.
type signer struct {
	Key
	ctx context.Context //nolint:containedctx // crypto.Signer takes none
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
	public, err := x509.ParsePKIXPublicKey(out.PublicKey)
	if err != nil {
		return Key{}, fault.New(fault.Invalid, "the KMS key %s has the type %s, which SSH does not know: %w", key, out.KeySpec, err)
	}
	return Key{client: client, arn: key, public: public}, nil
}

// Signer signs within a context.
func (k Key) Signer(ctx context.Context) crypto.Signer { return signer{k, ctx} }

// Public is the public key.
func (k signer) Public() crypto.PublicKey { return k.public }

// Sign signs a digest, or the message itself where the algorithm takes that.
func (k signer) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	algorithm, kind, err := algorithmOf(k.public, opts.HashFunc())
	if err != nil {
		return nil, fmt.Errorf("sign with the KMS key %s: %w", k.arn, err)
	}
	out, err := k.client.Sign(k.ctx, &kms.SignInput{KeyId: &k.arn, Message: digest, MessageType: kind, SigningAlgorithm: algorithm})
	if err != nil {
		return nil, explain("sign with", k.arn, err)
	}
	return out.Signature, nil
}

// explain gives an error of KMS its kind and the next step.
func explain(doing, key string, err error) error {
	err = fmt.Errorf("%s the KMS key %s: %w", doing, key, err)
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	switch api.ErrorCode() {
	case "NotFoundException":
		return fault.Hint(fault.New(fault.NotFound, "%w", err), "see ledger.sign in the app file")
	case "AccessDeniedException":
		return fault.Hint(fault.New(fault.Refused, "%w", err), "the role needs kms:GetPublicKey and kms:Sign on the key")
	case "DisabledException", "KMSInvalidStateException":
		return fault.Hint(fault.New(fault.Refused, "%w", err), "enable the key, or sign with another one")
	}
	return err
}
