package registries_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/policy"
	"falkirk/internal/fault"
	"falkirk/internal/registries"
	"falkirk/test/emulators"
)

// user is one account with the credentials of somebody in it.
type user struct {
	server *emulators.Server
	cli    emulators.CLI
}

func (u user) Config(_ context.Context, _, region string) (aws.Config, error) {
	return u.cli.Config(u.server, region), nil
}

// The four actions that k9's document lets another account do suffice to see
// what can be copied.
func TestWhoMayOnlyPullSeesTheTags(t *testing.T) {
	t.Parallel()
	s := emulators.Judging(t)
	s.CLI(t).Must(t, "ecr", "create-repository", "--repository-name", "shop/api")
	s.CLI(t).Must(t, "ecr", "put-image", "--repository-name", "shop/api", "--image-tag", "test", "--image-manifest",
		`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}`)
	i := policy.Images{From: policy.Registry{Account: emulators.Root, Region: "us-east-1"}, Repositories: []string{"shop/api", "shop/nothing"}}
	u := user{s, s.User(t, "puller", policy.JSON(policy.New(i.Needs()...)))}
	stranger := user{s, s.User(t, "stranger", policy.JSON(policy.New(policy.Statement{Actions: []string{"ecr:GetAuthorizationToken"}, Resources: []string{"*"}})))}
	s.Enforce(t)
	list := func(u user, name string) (registries.Listing, error) {
		r, err := registries.New(u).Repository(t.Context(), registries.Where{Region: "us-east-1", ReadOnly: true}, name)
		if err != nil {
			t.Fatal(err)
		}
		return r.List(t.Context())
	}
	if l, err := list(u, "shop/api"); err != nil || !l.Exists || l.Tags["test"] == "" {
		t.Errorf("%+v, %v", l, err)
	}
	if l, err := list(u, "shop/nothing"); err != nil || l.Exists {
		t.Errorf("what is not there: %+v, %v", l, err)
	}
	if l, err := list(stranger, "shop/api"); !fault.Is(err, fault.Refused) {
		t.Errorf("without leave: %+v, %v", l, err)
	}
}
