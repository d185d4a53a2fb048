package policy

import (
	"slices"
	"strings"
	"testing"
)

func TestImages(t *testing.T) {
	t.Parallel()
	i := Images{
		From:         Registry{Account: "111111111111", Region: "eu-west-1", Prefix: "team"},
		To:           Registry{Account: "333333333333", Region: "eu-central-1"},
		Repositories: []string{"shop/api", "shop/web"},
	}
	allowed := func() map[string][]string {
		out := map[string][]string{}
		for _, s := range i.Needs() {
			for _, a := range s.Actions {
				out[a] = append(out[a], s.Resources...)
			}
		}
		return out
	}
	all := allowed()
	theirs, ours := "arn:aws:ecr:eu-west-1:111111111111:repository/team/shop/api", "arn:aws:ecr:eu-central-1:333333333333:repository/shop/api"
	if !slices.Contains(all["ecr:BatchGetImage"], theirs) || !slices.Contains(all["ecr:BatchGetImage"], ours) {
		t.Errorf("it may read %v", all["ecr:BatchGetImage"])
	}
	if p := all["ecr:PutImage"]; len(p) != 2 || !slices.Contains(p, ours) {
		t.Errorf("it may write %v", p)
	}
	for action, resources := range all {
		if slices.Contains(resources, "*") != (action == "ecr:GetAuthorizationToken") {
			t.Errorf("%s is allowed on %v", action, resources)
		}
	}
	for _, rare := range []string{"ecr:CreateRepository", "ecr:BatchDeleteImage", "kms:CreateGrant"} {
		if all[rare] != nil {
			t.Errorf("it may %s", rare)
		}
	}
	i.Create, i.Delete, i.Lifecycle, i.Key = true, true, true, "arn:aws:kms:eu-central-1:333333333333:key/1"
	all = allowed()
	for _, rare := range []string{"ecr:CreateRepository", "ecr:PutLifecyclePolicy", "ecr:BatchDeleteImage", "kms:CreateGrant"} {
		if all[rare] == nil {
			t.Errorf("it may not %s", rare)
		}
	}

	role := "arn:aws:iam::333333333333:role/falkirk-sync"
	grants := i.Lets("sync", "333333333333", role)
	if len(grants) != 2 || grants[0].Resource != theirs || len(grants[0].Statements[0].Actions) != 4 || !strings.Contains(JSON(grants[0].Statements), role) {
		t.Errorf("grants: %+v", grants)
	}
	i.From.Account = "333333333333"
	if grants := i.Lets("sync", "333333333333", role); grants != nil {
		t.Errorf("its own account lets it in by %+v", grants)
	}
	i.Repositories = []string{"shop/**", "a[bc]?"}
	if all := allowed(); !slices.Contains(all["ecr:PutImage"], "arn:aws:ecr:eu-central-1:333333333333:repository/shop/*") ||
		!slices.Contains(all["ecr:PutImage"], "arn:aws:ecr:eu-central-1:333333333333:repository/a*?") ||
		!slices.Contains(all["ecr:DescribeRepositories"], "arn:aws:ecr:eu-west-1:333333333333:repository/*") {
		t.Errorf("patterns: %v", all)
	}
}
