package cfn

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// Execute carries out a change set, named by its ARN where that is known, and
// waits for its end; repeated, it picks up the one under way. CloudFormation
// drops the other change sets of a stack when it executes one, so a late request
// that names an ARN does nothing after that. Whatever CloudFormation could not do is an error that
// names the first cause.
func (c *Client) Execute(ctx context.Context, stack, name string, r Request, report func(Event)) (Stack, error) {
	was, err := c.recall(ctx, stack)
	if err != nil {
		return was, err
	}
	var since *before
	if !was.InProgress() {
		if err := c.guard(ctx, was, r); err != nil {
			return was, err
		}
		if err := c.execute(ctx, was, name, r); err != nil {
			return was, err
		}
		since = &before{was, func() (bool, error) { return c.isOver(ctx, was.Name, name) }}
	}
	now, tale, err := c.follow(ctx, was.ID, since, report)
	if err != nil {
		return now, err
	}
	if !succeeded(now.Status) {
		return now, c.diagnose(ctx, now, tale, r.Template)
	}
	return now, c.guard(ctx, now, r)
}

// recall is a stack as Propose has just left it, or as it is.
func (c *Client) recall(ctx context.Context, stack string) (Stack, error) {
	if was, ok := c.lately.LoadAndDelete(stack); ok {
		return was.(Stack), nil
	}
	return c.Describe(ctx, stack)
}

// execute starts the work.
func (c *Client) execute(ctx context.Context, was Stack, name string, r Request) error {
	if err := c.pace.wait(ctx, "ExecuteChangeSet"); err != nil {
		return err
	}
	if err := fence.Check(ctx); err != nil {
		return err
	}
	stack := was.Name
	if strings.HasPrefix(name, "arn:") {
		stack = was.ref() // a name is looked up in the stack of that name, as the API says
	}
	in := &cloudformation.ExecuteChangeSetInput{StackName: &stack, ChangeSetName: &name}
	if r.Token != "" {
		in.ClientRequestToken = aws.String(token(r.Token, name))
	}
	_, err := c.api.ExecuteChangeSet(ctx, in)
	var answer smithy.APIError
	if errors.As(err, &answer) && strings.HasPrefix(answer.ErrorCode(), "InvalidChangeSetStatus") { // an emulator adds "Exception"
		set, setErr := c.ChangeSet(ctx, was.Name, name)
		if setErr == nil && (set.Status == string(types.ExecutionStatusExecuteInProgress) || set.Status == string(types.ExecutionStatusExecuteComplete)) {
			err = nil // the answer to it was lost
		}
	}
	if err != nil {
		return c.explainSet("execute", was.Name, name, err)
	}
	return nil
}

// isOver reports whether a change set was executed to its end, where the stack
// itself shows nothing of it.
func (c *Client) isOver(ctx context.Context, stack, name string) (bool, error) {
	set, err := c.ChangeSet(ctx, stack, name)
	switch {
	case fault.Is(err, fault.NotFound):
		return true, nil
	case err != nil:
		return false, err
	case set.Status == string(types.ExecutionStatusExecuteFailed):
		return false, fault.New(fault.Internal, "execute change set %s of stack %s in %s: %s", name, stack, c.opt.Where, set.Reason)
	}
	return set.Status == string(types.ExecutionStatusExecuteComplete), nil
}

func succeeded(status string) bool {
	switch types.StackStatus(status) {
	case types.StackStatusCreateComplete, types.StackStatusUpdateComplete, types.StackStatusImportComplete, types.StackStatusUpdateCompleteCleanupInProgress:
		return true
	}
	return false
}

// Settle waits until CloudFormation has ended whatever it does with a stack.
func (c *Client) Settle(ctx context.Context, stack string, report func(Event)) (Stack, error) {
	now, _, err := c.follow(ctx, stack, nil, report)
	return now, err
}

