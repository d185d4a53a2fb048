// Package eks asks Amazon EKS about a cluster: how it is reached, the token that
// it takes, the roles of its nodes, and which roles its service accounts stand
// for.
package eks

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"falkirk/internal/aws/account"
	"falkirk/internal/fault"
)

// Client is EKS in one account and region.
type Client struct {
	api    *eks.Client
	sts    *sts.PresignClient
	region string
}

// New makes a client.
func New(cfg aws.Config) *Client {
	return &Client{eks.NewFromConfig(cfg), sts.NewPresignClient(sts.NewFromConfig(cfg)), cfg.Region}
}

// Cluster is how a cluster is reached.
type Cluster struct {
	ARN      string
	Endpoint string
	CA       []byte // PEM of who signs for it
	NodeRole string // ARN, where EKS itself runs the nodes (Auto Mode); "" otherwise
}

// Cluster describes one; fault.NotFound if there is none of that name.
func (c *Client) Cluster(ctx context.Context, name string) (Cluster, error) {
	out, err := c.api.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String(name)})
	if err != nil {
		return Cluster{}, c.explain("DescribeCluster", name, err)
	}
	found := out.Cluster
	if found.Status != types.ClusterStatusActive && found.Status != types.ClusterStatusUpdating {
		return Cluster{}, fault.New(fault.Unavailable, "EKS cluster %s in %s is %s", name, c.region, found.Status)
	}
	one := Cluster{ARN: aws.ToString(found.Arn), Endpoint: aws.ToString(found.Endpoint)}
	if found.CertificateAuthority != nil {
		if one.CA, err = base64.StdEncoding.DecodeString(aws.ToString(found.CertificateAuthority.Data)); err != nil {
			return one, fault.New(fault.Unavailable, "EKS gives a certificate of cluster %s that cannot be read: %w", name, err)
		}
	}
	if found.ComputeConfig != nil {
		one.NodeRole = aws.ToString(found.ComputeConfig.NodeRoleArn)
	}
	return one, nil
}

// Token is what a cluster takes as proof of who one is: a question to STS that
// is signed for this cluster, and that the cluster asks. It is good for 14
// minutes, and made anew for each request without asking anybody.
// https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html
func (c *Client) Token(ctx context.Context, cluster string) (string, error) {
	signed, err := c.sts.PresignGetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.PresignOptions) {
		o.ClientOptions = append(o.ClientOptions, sts.WithAPIOptions(
			smithyhttp.SetHeaderValue("x-k8s-aws-id", cluster), smithyhttp.SetHeaderValue("X-Amz-Expires", "60")))
	})
	if err != nil {
		return "", fmt.Errorf("log in to cluster %s: %w", cluster, account.Classify(err))
	}
	return "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte(signed.URL)), nil
}

// NodeRoles are the ARNs of the roles of a cluster's managed node groups, and of
// the nodes that EKS runs by itself. Nodes that join on their own are not known
// to EKS.
func (c *Client) NodeRoles(ctx context.Context, cluster string) ([]string, error) {
	about, err := c.Cluster(ctx, cluster)
	if err != nil {
		return nil, err
	}
	var all []string
	if about.NodeRole != "" {
		all = append(all, about.NodeRole)
	}
	pages := eks.NewListNodegroupsPaginator(c.api, &eks.ListNodegroupsInput{ClusterName: aws.String(cluster)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, c.explain("ListNodegroups", cluster, err)
		}
		for _, group := range page.Nodegroups {
			out, err := c.api.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: aws.String(cluster), NodegroupName: aws.String(group)})
			if err != nil {
				return nil, c.explain("DescribeNodegroup", cluster+"/"+group, err)
			}
			all = append(all, aws.ToString(out.Nodegroup.NodeRole))
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// explain says what was asked of whom, and what would be needed.
func (c *Client) explain(action, what string, err error) error {
	if err == nil {
		return nil
	}
	var missing *types.ResourceNotFoundException
	err = account.Classify(err)
	if errors.As(err, &missing) {
		err = fault.New(fault.NotFound, "%w", err)
	}
	err = fmt.Errorf("eks:%s of %s in %s: %w", action, what, c.region, err)
	if fault.Is(err, fault.Refused) && fault.HintOf(err) == "" {
		return fault.Hint(err, "allow eks:%s to your role", action)
	}
	return err
}
