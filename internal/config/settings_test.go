package config

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSettingsAreFlatAndKeepTheirSecrets(t *testing.T) {
	t.Parallel()
	f := loaded(t, `app: shop
components:
  web: {site: {path: web}, target: {local: {args: [--token, x], env: {API_TOKEN: hunter2, TEXT: "${env:TEXT}"}}}}
environments:
  - name: dev
  - name: prd
    protected: true
    gates: [{name: smoke, when: after promote, http: {component: web}}]
    regions: [eu, {name: us, target: {local: {port: 8093}}}]
`)
	got := map[string]string{}
	for _, s := range f.Settings("prd") {
		got[fmt.Sprint(s.Component, "|", s.Place.Region, "|", s.Key)] = s.Shown
		if s.Key == "local.env.API_TOKEN" && (s.Value != "hunter2" || s.Shown != "***") {
			t.Errorf("a secret is %q, shown as %q", s.Value, s.Shown)
		}
		if s.Key == "local.env.TEXT" && s.Value == s.Shown {
			t.Errorf("what comes from the environment is %q, shown as %q", s.Value, s.Shown)
		}
	}
	for key, want := range map[string]string{
		"||protected": "true", "||regions": "eu us", "||gates.smoke.http.component": "web",
		"web|eu|local.env.TEXT": "${env:TEXT}", "web|us|local.port": "8093", "web|eu|local.args": `["--token","x"]`,
	} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
	if _, ok := got["||name"]; ok {
		t.Error("the name is no setting")
	}
	if diff := cmp.Diff(0, len(f.Settings("nowhere"))); diff != "" {
		t.Error(diff)
	}
}
