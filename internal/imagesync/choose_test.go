package imagesync

import (
	"slices"
	"testing"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	signature := "sha256-0000000000000000000000000000000000000000000000000000000000000000.sig"
	all := []string{"test", "latest", "v1.2.0", "1.3.0", "v2.0.0", "v2.0.0-rc.1", "main-7", "main-8", signature}
	for name, c := range map[string]struct {
		set  Settings
		want []string
	}{
		"nothing said":                   {Settings{}, []string{"test"}},
		"exact":                          {Settings{Tags: []string{"latest", "nosuch"}}, []string{"latest"}},
		"pattern":                        {Settings{Tags: []string{"main-*"}}, []string{"main-7", "main-8"}},
		"all but what belongs to images": {Settings{Tags: []string{"*"}}, slices.Sorted(slices.Values(all[:8]))},
		"a signature by name":            {Settings{Tags: []string{signature}}, []string{signature}},
		"expression, whole":              {Settings{TagRegex: `main-\d|v1`}, []string{"main-7", "main-8"}},
		"versions":                       {Settings{Semver: ">=1.2 <2"}, []string{"1.3.0", "v1.2.0"}},
		"before a release":               {Settings{Semver: ">=2.0.0-0"}, []string{"v2.0.0", "v2.0.0-rc.1"}},
		"any of them":                    {Settings{Semver: "2", Tags: []string{"test"}, TagRegex: "latest"}, []string{"latest", "test", "v2.0.0"}},
	} {
		chooser, err := newChooser(c.set)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(c.want)
		if got := chooser.choose(all); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	versions := []string{"v1.2.0", "v1.10.0", "v1.9.1"}
	if !byVersion(versions) || !slices.Equal(versions, []string{"v1.10.0", "v1.9.1", "v1.2.0"}) {
		t.Errorf("by version: %v", versions)
	}
	if byVersion([]string{"v1.0.0", "main"}) {
		t.Error("main is a version")
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	good := Defaults()
	good.Source, good.Destination, good.Repositories = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team", "ecr:eu-west-1", []string{"shop/*"}
	if problems := good.Check(); len(problems) > 0 {
		t.Errorf("%+v", problems)
	}
	for name, change := range map[string]func(*Settings){
		"a host with a path of capitals": func(s *Settings) { s.Source = "ghcr.io/Team" },
		"no region":                      func(s *Settings) { s.Destination = "ecr:" },
		"in the clear":                   func(s *Settings) { s.Source = "http://ghcr.io" },
		"insecure to elsewhere":          func(s *Settings) { s.Source, s.Insecure = "ghcr.io", true },
		"into itself":                    func(s *Settings) { s.Destination = s.Source },
		"a pattern that is none":         func(s *Settings) { s.Tags = []string{"[a"} },
		"an expression that is none":     func(s *Settings) { s.TagRegex = "(" },
		"a range that is none":           func(s *Settings) { s.Semver = "one" },
		"a platform that is none":        func(s *Settings) { s.Platforms = []string{"linux"} },
	} {
		bad := good
		change(&bad)
		if len(bad.Check()) == 0 {
			t.Errorf("%s is let pass", name)
		}
	}
}
