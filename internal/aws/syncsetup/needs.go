package syncsetup

import (
	"crypto/sha256"
	"encoding/hex"

	"falkirk/internal/aws/policy"
)

// RoleNeeds is what who copies must be allowed: to read the repositories of the
// source, to write those of the destination, to log in, and to read what people
// decided.
func (r Request) RoleNeeds() []policy.Statement {
	return append(r.images().Needs(), r.Decided.Needs(r.at())...)
}

// at is where who copies works.
func (r Request) at() policy.Scope {
	return policy.Scope{Partition: policy.Partition(r.Region), Account: r.Account, Region: r.Region}
}

// Grants is what the policies of the source's repositories, and of the store's
// bucket and key, must say so that roles of the cluster's account may read them;
// none where that is the same account, whose roles need no more than their own
// policy.
func (r Request) Grants(roles []string) []policy.Grant {
	return append(r.images().Lets(r.key(), r.Account, roles...), r.Decided.Lets(r.key(), r.at(), roles...)...)
}

// images is the job for the policies. Repositories that have a name are made
// before the schedule, which needs no permission for it.
func (r Request) images() policy.Images {
	from, _ := r.side(r.Job.Source)
	to, _ := r.side(r.Job.Destination)
	return policy.Images{
		From: from, To: to, Repositories: r.Job.Repositories,
		Create: r.Job.patterns() && !r.Job.Never, Lifecycle: r.Job.Make.Lifecycle != "", Key: r.Job.Make.KMSKey, Delete: r.Job.Deletes,
	}
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
