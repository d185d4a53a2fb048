package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// FuzzLoad: no panic, no hang, every refusal has a place; what is taken can be
// shown.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.yml"))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		from := time.Now()
		file, err := load(raw, "f.yml", "/f.yml", testKinds(), testEnv, false, nil)
		if took := time.Since(from); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
		used, lazyErr := load(raw, "f.yml", "/f.yml", testKinds(), func(string) (string, bool) { return "", false }, true, nil)
		if lazyErr != nil {
			checkPlaces(t, lazyErr, len(raw))
		} else if _, err := used.ShowOrigins(); err != nil {
			t.Error(err)
		}
		if err != nil {
			checkPlaces(t, err, len(raw))
			return
		}
		if _, err := file.ShowOrigins(); err != nil {
			t.Error(err)
		}
	})
}
