package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
)

// TestTheLedgerBlock has what is read, shown again, and refused.
func TestTheLedgerBlock(t *testing.T) {
	t.Parallel()
	const head = "app: shop\naccounts: {builds: {id: \"111111111111\"}}\ncomponents: {web: {site: {path: web}}}\nenvironments: [{name: dev, target: {local: {path: /}}}]\n"
	for block, want := range map[string]struct {
		setting *delivery.LedgerSetting
		problem string
	}{
		"":                                     {nil, ""},
		"ledger:":                              {nil, ""},
		"ledger: {signers: ops/signers}":       {&delivery.LedgerSetting{Signers: "ops/signers"}, ""},
		"ledger: {signers: s, sign: ~/.ssh/k}": {&delivery.LedgerSetting{Signers: "s", Sign: "~/.ssh/k"}, ""},
		`ledger: {signers: s, sign: "arn:aws:kms:eu-central-1:111111111111:alias/l", account: builds}`: {
			&delivery.LedgerSetting{Signers: "s", Sign: "arn:aws:kms:eu-central-1:111111111111:alias/l", Account: "builds"}, "",
		},
		"ledger: {}":                                     {nil, "signers"},
		"ledger: {signers: \"\"}":                        {nil, "signers"},
		"ledger: {signers: s, keys: k}":                  {nil, "keys"},
		"ledger: {signers: s, account: other}":           {nil, `no account "other"`},
		"ledger: {signers: s, sign: k, account: builds}": {nil, "an account, and the key is a file"},
		"ledger: signers":                                {nil, "ledger"},
	} {
		f, err := load([]byte(head+block), "falkirk.yml", "/app/falkirk.yml", testKinds(), testEnv, false, nil)
		if want.problem != "" {
			if err == nil || !strings.Contains(err.Error(), want.problem) {
				t.Errorf("%s: %v, want %s", block, err, want.problem)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", block, err)
			continue
		}
		if diff := cmp.Diff(want.setting, f.App.Ledger); diff != "" {
			t.Errorf("%s: %s", block, diff)
		}
		shown, err := f.Show()
		if err != nil {
			t.Fatal(err)
		}
		again, err := load(shown, "falkirk.yml", "/app/falkirk.yml", testKinds(), testEnv, false, nil)
		if err != nil {
			t.Errorf("%s is shown as %s: %v", block, shown, err)
			continue
		}
		if diff := cmp.Diff(f.App.Ledger, again.App.Ledger); diff != "" {
			t.Errorf("%s is shown as another: %s", block, diff)
		}
	}
}
