package cfn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
	"falkirk/internal/network"
)

// ChangeSet is what an update would do.
type ChangeSet struct {
	Name, ID, Stack string
	Create          bool   // the stack is new
	Empty           bool   // it failed because nothing would change; it cannot be executed
	Status          string // its execution status: AVAILABLE, EXECUTE_COMPLETE, …
	Reason          string
	Description     string
	Changes         []Change
}

// Action is what happens to one resource.
type Action string

// The actions.
const (
	Add          Action = "add"
	Modify       Action = "modify"
	Remove       Action = "remove"
	Replace      Action = "replace"       // a new one takes its place, and the old one is removed
	MayReplace   Action = "maybe-replace" // CloudFormation knows when it gets there
	Dynamic      Action = "dynamic"       // what happens is known when it gets there
	ImportAction Action = "import"
)

// Change is what happens to one resource.
type Change struct {
	Action                      Action
	LogicalID, PhysicalID, Type string
	TagsOnly                    bool     // nothing but tags is changed
	IAM                         bool     // it is about who may do what
	Properties                  []string // that change, sorted
}

// Ref is what names the change set and no later one of the same name: its ARN.
func (s ChangeSet) Ref() string {
	if s.ID != "" {
		return s.ID
	}
	return s.Name
}

// ChangeSet reads a change set; fault.NotFound when there is none.
func (c *Client) ChangeSet(ctx context.Context, stack, name string) (ChangeSet, error) {
	set, _, err := c.changeSet(ctx, stack, name)
	return set, err
}

