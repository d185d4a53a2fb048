package config

import (
	"errors"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
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

// Warnings are said also of a file that has problems.
func TestWarningsBesideProblems(t *testing.T) {
	t.Parallel()
	outside := func(delivery.App) []Finding {
		return []Finding{{Path: []string{"components", "api"}, Text: "something is missing", Warning: true}}
	}
	text := "app: shop\ncomponents:\n  api: {image: {binary: api}, target: {local: {path: /}}}\nenvironments: [{name: dev, soak: 1hh}]\n"
	_, err := load([]byte(text), "falkirk.yml", filepath.FromSlash("/srv/shop/falkirk.yml"), testKinds(), testEnv, false, outside)
	var found *CheckError
	if !errors.As(err, &found) || len(found.Warnings) != 1 || found.Warnings[0].Line != 3 || !strings.Contains(err.Error(), "1hh") || !fault.Is(err, fault.Invalid) {
		t.Errorf("%v, warnings %v", err, found)
	}
	var all Problems
	if !errors.As(err, &all) || len(all) != 1 {
		t.Errorf("the problems are %v", all)
	}
}
