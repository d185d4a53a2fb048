package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/config"
	"falkirk/internal/face/cli/ui"
)

func TestAnAppFileForAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "falkirk.yml")
	// What this version does not know must not hide why.
	if err := os.WriteFile(path, []byte("app: shop\nfalkirk: 1.4.0\nnewKey: of later\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		running string
		code    int
		says    string
	}{
		{"v1.3.0", 6, "asks for falkirk 1.4.0, and this is 1.3.0"},
		{"v1.4.0-rc.1", 6, "this is 1.4.0-rc.1"},
		{"v1.4.0", 2, "newKey"},
		{"dev", 2, "this is a development build, dev"},
		{"v1.3.1-0.20261121010101-0123456789ab", 2, "this is a development build"},
		{"v1.3.0+dirty", 2, "this is a development build"},
	} {
		var out, errs bytes.Buffer
		w := ui.Wiring{Version: ui.Version{Version: c.running}, Kinds: config.Kinds{}, Getenv: os.LookupEnv}
		code := Main(context.Background(), w, ui.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, []string{"config", "check", "-f", path})
		if code != c.code || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%s: exit code %d, %s", c.running, code, errs.String())
		}
		if code == 6 && !strings.Contains(errs.String(), "install.sh") {
			t.Errorf("%s: no way on: %s", c.running, errs.String())
		}
		if Main(context.Background(), w, ui.Streams{Out: &out, Err: &errs}, []string{"version", "-f", path}) != 0 {
			t.Errorf("%s: falkirk version fails", c.running)
		}
	}
}
