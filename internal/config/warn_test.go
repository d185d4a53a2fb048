package config

import (
	"path/filepath"
	"strings"
	"testing"
)

// A warning leads to the line, comes once, and is no problem.
func TestWarningsAreNoProblems(t *testing.T) {
	t.Parallel()
	text := full(t)
	if f := loaded(t, text); len(f.Warnings) > 0 {
		t.Fatalf("a good file is warned of: %v", f.Warnings)
	}
	risky := "app: shop\ncomponents:\n  api:\n    image: {binary: api}\n    target:\n      local:\n        path: /\n        args: [serve, --risky]\nenvironments:\n  - {name: dev}\n  - {name: prd}\n"
	f, err := load([]byte(risky), "falkirk.yml", filepath.FromSlash("/srv/shop/falkirk.yml"), testKinds(), testEnv, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) != 1 || f.Warnings[0].Line != 8 || !strings.Contains(f.Warnings[0].Message(), `"--risky" may be a mistake`) {
		t.Errorf("the warnings are %v", f.Warnings)
	}
}
