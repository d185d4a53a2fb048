package image_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"context"
	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/image"
	"falkirk/test/cloud"
)

// keyed is one account with credentials of somebody in it.
type keyed struct {
	server     *cloud.Server
	id, secret string
}

func (k keyed) Config(_ context.Context, _, region string) (aws.Config, error) {
	cfg := k.server.Config(region)
	cfg.Credentials = credentials.NewStaticCredentialsProvider(k.id, k.secret, "")
	return cfg, nil
}

// inMoto are the actions that moto has; those of the registry's own protocol it
// has not.
func inMoto() []string {
	return []string{
		"ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:PutImage",
		"ecr:BatchDeleteImage", "ecr:CreateRepository",
	}
}

// The derived policy lets all be done, and without any one of its actions
// something cannot be, which the error names.
func TestTheNeedsSufficeAndDoNotExceed(t *testing.T) {
	t.Parallel()
	all := image.Needs(nil)(newWorld(t, image.Settings{Repository: "shop/api", Create: true}).placement(""),
		policy.Scope{Partition: "aws", Account: cloud.Root, Region: "us-east-1"})
	for _, without := range append([]string{""}, inMoto()...) {
		t.Run(strings.TrimPrefix(without, "ecr:"), func(t *testing.T) {
			t.Parallel()
			err := enforced(t, without, all)
			if without == "" && err != nil {
				t.Errorf("with all that is needed: %v", err)
			}
			if without != "" && (!fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), without+" ")) {
				t.Errorf("without %s: %v (%s)", without, err, fault.HintOf(err))
			}
		})
	}
}

// enforced goes through the phases with a policy in force.
func enforced(t *testing.T, without string, all []policy.Statement) error {
	moto := cloud.Moto(t)
	c := moto.CLI(t)
	statements := slices.Clone(all)
	for i := range statements {
		statements[i].Resources = []string{"*"} // moto knows resources of S3 only
		statements[i].Actions = slices.DeleteFunc(slices.Clone(statements[i].Actions), func(a string) bool { return a == without })
	}
	statements = slices.DeleteFunc(statements, func(s policy.Statement) bool { return len(s.Actions) == 0 })
	document, err := json.Marshal(map[string]any{"Version": policy.Version, "Statement": statements})
	if err != nil {
		t.Fatal(err)
	}
	c.Must(t, "iam", "create-user", "--user-name", "role")
	c.Must(t, "iam", "put-user-policy", "--user-name", "role", "--policy-name", "needs", "--policy-document", string(document))
	var key struct {
		AccessKey struct{ AccessKeyID, SecretAccessKey string }
	}
	c.JSON(t, &key, "iam", "create-access-key", "--user-name", "role")
	w := newWorld(t, image.Settings{Repository: "shop/api", Create: true})
	w.in("", image.Options{Accounts: keyed{moto, key.AccessKey.AccessKeyID, key.AccessKey.SecretAccessKey}})
	w.pack("1.4.0", multi(t))
	w.pack("1.5.0", multi(t))
	enforce(t, moto, "0")
	p := w.placement("1.4.0")
	now, err := w.target.Observe(t.Context(), p)
	if err != nil {
		return err
	}
	steps := w.target.Plan(delivery.Provision, p, now)
	if _, err := w.target.Do(t.Context(), p, steps[0], nil); err != nil { // makes the repository
		return err
	}
	enforce(t, moto, "inf")
	w.seed(c, "1.4.0", "1.5.0")
	enforce(t, moto, "0")
	for _, version := range []string{"1.4.0", "1.5.0"} {
		if _, err := w.try(t.Context(), delivery.Promote, w.placement(version)); err != nil {
			return err
		}
	}
	p = w.placement("1.5.0")
	p.Remove = []string{"1.4.0"}
	_, err = w.try(t.Context(), delivery.Prune, p)
	return err
}

// enforce has moto check permissions after so many calls.
func enforce(t *testing.T, s *cloud.Server, after string) {
	t.Helper()
	res, err := http.Post(s.URL+"/moto-api/reset-auth", "text/plain", strings.NewReader(after))
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("reset-auth: %s, %v", res.Status, err)
	}
}
