package imagesync_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/registries"
	"falkirk/test/emulators"
	"falkirk/test/images"
)

// two are two accounts, each an emulator of its own.
type two map[string]*emulators.Server

func (a two) Config(_ context.Context, account, region string) (aws.Config, error) {
	return a[account].Config(region), nil
}

// Production pulls from another account's ECR: repositories are made as the job
// says, the tag moves when the source's does, and nothing is put twice.
func TestBetweenAccounts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dev, prd := emulators.ECR(t, "111111111111", "shop/api"), emulators.ECR(t, "222222222222")
	source := images.At(dev.Host())
	first := must(t)(source.Index(ctx, "shop/api", "test", 2, 1))
	must(t)(source.Image(ctx, "shop/api", "other", 2))
	set := imagesync.Defaults()
	set.Source, set.Destination = "ecr:us-east-1", "ecr:us-east-1/copied"
	set.SourceAccount, set.Account = "dev", "prd"
	set.Repositories = []string{"shop/*"}
	set.Create.Lifecycle = `{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}`
	run := func() (*imagesync.Result, error) {
		j, err := imagesync.New(set, imagesync.Options{Registries: registries.New(two{"dev": dev, "prd": prd})})
		if err != nil {
			t.Fatal(err)
		}
		return j.Run(ctx)
	}
	r, err := run()
	if err != nil {
		t.Fatal(err)
	}
	expect(t, states(r), map[string]imagesync.State{"copied/shop/api:test": imagesync.Absent})
	if r.Manifests != 3 || len(r.Made) != 1 || r.Items[0].Pushed.IsZero() || r.Items[0].Lag == "" {
		t.Errorf("the first: %+v", r)
	}
	cli := prd.CLI(t)
	if got := cli.Must(t, "ecr", "describe-images", "--repository-name", "copied/shop/api", "--image-ids", "imageTag=test", "--query", "imageDetails[0].imageDigest", "--output", "text"); strings.TrimSpace(got) != first.Digest {
		t.Errorf("the tag is on %s, want %s", got, first.Digest)
	}
	if got := cli.Must(t, "ecr", "get-lifecycle-policy", "--repository-name", "copied/shop/api", "--query", "lifecyclePolicyText", "--output", "text"); !strings.Contains(got, "countNumber") {
		t.Errorf("the lifecycle policy is %s", got)
	}
	if r, err = run(); err != nil || r.Counts[imagesync.Same] != 1 || r.Manifests+r.Uploaded != 0 {
		t.Errorf("the second: %+v, %v", r, err)
	}
	now := must(t)(source.Index(ctx, "shop/api", "test", 2, 3))
	if r, err = run(); err != nil || r.Items[0].Was != first.Digest || r.Items[0].Digest != now.Digest {
		t.Errorf("after the tag has moved: %+v, %v", r, err)
	}
}

// A tag that cannot be moved is told with what it is on; a repository that may
// not be made, too.
func TestFixedTags(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dev, prd := emulators.ECR(t, "111111111111", "api"), emulators.ECR(t, "222222222222")
	source := images.At(dev.Host())
	first := must(t)(source.Image(ctx, "api", "test", 1))
	set := imagesync.Defaults()
	set.Source, set.Destination, set.SourceAccount, set.Account, set.Repositories = "ecr:us-east-1", "ecr:us-east-1/copied", "dev", "prd", []string{"api"}
	run := func() (*imagesync.Result, error) {
		j, err := imagesync.New(set, imagesync.Options{Registries: registries.New(two{"dev": dev, "prd": prd})})
		if err != nil {
			t.Fatal(err)
		}
		return j.Run(ctx)
	}
	set.Create.Never = true
	if _, err := run(); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "no repository copied/api") {
		t.Errorf("a repository that may not be made: %v", err)
	}
	set.Create.Never, set.Create.Immutable = false, true
	if _, err := run(); err != nil {
		t.Fatal(err)
	}
	must(t)(source.Image(ctx, "api", "test", 2))
	r, err := run()
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "cannot be moved") || !strings.Contains(err.Error(), first.Digest) {
		t.Errorf("a tag that cannot be moved: %v", err)
	}
	expect(t, states(r), map[string]imagesync.State{"copied/api:test": imagesync.Refused})
	if got := digest(t, prd.Host(), "copied/api", "test"); got != first.Digest {
		t.Errorf("the tag is on %s, want %s", got, first.Digest)
	}
}

// What an interrupted run has left without a tag is not put again: ECR counts
// that.
func TestNoChildIsPutTwice(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dev, prd := emulators.ECR(t, "111111111111", "api"), emulators.ECR(t, "222222222222", "copied/api")
	d := must(t)(images.At(dev.Host()).Index(ctx, "api", "test", 2, 1))
	must(t)(images.At(prd.Host()).Index(ctx, "copied/api", "", 2, 1)) // under its digest alone
	prd.CLI(t).Must(t, "ecr", "batch-delete-image", "--repository-name", "copied/api", "--image-ids", "imageDigest="+d.Digest)
	set := imagesync.Defaults()
	set.Source, set.Destination, set.SourceAccount, set.Account, set.Repositories = "ecr:us-east-1", "ecr:us-east-1/copied", "dev", "prd", []string{"api"}
	j, err := imagesync.New(set, imagesync.Options{Registries: registries.New(two{"dev": dev, "prd": prd})})
	if err != nil {
		t.Fatal(err)
	}
	r, err := j.Run(ctx)
	if err != nil || r.Manifests != 1 {
		t.Errorf("%d manifests were put, want the index alone: %+v, %v", r.Manifests, r, err)
	}
}
