package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), renew with -update:\n%s", path, diff)
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "bad", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Base(path)
			_, err = load(raw, name, path, testKinds(), testEnv, false, nil)
			checkProblems(t, err, name, len(raw))
			golden(t, strings.TrimSuffix(path, ".yml")+".golden", err.Error()+"\n")
		})
	}
}

// checkProblems holds what is true of every refusal of these files.
func checkProblems(t *testing.T, err error, name string, size int) {
	t.Helper()
	for _, p := range checkPlaces(t, err, size) {
		if p.File != name {
			t.Errorf("of another file: %+v", p)
		}
	}
	for _, secret := range []string{"sesame-open", "hunter2", "87654321", "topsecret", `se"sa"me`, `se\"sa\"me`} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("secret %s in:\n%v", secret, err)
		}
	}
}

// checkPlaces holds what is true of every refusal of a file's content.
func checkPlaces(t *testing.T, err error, size int) Problems {
	t.Helper()
	var ps Problems
	if !errors.As(err, &ps) || len(ps) == 0 || !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
		t.Fatalf("got %v, want Problems that are invalid, with a hint", err)
	}
	for i, p := range ps {
		if p.Line < 1 || p.Column < 1 || p.Line > size+1 || p.Text == "" {
			t.Errorf("no place or no text: %+v", p)
		}
		if i > 0 && (p.Line < ps[i-1].Line || p.Line == ps[i-1].Line && p.Column < ps[i-1].Column) {
			t.Errorf("out of order: %v", p)
		}
	}
	return ps
}
