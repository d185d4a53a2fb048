package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/config"
)

// TestAReferenceNamesAComponentOrAStack: ${stack.NAME.OUTPUT} takes the component
// or the name of its stack; targets and policies see the name of the stack only.
func TestAReferenceNamesAComponentOrAStack(t *testing.T) {
	t.Parallel()
	const file = `app: shop
accounts: {one: {id: "111122223333"}}
components:
  site: {site: {path: web}, target: {site: {bucket: "${stack.NAME.Bucket}"}}}
  api: {stack: {template: t.yaml}, target: {stack: {name: "STACK", parameters: {P: "${stack.NAME.Bucket}"}}}}
  infra: {stack: {template: t.yaml}, target: {stack: {name: "shop-${place.environment}-infra", when: provision}}}
environments: [{name: dev, account: one, regions: [eu-west-1]}, {name: prd, account: one, regions: [eu-west-2]}]
`
	tests := map[string]struct{ name, stack, resolved, problem, warning string }{
		"the component":           {"infra", "shop-${place.environment}-api", "shop-ENV-infra", "", ""},
		"a stack outside":         {"network", "api", "network", "", ""},
		"the name of two":         {"infra", "infra", "", `${stack.infra.Bucket} is ambiguous in dev/one/eu-west-1: component infra has the stack "shop-dev-infra", and component api has the stack "infra"`, ""},
		"a component of no stack": {"site", "api", "site", "", "${stack.site.Bucket}: component site is no stack in dev/one/eu-west-1"},
		"a stack of a component":  {"shop-dev-infra", "api", "shop-dev-infra", "", ""},
		"nearly a component": {"infr", "api", "infr", "", `${stack.infr.Bucket}: no component and no stack of this app is named infr in dev/one/eu-west-1; ` +
			`it is read from a stack of that name outside of this app; component infra has the stack shop-dev-infra; did you mean "${stack.infra.Bucket}"?`},
		"swapped letters":    {"ifnra", "api", "ifnra", "", `did you mean "${stack.infra.Bucket}"?`},
		"in another case":    {"Infra", "api", "Infra", "", `did you mean "${stack.infra.Bucket}"?`},
		"nearly a stack":     {"shop-dev-infrra", "api", "shop-dev-infrra", "", `did you mean "${stack.shop-dev-infra.Bucket}"?`},
		"short and not near": {"vpc", "api", "vpc", "", ""},
		"another number":     {"infra2", "api", "infra2", "", ""},
	}
	for name, test := range tests {
		path := filepath.Join(t.TempDir(), "falkirk.yml")
		text := strings.NewReplacer("NAME", test.name, "STACK", test.stack).Replace(file)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := config.Load(path, settings(), os.LookupEnv)
		if test.problem != "" {
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("%s: %v, want %q", name, err, test.problem)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, e := range f.App.Environments {
			for _, l := range e.Landings {
				want := "${stack." + strings.ReplaceAll(test.resolved, "ENV", e.Name) + ".Bucket}"
				if l.Component != "infra" && !strings.Contains(string(l.Settings), want) {
					t.Errorf("%s: %s in %s has %s, want %s", name, l.Component, l.Place, l.Settings, want)
				}
			}
		}
		warnings := ""
		for _, w := range f.Warnings {
			warnings += w.Message() + "\n"
		}
		if test.warning == "" && warnings != "" || !strings.Contains(warnings, test.warning) {
			t.Errorf("%s: warnings %q, want %q", name, warnings, test.warning)
		}
	}
}

// TestTheExampleOfTheReferenceIsRight: the app file at the top of docs/config.md is
// one that config check takes.
func TestTheExampleOfTheReferenceIsRight(t *testing.T) {
	t.Parallel()
	_, text, _ := strings.Cut(string(config.Reference(settings())), "```yaml\n")
	text, _, ok := strings.Cut(text, "```")
	path := filepath.Join(t.TempDir(), "falkirk.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil || !ok {
		t.Fatal(err)
	}
	if _, err := config.Load(path, settings(), os.LookupEnv); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestANumberOutOfRangeIsOneProblem: the bounds of the schema and those of a kind's
// own check do not report one value twice.
func TestANumberOutOfRangeIsOneProblem(t *testing.T) {
	t.Parallel()
	for _, block := range []string{
		"{site: {path: web}, target: {local: {port: 99999}}}", "{site: {path: web}, target: {local: {port: -1}}}",
		"{site: {path: web}, target: {site: {bucket: shop, parallel: -1}}}", "{image: {binary: api, ports: [99999]}, target: {local: {}}}",
	} {
		path := filepath.Join(t.TempDir(), "falkirk.yml")
		text := "app: shop\naccounts: {one: {id: \"111122223333\"}}\ncomponents:\n  web: " + block + "\nenvironments: [{name: dev, account: one, regions: [eu-west-1]}]\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.Load(path, settings(), os.LookupEnv)
		var found config.Problems
		if !errors.As(err, &found) || len(found) != 1 {
			t.Errorf("%s: %v", block, err)
		}
	}
}
