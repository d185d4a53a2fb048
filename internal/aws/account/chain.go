package account

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// session tells one chain from another: operations have sessions of their own,
// so that CloudTrail tells what was done for which.
type session struct{ account, name string }

// chain is the credentials at the end of an account's chain of roles.
type chain struct {
	account     delivery.Account
	sts         *sts.Client
	credentials aws.CredentialsProvider

	mu     sync.Mutex
	proven bool
}

// early is how long before its end a session is renewed.
const early = 5 * time.Minute

// hop is the longest session of a role that was assumed by a role.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
const hop = time.Hour

func (p *Pool) chain(ctx context.Context, a delivery.Account, start aws.Config) *chain {
	key := session{a.Name, p.sessionName(ctx)}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.sessions[key]; ok {
		return c
	}
	cfg := start.Copy()
	if cfg.Region == "" || a.Region != "" {
		cfg.Region = a.Region
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // STS answers there for all
	}
	if a.Endpoint != "" {
		cfg.BaseEndpoint = aws.String(a.Endpoint)
	}
	for i, role := range roles(a) {
		last := i == len(roles(a))-1
		provider := stscreds.NewAssumeRoleProvider(clamped{sts.NewFromConfig(cfg)}, role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = key.name
			o.Duration = duration(a, i > 0)
			if last {
				o.ExternalID, o.Tags = optional(a.ExternalID), tags(a.Tags)
			}
		})
		cfg.Credentials = aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = early })
	}
	c := &chain{account: a, sts: sts.NewFromConfig(cfg), credentials: cfg.Credentials}
	p.sessions[key] = c
	return c
}

func roles(a delivery.Account) []string {
	if a.Role == "" {
		return nil
	}
	return append(slices.Clone(a.Via), a.Role)
}

func duration(a delivery.Account, chained bool) time.Duration {
	d := a.Duration.Std()
	if d == 0 || chained && d > hop {
		return hop
	}
	return d
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func tags(given map[string]string) []types.Tag {
	var all []types.Tag
	for k, v := range given {
		all = append(all, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	return all
}

// notInName is what the name of a session may not hold.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
var notInName = regexp.MustCompile(`[^\w+=,.@-]+`)

// longestName is the length of a session's name at most.
const longestName = 64

// sessionName carries the operation and the actor, so that CloudTrail tells who
// did what.
func (p *Pool) sessionName(ctx context.Context) string {
	actor, what := p.opt.Actor, "look"
	if op, ok := delivery.OperationOf(ctx); ok {
		actor, what = op.Actor, string(op.Verb)+"-"+op.ID
	}
	name := notInName.ReplaceAllString("falkirk-"+what+"-"+actor, "-")
	return strings.TrimRight(name[:min(len(name), longestName)], "-")
}

// prove asks once in which account the chain ends.
func (c *chain) prove(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.proven {
		return nil
	}
	who, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return c.explain(err)
	}
	if got := aws.ToString(who.Account); got != c.account.ID {
		err := fault.New(fault.Refused, "account %q is %s in the app file, but its chain of roles ends in %s (%s)",
			c.account.Name, c.account.ID, got, aws.ToString(who.Arn))
		return fault.Hint(err, "set id or role of accounts.%s; nothing was touched", c.account.Name)
	}
	c.proven = true
	return nil
}

// explain says which account could not be reached, and how to look closer.
func (c *chain) explain(err error) error {
	path := "the starting credentials"
	if all := roles(c.account); len(all) > 0 {
		path = strings.Join(all, " → ")
	}
	err = fmt.Errorf("reach account %q (%s) by %s: %w", c.account.Name, c.account.ID, path, classify(err))
	if fault.HintOf(err) == "" {
		err = fault.Hint(err, "falkirk doctor %s", c.account.Name)
	}
	return err
}
