package syncsetup

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/aws/eks"
	"falkirk/internal/aws/policy"
	"falkirk/internal/aws/prepare"
	"falkirk/internal/fault"
	"falkirk/internal/kube"
)

// Look finds out what has to be changed, and whether it can be. Nothing is
// changed.
func (s Setup) Look(ctx context.Context, r Request) (View, error) {
	if err := r.Check(); err != nil {
		return View{}, err
	}
	cluster, err := s.Cluster(ctx)
	if err != nil {
		return View{}, err
	}
	v := View{Cluster: cluster.Name()}
	there, err := cluster.Look(ctx, r.keys(), r.own())
	if err != nil {
		return v, err
	}
	before := remembered(there)
	now := before
	if !r.NoAWS {
		if now, err = s.lookAWS(ctx, r, before, &v); err != nil {
			return v, err
		}
	}
	if v.wanted, err = r.wanted(now); err != nil {
		return v, err
	}
	if len(v.tidy) > 0 { // what is to go is remembered until it has gone
		if v.interim, err = r.wanted(both(before, now)); err != nil {
			return v, err
		}
	}
	v.Objects, err = cluster.Plan(ctx, v.wanted)
	if slices.ContainsFunc(v.Objects, func(c kube.Change) bool { return c.Replaced }) {
		v.Notes = append(v.Notes, "the CronJob "+r.Spec.Name+" in namespace "+r.Spec.Namespace+" is k9's, which mounts the Docker socket of its node: it is deleted with the jobs that it has running, and this one takes its place")
	}
	if r.Identity == Node && !r.NoAWS && slices.ContainsFunc(v.Objects, func(c kube.Change) bool { return c.Sign == "+" && c.Kind == "CronJob" }) {
		v.Notes = append(v.Notes, "a pod reaches the role of its node only where the node's metadata service allows two hops (HttpPutResponseHopLimit 2); where it does not, take --identity pod-identity or irsa")
	}
	return v, err
}

// wanted is what is to be in the cluster, which remembers what is attached.
func (r Request) wanted(m memory) (kube.Wanted, error) {
	r.Spec.Attached, r.Spec.Role = m.String(), ""
	if r.Identity == IRSA {
		r.Spec.Role = r.Role
	}
	w := kube.Wanted{Own: r.own(), Force: r.Force, Replaces: ofK9}
	for _, o := range r.Spec.Objects() {
		m, err := o.Map()
		if err != nil {
			return w, err
		}
		w.Objects = append(w.Objects, m)
	}
	return w, nil
}

// lookAWS is Look for what is in AWS; it gives what will be attached.
func (s Setup) lookAWS(ctx context.Context, r Request, before memory, v *View) (memory, error) {
	var now memory
	cfg, err := s.Own(ctx, r.Region)
	if err != nil {
		return now, err
	}
	if v.Roles, err = r.roles(ctx, cfg); err != nil {
		return now, err
	}
	api := iam.NewFromConfig(cfg)
	for _, role := range v.Roles {
		trust, err := trustOf(ctx, api, role)
		if err != nil {
			return now, err
		}
		if r.Identity != Node {
			if err := r.trusted(trust); err != nil {
				return now, err
			}
			if note := r.loose(trust); note != "" {
				v.Notes = append(v.Notes, note)
			}
		}
	}
	if err := s.lookDestination(ctx, r, v); err != nil {
		return now, err
	}
	for _, role := range v.Roles {
		if err := v.rolePolicy(ctx, inline{api, role, r.PolicyName()}, r.RoleNeeds()); err != nil {
			return now, err
		}
	}
	now.Roles = v.Roles
	if now.Repositories, err = s.lookSource(ctx, r, before, v); err != nil {
		return now, err
	}
	for _, role := range without(before.Roles, now.Roles) {
		if err := v.rolePolicy(ctx, inline{api, role, r.PolicyName()}, nil); err != nil {
			return now, err
		}
	}
	now.PodIdentity = r.Identity == PodIdentity
	return now, v.identity(ctx, eks.New(cfg), r, before.PodIdentity)
}

