package eks

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"falkirk/internal/fault"
)

// Subject is a service account of a cluster.
type Subject struct{ Cluster, Namespace, Account string }

// Association says which role a service account stands for, by EKS Pod
// Identity.
type Association struct {
	ID   string
	Role string // ARN
	Tags map[string]string
}

// Association is that of a service account; false if it has none.
func (c *Client) Association(ctx context.Context, s Subject) (Association, bool, error) {
	list, err := c.api.ListPodIdentityAssociations(ctx, &eks.ListPodIdentityAssociationsInput{
		ClusterName: aws.String(s.Cluster), Namespace: aws.String(s.Namespace), ServiceAccount: aws.String(s.Account),
	})
	if err != nil {
		return Association{}, false, c.explain("ListPodIdentityAssociations", s.Cluster, err)
	}
	if len(list.Associations) == 0 {
		return Association{}, false, nil
	}
	id := list.Associations[0].AssociationId
	out, err := c.api.DescribePodIdentityAssociation(ctx, &eks.DescribePodIdentityAssociationInput{ClusterName: aws.String(s.Cluster), AssociationId: id})
	if err != nil {
		return Association{}, false, c.explain("DescribePodIdentityAssociation", s.Cluster, err)
	}
	one := out.Association
	return Association{ID: aws.ToString(id), Role: aws.ToString(one.RoleArn), Tags: one.Tags}, true, nil
}

// Associate lets a service account stand for a role.
func (c *Client) Associate(ctx context.Context, s Subject, role string, tags map[string]string) error {
	_, err := c.api.CreatePodIdentityAssociation(ctx, &eks.CreatePodIdentityAssociationInput{
		ClusterName: aws.String(s.Cluster), Namespace: aws.String(s.Namespace), ServiceAccount: aws.String(s.Account),
		RoleArn: aws.String(role), Tags: tags,
	})
	var there *types.ResourceInUseException
	if errors.As(err, &there) {
		return fault.New(fault.Conflict, "service account %s/%s of cluster %s has got another role meanwhile: %w", s.Namespace, s.Account, s.Cluster, err)
	}
	if err != nil {
		return c.explain("CreatePodIdentityAssociation", s.Cluster, err)
	}
	return nil
}

// Reassociate gives the service account of an association another role.
func (c *Client) Reassociate(ctx context.Context, s Subject, id, role string) error {
	_, err := c.api.UpdatePodIdentityAssociation(ctx, &eks.UpdatePodIdentityAssociationInput{
		ClusterName: aws.String(s.Cluster), AssociationId: aws.String(id), RoleArn: aws.String(role),
	})
	if err != nil {
		return c.explain("UpdatePodIdentityAssociation", s.Cluster, err)
	}
	return nil
}

// Dissociate takes an association away; one that has gone is no error.
func (c *Client) Dissociate(ctx context.Context, s Subject, id string) error {
	_, err := c.api.DeletePodIdentityAssociation(ctx, &eks.DeletePodIdentityAssociationInput{ClusterName: aws.String(s.Cluster), AssociationId: aws.String(id)})
	if err = c.explain("DeletePodIdentityAssociation", s.Cluster, err); fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
