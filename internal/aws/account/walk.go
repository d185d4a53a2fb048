package account

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithymiddleware "github.com/aws/smithy-go/middleware"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Hop is one step of an account's chain of roles; the first are the starting
// credentials.
type Hop struct {
	Role  string        // ARN; "" for the starting credentials
	ARN   string        // who one is after it; "" when it failed
	ID    string        // the account that one is in after it
	Skew  time.Duration // how far the clock of AWS is ahead of this machine's
	Asked time.Duration // length of the session; 0 for the starting credentials
	Given time.Duration // what the role allows, where that is less than what was asked
	Err   error         // classified
}

// Walk takes the chain of an account step by step, with sessions of its own, and
// stops at the first that fails. The error is of the start alone.
func (p *Pool) Walk(ctx context.Context, name string) ([]Hop, error) {
	start, err := p.starting(ctx)
	if err != nil {
		return nil, err
	}
	a, ok := (delivery.App{Accounts: p.opt.Accounts}).Account(name)
	if !ok {
		return nil, fault.Hint(fault.New(fault.Invalid, "no account %q in the app file", name), "name an account of the app file; falkirk config show lists them")
	}
	if err := a.Unusable.Err("account " + name); err != nil {
		return nil, err
	}
	cfg, err := p.placed(start, a, "")
	if err != nil {
		return nil, err
	}
	return p.hops(ctx, a, cfg), nil
}

func (p *Pool) hops(ctx context.Context, a delivery.Account, cfg aws.Config) []Hop {
	hops := []Hop{identity(ctx, cfg, Hop{})}
	for i, role := range roles(a) {
		if hops[i].Err != nil {
			break
		}
		h := Hop{Role: role, Asked: duration(a, i > 0)}
		in := &sts.AssumeRoleInput{RoleArn: aws.String(role), RoleSessionName: aws.String(p.sessionName(ctx))}
		if i == len(roles(a))-1 {
			in.ExternalId, in.Tags = optional(a.ExternalID), tags(a.Tags)
		}
		cfg, h = assume(ctx, cfg, in, h)
		if h.Err == nil {
			h = identity(ctx, cfg, h)
		}
		hops = append(hops, h)
	}
	return hops
}

// assume takes one role, for an hour where it does not allow as long as asked.
func assume(ctx context.Context, cfg aws.Config, in *sts.AssumeRoleInput, h Hop) (aws.Config, Hop) {
	in.DurationSeconds = aws.Int32(int32(h.Asked.Seconds()))
	out, err := sts.NewFromConfig(cfg).AssumeRole(ctx, in)
	if tooLong(err) && h.Asked > hop {
		h.Given, in.DurationSeconds = hop, aws.Int32(int32(hop.Seconds()))
		out, err = sts.NewFromConfig(cfg).AssumeRole(ctx, in)
	}
	if err != nil {
		h.Err = classify(err)
		return cfg, h
	}
	c := out.Credentials
	cfg.Credentials = credentials.NewStaticCredentialsProvider(aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken))
	return cfg, h
}

func identity(ctx context.Context, cfg aws.Config, h Hop) Hop {
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		h.Err = classify(err)
		return h
	}
	h.ARN, h.ID = aws.ToString(who.Arn), aws.ToString(who.Account)
	h.Skew = ahead(who.ResultMetadata)
	return h
}

// ahead is what the SDK has learned from the Date of the answer.
func ahead(m smithymiddleware.Metadata) time.Duration {
	d, _ := middleware.GetAttemptSkew(m)
	return d.Round(time.Second)
}
