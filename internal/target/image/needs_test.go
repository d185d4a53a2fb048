package image_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/image"
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
	moto := emulators.Judging(t)
	admin := moto.Admin(t, emulators.Root)
	worlds := map[string]*world{}
	for i, without := range append([]string{""}, inMoto()...) {
		w := newWorld(t, image.Settings{Repository: fmt.Sprint("shop/api", i), Create: true})
		all := image.Needs(nil)(w.placement(""), policy.Scope{Partition: "aws", Account: emulators.Root, Region: "us-east-1"})
		cli := moto.User(t, fmt.Sprint("user", i), document(t, all, without))
		w.in("", image.Options{Accounts: user{moto, cli}})
		w.pack("1.4.0", multi(t))
		w.pack("1.5.0", multi(t))
		worlds[without] = w
	}
	moto.Enforce(t)
	for without, w := range worlds {
		err := w.phases(admin.Config(moto, "us-east-1"))
		if without == "" && err != nil {
			t.Errorf("with all that is needed: %v", err)
		}
		if without != "" && (!fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), without+" ")) {
			t.Errorf("without %s: %v (%s)", without, err, fault.HintOf(err))
		}
	}
}

// document is a policy without one action.
func document(t *testing.T, all []policy.Statement, without string) string {
	t.Helper()
	statements := slices.Clone(all)
	for i := range statements {
		statements[i].Actions = slices.DeleteFunc(slices.Clone(statements[i].Actions), func(a string) bool { return a == without })
	}
	statements = slices.DeleteFunc(statements, func(s policy.Statement) bool { return len(s.Actions) == 0 })
	raw, err := json.Marshal(map[string]any{"Version": policy.Version, "Statement": statements})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// phases goes through what moto can do of a life.
func (w *world) phases(admin aws.Config) error {
	ctx, p := w.t.Context(), w.placement("1.4.0")
	now, err := w.target.Observe(ctx, p)
	if err != nil {
		return err
	}
	steps := w.target.Plan(delivery.Provision, p, now)
	if _, err := w.target.Do(ctx, p, steps[0], nil); err != nil { // makes the repository
		return err
	}
	w.seed(admin, "1.4.0", "1.5.0")
	for _, version := range []string{"1.4.0", "1.5.0"} {
		if _, err := w.try(ctx, delivery.Promote, w.placement(version)); err != nil {
			return err
		}
	}
	p = w.placement("1.5.0")
	p.Remove = []string{"1.4.0"}
	_, err = w.try(ctx, delivery.Prune, p)
	return err
}

// Pulling from a builds registry takes the four actions that read, and pushing
// there is for the account that it is in.
func TestTheBuildsRegistry(t *testing.T) {
	t.Parallel()
	reference := "111111111111.dkr.ecr.eu-west-1.amazonaws.com/builds/api"
	of := func(string) (string, bool) { return reference, false }
	all := image.Needs(of)(newWorld(t, image.Settings{Repository: "x", Registry: "127.0.0.1:5000", Insecure: true}).placement(""),
		policy.Scope{Partition: "aws", Account: "222222222222", Region: "us-east-1"})
	var pull policy.Statement
	for _, s := range all {
		if s.Sid == "ImagePull" {
			pull = s
		}
	}
	if want := []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"}; !slices.Equal(pull.Actions, want) ||
		!slices.Equal(pull.Resources, []string{"arn:aws:ecr:eu-west-1:111111111111:repository/builds/api"}) || len(all) != 2 {
		t.Errorf("needs are %+v", all)
	}
	account, region, push := image.PushNeeds(reference)
	if account != "111111111111" || region != "eu-west-1" || len(push) != 2 {
		t.Errorf("pushing needs %+v in %s, %s", push, account, region)
	}
	if _, _, none := image.PushNeeds("127.0.0.1:5000/builds/api"); len(none) > 0 {
		t.Errorf("pushing elsewhere needs %+v", none)
	}
}
