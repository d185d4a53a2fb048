package prepare

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"falkirk/internal/aws/account"
	"falkirk/internal/fault"
)

// ChangeSets is Stacks on CloudFormation itself. ID names the run: the same
// change set is not made twice.
type ChangeSets struct {
	ID string // letters, digits and hyphens
}

// Limits of waiting for CloudFormation.
const (
	forChangeSet = 5 * time.Minute
	forStack     = 30 * time.Minute
	firstLook    = 200 * time.Millisecond
	nextLook     = 5 * time.Second
)

// Propose makes a change set and reads it.
func (c ChangeSets) Propose(ctx context.Context, s Stack) (Proposal, error) {
	api := cloudformation.NewFromConfig(s.Config)
	kind, err := changeSetKind(ctx, api, s.Name)
	if err != nil {
		return Proposal{}, err
	}
	var tags []types.Tag
	for k, v := range s.Tags {
		tags = append(tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	made, err := api.CreateChangeSet(ctx, &cloudformation.CreateChangeSetInput{
		StackName: aws.String(s.Name), ChangeSetName: aws.String("falkirk-" + c.ID), ChangeSetType: kind, ClientToken: aws.String("falkirk-" + c.ID),
		TemplateBody: aws.String(string(s.Template)), Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam}, Tags: tags,
	})
	if err != nil {
		return Proposal{}, account.Classify(err)
	}
	p := Proposal{ID: aws.ToString(made.Id), Handle: kind}
	name := &cloudformation.DescribeChangeSetInput{ChangeSetName: made.Id, StackName: aws.String(s.Name)}
	out, err := settled(ctx, api, name)
	if err != nil {
		return p, err
	}
	if out.Status == types.ChangeSetStatusFailed {
		reason := aws.ToString(out.StatusReason)
		if err := c.Drop(ctx, s, p); err != nil {
			return p, err
		}
		if strings.Contains(reason, "didn't contain changes") || strings.Contains(reason, "No updates are to be performed") {
			return Proposal{}, nil
		}
		return p, fault.New(fault.Invalid, "CloudFormation refuses the template: %s", reason)
	}
	for _, one := range out.Changes {
		if r := one.ResourceChange; r != nil {
			p.Changes = append(p.Changes, changeOf(r))
		}
	}
	return p, nil
}

func changeOf(r *types.ResourceChange) Change {
	signs := map[types.ChangeAction]string{types.ChangeActionAdd: "+", types.ChangeActionRemove: "-"}
	sign, ok := signs[r.Action]
	if !ok {
		sign = "~"
	}
	c := Change{Sign: sign, Name: aws.ToString(r.LogicalResourceId), Type: aws.ToString(r.ResourceType), Replace: r.Replacement == types.ReplacementTrue}
	if strings.HasPrefix(c.Type, "AWS::IAM::") {
		c.Note = "permissions"
	}
	return c
}

func changeSetKind(ctx context.Context, api *cloudformation.Client, name string) (types.ChangeSetType, error) {
	out, err := api.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)})
	switch {
	case code(err) == "ValidationError":
		return types.ChangeSetTypeCreate, nil
	case err != nil:
		return "", account.Classify(err)
	case len(out.Stacks) == 0 || out.Stacks[0].StackStatus == types.StackStatusReviewInProgress:
		return types.ChangeSetTypeCreate, nil
	case out.Stacks[0].StackStatus == types.StackStatusRollbackComplete:
		err := fault.New(fault.Refused, "stack %s was never made whole (ROLLBACK_COMPLETE) and can only be removed", name)
		return "", fault.Hint(err, "run it again with --delete first; nothing that holds releases is lost")
	}
	return types.ChangeSetTypeUpdate, nil
}

