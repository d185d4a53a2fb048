package policy

import (
	"regexp"
	"slices"
	"strings"
)

// Images is images that are copied from one registry into another, for the
// policies of who copies them. An end that is not in ECR is empty.
type Images struct {
	From, To     Registry
	Repositories []string // below the prefixes of both; * and ? and ** are patterns
	Create       bool     // repositories are made where they are missing
	Lifecycle    bool     // with a lifecycle policy
	Key          string   // ARN of the key that they are encrypted with; may be empty
	Delete       bool     // what the source no longer has is removed
}

// Registry is an ECR, and the prefix of repositories in it.
type Registry struct {
	Account string // 12 digits
	Region  string
	Prefix  string // without slashes around; may be empty
}

// ARN names a repository below the prefix; a pattern becomes one that IAM reads,
// which has but * and ?.
func (r Registry) ARN(name string) string {
	at := Scope{Partition: Partition(r.Region), Account: r.Account, Region: r.Region}
	return at.Repository(r.Name(regexp.MustCompile(`\[[^]]*\]|\{[^}]*\}|\*+`).ReplaceAllString(name, "*")))
}

// Name is a repository's whole name.
func (r Registry) Name(name string) string { return strings.TrimPrefix(r.Prefix+"/"+name, "/") }

func (r Registry) arns(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, r.ARN(n))
	}
	return listed(out)
}

// Patterns reports whether repositories come that nobody has named.
func (i Images) Patterns() bool {
	return slices.ContainsFunc(i.Repositories, func(n string) bool { return strings.ContainsAny(n, `*?[{\`) })
}

// pullActions are the four that read images, and no more.
func pullActions() []string {
	return []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"}
}

// Needs is what who copies must be allowed, and no more.
func (i Images) Needs() []Statement {
	var all []Statement
	if i.From.Account != "" || i.To.Account != "" {
		all = append(all, Statement{
			Sid: "SyncLogin", Why: "Logs in to the registries of ECR; AWS knows no resource for that.",
			Actions: []string{"ecr:GetAuthorizationToken"}, Resources: []string{"*"},
		})
	}
	if i.From.Account != "" {
		all = append(all, Statement{
			Sid: "SyncRead", Why: "Reads the images that are copied.", Actions: pullActions(), Resources: i.From.arns(i.Repositories),
		})
	}
	if i.From.Account != "" && i.Patterns() {
		all = append(all, Statement{
			Sid: "SyncFind", Why: "Finds the repositories that a pattern means.",
			Actions: []string{"ecr:DescribeRepositories"}, Resources: []string{Registry{Account: i.From.Account, Region: i.From.Region}.ARN("*")},
		})
	}
	if i.To.Account != "" {
		all = append(all, i.lands()...)
	}
	return Join(all)
}

func (i Images) lands() []Statement {
	there := i.To.arns(i.Repositories)
	all := []Statement{
		{
			Sid: "SyncLook", Why: "Sees what is there already.", Resources: there,
			Actions: append(pullActions(), "ecr:DescribeRepositories"),
		},
		{
			Sid: "SyncWrite", Why: "Writes images and moves their tags.", Resources: there,
			Actions: []string{"ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"},
		},
	}
	if i.Create {
		s := Statement{Sid: "SyncCreate", Why: "Makes repositories that are missing.", Resources: there, Actions: []string{"ecr:CreateRepository", "ecr:TagResource"}}
		if i.Lifecycle {
			s.Actions = append(s.Actions, "ecr:PutLifecyclePolicy")
		}
		all = append(all, s)
	}
	if i.Create && i.Key != "" {
		all = append(all, Statement{
			Sid: "SyncKeyGrant", Why: "Lets ECR, and no one else, use this key for new repositories.", Resources: []string{i.Key},
			Actions:    []string{"kms:CreateGrant"},
			Conditions: Conditions{"Bool": {"kms:GrantIsForAWSResource": {"true"}}, "StringEquals": via("ecr", i.To.Region)["StringEquals"]},
		}, Statement{
			Sid: "SyncKey", Why: "Has ECR look at this key, and give it up, for new repositories.", Resources: []string{i.Key},
			Actions: []string{"kms:DescribeKey", "kms:RetireGrant"}, Conditions: via("ecr", i.To.Region),
		})
	}
	if i.Delete {
		all = append(all, Statement{
			Sid: "SyncDelete", Why: "Removes what the source no longer has.", Resources: there, Actions: []string{"ecr:BatchDeleteImage"},
		})
	}
	return all
}

// Lets is what the policies of the source's repositories must say so that roles
// of another account may read them; nothing where it is the same account, whose
// roles need no more than their own policy. The statements belong to who.
func (i Images) Lets(who, account string, roles ...string) []Grant {
	if i.From.Account == "" || i.From.Account == account {
		return nil
	}
	reader := Statement{
		Sid: Sid(who, "Read"), Why: "Lets the other account copy images out.", Actions: pullActions(),
		Principals: map[string][]string{"AWS": {"arn:" + Partition(i.From.Region) + ":iam::" + account + ":root"}},
		Conditions: Conditions{"ArnEquals": {"aws:PrincipalArn": roles}},
	}
	var out []Grant
	for _, arn := range i.From.arns(i.Repositories) {
		out = append(out, Grant{Service: "ecr", Resource: arn, Statements: []Statement{reader}})
	}
	return out
}
