package eks

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/fault"
	"falkirk/test/cloud"
	"falkirk/test/cloud/podidentity"
)

const region = "eu-west-1"

func TestRolesOfNodes(t *testing.T) {
	t.Parallel()
	s := cloud.Moto(t)
	cli, c := s.CLI(t), New(s.Config(region))
	if _, err := c.Cluster(t.Context(), "prd"); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "prd in eu-west-1") {
		t.Errorf("no cluster: %v", err)
	}
	cli.Must(t, "eks", "create-cluster", "--region", region, "--name", "prd", "--role-arn", "arn:aws:iam::123456789012:role/c", "--resources-vpc-config", "subnetIds=s")
	for group, role := range map[string]string{"a": "one", "b": "two", "c": "one"} {
		cli.Must(t, "eks", "create-nodegroup", "--region", region, "--cluster-name", "prd", "--nodegroup-name", group, "--node-role", "arn:aws:iam::123456789012:role/"+role, "--subnets", "s")
	}
	roles, err := c.NodeRoles(t.Context(), "prd")
	if err != nil || !slices.Equal(roles, []string{"arn:aws:iam::123456789012:role/one", "arn:aws:iam::123456789012:role/two"}) {
		t.Errorf("%s %v", roles, err)
	}
	about, err := c.Cluster(t.Context(), "prd")
	if err != nil || about.ARN != "arn:aws:eks:eu-west-1:123456789012:cluster/prd" || !strings.HasPrefix(about.Endpoint, "https://") || len(about.CA) == 0 {
		t.Errorf("%+v %v", about, err)
	}
}

// TestATokenProvesWhoAsks asks STS what the cluster would ask it.
func TestATokenProvesWhoAsks(t *testing.T) {
	t.Parallel()
	s := cloud.Moto(t)
	token, err := New(s.Config(region)).Token(t.Context(), "prd")
	if err != nil {
		t.Fatal(err)
	}
	signed, ok := strings.CutPrefix(token, "k8s-aws-v1.")
	address, err := base64.RawURLEncoding.DecodeString(signed)
	if err != nil || !ok || !strings.HasPrefix(string(address), s.URL) {
		t.Fatalf("%s %v", address, err)
	}
	for _, want := range []string{"Action=GetCallerIdentity", "X-Amz-Expires=60", "x-k8s-aws-id", "X-Amz-Signature="} {
		if !strings.Contains(string(address), want) {
			t.Errorf("no %s in %s", want, address)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, string(address), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-K8s-Aws-Id", "prd")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("STS answers %s %v", res.Status, err)
	}
}

// TestAServiceAccountStandsForARole is against our own fake; the AWS CLI is the
// other client of it.
func TestAServiceAccountStandsForARole(t *testing.T) {
	t.Parallel()
	fake := (&cloud.Server{}).At(podidentity.Before(t, "http://127.0.0.1:1"))
	cli := fake.CLI(t)
	c, who := New(fake.Config(region)), Subject{Cluster: "prd", Namespace: "shop", Account: "sync"}
	ctx := t.Context()
	if _, there, err := c.Association(ctx, who); there || err != nil {
		t.Errorf("%v %v", there, err)
	}
	if err := c.Associate(ctx, who, "arn:aws:iam::123456789012:role/one", map[string]string{"a": "b"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Associate(ctx, who, "arn:aws:iam::123456789012:role/one", nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("again: %v", err)
	}
	now, there, err := c.Association(ctx, who)
	if err != nil || !there || now.Role != "arn:aws:iam::123456789012:role/one" || now.Tags["a"] != "b" {
		t.Errorf("%+v %v", now, err)
	}
	if err := c.Reassociate(ctx, who, now.ID, "arn:aws:iam::123456789012:role/two"); err != nil {
		t.Error(err)
	}
	if got := cli.Must(t, "eks", "describe-pod-identity-association", "--region", region, "--cluster-name", "prd", "--association-id", now.ID); !strings.Contains(got, "role/two") {
		t.Errorf("the AWS CLI says %s", got)
	}
	for range 2 {
		if err := c.Dissociate(ctx, who, now.ID); err != nil {
			t.Error(err)
		}
	}
	if got := cli.Must(t, "eks", "list-pod-identity-associations", "--region", region, "--cluster-name", "prd"); strings.Contains(got, "a-0") {
		t.Errorf("the AWS CLI says %s", got)
	}
}
