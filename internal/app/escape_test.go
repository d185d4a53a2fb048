package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
)

// loadText loads an app file with these variables.
func loadText(t *testing.T, text string, env map[string]string) *config.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "falkirk.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(path, settings(), func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// $${ is the text ${ in every kind of target and beside whatever else, and so is ${ in
// the value of a variable: no reference is filled in there, no output is looked up for
// it, and nothing is ordered by it.
func TestWhatIsEscapedIsNoReference(t *testing.T) {
	t.Parallel()
	const file = `app: shop
accounts: {one: {id: "111122223333"}}
components:
  site: {site: {path: web}, target: {site: {bucket: web-files, url: "https://x/TEXT"}}}
  proc: {image: {folder: f}, target: {local: {env: {A: "TEXT"}}}}
  api: {stack: {template: t.yaml}, target: {stack: {name: api, parameters: {P: "TEXT"}}}}
  infra: {stack: {template: t.yaml}, target: {stack: {name: shop-infra, when: promote}}}
environments:
  - {name: dev, account: one, regions: [eu-west-1], target: {}}
`
	for name, test := range map[string]struct{ text, want string }{
		"a release":            {"$${release.version}", "${release.version}"},
		"an output":            {"$${stack.infra.Out}", "${stack.infra.Out}"},
		"a place":              {"$${place.region} ${place.region}", "${place.region} eu-west-1"},
		"between":              {"a$${stack.infra.Out}b", "a${stack.infra.Out}b"},
		"a variable":           {"${env:V}", "${stack.infra.Out}${place.region}"},
		"a variable, a place":  {"${env:V} ${place.region}", "${stack.infra.Out}${place.region} eu-west-1"},
		"escaped and variable": {"$${place.app} ${env:V} ${place.app}", "${place.app} ${stack.infra.Out}${place.region} shop"},
	} {
		f := loadText(t, strings.ReplaceAll(file, "TEXT", test.text), map[string]string{"V": "${stack.infra.Out}${place.region}"})
		for _, l := range f.App.Environments[0].Landings {
			var s struct {
				URL        string
				Env        map[string]string
				Parameters map[string]string
			}
			if err := json.Unmarshal(l.Settings, &s); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimPrefix(s.URL, "https://x/") + s.Env["A"] + s.Parameters["P"]; l.Component != "infra" && got != test.want {
				t.Errorf("%s: %s has %q, want %q", name, l.Component, got, test.want)
			}
			if outputRef.Match(l.Settings) || len(l.Needs) > 0 {
				t.Errorf("%s: %s refers to something: %s, %v", name, l.Component, l.Settings, l.Needs)
			}
		}
	}
}

// The name of a component in a reference is resolved also beside a variable.
func TestAReferenceBesideAVariableIsResolved(t *testing.T) {
	t.Parallel()
	f := loadText(t, `app: shop
accounts: {one: {id: "111122223333"}}
components:
  api: {stack: {template: t.yaml}, target: {stack: {name: api, parameters: {P: "${env:V}-${stack.infra.Out}-$${stack.infra.Out}"}}}}
  infra: {stack: {template: t.yaml}, target: {stack: {name: shop-infra}}}
environments: [{name: dev, account: one, regions: [eu-west-1]}]
`, map[string]string{"V": "value"})
	all := f.App.Environments[0].Landings
	i := slices.IndexFunc(all, func(l delivery.Landing) bool { return l.Component == "api" })
	if got := all[i].Written["parameters.P"].Value(); got != "value-${stack.shop-infra.Out}-${stack.infra.Out}" {
		t.Errorf("it is %q", got)
	}
	if len(all[i].Needs) != 1 {
		t.Errorf("it needs %v", all[i].Needs)
	}
}

// The name of a thing in the account is no secret, also where a variable is in it, and
// also where the same value is a secret elsewhere; parameters stay hidden.
func TestNamesInSettingsAreShown(t *testing.T) {
	t.Parallel()
	f := loadText(t, `app: shop
accounts: {one: {id: "111122223333"}}
components:
  api: {stack: {template: t.yaml}, target: {stack: {name: "shop-${env:STG}", role: "arn:aws:iam::111122223333:role/${env:ROLE}", bucket: "b-${env:STG}", parameters: {P: "${env:PASS}", Stage: "${env:STG}"}}}}
  site: {site: {path: web}, target: {site: {bucket: "site-${env:BUCKET}", prefix: "p/${env:PREFIX}", distribution: "${env:DIST}"}}}
  image: {image: {folder: f}, target: {image: {repository: "shop/${env:REPO}", registry: "${env:HOST}", tag: "${env:TAG}"}}}
environments: [{name: dev, account: one, regions: [eu-west-1]}]
`, map[string]string{
		"STG": "staging", "ROLE": "deployer", "PASS": "sesame-open", "BUCKET": "bucketful", "PREFIX": "prefixed",
		"DIST": "E1234567890", "REPO": "repository", "HOST": "registry.example.com", "TAG": "stage-tag",
	})
	h := newHider(f)
	for _, text := range []string{
		"stack shop-staging is there", "role/deployer", "s3://b-staging/k", "site-bucketful/p/prefixed", "distribution E1234567890",
		"registry.example.com/shop/repository:stage-tag",
	} {
		if got := h.Redact(text); got != text {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
	if got := h.Redact("it is sesame-open in staging"); got != "it is *** in ***" {
		t.Errorf("a secret is shown: %q", got)
	}
}
