package cfn

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"falkirk/internal/fault"
)

// Parameter is one parameter of a template. A secret one is in no output.
type Parameter struct {
	Key, Value string
	Secret     bool
}

// Request is a stack as it is to be.
type Request struct {
	Template     string // its text; needed for TemplateURL too, as errors name its lines
	TemplateURL  string // where it is, when it is larger than Inline
	Role         string // that CloudFormation works under; "": that of the caller
	Parameters   []Parameter
	Tags         map[string]string
	Capabilities []string
	Notify       []string // ARNs of SNS topics
	Policy       string   // stack policy, JSON; "" leaves the one there is
	Protect      bool     // against deletion
	OnFailure    string   // of a new stack: delete (default), rollback or keep
	Token        string   // of this operation, so that a repeat is the same request
	Description  string   // of the change set
	Once         bool     // a change set of that name is not used again: it may be of other values
}

// Inline is how large a template may be in a request; larger ones go by URL.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const Inline = 51_200

// Propose makes a change set, for a new stack or for an update, and waits until
// it is there. The same name again finds it. A stack that CloudFormation is at
// work on is waited for; one that can only be deleted is deleted when nothing is
// lost by it.
func (c *Client) Propose(ctx context.Context, stack string, r Request, name string, report func(Event)) (ChangeSet, error) {
	was, err := c.ready(ctx, stack, r.Token, report)
	if err != nil {
		return ChangeSet{}, err
	}
	isNew := was.Status == "" || was.Status == string(types.StackStatusReviewInProgress)
	if was.Status != "" {
		set, found, err := c.standing(ctx, stack, name, r.Once)
		if found || err != nil {
			set.Create = isNew
			return set, err
		}
	}
	id, err := c.createSet(ctx, stack, r, name, isNew)
	if err != nil {
		return ChangeSet{}, err
	}
	set, err := c.settled(ctx, stack, name)
	set.Create = isNew
	if isNew && id != "" {
		was = Stack{Name: stack, ID: id, Status: string(types.StackStatusReviewInProgress)}
	}
	if err == nil && was.ID != "" {
		c.lately.Store(stack, was)
	}
	return set, err
}

// standing is the change set of that name when it can still be executed; one
// that cannot, or is not used again, is removed.
func (c *Client) standing(ctx context.Context, stack, name string, once bool) (ChangeSet, bool, error) {
	set, status, err := c.changeSet(ctx, stack, name)
	switch {
	case err == nil && once:
		return set, false, c.DeleteChangeSet(ctx, stack, set.Ref())
	case fault.Is(err, fault.NotFound):
		return set, false, nil
	case err != nil:
		return set, false, err
	case status == types.ChangeSetStatusCreateInProgress || status == types.ChangeSetStatusCreatePending:
		set, err = c.settled(ctx, stack, name)
		return set, true, err
	case status == types.ChangeSetStatusCreateComplete && set.Status == string(types.ExecutionStatusAvailable):
		return set, true, nil
	}
	return set, false, c.DeleteChangeSet(ctx, stack, set.Ref())
}

// createSet gives the stack's ID, where the answer was not lost.
func (c *Client) createSet(ctx context.Context, stack string, r Request, name string, isNew bool) (string, error) {
	in := &cloudformation.CreateChangeSetInput{
		StackName: &stack, ChangeSetName: &name, ChangeSetType: types.ChangeSetTypeUpdate,
		NotificationARNs: r.Notify,
	}
	if r.Description != "" {
		in.Description = &r.Description
	}
	if isNew {
		in.ChangeSetType, in.OnStackFailure = types.ChangeSetTypeCreate, onFailure(r.OnFailure)
	}
	if r.TemplateURL != "" {
		in.TemplateURL = &r.TemplateURL
	} else {
		in.TemplateBody = &r.Template
	}
	if r.Role != "" {
		in.RoleARN = &r.Role
	}
	if r.Token != "" {
		in.ClientToken = aws.String(token(r.Token, name))
	}
	for _, p := range r.Parameters {
		in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: aws.String(p.Key), ParameterValue: aws.String(p.Value)})
	}
	for k, v := range r.Tags {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	for _, x := range r.Capabilities {
		in.Capabilities = append(in.Capabilities, types.Capability(x))
	}
	if err := c.pace.wait(ctx, "CreateChangeSet"); err != nil {
		return "", err
	}
	out, err := c.api.CreateChangeSet(ctx, in)
	var api smithy.APIError
	if errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), "AlreadyExists") {
		return "", nil // the answer to it was lost, or another run was first: it is the same
	}
	if err == nil {
		return aws.ToString(out.StackId), nil
	}
	err = c.explain("propose", stack, err)
	var insufficient *types.InsufficientCapabilitiesException
	if errors.As(err, &insufficient) {
		err = fault.Hint(fault.New(fault.Refused, "%w", err), "allow it with capabilities: [CAPABILITY_NAMED_IAM]")
	}
	return "", err
}

