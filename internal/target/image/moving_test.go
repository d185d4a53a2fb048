package image_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/target/image"
	"falkirk/test/emulators"
)

func landing(env, account, region, settings string) delivery.Landing {
	return delivery.Landing{
		Place: delivery.Place{Environment: env, Account: account, Region: region}, Component: "api", Target: image.Kind, Settings: json.RawMessage(settings),
	}
}

// In a repository move the tags of its environments and what the target notes,
// and no others.
func TestOnlyTheTagsOfEnvironmentsMove(t *testing.T) {
	t.Parallel()
	id := func(name string) string { return map[string]string{"sat": "2", "prd": "3"}[name] }
	app := []delivery.Landing{
		landing("sat", "sat", "eu-west-1", `{"repository":"shop/api"}`),
		landing("prd", "prd", "eu-west-1", `{"repository":"shop/api"}`),
		landing("blue", "prd", "eu-west-1", `{"repository":"shop/api","tag":"live"}`),
		landing("us", "prd", "us-east-1", `{"repository":"shop/api"}`),
		landing("other", "prd", "eu-west-1", `{"repository":"shop/web"}`),
		landing("far", "sat", "eu-west-1", `{"repository":"shop/api","registry":"333333333333.dkr.ecr.eu-west-1.amazonaws.com"}`),
	}
	for _, one := range []struct {
		account, region, repository string
		want                        []string
	}{
		{"2", "eu-west-1", "shop/api", []string{"sat", "falkirk.*"}},
		{"3", "eu-west-1", "shop/api", []string{"live", "prd", "falkirk.*"}},
		{"3", "us-east-1", "shop/api", []string{"us", "falkirk.*"}},
		{"333333333333", "eu-west-1", "shop/api", []string{"far", "falkirk.*"}},
		{"3", "eu-west-1", "shop/none", nil},
	} {
		if got := image.Moving(app, id, one.account, one.region, one.repository); !slices.Equal(got, one.want) {
			t.Errorf("in %s of %s move %q", one.repository, one.account, got)
		}
	}
	for i := range 5 {
		app = append(app, landing(fmt.Sprint("e", i), "sat", "eu-west-1", `{"repository":"shop/api"}`))
	}
	if got := image.Moving(app, id, "2", "eu-west-1", "shop/api"); got != nil {
		t.Errorf("of six environments move %q: ECR takes five patterns", got)
	}
}

// The repository that the target makes refuses to move the tag of a release, and
// lets that of the environment move, as the AWS CLI sees it.
func TestTheRepositoryKeepsTheTagsOfReleases(t *testing.T) {
	t.Parallel()
	server := emulators.Moto(t)
	w := newWorld(t, image.Settings{Repository: "shop/api", Create: true})
	w.in("prod", image.Options{Accounts: accounts{"prod": server}})
	w.pack("1.0.0", multi(t))
	steps := w.target.Plan(delivery.Provision, w.placement("1.0.0"), w.observe("1.0.0"))
	if _, err := w.target.Do(t.Context(), w.placement("1.0.0"), steps[0], func(delivery.Progress) {}); err != nil {
		t.Fatal(err)
	}
	var made struct {
		Repositories []struct {
			ImageTagMutability                 string
			ImageTagMutabilityExclusionFilters []struct{ Filter string }
		}
	}
	server.CLI(t).JSON(t, &made, "ecr", "describe-repositories", "--repository-names", "shop/api")
	r := made.Repositories[0]
	var filters []string
	for _, f := range r.ImageTagMutabilityExclusionFilters {
		filters = append(filters, f.Filter)
	}
	if r.ImageTagMutability != "IMMUTABLE_WITH_EXCLUSION" || !slices.Equal(filters, []string{"prd", "falkirk.*"}) {
		t.Errorf("its tags are %s but for %q", r.ImageTagMutability, filters)
	}
}
