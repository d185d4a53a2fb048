package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
)

// typed is what a person types, who does something before.
type typed struct {
	before func()
	text   *strings.Reader
}

func (p typed) Read(b []byte) (int, error) {
	if p.before != nil && p.text.Len() == int(p.text.Size()) {
		p.before()
	}
	return p.text.Read(b)
}

// shelf is a target that keeps releases, and makes none live.
type shelf struct{ releases *[]string }

func (s shelf) Observe(context.Context, delivery.Placement) (delivery.State, error) {
	return delivery.State{Ready: slices.Clone(*s.releases), Present: slices.Clone(*s.releases)}, nil
}

func (s shelf) Plan(phase delivery.Phase, p delivery.Placement, now delivery.State) []delivery.Step {
	if slices.Contains(now.Present, p.Version) {
		return nil
	}
	return []delivery.Step{p.Step(phase, delivery.Add, "lay", "lay out "+p.Version, nil)}
}

func (s shelf) Do(_ context.Context, p delivery.Placement, _ delivery.Step, _ func(delivery.Progress)) (delivery.Outcome, error) {
	*s.releases = append(*s.releases, p.Version)
	return delivery.Outcome{}, nil
}

// TestAPersonAgreesToAPlan at the terminal: by the name of the environment, to what
// would be done then. Requests are carried as they are, and as JSON.
func TestAPersonAgreesToAPlan(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		other      string // what somebody else does before the person answers
		code       int
		says       string
	}{
		{"the name", "prd\n", "", 0, "Type its name to go on: "},
		{"another name", "dev\n", "", 6, "nothing was changed; type the name, or give --yes"},
		{"nothing", "", "", 6, "prd is protected"},
		{"the name, and the plan has changed", "prd\n", "provision 1 --to prd --yes", 6, "the plan has changed since it was agreed to"},
	} {
		for _, json := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				for name, text := range map[string]string{
					"falkirk.yml":  "app: shop\ncomponents:\n  notes: {bundle: {path: notes}, target: {local: {path: /}}}\nenvironments: [{name: prd, protected: true}]\n",
					"notes/readme": "read me",
				} {
					path := filepath.Join(dir, name)
					if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				var laid []string
				run := func(line string, in typed) (int, string) {
					w := wire()
					w.Getenv = func(string) (string, bool) { return "", false }
					w.Open = func(ctx context.Context, path string, report func(engine.Event)) (*usecase.App, error) {
						a, err := open(ctx, path, report)
						if err == nil {
							a.Engine.Targets["local"] = shelf{&laid}
						}
						return a, err
					}
					if json {
						ThroughJSON(&w)
					}
					var out bytes.Buffer
					args := append(strings.Fields(line), "--file", filepath.Join(dir, "falkirk.yml"))
					code := cli.Main(context.WithoutCancel(t.Context()), w, ui.Streams{In: in, Out: &out, Err: &out, Ask: true}, args)
					return code, out.String()
				}
				if code, text := run("pack --version 1", typed{text: strings.NewReader("")}); code != 0 {
					t.Fatal(text)
				}
				in := typed{text: strings.NewReader(c.text)}
				if c.other != "" {
					in.before = func() {
						if code, text := run(c.other, typed{text: strings.NewReader("")}); code != 0 {
							t.Error(text)
						}
					}
				}
				code, text := run("provision 1 --to prd", in)
				if code != c.code || !strings.Contains(text, c.says) {
					t.Errorf("exit code %d, want %d\n%s", code, c.code, text)
				}
				if done := len(laid) > 0; done != (c.code == 0 || c.other != "") {
					t.Errorf("laid out: %v", laid)
				}
			})
		}
	}
}
