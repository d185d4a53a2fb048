package account

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// clamped asks for an hour where a role does not allow as long as was asked: by
// its own limit, or because the credentials are those of a role already. The
// session is renewed then, as any other.
type clamped struct{ stscreds.AssumeRoleAPIClient }

// AssumeRole implements stscreds.AssumeRoleAPIClient.
func (c clamped) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, opts ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	out, err := c.AssumeRoleAPIClient.AssumeRole(ctx, in, opts...)
	if !tooLong(err) || aws.ToInt32(in.DurationSeconds) <= int32(hop.Seconds()) {
		return out, err
	}
	shorter := *in
	shorter.DurationSeconds = aws.Int32(int32(hop.Seconds()))
	return c.AssumeRoleAPIClient.AssumeRole(ctx, &shorter, opts...)
}

// tooLong reports whether STS says that a session would be too long.
func tooLong(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "DurationSeconds exceeds")
}
