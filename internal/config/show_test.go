package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestShow(t *testing.T) {
	t.Parallel()
	if filepath.Separator != '/' {
		t.Skip("the golden file holds a path of Unix")
	}
	text := strings.Replace(full(t), `PRICE: "$${5}"`, `PRICE: "$${5}", API_TOKEN: hunter2, Q: "a ${env:QUOTE}"`, 1)
	f := loaded(t, text)
	shown, err := f.Show()
	if err != nil {
		t.Fatal(err)
	}
	origins, err := f.ShowOrigins()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := f.ShowJSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"sesame-open", "hunter2", "8093", "se\"sa\"me", `se\"sa\"me`} {
		if strings.Contains(string(shown)+string(origins)+string(asJSON), secret) {
			t.Errorf("shows %s", secret)
		}
	}
	golden(t, filepath.Join("testdata", "show.golden"), string(shown))
	golden(t, filepath.Join("testdata", "origins.golden"), string(origins))
	if diff := cmp.Diff([]string{"sesame-open", "se\"sa\"me"}, f.Secrets); diff != "" {
		t.Error(diff)
	}
}

// What is shown is an app file of the same meaning.
func TestShowIsLoaded(t *testing.T) {
	t.Parallel()
	texts := []string{full(t), `app: shop
components:
  web: {site: {path: "${env:TEXT}", ignore: ["*", "- x", "a: b", "#", "", " x ", "true", "1", "null", "é\n\t\"", "$${x}", "@a"]}}
environments: [{name: dev, target: {local: {limits: {memory: 1MiB, cpu: 0.25}, env: {"on": "off", "a b": "c"}}}}]
`}
	for _, text := range texts {
		f := loaded(t, text)
		shown, err := f.Show()
		if err != nil {
			t.Fatal(err)
		}
		again := loaded(t, string(shown))
		if diff := cmp.Diff(f.App, again.App); diff != "" {
			t.Errorf("%s\n%s", diff, shown)
		}
	}
}

// A value that came from the environment into a name is no secret: it is shown
// everywhere anyway, and hiding it would hide half of every message.
func TestNamesAreNoSecrets(t *testing.T) {
	t.Parallel()
	f := loaded(t, "app: shop\ncomponents: {web: {site: {path: dist}}}\n"+
		"environments: [{name: dev, regions: [\"${env:REGION}\"], target: {local: {health: \"/${env:DB_PASSWORD}\"}}}]\n")
	if diff := cmp.Diff([]string{"sesame-open"}, f.Secrets); diff != "" {
		t.Error(diff)
	}
	if got := f.App.Environments[0].Places[0].Region; got != "eu-9" {
		t.Errorf("region %q", got)
	}
}
