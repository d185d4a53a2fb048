package config

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPinned(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"app: shop\nfalkirk: 1.4.0\n":                        "1.4.0",
		"falkirk:  \"1.4.0-rc.1\"  # the team's\r\napp: x\n": "1.4.0-rc.1",
		"falkirk: '0.1.0'":                                   "0.1.0",
		"app: shop\n# falkirk: 1.4.0\n":                      "",
		"components:\n  falkirk: 1.4.0\n":                    "",
		"falkirk: 1.4.0\nnewKey: {of: later":                 "1.4.0",
		"falkirk: latest\n":                                  "",
	} {
		path := filepath.Join(t.TempDir(), FileName)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := Pinned(path); got != want {
			t.Errorf("%q asks for %q, want %q", text, got, want)
		}
	}
	if got := Pinned(filepath.Join(t.TempDir(), "nothing")); got != "" {
		t.Errorf("no file asks for %q", got)
	}
}