func (c *Client) changeSet(ctx context.Context, stack, name string) (set ChangeSet, status types.ChangeSetStatus, err error) {
	in := &cloudformation.DescribeChangeSetInput{StackName: &stack, ChangeSetName: &name}
	set = ChangeSet{Name: name, Stack: stack}
	for {
		if err := c.pace.wait(ctx, "DescribeChangeSet"); err != nil {
			return set, "", err
		}
		out, err := c.api.DescribeChangeSet(ctx, in)
		if err != nil {
			return set, "", c.explainSet("look at", stack, name, err)
		}
		set.ID, set.Status, set.Reason, status = aws.ToString(out.ChangeSetId), string(out.ExecutionStatus), aws.ToString(out.StatusReason), out.Status
		for _, x := range out.Changes {
			if x.ResourceChange != nil {
				set.Changes = append(set.Changes, changeOf(*x.ResourceChange))
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return set, status, nil
		}
	}
}

func (c *Client) explainSet(doing, stack, name string, err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && (api.ErrorCode() == "ChangeSetNotFound" || api.ErrorCode() == "ChangeSetNotFoundException") {
		return fault.New(fault.NotFound, "%s change set %s of stack %s in %s: %w", doing, name, stack, c.opt.Where, network.Answered(err))
	}
	return c.explain(doing+" change set "+name+" of", stack, err)
}

// ChangeSets lists the change sets of a stack, without their changes; none for
// a stack that is not there.
func (c *Client) ChangeSets(ctx context.Context, stack string) ([]ChangeSet, error) {
	var all []ChangeSet
	for pages := cloudformation.NewListChangeSetsPaginator(c.api, &cloudformation.ListChangeSetsInput{StackName: &stack}); pages.HasMorePages(); {
		if err := c.pace.wait(ctx, "ListChangeSets"); err != nil {
			return nil, err
		}
		page, err := pages.NextPage(ctx)
		if err = c.explain("list the change sets of", stack, err); fault.Is(err, fault.NotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, s := range page.Summaries {
			all = append(all, ChangeSet{
				Name: aws.ToString(s.ChangeSetName), ID: aws.ToString(s.ChangeSetId), Stack: stack,
				Status: string(s.ExecutionStatus), Reason: aws.ToString(s.StatusReason), Description: aws.ToString(s.Description),
				Empty: s.Status == types.ChangeSetStatusFailed && changesNothing(aws.ToString(s.StatusReason)),
			})
		}
	}
	return all, nil
}

// DeleteChangeSet removes a change set, by name or ARN; removing one that is not
// there is no error.
func (c *Client) DeleteChangeSet(ctx context.Context, stack, name string) error {
	if err := fence.Check(ctx); err != nil {
		return err
	}
	if err := c.pace.wait(ctx, "DeleteChangeSet"); err != nil {
		return err
	}
	_, err := c.api.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{StackName: &stack, ChangeSetName: &name})
	if err = c.explainSet("delete", stack, name, err); fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func changeOf(r types.ResourceChange) Change {
	out := Change{
		LogicalID: aws.ToString(r.LogicalResourceId), PhysicalID: aws.ToString(r.PhysicalResourceId), Type: aws.ToString(r.ResourceType),
	}
	out.IAM = IsIAM(out.Type)
	switch {
	case r.Action == types.ChangeActionAdd:
		out.Action = Add
	case r.Action == types.ChangeActionRemove:
		out.Action = Remove
	case r.Action == types.ChangeActionImport:
		out.Action = ImportAction
	case r.Action == types.ChangeActionDynamic:
		out.Action = Dynamic
	case r.Replacement == types.ReplacementTrue:
		out.Action = Replace
	case r.Replacement == types.ReplacementConditional:
		out.Action = MayReplace
	default:
		out.Action = Modify
	}
	out.TagsOnly = out.Action == Modify && len(r.Scope) > 0
	for _, s := range r.Scope {
		out.TagsOnly = out.TagsOnly && s == types.ResourceAttributeTags
	}
	for _, d := range r.Details {
		if d.Target != nil && d.Target.Name != nil && !slices.Contains(out.Properties, *d.Target.Name) {
			out.Properties = append(out.Properties, *d.Target.Name)
		}
	}
	slices.Sort(out.Properties)
	return out
}

// String is one line for people: sign, logical ID, type, and what stands out.
func (c Change) String() string {
	sign := map[Action]string{Add: "+", Remove: "-", Replace: "±", MayReplace: "±?"}[c.Action]
	if sign == "" {
		sign = "~"
	}
	line := fmt.Sprintf("%s %s (%s)", sign, c.LogicalID, c.Type)
	switch {
	case c.Action == Replace:
		line += " is REPLACED"
	case c.Action == MayReplace:
		line += " may be REPLACED"
	case c.TagsOnly:
		line += " tags"
	}
	if len(c.Properties) > 0 && !c.TagsOnly {
		line += ": " + strings.Join(c.Properties, ", ")
	}
	if c.IAM {
		line += " [IAM]"
	}
	return line
}

// settled waits until a change set is made, or could not be. One that failed because
// it would change nothing is Empty. AWS says that only where all is the same; for other
// tags or outputs it makes a change set without changes of resources, which is executed.
// Emulators say it for these too.
func (c *Client) settled(ctx context.Context, stack, name string) (ChangeSet, error) {
	for wait := c.opt.Fast / 5; ; wait = min(wait*3/2, c.opt.Slow) {
		set, status, err := c.changeSet(ctx, stack, name)
		switch {
		case err != nil:
			return set, err
		case status == types.ChangeSetStatusCreateComplete:
			return set, nil
		case status == types.ChangeSetStatusFailed && changesNothing(set.Reason):
			set.Empty = true
			return set, nil
		case status == types.ChangeSetStatusFailed:
			return set, fault.New(fault.Invalid, "propose stack %s in %s: %s", stack, c.opt.Where, set.Reason)
		}
		if err := sleep(ctx, wait); err != nil {
			return set, err
		}
	}
}

// changesNothing reports whether a change set failed because there is nothing
// to change; the API has no code for it.
func changesNothing(reason string) bool {
	return strings.Contains(reason, "didn't contain changes") || strings.Contains(reason, "No updates are to be performed")
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
