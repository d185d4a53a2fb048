package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/config"
)

// manyParts is right; each fault of the test is a change of it.
const manyParts = `app: shop
keep: 3
version: {tags: "v*"}
accounts:
  one: {id: "111122223333", region: eu-west-1}
  two: {id: "222233334444", region: eu-west-1, role: "arn:aws:iam::222233334444:role/deploy"}
groups: {board: [anna]}
components:
  web: {site: {path: web}, target: {local: {path: /}}}
  api: {image: {binary: api}, target: {local: {path: /api}}}
  a: {stack: {template: t.yaml}, target: {stack: {name: st-a, parameters: {P: "${release.version}"}}}}
  z: {stack: {template: t.yaml}, target: {stack: {name: st-z, parameters: {P: zz}}}}
  y: {stack: {template: t.yaml}, target: {stack: {name: st-y, parameters: {P: yy}}}}
  x: {stack: {template: t.yaml}, target: {stack: {name: st-x, when: provision, parameters: {P: xx}}}}
  inner: {stack: {template: inner.yaml}, target: {stack: {name: inner}}}
environments:
  - name: dev
    account: one
    freeze: [{deny: daily, zone: Europe/Berlin}]
  - name: prd
    account: two
    after: [dev]
    gates: [{when: before promote, approval: {from: ["@board"]}}, {when: after promote, http: {path: /, component: web}}]
    hooks: [{when: after promote, http: {path: /hook, component: api}}]
notices: [{name: team, slack: {url: "https://hooks.example/a"}}]
sync: [{name: base, source: registry.example, destination: other.example, repositories: [shop]}]
`

// TestOneListOfProblems: each pair of mistakes is in one list, so nobody corrects one
// to be told of the next.
func TestOneListOfProblems(t *testing.T) {
	t.Parallel()
	faults := map[string][]string{ // a part of the message → pairs of old and new
		"keep is":                               {"keep: 3", "keep: lots"},
		"a pattern that matches no tag":         {`"v*"`, `"v["`},
		"unknown key":                           {"groups:", "colour: red\ngroups:"},
		`"Europe/Berlim"`:                       {"Europe/Berlin", "Europe/Berlim"},
		`no component "wbe"`:                    {"component: web", "component: wbe"},
		`no component "ipa"`:                    {"component: api", "component: ipa"},
		"is of nobody":                          {"[anna]", "[]"},
		"is taken by component web":             {"path: /api}", "path: /}"},
		`no environment "dve"`:                  {"[dev]", "[dve]"},
		"has externalId and no role":            {`region: eu-west-1}`, `region: eu-west-1, externalId: e-4711}`},
		"partition aws-cn":                      {"arn:aws:iam", "arn:aws-cn:iam"},
		"refer to each other in a circle":       {"zz", `"${stack.y.Out}"`, "yy", `"${stack.z.Out}"`},
		"reads ${stack.st-a.Out} when":          {"xx", `"${stack.a.Out}"`},
		`has no output "Otu"`:                   {`"${release.version}"`, `"${stack.x.Otu}"`},
		"${release.verison} is not known":       {"st-y,", `st-y, tags: {t: "x"},`, "P: yy", `P: "${release.verison}"`},
		"has no parameter":                      {"P: zz", "P: zz, Q: q"},
		"wrong.yaml is not a template":          {"template: inner.yaml", "template: wrong.yaml"},
		"the environment variable NOT is":       {"https://hooks.example/a", "${env:NOT}"},
		`"https://a.example" is not a registry`: {"source: registry.example", `source: "https://a.example"`},
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"t.yaml":     "Parameters: {P: {Type: String}}\nResources: {T: {Type: \"AWS::SNS::Topic\"}}\nOutputs: {Out: {Value: x}}\n",
		"inner.yaml": "Resources: {T: {Type: \"AWS::SNS::Topic\"}}\n", "wrong.yaml": "<html>\n", "web/index.html": "x", "api": "x",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "falkirk.yml")
	check := func(changes ...string) string {
		text := manyParts
		for i := 0; i+1 < len(changes); i += 2 {
			if next := strings.Replace(text, changes[i], changes[i+1], 1); next != text {
				text = next
			} else if !strings.Contains(text, changes[i+1]) {
				return "" // both change the same
			}
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Check(path, settings(), func(string) (string, bool) { return "", false }, checkFiles); err != nil {
			return err.Error()
		}
		return "it is right"
	}
	if got := check(); got != "it is right" {
		t.Fatal(got)
	}
	pairs := 0
	for one, first := range faults {
		if got := check(first...); !strings.Contains(got, one) {
			t.Errorf("%s is not found alone:\n%s", one, got)
		}
		for two, second := range faults {
			got := check(append(append([]string{}, first...), second...)...)
			if one >= two || got == "" {
				continue
			}
			pairs++
			if !strings.Contains(got, one) || !strings.Contains(got, two) {
				t.Errorf("%q and %q are not in one list:\n%s", one, two, got)
			}
		}
	}
	t.Logf("%d pairs", pairs)
}
