package inspect

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// shelf has every release asked for, with a site and an image.
type shelf struct{}

func (shelf) List(context.Context, string) ([]delivery.Release, error) { return nil, nil }

func (shelf) Get(_ context.Context, app, version string) (delivery.Release, error) {
	return delivery.Release{App: app, Version: version, Source: delivery.Source{Commit: version}, Artifacts: []delivery.Artifact{
		{Component: "web", Kind: "site", Digest: "w" + version}, {Component: "api", Kind: "image", Digest: "a" + version},
	}}, nil
}

func TestPlacesOnDifferentReleasesAreToldApart(t *testing.T) {
	t.Parallel()
	got := gathered{app: &usecase.App{Engine: &engine.Engine{}, Releases: shelf{}}, known: map[string]delivery.Release{}}
	for _, x := range []string{"eu web 1", "eu api 1", "us web 2", "us api 1", "ap web 1", "ap api 1", "sa web "} {
		f := strings.Split(x, " ")
		if err := got.add(t.Context(), delivery.Place{Environment: "prd", Region: f[0]}, f[1], f[2]); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	for _, s := range got.merged() {
		told = append(told, fmt.Sprint(s.label, "|", s.Version, "|", s.Source.Commit, "|", s.places, len(s.Parts)))
	}
	want := []string{"1|1|1|[prd/eu prd/ap] 2", "2+1|||[prd/us] 2", "|||[prd/sa] 0"}
	if d := cmp.Diff(want, told); d != "" {
		t.Error(d)
	}
}
