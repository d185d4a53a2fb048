package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}

func testEnv(name string) (string, bool) {
	v, ok := map[string]string{
		"PORT": "8093", "DEBUG": "true", "DB_PASSWORD": "sesame-open", "TEXT": "not a number",
		"REGION": "eu-9", "EMPTY": "", "QUOTE": "se\"sa\"me",
	}[name]
	return v, ok
}

func TestSmoke(t *testing.T) {
	f, err := Load(filepath.Join("testdata", "good", "full.yml"), testKinds(), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.ShowOrigins()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", out)
}
