package config

import (
	"encoding/json"
	"strings"
	"testing"
)

// What depends on the place is put in for each landing; what depends on the
// release stays for the target.
func TestPlacesInSettings(t *testing.T) {
	t.Parallel()
	f := loaded(t, `
app: shop
accounts:
  one: {id: "111111111111", region: eu-central-1}
  two: {id: "222222222222", role: "arn:aws:iam::222222222222:role/deploy", via: ["arn:aws:iam::111111111111:role/hop"], duration: 2h, tags: {team: web}}
components:
  web:
    site: {path: dist}
    target: {local: {env: {BUCKET: "shop-${place.accountId}-${place.region}", DIGEST: "${artifact.web.digest}", RAW: "$${place.region}"}}}
environments:
  - {name: dev, account: one}
  - {name: prd, accounts: [one, two], regions: [eu-west-1, us-east-1]}
`)
	var places, buckets []string
	for _, e := range f.App.Environments {
		for _, l := range e.Landings {
			var s struct{ Env map[string]string }
			if err := json.Unmarshal(l.Settings, &s); err != nil {
				t.Fatal(err)
			}
			places, buckets = append(places, l.Place.String()), append(buckets, s.Env["BUCKET"])
			if s.Env["DIGEST"] != "${artifact.web.digest}" || s.Env["RAW"] != "${place.region}" {
				t.Errorf("the settings of %s are %v", l.Place, s.Env)
			}
		}
	}
	want := "dev/one/eu-central-1 prd/one/eu-west-1 prd/one/us-east-1 prd/two/eu-west-1 prd/two/us-east-1"
	if got := strings.Join(places, " "); got != want {
		t.Errorf("the places are %s", got)
	}
	if got := strings.Join(buckets, " "); got != "shop-111111111111-eu-central-1 shop-111111111111-eu-west-1 shop-111111111111-us-east-1 shop-222222222222-eu-west-1 shop-222222222222-us-east-1" {
		t.Errorf("the buckets are %s", got)
	}
	shown, err := f.Show()
	if err != nil || !strings.Contains(string(shown), `DIGEST: ${artifact.web.digest}`) || !strings.Contains(string(shown), "shop-222222222222-us-east-1") {
		t.Errorf("it is shown as\n%s", shown)
	}
}
