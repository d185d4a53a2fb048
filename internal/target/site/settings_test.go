package site

import (
	"encoding/json"
	"strings"
	"testing"

	"falkirk/internal/delivery"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	good := Defaults()
	good.Bucket, good.Prefix, good.Distribution, good.Wait = "shop.prd-1", "web/app/", "E1A2B3C4D5E6F7", true
	good.URL, good.KMSKey = "https://www.example.com/app/", "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	if all := good.Check(); len(all) > 0 {
		t.Errorf("good settings have problems: %v", all)
	}
	for key, change := range map[string]func(*Settings){
		"bucket":       func(s *Settings) { s.Bucket = "Shop_Prd" },
		"prefix":       func(s *Settings) { s.Prefix = "/web" },
		"distribution": func(s *Settings) { s.Distribution = "d123.cloudfront.net" },
		"wait":         func(s *Settings) { s.Distribution = "" },
		"url":          func(s *Settings) { s.URL = "www.example.com" },
		"kmsKey":       func(s *Settings) { s.KMSKey = "my key" },
		"parallel":     func(s *Settings) { s.Parallel = 0 },
	} {
		s := good
		change(&s)
		if all := s.Check(); len(all) != 1 || all[0].Path[0] != key {
			t.Errorf("%s: %v", key, all)
		}
	}
	for _, p := range []string{"../up", "a//b", ".", ".falkirk", "web/.falkirk/x"} {
		s := good
		if s.Prefix = p; len(s.Check()) != 1 {
			t.Errorf("the prefix %q is taken", p)
		}
	}
}

// No two sites share a bucket and a prefix, in whatever environment.
func TestPlaceProblems(t *testing.T) {
	t.Parallel()
	landing := func(env, component, bucket, prefix string) delivery.Landing {
		raw, err := json.Marshal(Settings{Bucket: bucket, Prefix: prefix, Parallel: 64})
		if err != nil {
			t.Fatal(err)
		}
		return delivery.Landing{Place: delivery.Place{Environment: env, Region: "eu-central-1"}, Component: component, Target: Kind, Settings: raw}
	}
	all := PlaceProblems([]delivery.Landing{
		landing("dev", "web", "dev", ""), landing("dev", "docs", "dev", "docs"), landing("prd", "web", "prd", ""),
		landing("prd", "docs", "dev", "docs/"),
		{Target: "local"},
		{Target: Kind, Settings: json.RawMessage("{}")},
	})
	if len(all) != 1 || all[0].Landing != 3 || !strings.Contains(all[0].Problem.Text, "docs in dev/eu-central-1") {
		t.Errorf("the problems are %+v", all)
	}
}
