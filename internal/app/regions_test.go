package app

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"falkirk/internal/aws/partition"
	"falkirk/internal/config"
)

// TestEachPlaceOfARegionTakesEachPartition: a name that partition.IsRegion takes
// is taken wherever the app file has a region of AWS, and no other name is.
func TestEachPlaceOfARegionTakesEachPartition(t *testing.T) {
	t.Parallel()
	names := []string{
		"eu-central-1", "ap-southeast-99", "mx-central-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1",
		"us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc_de", "EU-west-1", "europe-west-1", "eu-west", "eu-west-100", "1",
	}
	const file = `app: shop
accounts: {one: {id: "111122223333"%s}}
components: {web: {site: {path: web}, target: {local: {}}}}
environments: [{name: dev, account: one, regions: [eu-west-1]}]
%s`
	forms := map[string]func(region string) string{
		"accounts.region": func(region string) string { return fmt.Sprintf(file, `, region: "`+region+`"`, "") },
		"sync.destination": func(region string) string {
			return fmt.Sprintf(file, "", `sync: [{name: copy, source: ghcr.io/shop, destination: "ecr:`+region+`", repositories: [api]}]`)
		},
		"sync.source": func(region string) string {
			return fmt.Sprintf(file, "", `sync: [{name: copy, source: "ecr:`+region+`", destination: ghcr.io/shop, repositories: [api]}]`)
		},
	}
	for form, text := range forms {
		for _, region := range names {
			path := filepath.Join(t.TempDir(), "falkirk.yml")
			if err := os.WriteFile(path, []byte(text(region)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := config.Load(path, settings(), os.LookupEnv)
			if want := partition.IsRegion(region); (err == nil) != want {
				t.Errorf("%s: %s: accepted: %v, want %v: %v", form, region, err == nil, want, err)
			}
		}
	}
}
