package syncsetup

import (
	"context"

	"falkirk/internal/aws/eks"
	"falkirk/internal/fault"
)

// identity notes how the role of the pod's service account changes in EKS, where
// that is or was by Pod Identity.
func (v *View) identity(ctx context.Context, api *eks.Client, r Request, before bool) error {
	if r.Identity != PodIdentity && !before {
		return nil
	}
	subject := eks.Subject{Cluster: r.Spec.Cluster, Namespace: r.Spec.Namespace, Account: r.Spec.Name}
	now, there, err := api.Association(ctx, subject)
	if err != nil {
		return err
	}
	ours := now.Tags["falkirk:sync"] == r.tags()["falkirk:sync"]
	switch {
	case r.Identity != PodIdentity && there && ours:
		v.Identity = "- " + now.Role
		v.tidy = append(v.tidy, func(ctx context.Context) error { return api.Dissociate(ctx, subject, now.ID) })
	case r.Identity != PodIdentity || there && now.Role == r.Role:
	case there && !ours:
		err := fault.New(fault.Conflict, "service account %s/%s of cluster %s stands for role %s, which Falkirk did not say", r.Spec.Namespace, r.Spec.Name, r.Spec.Cluster, now.Role)
		return fault.Hint(err, "take that role with --role, or another name with --name")
	case there:
		v.Identity = "~ " + r.Role
		v.apply = append(v.apply, func(ctx context.Context) error { return api.Reassociate(ctx, subject, now.ID, r.Role) })
	default:
		v.Identity = "+ " + r.Role
		v.apply = append(v.apply, func(ctx context.Context) error { return api.Associate(ctx, subject, r.Role, r.tags()) })
	}
	return nil
}
