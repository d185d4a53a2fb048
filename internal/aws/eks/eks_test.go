package eks

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/fault"
	"falkirk/test/emulators"
	"falkirk/test/emulators/podidentity"
)

const region = "eu-west-1"

func TestRolesOfNodes(t *testing.T) {
	t.Parallel()
	s := emulators.Moto(t)
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

// TestATokenIsThatOfTheAWSCLI makes tokens while the AWS CLI makes one: of the same
// second they are the same, with their signature. No emulator reads them.
func TestATokenIsThatOfTheAWSCLI(t *testing.T) {
	t.Parallel()
	s := (&emulators.Server{}).At("http://127.0.0.1:1") // nobody is asked
	c := New(s.Config(region))
	var theirs struct{ Status struct{ Token string } }
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.CLI(t).JSON(t, &theirs, "eks", "get-token", "--region", region, "--cluster-name", "prd")
	}()
	ours := map[string]url.Values{}
	for running := true; running; {
		token, err := c.Token(t.Context(), "prd")
		if err != nil {
			t.Fatal(err)
		}
		q := question(t, token)
		ours[q.Get("X-Amz-Date")] = q
		select {
		case <-done:
			running = false
		case <-time.After(50 * time.Millisecond): // the CLI ends
		}
	}
	want := question(t, theirs.Status.Token)
	got, ok := ours[want.Get("X-Amz-Date")]
	if d := cmp.Diff(want, got); !ok || d != "" {
		t.Errorf("%s", d)
	}
}

// question is what is asked of STS in a token.
func question(t *testing.T, token string) url.Values {
	t.Helper()
	signed, ok := strings.CutPrefix(token, "k8s-aws-v1.")
	raw, err := base64.RawURLEncoding.DecodeString(signed)
	if err != nil || !ok {
		t.Fatalf("%s: %v", token, err)
	}
	at, err := url.Parse(string(raw))
	if err != nil || at.Host != "127.0.0.1:1" || at.Path != "/" {
		t.Fatalf("%s: %v", raw, err)
	}
	return at.Query()
}

// TestAServiceAccountStandsForARole is against our own fake; the AWS CLI is the
// other client of it.
func TestAServiceAccountStandsForARole(t *testing.T) {
	t.Parallel()
	fake := (&emulators.Server{}).At(podidentity.Before(t, "http://127.0.0.1:1"))
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
