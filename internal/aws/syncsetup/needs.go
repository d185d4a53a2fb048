package syncsetup

import (
	"crypto/sha256"
	"encoding/hex"

	"falkirk/internal/aws/policy"
)

// RoleNeeds is what who copies must be allowed: to read the repositories of the
// source, to write those of the destination, and to log in.
func (r Request) RoleNeeds() []policy.Statement {
	from, pulls := r.side(r.Job.Source)
	to, lands := r.side(r.Job.Destination)
	var all []policy.Statement
	if pulls || lands {
		all = append(all, policy.Statement{
			Sid: "SyncLogin", Why: "Logs in to the registries of ECR; AWS knows no resource for that.",
			Actions: []string{"ecr:GetAuthorizationToken"}, Resources: []string{"*"},
		})
	}
	if pulls {
		all = append(all, policy.Statement{
			Sid: "SyncRead", Why: "Reads the images that are copied.", Actions: readActions(), Resources: from.arns(r.Job.Repositories),
		})
	}
	if lands {
		all = append(all, r.landNeeds(to.arns(r.Job.Repositories))...)
	}
	return policy.Join(all)
}

// readActions are the four that read, and no more.
func readActions() []string {
	return []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"}
}

func (r Request) landNeeds(repositories []string) []policy.Statement {
	all := []policy.Statement{
		{
			Sid: "SyncLook", Why: "Sees what is there already.", Resources: repositories,
			Actions: []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:GetDownloadUrlForLayer"},
		},
		{
			Sid: "SyncWrite", Why: "Writes images and moves their tags.", Resources: repositories,
			Actions: []string{"ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"},
		},
	}
	if r.Job.patterns() && !r.Job.Never {
		all = append(all, policy.Statement{
			Sid: "SyncCreate", Why: "Makes repositories that are missing.", Resources: repositories,
			Actions: []string{"ecr:CreateRepository", "ecr:PutLifecyclePolicy", "ecr:TagResource"},
		})
	}
	if r.Job.Deletes {
		all = append(all, policy.Statement{
			Sid: "SyncDelete", Why: "Removes what the source no longer has.", Resources: repositories, Actions: []string{"ecr:BatchDeleteImage"},
		})
	}
	return all
}

// Grants is what the policies of the source's repositories must say so that
// roles of the cluster's account may read them; none where that is the same
// account, whose roles need no more than their own policy.
func (r Request) Grants(roles []string) []policy.Grant {
	from, ok := r.side(r.Job.Source)
	if !ok || from.account == r.Account {
		return nil
	}
	reader := policy.Statement{
		Sid: policy.Sid(r.key(), "Read"), Actions: readActions(),
		Principals: map[string][]string{"AWS": {"arn:" + policy.Partition(from.region) + ":iam::" + r.Account + ":root"}},
		Conditions: policy.Conditions{"ArnEquals": {"aws:PrincipalArn": roles}},
	}
	var out []policy.Grant
	for _, arn := range from.arns(r.Job.Repositories) {
		out = append(out, policy.Grant{Service: "ecr", Resource: arn, Statements: []policy.Statement{reader}})
	}
	return out
}

// PolicyName is the name of the policy in the role of who copies.
func (r Request) PolicyName() string {
	name := "falkirk-" + r.Spec.Cluster + "-" + r.Spec.Namespace + "-" + r.Spec.Name
	if len(name) <= longestPolicy {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:longestPolicy-13] + "-" + hex.EncodeToString(sum[:6])
}

// longestPolicy is how long the name of a policy in a role may be.
const longestPolicy = 128
