package syncsetup

import (
	"context"

	"falkirk/internal/aws/policy"
	"falkirk/internal/fault"
)

// Apply does what Look has found: first what the schedule needs, then the
// schedule, and last goes what nobody needs any more. What is to be done
// elsewhere should have been done before.
func (s Setup) Apply(ctx context.Context, v View) (View, error) {
	cluster, err := s.Cluster(ctx)
	if err != nil {
		return v, err
	}
	for _, do := range v.apply {
		if err := do(ctx); err != nil {
			return v, err
		}
	}
	if len(v.tidy) > 0 {
		if _, err = cluster.Apply(ctx, v.interim); err != nil {
			return v, err
		}
	}
	for _, do := range v.tidy {
		if err := do(ctx); err != nil {
			return v, err
		}
	}
	_, err = cluster.Apply(ctx, v.wanted)
	return v, err
}

// waits says that somebody in another account has to do his part.
func waits(v View) error {
	one := v.Elsewhere[0]
	return fault.New(fault.Pending, "account %s is out of reach of these credentials, and the policy of %s there is not as it must be", one.Account, one.Resource())
}

// Resource is what has to say it.
func (e Elsewhere) Resource() string {
	if e.Bucket != "" {
		return "bucket " + e.Bucket
	}
	return "repository " + e.Repository
}

// LookGrant finds out what is missing in the policies of the source's repositories
// and of the store's bucket so that roles of another account may read them; with remove,
// what of ours is in them. It is for a person who works in the account of the
// source or of the store, and fails where neither is in reach. GrantAll does it.
func (s Setup) LookGrant(ctx context.Context, r Request, roles []string, remove bool) (View, error) {
	v := View{Roles: roles}
	grants := r.Grants(roles)
	if len(grants) == 0 {
		return v, fault.New(fault.Invalid, "%s is no registry of another account in ECR: nothing is to be said there", r.Job.Source)
	}
	there := 0
	for _, g := range grants {
		if g.Service == "kms" {
			v.byHand(g)
			continue
		}
		if remove {
			g.Statements = nil
		}
		reached, err := s.grant(ctx, r, g, &v)
		if err != nil {
			return v, err
		}
		if reached {
			there++
		}
	}
	if there == 0 {
		one := v.Elsewhere[0]
		err := fault.New(fault.Refused, "%s of account %s: %s", one.Resource(), one.Account, one.Why)
		return v, fault.Hint(err, "log in there, or give --source-profile or --source-as")
	}
	return v, nil
}

// byHand notes what a key must say: its policy is its owner's.
func (v *View) byHand(g policy.Grant) {
	v.Notes = append(v.Notes, "add to the policy of key "+g.Resource+": "+policy.JSON(g.Statements))
}

// GrantAll does what LookGrant has found.
func (s Setup) GrantAll(ctx context.Context, v View) error {
	for _, do := range append(v.apply, v.tidy...) {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}
