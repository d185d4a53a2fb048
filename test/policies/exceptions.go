package policies

import (
	"slices"
	"strings"
)

// exception is a wide statement that is right, and why.
type exception struct {
	actions  []string // all that the statement may allow
	resource string   // what the resource ends in
	needs    string   // condition key without which it is not right; may be empty
	why      string
}

// exceptions are all of them. The tests refuse one that nothing needs.
func exceptions() []exception {
	return []exception{
		{[]string{"ecr:GetAuthorizationToken"}, "*", "", "AWS knows no resource for it: the token opens what the role's other statements allow"},
		{[]string{"cloudformation:DescribeStackDriftDetectionStatus"}, "*", "", "AWS knows no resource for it: it reads what a look for drift has come to"},
		{[]string{"ecr:DescribeRepositories"}, ":repository/*", "", "finds the repositories that a pattern means, in the account itself: names and settings, no image"},
		{[]string{"cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"}, ":distribution/*", "", "the distribution is made by a stack of the same release, and has no name before"},
		{[]string{"kms:Decrypt", "kms:GenerateDataKey"}, ":key/*", "kms:resourcealiases", "the key is known by its alias alone, which the condition asks for"},
		{[]string{"kms:GetPublicKey", "kms:Sign"}, ":key/*", "kms:resourcealiases", "the key is known by its alias alone, which the condition asks for"},
	}
}

// excepted reports whether a wide resource of a statement is one of them.
func excepted(s statement, resource string) bool {
	return slices.ContainsFunc(exceptions(), func(e exception) bool { return e.covers(s, resource) })
}

func (e exception) covers(s statement, resource string) bool {
	if e.resource == "*" && resource != "*" || !strings.HasSuffix(resource, e.resource) {
		return false
	}
	if e.needs != "" && !slices.ContainsFunc([]string{"ForAnyValue:StringEquals"}, func(op string) bool { return len(s.conditions[op][e.needs]) > 0 }) {
		return false
	}
	return !slices.ContainsFunc(s.actions, func(a string) bool { return !slices.Contains(e.actions, a) })
}

// exceptedAccount reports whether a whole account is let in on purpose: the
// blueprint of a registry has the accounts that pull named by who uses it; their
// nodes pull under roles that have no common name, and may only read.
func exceptedAccount(s statement) bool {
	read := []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"}
	return s.sid == "FalkirkPull" && !slices.ContainsFunc(s.actions, func(a string) bool { return !slices.Contains(read, a) })
}
