package syncsetup

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"falkirk/internal/aws/eks"
	"falkirk/internal/aws/policy"
	"falkirk/internal/fault"
	"falkirk/internal/kube"
)

// LookRemoval finds out what Remove would take away: what the schedule remembers
// and, as far as it is known, what a run attached that did not come to the
// schedule. Repositories with their images stay.
func (s Setup) LookRemoval(ctx context.Context, r Request) (View, error) {
	v := View{Cluster: r.Spec.Cluster}
	there, err := s.present(ctx, r, &v)
	if err != nil {
		return v, err
	}
	for _, k := range there.Foreign {
		v.Notes = append(v.Notes, k.String()+" stays: Falkirk did not make it for this app")
	}
	if !r.NoAWS {
		if err := s.lookDetach(ctx, r, remembered(there), &v); err != nil {
			return v, err
		}
	}
	for _, k := range there.Ours {
		v.Objects = append(v.Objects, kube.Change{Sign: "-", Kind: k.Kind, Namespace: k.Namespace, Name: k.Name})
	}
	return v, nil
}

// present is what of the schedule is in the cluster; nothing where that has gone.
func (s Setup) present(ctx context.Context, r Request, v *View) (kube.Present, error) {
	cluster, err := s.Cluster(ctx)
	if fault.Is(err, fault.NotFound) && !r.NoAWS {
		v.Notes = append(v.Notes, "cluster "+r.Spec.Cluster+" is not there any more")
		return kube.Present{}, nil
	}
	if err != nil {
		return kube.Present{}, err
	}
	v.Cluster = cluster.Name()
	return cluster.Look(ctx, r.keys(), r.own())
}

func (s Setup) lookDetach(ctx context.Context, r Request, before memory, v *View) error {
	cfg, err := s.Own(ctx, r.Region)
	if err != nil {
		return err
	}
	now, err := r.roles(ctx, cfg)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	api := iam.NewFromConfig(cfg)
	for _, role := range without(append(slices.Clone(before.Roles), now...), []string{""}) {
		if err := v.rolePolicy(ctx, inline{api, role, r.PolicyName()}, nil); err != nil {
			return err
		}
	}
	var wanted []string
	for _, g := range r.Grants(nil) {
		if g.Service != "kms" {
			wanted = append(wanted, g.Address())
		}
	}
	for _, arn := range without(append(slices.Clone(before.Repositories), wanted...), nil) {
		if r.SkipSource {
			continue
		}
		if _, err := s.grant(ctx, r, policy.GrantAt(arn), v); err != nil {
			return err
		}
	}
	asked := r
	asked.Identity = Node // whatever it was
	err = v.identity(ctx, eks.New(cfg), asked, before.PodIdentity || r.Identity == PodIdentity)
	if fault.Is(err, fault.NotFound) {
		return nil // the cluster has gone
	}
	return err
}

// Remove does what LookRemoval has found. The schedule goes after what it
// remembers; what an account out of reach has to do does not keep it.
func (s Setup) Remove(ctx context.Context, r Request, v View) (View, error) {
	for _, do := range v.tidy {
		if err := do(ctx); err != nil {
			return v, err
		}
	}
	if len(v.Objects) > 0 {
		cluster, err := s.Cluster(ctx)
		if err != nil {
			return v, err
		}
		keys := r.keys()
		slices.Reverse(keys)
		if v.Objects, err = cluster.Remove(ctx, keys, r.own()); err != nil {
			return v, err
		}
	}
	if len(v.Elsewhere) > 0 {
		return v, waits(v)
	}
	return v, nil
}
