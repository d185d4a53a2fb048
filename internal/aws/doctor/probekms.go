package doctor

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"falkirk/internal/aws/policy"
)

// keyOf is the ARN of the key that a statement is about, or of its alias, where
// the statement allows any key that has it.
func keyOf(r policy.ARN, st policy.Statement) *string {
	if strings.HasSuffix(r.Resource, "/*") {
		for _, keys := range st.Conditions {
			if names := keys["kms:ResourceAliases"]; len(names) > 0 {
				r.Resource = names[0]
			}
		}
	}
	return aws.String(r.String())
}

// keys are the probes of KMS. A dry run of Sign signs nothing:
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
func keys(cfg aws.Config) probes {
	c := kms.NewFromConfig(cfg)
	return probes{
		"kms:GetPublicKey": func(ctx context.Context, r policy.ARN, st policy.Statement) error {
			_, err := c.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: keyOf(r, st)})
			return err
		},
		"kms:Sign": func(ctx context.Context, r policy.ARN, st policy.Statement) error {
			_, err := c.Sign(ctx, &kms.SignInput{
				KeyId: keyOf(r, st), Message: []byte(nothing), SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256, DryRun: aws.Bool(true),
			})
			return err
		},
	}
}
