package syncjob

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"falkirk/internal/fault"
)

var update = flag.Bool("update", false, "write what the tests expect")

func spec() Spec {
	return Spec{
		App: "shop", Name: Name("shop", ""), Namespace: "prd-shop", Image: "333333333333.dkr.ecr.eu-west-1.amazonaws.com/falkirk:1.0.0",
		Config: "sync:\n  - name: shop\n", Region: "eu-west-1", Cluster: "prd", Role: "arn:aws:iam::333333333333:role/ecr-sync", Attached: `{"roles":[]}`, Ports: []int{5000, 443},
	}
}

func TestManifests(t *testing.T) {
	t.Parallel()
	got, err := Stream(spec().Objects())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "manifests.yaml")
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s\nrun with -update, then read the difference", d)
	}
}

func TestKustomizeListsEveryFile(t *testing.T) {
	t.Parallel()
	files, err := Kustomize(spec().Objects())
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Resources []string }
	last := files[len(files)-1]
	if err := yaml.Unmarshal(last.Text, &list); err != nil || last.Name != "kustomization.yaml" || len(list.Resources) != len(files)-1 {
		t.Errorf("%v %+v", err, list)
	}
	for i, name := range list.Resources {
		if files[i].Name != name || !strings.Contains(string(files[i].Text), "kind: "+Kinds()[i]) {
			t.Errorf("%s is %s", name, files[i].Name)
		}
	}
}

func TestWhatNoClusterTakesIsRefused(t *testing.T) {
	t.Parallel()
	if err := spec().Check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Spec){
		"name":      func(s *Spec) { s.Name = "Shop" },
		"long name": func(s *Spec) { s.Name = strings.Repeat("a", 53) },
		"namespace": func(s *Spec) { s.Namespace = "prd_shop" },
		"image":     func(s *Spec) { s.Image = "" },
		"app":       func(s *Spec) { s.App = "my shop" },
		"schedule":  func(s *Spec) { s.Schedule = "5m" },
	} {
		s := spec()
		spoil(&s)
		if err := s.Check(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTwoAppsHaveTwoNames(t *testing.T) {
	t.Parallel()
	if a, b, c := Name("shop", ""), Name("desk", ""), Name("shop", "base"); a == b || a == c || a != Name("shop", "shop") {
		t.Error(a, b, c)
	}
}