// settled asks until the change set is made or has failed.
func settled(ctx context.Context, api *cloudformation.Client, name *cloudformation.DescribeChangeSetInput) (*cloudformation.DescribeChangeSetOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, forChangeSet)
	defer cancel()
	for wait := firstLook; ; wait = min(2*wait, nextLook) {
		out, err := api.DescribeChangeSet(ctx, name)
		if err != nil {
			return nil, account.Classify(err)
		}
		if out.Status == types.ChangeSetStatusCreateComplete || out.Status == types.ChangeSetStatusFailed {
			return out, nil
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Execute does the change set and waits for the stack.
func (c ChangeSets) Execute(ctx context.Context, s Stack, p Proposal) error {
	api := cloudformation.NewFromConfig(s.Config)
	_, err := api.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: aws.String(p.ID), StackName: aws.String(s.Name), ClientRequestToken: aws.String("falkirk-" + c.ID)})
	if err != nil {
		return account.Classify(err)
	}
	status, err := ended(ctx, api, s.Name)
	if err != nil {
		return err
	}
	if status == types.StackStatusCreateComplete || status == types.StackStatusUpdateComplete {
		return nil
	}
	return c.cause(ctx, api, s, status)
}

// ended asks until nothing is in progress any more; "" is a stack that is gone.
func ended(ctx context.Context, api *cloudformation.Client, name string) (types.StackStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, forStack)
	defer cancel()
	for wait := firstLook; ; wait = min(2*wait, nextLook) {
		out, err := api.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)})
		if code(err) == "ValidationError" || err == nil && len(out.Stacks) == 0 {
			return "", nil
		}
		if err != nil {
			return "", account.Classify(err)
		}
		if status := out.Stacks[0].StackStatus; !strings.HasSuffix(string(status), "_IN_PROGRESS") {
			return status, nil
		}
		if err := pause(ctx, wait); err != nil {
			return "", fmt.Errorf("wait for stack %s: %w", name, err)
		}
	}
}

// cause is the first thing that failed, not what followed from it.
func (c ChangeSets) cause(ctx context.Context, api *cloudformation.Client, s Stack, status types.StackStatus) error {
	out, err := api.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: aws.String(s.Name)})
	if err != nil {
		return fault.New(fault.Internal, "it ended as %s, and its events cannot be read: %w", status, account.Classify(err))
	}
	events := out.StackEvents
	slices.SortStableFunc(events, func(a, b types.StackEvent) int { return aws.ToTime(a.Timestamp).Compare(aws.ToTime(b.Timestamp)) })
	for _, e := range events {
		if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") && aws.ToString(e.ClientRequestToken) == "falkirk-"+c.ID {
			reason := aws.ToString(e.ResourceStatusReason)
			err := fault.New(fault.Internal, "it ended as %s: %s (%s): %s", status, aws.ToString(e.LogicalResourceId), aws.ToString(e.ResourceType), reason)
			if strings.Contains(reason, "Invalid principal") {
				err = fault.Hint(err, "a role that is named has to exist first: make it, or name its account with --principal arn:aws:iam::ACCOUNT:root")
			}
			return err
		}
	}
	return fault.New(fault.Internal, "it ended as %s", status)
}

// Drop deletes the change set, and the empty stack that a first one makes.
func (c ChangeSets) Drop(ctx context.Context, s Stack, p Proposal) error {
	if p.ID == "" {
		return nil
	}
	api := cloudformation.NewFromConfig(s.Config)
	_, err := api.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: aws.String(p.ID), StackName: aws.String(s.Name)})
	if err != nil {
		return account.Classify(err)
	}
	if p.Handle == types.ChangeSetTypeCreate {
		return c.Delete(ctx, s)
	}
	return nil
}

// Delete removes the stack and waits until it is gone.
func (c ChangeSets) Delete(ctx context.Context, s Stack) error {
	api := cloudformation.NewFromConfig(s.Config)
	_, err := api.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: aws.String(s.Name), ClientRequestToken: aws.String("falkirk-" + c.ID)})
	if err != nil {
		return account.Classify(err)
	}
	status, err := ended(ctx, api, s.Name)
	if err == nil && status != "" && status != types.StackStatusDeleteComplete {
		return c.cause(ctx, api, s, status)
	}
	return err
}
