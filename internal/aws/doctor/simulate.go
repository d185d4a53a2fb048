package doctor

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
)

// simulator asks IAM what the role is allowed, without doing it.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
type simulator struct {
	iam   *iam.Client
	role  string
	works bool
}

func newSimulator(cfg aws.Config, role string) *simulator {
	return &simulator{iam: iam.NewFromConfig(cfg, func(o *iam.Options) { o.Retryer = account.Throttled(o.Retryer) }), role: role}
}

// try finds out whether the simulator answers, and says why it does not.
func (s *simulator) try(ctx context.Context) string {
	if s.role == "" {
		return "without a role there is nothing to simulate; each thing is probed"
	}
	_, err := s.iam.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(s.role), ActionNames: []string{"sts:GetCallerIdentity"},
	})
	if err == nil {
		s.works = true
		return ""
	}
	if refused(err) {
		return "the role may not use iam:SimulatePrincipalPolicy on itself; each thing is probed, and what cannot be probed is unknown"
	}
	return "iam:SimulatePrincipalPolicy does not answer here (" + code(err) + "); each thing is probed, and what cannot be probed is unknown"
}

func (s *simulator) ask(ctx context.Context, st policy.Statement) (delivery.Access, string) {
	out, err := s.iam.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(s.role), ActionNames: st.Actions, ResourceArns: concrete(st.Resources), ContextEntries: entries(st.Conditions),
	})
	if err != nil {
		return delivery.AccessUnknown, err.Error()
	}
	for _, r := range out.EvaluationResults {
		if r.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed {
			return delivery.AccessDenied, string(r.EvalDecision) + " by the role's policies"
		}
	}
	return delivery.AccessAllowed, ""
}

// concrete is a resource that a pattern covers.
func concrete(resources []string) []string {
	var out []string
	for _, r := range resources {
		if r != "*" {
			r = strings.ReplaceAll(r, "*", "falkirk-doctor")
		}
		out = append(out, r)
	}
	return out
}

// entries are values under which the conditions hold.
func entries(c policy.Conditions) []types.ContextEntry {
	var out []types.ContextEntry
	for operator, keys := range c {
		kind := types.ContextKeyTypeEnumString
		if strings.HasPrefix(operator, "For") { // ForAnyValue, ForAllValues
			kind = types.ContextKeyTypeEnumStringList
		}
		for key, values := range keys {
			if len(values) > 0 {
				out = append(out, types.ContextEntry{
					ContextKeyName: aws.String(key), ContextKeyType: kind,
					ContextKeyValues: []string{strings.ReplaceAll(values[0], "*", "falkirk-doctor")},
				})
			}
		}
	}
	return out
}