// Retag changes nothing but the tags of a stack, where a change set finds
// nothing to change. Without a template, it and its parameters are those of the
// stack.
func (c *Client) Retag(ctx context.Context, stack string, r Request, report func(Event)) (Stack, error) {
	was, err := c.Describe(ctx, stack)
	if err != nil {
		return was, err
	}
	in := &cloudformation.UpdateStackInput{StackName: aws.String(was.ref()), TemplateBody: &r.Template, RoleARN: optional(r.Role)}
	if r.Token != "" {
		in.ClientRequestToken = aws.String(token(r.Token, "tags", digestOf(r)))
	}
	switch {
	case r.TemplateURL != "":
		in.TemplateBody, in.TemplateURL = nil, &r.TemplateURL
	case r.Template == "":
		in.TemplateBody, in.UsePreviousTemplate = nil, aws.Bool(true)
		for key := range was.Parameters {
			in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: aws.String(key), UsePreviousValue: aws.Bool(true)})
		}
	}
	for _, p := range r.Parameters {
		in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: aws.String(p.Key), ParameterValue: aws.String(p.Value)})
	}
	for _, x := range r.Capabilities {
		in.Capabilities = append(in.Capabilities, types.Capability(x))
	}
	for k, v := range r.Tags {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	if err := c.pace.wait(ctx, "UpdateStack"); err != nil {
		return was, err
	}
	if err := fence.Check(ctx); err != nil {
		return was, err
	}
	if _, err := c.api.UpdateStack(ctx, in); err != nil {
		err = c.explain("change the tags of", stack, err)
		if changesNothing(err.Error()) {
			err = fault.New(fault.Refused, "CloudFormation finds nothing to change in stack %s in %s, and leaves its tags, which say the release, as they are: %w", stack, c.opt.Where, err)
			err = fault.Hint(err, "change something in the template, such as the description of an output, and pack another version")
		}
		return was, err
	}
	begun := func() (bool, error) { return true, nil } // where it shows nothing for long, it is over
	now, tale, err := c.follow(ctx, was.ID, &before{was, begun}, report)
	if err == nil && !succeeded(now.Status) {
		err = c.diagnose(ctx, now, tale, r.Template)
	}
	return now, err
}

