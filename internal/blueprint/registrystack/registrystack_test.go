package registrystack_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/blueprint/registrystack"
	"falkirk/test/emulators"
	"falkirk/test/policies"
)

func TestTheTemplateIsClean(t *testing.T) {
	t.Parallel()
	policies.Lint(t, registrystack.Template())
}

// Unless told otherwise, a repository lets nothing move but the environment's tag
// and what the image target notes.
func TestTagsStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	text := string(registrystack.Template())
	for _, want := range []string{
		"Default: IMMUTABLE_WITH_EXCLUSION\n", "FilterValue: !If [HasMovingTags, !Ref MovingTags, !Ref Environment]\n", "FilterValue: \"falkirk.*\"\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the template has no %s", want)
		}
	}
}

// A stack of the template makes the repository, as the AWS CLI sees it. Moto's
// CloudFormation passes over scanning, encryption and policies; cfn-lint reads those.
func TestTheStackMakesARepository(t *testing.T) {
	t.Parallel()
	c := emulators.Moto(t).CLI(t)
	path := filepath.Join(t.TempDir(), "registry.yaml")
	if err := os.WriteFile(path, registrystack.Template(), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Must(t, "cloudformation", "create-stack", "--stack-name", "api", "--template-body", "file://"+path, "--parameters",
		"ParameterKey=RepositoryName,ParameterValue=shop/api", "ParameterKey=App,ParameterValue=shop",
		"ParameterKey=Component,ParameterValue=api", "ParameterKey=Environment,ParameterValue=prd",
		"ParameterKey=TagMutability,ParameterValue=IMMUTABLE", "ParameterKey=PullAccounts,ParameterValue=222222222222")
	var got struct {
		Repositories []struct{ ImageTagMutability string }
	}
	c.JSON(t, &got, "ecr", "describe-repositories", "--repository-names", "shop/api")
	if len(got.Repositories) != 1 || got.Repositories[0].ImageTagMutability != "IMMUTABLE" {
		t.Errorf("the repositories are %+v", got.Repositories)
	}
}
