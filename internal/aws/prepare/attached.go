package prepare

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/policy"
	"falkirk/internal/fault"
)

// attached reads and writes the policy of one bucket or repository.
type attached struct {
	config  aws.Config // account and region of the resource
	grant   policy.Grant
	account string // name in the app file
}

// read gives the policy as it is; "" where there is none. It is fault.NotFound
// when the bucket or the repository itself is not there.
func (a attached) read(ctx context.Context) (string, error) {
	var text *string
	var err error
	name := aws.String(a.grant.Name())
	if a.grant.Service == "s3" {
		var out *s3.GetBucketPolicyOutput
		if out, err = account.S3(a.config).GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: name}); err == nil {
			text = out.Policy
		}
	} else {
		var out *ecr.GetRepositoryPolicyOutput
		if out, err = ecr.NewFromConfig(a.config).GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: name}); err == nil {
			text = out.PolicyText
		}
	}
	switch code(err) {
	case "NoSuchBucketPolicy", "RepositoryPolicyNotFoundException":
		return "", nil
	case "NoSuchBucket", "RepositoryNotFoundException":
		return "", fault.New(fault.NotFound, "%s in account %s is not there", a.grant.Resource, a.account)
	}
	return aws.ToString(text), a.explain("read the policy of", err)
}

// write puts the policy in the place of the one that is there; "" takes it away.
func (a attached) write(ctx context.Context, text string) error {
	name := aws.String(a.grant.Name())
	var err error
	switch buckets, repositories := account.S3(a.config), ecr.NewFromConfig(a.config); {
	case a.grant.Service == "s3" && text == "":
		_, err = buckets.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: name})
	case a.grant.Service == "s3":
		_, err = buckets.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String(text)})
	case text == "":
		_, err = repositories.DeleteRepositoryPolicy(ctx, &ecr.DeleteRepositoryPolicyInput{RepositoryName: name})
	default:
		_, err = repositories.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: name, PolicyText: aws.String(text)})
	}
	return a.explain("write the policy of", err)
}

func (a attached) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s in account %s: %w", doing, a.grant.Resource, a.account, account.Classify(err))
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Attachment is how the policy of a bucket or a repository changes.
type Attachment struct {
	Resource string          `json:"resource"`
	Changes  []policy.Change `json:"changes"`
}

// merge puts the statements into the policy and writes it where that changes
// it. Another may have written it meanwhile; AWS has no condition for that, so it
// is read right before.
func (a attached) merge(ctx context.Context, ours func(sid string) bool, want []policy.Statement, dry bool) (Attachment, error) {
	out := Attachment{Resource: a.grant.Resource}
	before, err := a.read(ctx)
	if err != nil {
		return out, err
	}
	after, changes, err := policy.Merge(before, ours, want)
	if err != nil || len(changes) == 0 {
		return out, err
	}
	out.Changes = changes
	if dry {
		return out, nil
	}
	return out, a.write(ctx, after)
}

// Attach merges the statements of a grant into the policy of its bucket or
// repository, in which ours are those whose Sid is one of ours; without
// statements it takes ours away. With dry it only says what it would change. cfg
// reaches the account, whose name is for errors.
func Attach(ctx context.Context, cfg aws.Config, g policy.Grant, account string, ours func(sid string) bool, dry bool) (Attachment, error) {
	return attached{cfg, g, account}.merge(ctx, ours, g.Statements, dry)
}
