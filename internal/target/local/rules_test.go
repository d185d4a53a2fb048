package local_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
	"falkirk/internal/target/local"
)

func TestPlaceProblems(t *testing.T) {
	t.Parallel()
	dev, sat := delivery.Place{Environment: "dev", Region: "eu"}, delivery.Place{Environment: "sat", Region: "eu"}
	land := func(p delivery.Place, component, settings string) delivery.Landing {
		return delivery.Landing{Place: p, Component: component, Target: "local", Settings: []byte(settings)}
	}
	all := local.PlaceProblems([]delivery.Landing{
		land(dev, "web", `{"port":8080}`),
		land(dev, "api", `{"path":"/api"}`),
		land(dev, "two", `{"path":"/api"}`),
		land(dev, "off", `{"path":"/off","port":8081}`),
		land(sat, "web", `{"port":8080}`),
		{Place: dev, Component: "far", Target: "ecs"},
	})
	var got []string
	for _, p := range all {
		got = append(got, p.Problem.String())
	}
	want := []string{
		"path: path /api in dev/eu is taken by component api",
		"port: port 8081 differs from port 8080 of another component in dev/eu; a place has one port",
		"port: port 8080 is taken by the place dev/eu; each place needs its own",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	if got := local.Defaults().Check(); len(got) > 0 {
		t.Errorf("the defaults are wrong: %v", got)
	}
	bad := local.Settings{
		Port: 70000, Path: "api/", Health: "health", Env: map[string]string{"A=B": ""}, Fallback: "../x",
		Isolation: "vm", Platform: "linux",
	}
	keys := map[string]bool{}
	for _, p := range bad.Check() {
		keys[p.Path[0]] = true
	}
	want := map[string]bool{"port": true, "path": true, "health": true, "env": true, "fallback": true, "isolation": true, "platform": true, "healthTimeout": true}
	if d := cmp.Diff(want, keys); d != "" {
		t.Error(d)
	}
}
