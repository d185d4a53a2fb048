package delivery_test

import (
	"testing"

	"falkirk/internal/delivery"
)

func TestScope(t *testing.T) {
	t.Parallel()
	us := delivery.Place{Environment: "prd", Region: "us-1"}
	far := delivery.Place{Environment: "prd", Account: "far", Region: "us-1"}
	for _, c := range []struct {
		scope     delivery.Scope
		place     delivery.Place
		component string
		want      bool
	}{
		{delivery.Scope{}, us, "web", true},
		{delivery.Scope{Place: "prd"}, far, "web", true},
		{delivery.Scope{Place: "prd/us-1"}, us, "web", true},
		{delivery.Scope{Place: "prd/us-1"}, far, "web", false},
		{delivery.Scope{Place: "prd/far/us-1"}, far, "web", true},
		{delivery.Scope{Place: "pr"}, us, "web", false},
		{delivery.Scope{Place: "prd/us"}, us, "web", false},
		{delivery.Scope{Place: "prd", Component: "api"}, us, "web", false},
		{delivery.Scope{Place: "prd", Component: "api"}, us, "api", true},
		{delivery.Scope{Place: "prd", Component: "api"}, us, "", true},
	} {
		if got := c.scope.Covers(c.place, c.component); got != c.want {
			t.Errorf("%q covers %s of %s: %v", c.scope, c.component, c.place, got)
		}
	}
}

func TestAnAppHasWhatItsFileNames(t *testing.T) {
	t.Parallel()
	at := func(env, region string) delivery.Place { return delivery.Place{Environment: env, Region: region} }
	app := delivery.App{Environments: []delivery.Environment{
		{Name: "prd", Landings: []delivery.Landing{{Place: at("prd", "eu"), Component: "web"}}},
		{Name: "sat", Unusable: "VAR is not set"},
	}}
	for _, c := range []struct {
		place     delivery.Place
		component string
		want      bool
	}{
		{at("prd", "eu"), "web", true},
		{at("prd", "eu"), "", true},
		{at("prd", "eu"), "docs", false},
		{at("prd", "us"), "web", false},
		{at("prd", "us"), "", false},
		{at("sat", "eu"), "web", true}, // nobody knows
		{at("old", "eu"), "", false},
	} {
		if got := app.Has(c.place, c.component); got != c.want {
			t.Errorf("has %s in %s: %v", c.component, c.place, got)
		}
	}
}
