package kms_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"falkirk/internal/aws/kms"
	"falkirk/internal/fault"
	"falkirk/internal/signing"
	"falkirk/internal/signing/signers"
	"falkirk/test/emulators"
)

const region = "eu-central-1"

// TestKeysOfKMSSignAsSSHKeys has moto sign with each type of key, and checks the
// signatures by a list of signers as OpenSSH reads it.
func TestKeysOfKMSSignAsSSHKeys(t *testing.T) {
	t.Parallel()
	server := emulators.Moto(t)
	aws := server.CLI(t)
	for _, spec := range []string{"ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "RSA_2048", "RSA_4096"} {
		var made struct{ KeyMetadata struct{ Arn string } }
		aws.JSON(t, &made, "kms", "create-key", "--region", region, "--key-usage", "SIGN_VERIFY", "--key-spec", spec)
		remote := signing.NewRemote(func(ctx context.Context) (ssh.Signer, error) {
			key, err := kms.Open(ctx, server.Config(region), made.KeyMetadata.Arn)
			if err != nil {
				return nil, err
			}
			return key.Signer(ctx), nil
		})
		line, err := remote.Line(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", spec, err)
		}
		armored, err := remote.Sign(t.Context(), "a message\n", "falkirk-ledger")
		if err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		list := signers.Parse("ci "+line, "list")
		if _, err := list.Verify("ci", "a message\n", armored, "falkirk-ledger", time.Now()); err != nil {
			t.Errorf("%s: %v", spec, err)
		}
		if _, err := list.Verify("ci", "another message\n", armored, "falkirk-ledger", time.Now()); err == nil {
			t.Errorf("%s: any message counts", spec)
		}
	}
}

func TestKeysThatCannotSign(t *testing.T) {
	t.Parallel()
	server := emulators.Moto(t)
	_, err := kms.Open(t.Context(), server.Config(region), "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555")
	if !fault.Is(err, fault.NotFound) || !strings.Contains(fault.HintOf(err), "ledger.sign") {
		t.Errorf("a key that is not there: %v, hint %q", err, fault.HintOf(err))
	}
	for arn, good := range map[string]bool{
		"arn:aws:kms:eu-central-1:111111111111:key/x": true, "arn:aws:kms:eu-central-1:111111111111:alias/x": true,
		"alias/x": false, "arn:aws:s3:::bucket": false,
	} {
		if got, err := kms.Region(arn); (err == nil) != good || good && got != region {
			t.Errorf("%s: %q, %v", arn, got, err)
		}
	}
}
