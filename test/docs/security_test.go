package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
	imagetarget "falkirk/internal/target/image"
	sitetarget "falkirk/internal/target/site"
	stacktarget "falkirk/internal/target/stack"
	"falkirk/test/iam"
)

// security is the page on who may do what.
const security = "docs/security.md"

// prepared is the app of that page: a site, a stack and an image, from one account to
// another.
func prepared() []policy.Setup {
	place := delivery.Place{Environment: "prd", Account: "prd", Region: "eu-central-1"}
	app := delivery.App{
		Name: "shop", Store: "s3://shop-builds/team", StoreAccount: "builds",
		Ledger: &delivery.LedgerSetting{Sign: "arn:aws:kms:eu-central-1:111111111111:key/12345678-1234-1234-1234-123456789012"},
		Accounts: []delivery.Account{
			{Name: "builds", ID: "111111111111", Role: "arn:aws:iam::111111111111:role/falkirk-shop", Region: "eu-central-1"},
			{Name: "prd", ID: "333333333333", Role: "arn:aws:iam::333333333333:role/falkirk-shop", Region: "eu-central-1"},
		},
		Environments: []delivery.Environment{{Name: "prd", Places: []delivery.Place{place}, Landings: []delivery.Landing{
			{Place: place, Component: "web", Target: sitetarget.Kind, Settings: json.RawMessage(`{"bucket":"shop-prd","prefix":"web","distribution":"E1A2B3C4D5E6F7","wait":true,"kmsKey":"arn:aws:kms:eu-central-1:333333333333:key/mine","parallel":64}`)},
			{Place: place, Component: "base", Target: stacktarget.Kind, Settings: json.RawMessage(`{"name":"shop-base","when":"promote","onFailure":"delete","timeout":"1h","role":"arn:aws:iam::333333333333:role/cloudformation"}`)},
			{Place: place, Component: "api", Target: imagetarget.Kind, Settings: json.RawMessage(`{"repository":"shop/api","create":true}`)},
		}}},
	}
	builds := func(string) (string, bool) { return "111111111111.dkr.ecr.eu-central-1.amazonaws.com/shop/api", false }
	return policy.Derive(policy.Input{App: app, Store: policy.StoreOf(app), Kinds: map[string]policy.Kind{
		sitetarget.Kind: sitetarget.Needs, stacktarget.Kind: stacktarget.Needs, imagetarget.Kind: imagetarget.Needs(builds),
	}})
}

// roles is the table of what each role may do.
func roles() []byte {
	var b bytes.Buffer
	for _, s := range prepared() {
		fmt.Fprintf(&b, "\n**`%s`** may:\n\n| Statement | Actions | On | Why | Without it |\n| --- | --- | --- | --- | --- |\n", s.Account.Role)
		for _, st := range s.Role {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", st.Sid, code(st.Actions), code(st.Resources), st.Why, without(s.Account.Name, st))
		}
	}
	for _, s := range prepared() {
		for _, g := range s.Grants {
			fmt.Fprintf(&b, "\nThe policy of **`%s`** lets in:\n\n| Statement | Role | Actions | On |\n| --- | --- | --- | --- |\n", g.Resource)
			for _, st := range g.Statements {
				if st.Deny {
					continue // below
				}
				fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", st.Sid, code(st.Conditions["ArnEquals"]["aws:PrincipalArn"]), code(st.Actions), code(st.Resources))
			}
		}
	}
	for _, s := range prepared() {
		for _, g := range s.Grants {
			denied(&b, g)
		}
	}
	return b.Bytes()
}

// denied is the table of what the policy of a resource denies everybody.
func denied(b *bytes.Buffer, g policy.Grant) {
	head := fmt.Sprintf("\nIt denies everybody, for **`%s`**:\n\n| Statement | Actions | On | When | Why |\n| --- | --- | --- | --- | --- |\n", g.Resource)
	for _, st := range g.Statements {
		if !st.Deny {
			continue
		}
		when := "always"
		if len(st.Conditions) > 0 {
			raw, err := json.Marshal(st.Conditions)
			if err == nil {
				when = "`" + string(raw) + "`"
			}
		}
		fmt.Fprintf(b, "%s| %s | %s | %s | %s | %s |\n", head, st.Sid, code(st.Actions), code(st.Resources), when, st.Why)
		head = ""
	}
}

// without is which command fails first, action by action.
func without(account string, st policy.Statement) string {
	var all []string
	for _, a := range st.Actions {
		by := iam.Noticed()[account+" "+st.Sid+" "+a]
		switch {
		case by == iam.NoPhase:
			by = "doctor"
		case by == iam.Nobody:
			by = "not seen on the emulator"
		case by != "":
			by = "doctor, " + by
		}
		if st.Sid == "StackChange" && strings.HasPrefix(by, "doctor, ") && unasked(a) {
			by = strings.TrimPrefix(by, "doctor, ")
		}
		if !slices.Contains(all, by) {
			all = append(all, by)
		}
	}
	return strings.Trim(strings.Join(all, "; "), "; ")
}

// unasked are the actions that the doctor cannot ask for on the emulator.
func unasked(action string) bool {
	return slices.Contains([]string{
		"cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:UpdateStack",
	}, action)
}

func code(all []string) string {
	var out []string
	for _, s := range all {
		out = append(out, "`"+s+"`")
	}
	return strings.Join(out, "<br>")
}

func TestThePageOnSecurityIsFresh(t *testing.T) {
	t.Parallel()
	path := filepath.Join(root, security)
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- roles: made by make docs -->\n", "\n<!-- end of roles -->"
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the roles", security)
	}
	want := before + begin + string(roles()) + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(page) {
		t.Errorf("%s is stale; run make docs", security)
	}
}
