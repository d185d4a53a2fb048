package cfn

import (
	"context"
	"fmt"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/template"
)

// diagnose is the error of a stack that came to a bad end: the first cause, not
// what followed from it, with the resource, the reason, the line of the
// template, and what to do.
func (c *Client) diagnose(ctx context.Context, s Stack, tale *story, template string) error {
	name := s.Name
	if name == "" {
		name = tale.stack
	}
	cause, path, ok := c.cause(ctx, tale.events, 0)
	if !ok {
		err := fault.New(fault.Internal, "stack %s in %s is %s: %s", name, c.opt.Where, s.Status, s.Reason)
		return fault.Hint(err, "aws cloudformation describe-stack-events --stack-name %s", name)
	}
	where := cause.LogicalID + " (" + cause.Type + ")"
	if line := lineOf(template, path[0]); line > 0 {
		where += fmt.Sprintf(", line %d of the template", line)
	}
	if len(path) > 1 {
		where = strings.Join(path[:len(path)-1], " → ") + " → " + where
	}
	err := fault.New(kindOf(cause.Reason), "stack %s in %s is %s: %s: %s: %s", name, c.opt.Where, orElse(s.Status, "gone"), where, cause.Status, cause.Reason)
	return fault.Hint(err, "%s", advice(cause, s))
}

// deepest bounds stacks inside of stacks.
const deepest = 5

// cause is the first failure that is not a consequence of another one, and the
// logical IDs that lead to it from the stack.
func (c *Client) cause(ctx context.Context, events []Event, depth int) (Event, []string, bool) {
	for _, e := range events {
		if !e.Failed() || e.Own || isCascade(e.Reason) {
			continue
		}
		if e.Type == "AWS::CloudFormation::Stack" && strings.HasPrefix(e.Physical, "arn:") && depth < deepest {
			inner := &story{c: c, stack: e.Physical}
			if _, err := inner.read(ctx); err == nil {
				if deep, path, ok := c.cause(ctx, inner.events, depth+1); ok {
					return deep, append([]string{e.LogicalID}, path...), true
				}
			}
		}
		return e, []string{e.LogicalID}, true
	}
	for _, e := range events { // an update may fail for the stack as a whole
		if e.Own && e.Reason != "" && (e.Failed() || strings.Contains(e.Status, "ROLLBACK_IN_PROGRESS")) {
			return e, []string{e.LogicalID}, true
		}
	}
	return Event{}, nil, false
}

// isCascade reports whether a failure only follows from another.
func isCascade(reason string) bool {
	for _, s := range []string{"cancelled", "The following resource(s) failed"} {
		if strings.Contains(reason, s) {
			return true
		}
	}
	return false
}

func kindOf(reason string) fault.Kind {
	low := strings.ToLower(reason)
	switch {
	case strings.Contains(low, "not authorized") || strings.Contains(low, "accessdenied") || strings.Contains(low, "access denied"):
		return fault.Refused
	case strings.Contains(low, "throttl") || strings.Contains(low, "rate exceeded") || strings.Contains(low, "internalfailure"):
		return fault.Unavailable
	}
	return fault.Internal
}

// advice is what to do about a failure, by what AWS says in words.
func advice(e Event, s Stack) string {
	low := strings.ToLower(e.Reason)
	next := ""
	switch {
	case strings.Contains(low, "already exists"):
		next = "something of that name is there and not of this stack: give it another name, import it, or delete it"
	case kindOf(e.Reason) == fault.Refused:
		next = "allow what the reason names to the role that CloudFormation works under; falkirk doctor says where"
	case kindOf(e.Reason) == fault.Unavailable:
		next = "repeat the command"
	case strings.Contains(low, "limit") || strings.Contains(low, "quota"):
		next = "a quota of the account is used up: raise it in Service Quotas, or remove what is not needed"
	case strings.Contains(low, "does not exist") || strings.Contains(low, "not found"):
		next = "what it refers to is not there: make it first, or mend the reference"
	case strings.Contains(low, "unsupported") || strings.Contains(low, "unresolved") || strings.Contains(low, "invalid") || strings.Contains(low, "validation"):
		next = "mend " + e.LogicalID + " in the template"
	default:
		next = "fix what the reason names, pack, and repeat"
	}
	if s.Status == "ROLLBACK_COMPLETE" {
		next += "; the failed stack is deleted and made again by the next try"
	}
	return next
}

// lineOf is the line of a resource in a template, or 0.
func lineOf(text, logicalID string) int {
	if text == "" {
		return 0
	}
	t, err := template.Parse("the template", []byte(text))
	if err != nil {
		return 0
	}
	return t.Line("Resources", logicalID)
}