// digestOf tells two changes of tags in one operation apart.
func digestOf(r Request) string {
	h := sha256.New()
	for _, k := range slices.Sorted(maps.Keys(r.Tags)) {
		_, _ = fmt.Fprintf(h, "%q=%q\n", k, r.Tags[k]) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// guard sets what no change set can: the stack policy and the protection
// against deletion.
func (c *Client) guard(ctx context.Context, s Stack, r Request) error {
	if s.Status == string(types.StackStatusReviewInProgress) {
		return nil // it is nothing yet
	}
	if r.Protect && !s.Protected {
		if err := c.protect(ctx, s.ref(), true); err != nil {
			return err
		}
	}
	if r.Policy == "" {
		return nil
	}
	if err := c.pace.wait(ctx, "SetStackPolicy"); err != nil {
		return err
	}
	_, err := c.api.SetStackPolicy(ctx, &cloudformation.SetStackPolicyInput{StackName: aws.String(s.ref()), StackPolicyBody: &r.Policy})
	return c.explain("set the policy of", s.Name, err)
}

func (c *Client) protect(ctx context.Context, stack string, on bool) error {
	if err := c.pace.wait(ctx, "UpdateTerminationProtection"); err != nil {
		return err
	}
	_, err := c.api.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{StackName: &stack, EnableTerminationProtection: &on})
	return c.explain("protect", stack, err)
}

// Delete removes a stack and waits for its end; one that is not there is no
// error. A protected one is fault.Refused.
func (c *Client) Delete(ctx context.Context, stack, tok string, report func(Event)) error {
	was, err := c.Describe(ctx, stack)
	if fault.Is(err, fault.NotFound) || was.Status == string(types.StackStatusDeleteComplete) {
		return nil
	}
	if err != nil {
		return err
	}
	if was.Protected {
		err := fault.New(fault.Refused, "stack %s in %s is protected against deletion", was.Name, c.opt.Where)
		return fault.Hint(err, "aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name %s", was.Name)
	}
	over := func() (bool, error) { return false, nil }
	if was.Status == string(types.StackStatusDeleteFailed) { // it may fail again, and look as before
		first, err := c.newest(ctx, was.ID)
		if err != nil {
			return err
		}
		over = func() (bool, error) {
			last, err := c.newest(ctx, was.ID)
			return err == nil && last.id != first.id && !strings.HasSuffix(last.Status, "_IN_PROGRESS"), err
		}
	}
	if was.Status != string(types.StackStatusDeleteInProgress) {
		if err := c.delete(ctx, was, tok); err != nil {
			return err
		}
	}
	now, tale, err := c.follow(ctx, was.ID, &before{was, over}, report)
	if err != nil {
		return err
	}
	if now.Status != string(types.StackStatusDeleteComplete) {
		return c.diagnose(ctx, now, tale, "")
	}
	return nil
}

func (c *Client) delete(ctx context.Context, was Stack, tok string) error {
	if err := c.pace.wait(ctx, "DeleteStack"); err != nil {
		return err
	}
	if err := fence.Check(ctx); err != nil {
		return err
	}
	in := &cloudformation.DeleteStackInput{StackName: aws.String(was.ref())}
	if tok != "" {
		in.ClientRequestToken = aws.String(token(tok, "delete", was.ref()))
	}
	if _, err := c.api.DeleteStack(ctx, in); err != nil {
		return c.explain("delete", was.Name, err)
	}
	return nil
}

// Drift asks CloudFormation to compare a stack with what is there, waits for
// the answer, and gives a line for each resource that differs.
func (c *Client) Drift(ctx context.Context, stack string) ([]string, error) {
	out, err := c.api.DetectStackDrift(ctx, &cloudformation.DetectStackDriftInput{StackName: &stack})
	if err != nil {
		return nil, c.explain("ask for the drift of", stack, err)
	}
	for wait := c.opt.Fast; ; wait = min(wait*3/2, c.opt.Slow) {
		st, err := c.api.DescribeStackDriftDetectionStatus(ctx, &cloudformation.DescribeStackDriftDetectionStatusInput{StackDriftDetectionId: out.StackDriftDetectionId})
		switch {
		case err != nil:
			return nil, c.explain("ask for the drift of", stack, err)
		case st.DetectionStatus == types.StackDriftDetectionStatusDetectionFailed:
			return nil, fault.New(fault.Unavailable, "the drift of stack %s in %s could not be found: %s", stack, c.opt.Where, aws.ToString(st.DetectionStatusReason))
		case st.DetectionStatus == types.StackDriftDetectionStatusDetectionComplete:
			return c.drifted(ctx, stack)
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func (c *Client) drifted(ctx context.Context, stack string) ([]string, error) {
	var lines []string
	in := &cloudformation.DescribeStackResourceDriftsInput{
		StackName: &stack, StackResourceDriftStatusFilters: []types.StackResourceDriftStatus{types.StackResourceDriftStatusModified, types.StackResourceDriftStatusDeleted},
	}
	for pages := cloudformation.NewDescribeStackResourceDriftsPaginator(c.api, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, c.explain("read the drift of", stack, err)
		}
		for _, d := range page.StackResourceDrifts {
			line := fmt.Sprintf("%s (%s) is %s", aws.ToString(d.LogicalResourceId), aws.ToString(d.ResourceType), d.StackResourceDriftStatus)
			for _, p := range d.PropertyDifferences {
				line += fmt.Sprintf("; %s is %s and not %s", aws.ToString(p.PropertyPath), aws.ToString(p.ActualValue), aws.ToString(p.ExpectedValue))
			}
			lines = append(lines, line)
		}
	}
	return lines, nil
}