// lookDestination notes the repositories that are missing; they are made before
// the schedule, which then needs no permission for it.
func (s Setup) lookDestination(ctx context.Context, r Request, v *View) error {
	to, ok := r.side(r.Job.Destination)
	if !ok {
		return nil
	}
	cfg, err := s.Own(ctx, to.Region)
	if err != nil {
		return err
	}
	client := ecr.New(cfg, "", "")
	for _, name := range r.Job.Repositories {
		if isPattern(name) {
			continue
		}
		repository := client.Repository(to.Name(name))
		_, there, err := repository.Describe(ctx)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if r.Job.Never {
			err := fault.New(fault.NotFound, "repository %s is not in account %s in %s, and the job says that none is made", repository.Name(), to.Account, to.Region)
			return fault.Hint(err, "make it, or leave create.never out")
		}
		v.Repositories = append(v.Repositories, to.ARN(name))
		v.apply = append(v.apply, func(ctx context.Context) error {
			how := r.Job.Make
			how.Tags = r.tags()
			_, err := repository.Create(ctx, how)
			return err
		})
	}
	return nil
}

// rolePolicy notes how our policy in a role changes.
func (v *View) rolePolicy(ctx context.Context, p inline, want []policy.Statement) error {
	after, changes, err := p.differs(ctx, want)
	if err != nil || len(changes) == 0 {
		return err
	}
	v.Policies = append(v.Policies, Attached{p.role, changes})
	do := func(ctx context.Context) error { return p.write(ctx, after) }
	if len(want) == 0 {
		v.tidy = append(v.tidy, do)
	} else {
		v.apply = append(v.apply, do)
	}
	return nil
}

// lookSource notes how the policies of the source's repositories change, and
// gives the ARNs of those that will have a statement of ours. Those of accounts
// that are out of reach are noted with what they have to say.
func (s Setup) lookSource(ctx context.Context, r Request, before memory, v *View) ([]string, error) {
	grants := r.Grants(v.Roles)
	var wanted, attached []string
	for _, g := range grants {
		if g.Service == "kms" {
			v.byHand(g)
			continue
		}
		wanted = append(wanted, g.Address())
		if r.SkipSource {
			continue
		}
		out, err := s.grant(ctx, r, g, v)
		if err != nil {
			return nil, err
		}
		if out {
			attached = append(attached, g.Address())
		}
	}
	for _, arn := range without(before.Repositories, wanted) {
		reached, err := s.grant(ctx, r, policy.GrantAt(arn), v)
		if err != nil {
			return nil, err
		}
		if !reached {
			attached = append(attached, arn) // it still is
		}
	}
	for _, arn := range before.Repositories {
		if r.SkipSource && slices.Contains(wanted, arn) {
			attached = append(attached, arn)
		}
	}
	slices.Sort(attached)
	return slices.Compact(attached), nil
}

// grant notes how the policy of one repository of the source changes; false
// where its account is out of reach. A grant without statements is to be taken
// away.
func (s Setup) grant(ctx context.Context, r Request, g policy.Grant, v *View) (bool, error) {
	account, region := g.Where()
	cfg, err := s.Source(ctx, account, region)
	if fault.Is(err, fault.Refused) {
		v.elsewhere(g, err)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	merge := func(ctx context.Context, dry bool) (prepare.Attachment, error) {
		return prepare.Attach(ctx, cfg, g, account, policy.Ours(r.key()), dry)
	}
	out, err := merge(ctx, true)
	if fault.Is(err, fault.Refused) {
		v.elsewhere(g, err)
		return false, nil
	}
	if fault.Is(err, fault.NotFound) && len(g.Statements) == 0 {
		return true, nil // it has gone
	}
	if fault.Is(err, fault.NotFound) && g.Service == "s3" {
		return false, fault.Hint(err, "the stop and the bans are read there: correct store in the app file, or --store")
	}
	if fault.Is(err, fault.NotFound) {
		return false, fault.Hint(err, "the images come from there: correct account, region and appName, or push one first")
	}
	if err != nil || len(out.Changes) == 0 {
		return true, err
	}
	v.Policies = append(v.Policies, Attached(out))
	do := func(ctx context.Context) error {
		_, err := merge(ctx, false)
		return err
	}
	if len(g.Statements) == 0 {
		v.tidy = append(v.tidy, do)
	} else {
		v.apply = append(v.apply, do)
	}
	return true, nil
}

// elsewhere notes what an account out of reach has to say.
func (v *View) elsewhere(g policy.Grant, why error) {
	one := Elsewhere{Repository: g.Name(), Why: why.Error()}
	one.Account, one.Region = g.Where()
	if g.Service == "s3" {
		one.Repository, one.Bucket = "", g.Name()
	}
	if len(g.Statements) > 0 {
		one.Policy = policy.JSON(policy.New(g.Statements...))
	}
	v.Elsewhere = append(v.Elsewhere, one)
}