// mostToken is how long a client request token may be.
const mostToken = 128

func onFailure(s string) types.OnStackFailure {
	switch s {
	case "rollback":
		return types.OnStackFailureRollback
	case "keep":
		return types.OnStackFailureDoNothing
	}
	return types.OnStackFailureDelete
}

// token is a client request token: letters, digits and hyphens, at most 128. A
// longer one ends with a hash of the whole.
func token(parts ...string) string {
	whole := strings.Join(parts, "-")
	text := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, whole)
	if len(text) <= mostToken {
		return text
	}
	sum := sha256.Sum256([]byte(whole))
	tail := hex.EncodeToString(sum[:16])
	return text[:mostToken-len(tail)] + tail
}

// ready brings a stack to where a change set can be made, and is what it is
// then: the zero Stack when there is none.
func (c *Client) ready(ctx context.Context, stack, tok string, report func(Event)) (Stack, error) {
	for {
		s, err := c.Describe(ctx, stack)
		switch {
		case fault.Is(err, fault.NotFound):
			return Stack{}, nil
		case err != nil:
			return Stack{}, err
		case s.InProgress():
			if _, _, err := c.follow(ctx, s.ID, nil, report); err != nil {
				return Stack{}, err
			}
			continue
		}
		switch types.StackStatus(s.Status) {
		case types.StackStatusRollbackComplete, types.StackStatusRollbackFailed, types.StackStatusCreateFailed:
			if err := c.clear(ctx, s, tok, report); err != nil {
				return Stack{}, err
			}
			return Stack{}, nil
		case types.StackStatusUpdateRollbackFailed:
			return s, c.stuck(ctx, s)
		case types.StackStatusDeleteFailed:
			return s, c.halfDeleted(ctx, s)
		case types.StackStatusDeleteComplete:
			return Stack{}, nil
		}
		return s, nil
	}
}

// clear deletes a stack that failed when it was made, if nothing of it is left
// that could be lost.
func (c *Client) clear(ctx context.Context, s Stack, tok string, report func(Event)) error {
	left, err := c.resources(ctx, s.ID, func(r types.StackResourceSummary) bool {
		return r.ResourceStatus != types.ResourceStatusDeleteComplete && aws.ToString(r.PhysicalResourceId) != "" &&
			r.ResourceStatus != types.ResourceStatusCreateFailed
	})
	if err != nil {
		return err
	}
	if len(left) > 0 {
		err := fault.New(fault.Refused, "stack %s in %s is %s and can only be deleted, but there is still something in it: %s",
			s.Name, c.opt.Where, s.Status, strings.Join(left, ", "))
		return fault.Hint(err, "look at these, then: aws cloudformation delete-stack --stack-name %s", s.Name)
	}
	return c.Delete(ctx, s.ID, tok, report)
}

func (c *Client) stuck(ctx context.Context, s Stack) error {
	failed, err := c.resources(ctx, s.ID, func(r types.StackResourceSummary) bool {
		return r.ResourceStatus == types.ResourceStatusUpdateFailed || r.ResourceStatus == types.ResourceStatusDeleteFailed
	})
	if err != nil {
		return err
	}
	command := "aws cloudformation continue-update-rollback --stack-name " + s.Name
	if len(failed) > 0 {
		command += " --resources-to-skip " + strings.Join(failed, " ")
	}
	err = fault.New(fault.Refused, "stack %s in %s is %s: %s", s.Name, c.opt.Where, s.Status, s.Reason)
	return fault.Hint(err, "mend what its events name, then: %s", command)
}

func (c *Client) halfDeleted(ctx context.Context, s Stack) error {
	failed, err := c.resources(ctx, s.ID, func(r types.StackResourceSummary) bool {
		return r.ResourceStatus == types.ResourceStatusDeleteFailed
	})
	if err != nil {
		return err
	}
	err = fault.New(fault.Refused, "stack %s in %s could not be deleted: %s are left: %s", s.Name, c.opt.Where, strings.Join(failed, ", "), s.Reason)
	return fault.Hint(err, "aws cloudformation delete-stack --stack-name %s --retain-resources %s", s.Name, strings.Join(failed, " "))
}

// resources lists the logical IDs of a stack's resources that fit.
func (c *Client) resources(ctx context.Context, stack string, fits func(types.StackResourceSummary) bool) ([]string, error) {
	var all []string
	for pages := cloudformation.NewListStackResourcesPaginator(c.api, &cloudformation.ListStackResourcesInput{StackName: &stack}); pages.HasMorePages(); {
		if err := c.pace.wait(ctx, "ListStackResources"); err != nil {
			return nil, err
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the resources: %w", c.explain("look at", stack, err))
		}
		for _, r := range page.StackResourceSummaries {
			if fits(r) {
				all = append(all, aws.ToString(r.LogicalResourceId))
			}
		}
	}
	return all, nil
}
