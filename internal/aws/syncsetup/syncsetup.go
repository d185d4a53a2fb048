// Package syncsetup makes the schedule that copies images into the account of a
// cluster: what its pod needs in AWS on both sides, and its objects in the
// cluster. It looks at everything before the first change, attaches to roles and
// repositories what is needed and no more, remembers what it attached, and takes
// exactly that away again.
package syncsetup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/aws/policy"
	"falkirk/internal/blueprint/syncjob"
	"falkirk/internal/fault"
	"falkirk/internal/kube"
)

// Identity is as whom the pod works.
type Identity string

// The identities.
const (
	Node        Identity = "node"         // as the node that it runs on
	IRSA        Identity = "irsa"         // as the role that its service account names
	PodIdentity Identity = "pod-identity" // as the role that EKS says its service account stands for
)

// Identities are all of them.
func Identities() []string { return []string{string(Node), string(IRSA), string(PodIdentity)} }

// Job is what is copied.
type Job struct {
	Source       string // host, perhaps with a prefix
	Destination  string // likewise
	Repositories []string
	Make         ecr.Make // how repositories that are missing are made
	Never        bool     // they are not
	Deletes      bool     // the pod removes what the source no longer has
}

// isPattern reports whether a name stands for others.
func isPattern(name string) bool { return strings.ContainsAny(name, `*?[{\`) }

// patterns reports whether repositories come that nobody has named; those the
// pod itself must make.
func (j Job) patterns() bool { return slices.ContainsFunc(j.Repositories, isPattern) }

// Request is one schedule.
type Request struct {
	Job      Job
	Spec     syncjob.Spec
	Identity Identity
	Role     string         // ARN; of IRSA and Pod Identity
	Nodes    []string       // ARNs of roles of nodes that EKS does not know
	Account  string         // 12 digits of the cluster's account; empty only where AWS is left alone
	Region   string         // of the cluster
	Decided  policy.Decided // whose stop and bans hold the pod back

	NoAWS      bool // AWS is left alone
	SkipSource bool // the source's account is left alone: somebody else prepares it
	Force      bool // take over fields that others manage
}

// Setup makes and removes schedules.
type Setup struct {
	// Own reaches the cluster's account in a region.
	Own func(ctx context.Context, region string) (aws.Config, error)
	// Source reaches an account that images come from. It is fault.Refused where
	// the credentials at hand do not.
	Source func(ctx context.Context, account, region string) (aws.Config, error)
	// Cluster logs in to the cluster.
	Cluster func(ctx context.Context) (*kube.Client, error)
}

// View is what would be changed, or was.
type View struct {
	Cluster      string
	Roles        []string      // ARNs of who copies
	Repositories []string      // made
	Policies     []Attached    // of roles and of repositories
	Identity     string        // how the service account's role changes: + ~ - ARN; empty: it does not
	Objects      []kube.Change // of the cluster
	Elsewhere    []Elsewhere   // what has to be done in accounts that are out of reach
	Notes        []string

	apply  []func(context.Context) error // before the objects
	tidy   []func(context.Context) error // after them
	wanted kube.Wanted

	interim kube.Wanted // the same, before the tidying; nothing where nothing is tidied
}

// Attached is how one policy changes.
type Attached struct {
	Resource string // ARN
	Changes  []policy.Change
}

// Elsewhere is what an account that is out of reach has to say.
type Elsewhere struct {
	Account    string
	Region     string
	Repository string
	Bucket     string // of the store, in place of a repository
	Policy     string // JSON: the statement, alone; empty: ours is to be taken away
	Why        string // it is out of reach
}

// IsEmpty reports whether everything is as it should be.
func (v View) IsEmpty() bool {
	return len(v.Repositories) == 0 && len(v.Policies) == 0 && v.Identity == "" && len(v.Objects) == 0
}

// side reads a host with its prefix, or ecr:REGION, which is the cluster's own
// account; false where it is not Amazon's.
func (r Request) side(registry string) (policy.Registry, bool) {
	host, prefix, _ := strings.Cut(registry, "/")
	prefix = strings.Trim(prefix, "/")
	if region, ok := strings.CutPrefix(host, "ecr:"); ok {
		return policy.Registry{Account: r.Account, Region: region, Prefix: prefix}, true
	}
	account, region, ok := ecr.Registry(host)
	return policy.Registry{Account: account, Region: region, Prefix: prefix}, ok
}

// Check refuses what cannot be set up.
func (r Request) Check() error {
	if err := r.Spec.Check(); err != nil {
		return err
	}
	if !slices.Contains(Identities(), string(r.Identity)) {
		return fault.New(fault.Invalid, "--identity %s is none of %s", r.Identity, strings.Join(Identities(), ", "))
	}
	if r.Identity != Node && r.Role == "" && !r.NoAWS {
		return fault.Hint(fault.New(fault.Invalid, "--identity %s needs a role", r.Identity), "name it with --role, or role in the values file")
	}
	if r.Identity == Node && r.Role != "" {
		return fault.Hint(fault.New(fault.Invalid, "--role goes with --identity irsa and pod-identity"), "name roles of nodes with --node-role")
	}
	for _, arn := range append(slices.Clone(r.Nodes), r.Role) {
		if a, ok := policy.ParseARN(arn); arn != "" && (!ok || a.Service != "iam" || !strings.HasPrefix(a.Resource, "role/")) {
			return fault.Hint(fault.New(fault.Invalid, "%q is not the ARN of a role", arn), "write it as arn:aws:iam::123456789012:role/NAME")
		}
	}
	return r.checkJob()
}

func (r Request) checkJob() error {
	source, ok := r.side(r.Job.Source)
	for _, name := range r.Job.Repositories {
		if ok && source.Account != r.Account && isPattern(name) && !r.NoAWS {
			err := fault.New(fault.Invalid, "repository %q is a pattern: an account cannot list the repositories of another, which lets it into each by name", name)
			return fault.Hint(err, "name the repositories one by one")
		}
	}
	if len(r.Job.Repositories) == 0 {
		return fault.New(fault.Invalid, "no repository is named")
	}
	to, ok := r.side(r.Job.Destination)
	if ok && !r.NoAWS && to.Account != r.Account {
		err := fault.New(fault.Refused, "the cluster is in account %s, and images would go into account %s: production pulls, nobody pushes into it", r.Account, to.Account)
		return fault.Hint(err, "run it in the cluster of account %s", to.Account)
	}
	return nil
}

// key is the schedule's own name wherever it must differ from all others.
func (r Request) key() string {
	return fmt.Sprintf("ecr-sync %s %s %s %s", r.Account, r.Spec.Cluster, r.Spec.Namespace, r.Spec.Name)
}

// tags mark what is made in AWS.
func (r Request) tags() map[string]string {
	return map[string]string{"falkirk:app": r.Spec.App, "falkirk:sync": r.Spec.Cluster + "/" + r.Spec.Namespace + "/" + r.Spec.Name}
}
