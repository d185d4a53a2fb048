package app

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
)

// everyBlock names a variable of its own in every block of an app file.
const everyBlock = `app: shop
store: file://${env:V_STORE}
keep: ${env:V_KEEP}
accounts:
  home: {id: "111111111111", region: eu-west-1}
  away: {id: "222222222222", role: "arn:aws:iam::222222222222:role/${env:V_ACCOUNT}", region: eu-west-1}
groups:
  board: [anna, "${env:V_GROUP}"]
ledger: {signers: "ops/${env:V_SIGNERS}", sign: "${env:V_SIGN}"}
components:
  web:
    site: {path: "${env:V_PACK}"}
    target: {local: {path: "${env:V_TARGET}"}}
  docs:
    site: {path: docs}
    target: {local: {path: /docs}}
environments:
  - name: dev
  - name: sat
    soak: ${env:V_SOAK}
    freeze: [{deny: "Fri 16:00 - Mon 08:00", reason: "${env:V_FREEZE}"}]
  - name: far
    account: away
  - name: prd
    regions: [eu, "${env:V_REGION}"]
  - name: last
    components: {docs: {target: {local: {path: "/${env:V_HERE}"}}}}
    gates:
      - {name: smoke, when: after promote, command: {run: ["${env:V_GATE}"]}}
      - {name: board, when: before promote, approval: {from: ["@board"]}}
    hooks:
      - {name: purge, when: after promote, command: {run: ["${env:V_HOOK}"]}}
notices:
  - {name: team, slack: {url: "${env:V_NOTICE}"}}
  - {name: other, slack: {url: "https://hooks.example/x"}}
sync:
  - {name: base, source: "registry.example/${env:V_SYNC}", destination: "ecr:eu-west-1", repositories: [api]}
  - {name: rest, source: registry.example/b, destination: "ecr:eu-west-1", repositories: [api]}
`

// values are what the variables are where they are set.
var values = map[string]string{
	"V_STORE": "store", "V_KEEP": "2", "V_ACCOUNT": "deploy", "V_GROUP": "ben", "V_PACK": "web", "V_TARGET": "/web", "V_SOAK": "1h", "V_FREEZE": "party",
	"V_REGION": "us", "V_HERE": "here", "V_GATE": "true", "V_HOOK": "true", "V_NOTICE": "https://hooks.example/secret-part", "V_SYNC": "a", "V_SIGNERS": "list", "V_SIGN": "~/.ssh/ci",
}

// unsetBlocks lists the blocks that say that they cannot be used.
func unsetBlocks(a delivery.App) map[string]delivery.Unusable {
	all := map[string]delivery.Unusable{}
	note := func(name string, u delivery.Unusable) {
		if u != "" {
			all[name] = u
		}
	}
	for _, x := range a.Accounts {
		note("account "+x.Name, x.Unusable)
	}
	if a.Ledger != nil {
		note("ledger", a.Ledger.Unusable)
	}
	for _, x := range a.Components {
		note("component "+x.Name, x.Unusable)
	}
	for _, x := range a.Notices {
		note("notice "+x.Name, x.Unusable)
	}
	for _, x := range a.Syncs {
		note("sync "+x.Name, x.Unusable)
	}
	for _, e := range a.Environments {
		note("environment "+e.Name, e.Unusable)
		note("rules "+e.Name, e.NoRules)
		for _, l := range e.Landings {
			note("landing "+l.Component+" "+e.Name, l.Unusable)
		}
		for _, g := range e.Gates {
			note("gate "+g.Name, g.Unusable)
		}
		for _, h := range e.Hooks {
			note("hook "+h.Name, h.Unusable)
		}
	}
	return all
}

// TestAnUnsetVariableIsOfItsBlock: Open says of each variable exactly which
// blocks cannot be used without it, and Load refuses the file.
func TestAnUnsetVariableIsOfItsBlock(t *testing.T) {
	t.Parallel()
	blocks := map[string][]string{
		"V_STORE":   nil, // every command needs it
		"V_KEEP":    {"environment dev", "environment far", "environment last", "environment prd", "environment sat"},
		"V_ACCOUNT": {"account away"},
		"V_GROUP":   {"gate board"},
		"V_PACK":    {"component web"},
		"V_TARGET":  {"landing web dev", "landing web far", "landing web last", "landing web prd", "landing web sat"},
		"V_SOAK":    {"rules sat"},
		"V_FREEZE":  {"rules sat"},
		"V_REGION":  {"environment prd"},
		"V_HERE":    {"landing docs last"},
		"V_GATE":    {"gate smoke"},
		"V_HOOK":    {"hook purge"},
		"V_NOTICE":  {"notice team"},
		"V_SYNC":    {"sync base"},
		"V_SIGNERS": nil, // without it nothing would be checked
		"V_SIGN":    {"ledger"},
	}
	path := filepath.Join(t.TempDir(), "falkirk.yml")
	if err := os.WriteFile(path, []byte(everyBlock), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(path, settings(), without("")); err != nil {
		t.Fatal("all is set:", err)
	}
	for name := range values {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := config.Load(path, settings(), without(name)); err == nil || !strings.Contains(err.Error(), name+" is not set") {
				t.Errorf("the whole file: %v", err)
			}
			f, err := config.Open(path, settings(), without(name))
			want, known := blocks[name]
			if !known {
				t.Fatal("no block is named for it")
			}
			if want == nil {
				if err == nil {
					t.Error("every command needs it, and the file is opened")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want = slices.Clone(want)
			if name == "V_ACCOUNT" { // its region is that of the account
				want = append(want, "environment far")
			}
			if name != "V_KEEP" {
				otherBlocksCanBeUsed(t, path, name, want)
			}
			got := unsetBlocks(f.App)
			var names []string
			for block, why := range got {
				names = append(names, block)
				if !strings.Contains(string(why), name+" is not set") || !strings.Contains(string(why), "falkirk.yml:") {
					t.Errorf("%s says %q", block, why)
				}
			}
			slices.Sort(names)
			if !slices.Equal(names, want) {
				t.Errorf("not usable are %v, want %v", names, want)
			}
			shown, err := f.Show()
			if err != nil || strings.Contains(string(shown), "secret-part") || name == "V_NOTICE" && !strings.Contains(string(shown), "${env:V_NOTICE}") {
				t.Errorf("shown as %s, %v", shown, err)
			}
		})
	}
}

func without(name string) func(string) (string, bool) {
	return func(asked string) (string, bool) {
		v, set := values[asked]
		return v, set && asked != name
	}
}

// otherBlocksCanBeUsed: a variable that is set to nothing, as CI sets a missing
// secret, is in the way of its own blocks at most.
func otherBlocksCanBeUsed(t *testing.T, path, name string, own []string) {
	t.Helper()
	f, err := config.Open(path, settings(), func(asked string) (string, bool) {
		if asked == name {
			return "", true
		}
		return values[asked], true
	})
	if err != nil {
		t.Errorf("%s is empty: %v", name, err)
		return
	}
	for block := range unsetBlocks(f.App) {
		if !slices.Contains(own, block) {
			t.Errorf("%s is empty, and %s cannot be used", name, block)
		}
	}
}
