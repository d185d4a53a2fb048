//go:build unix

package regular_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// Whatever is no regular file is refused at once, by its name; a link to one too.
func TestOnlyRegularFilesAreOpened(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "reg") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // a temporary folder
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(
		syscall.Mkfifo(at("pipe"), 0o600), os.Mkdir(at("folder"), 0o700), os.WriteFile(at("file"), []byte("hello"), 0o600),
		os.Symlink("pipe", at("to-pipe")), os.Symlink("file", at("to-file")),
	); err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	for name, what := range map[string]string{"pipe": "a named pipe", "to-pipe": "a named pipe", "socket": "a socket", "folder": "a folder", "/dev/zero": "a device"} {
		path := at(name)
		if filepath.IsAbs(name) {
			path = name
		}
		asks := map[string]func() error{
			"open": func() error { _, err := regular.Open(path); return err },
			"read": func() error { _, err := regular.Read(path, name, 10); return err },
		}
		if !filepath.IsAbs(name) {
			asks["open in a root"] = func() error { _, err := regular.OpenIn(root, name); return err }
		}
		for how, ask := range asks {
			got := make(chan error, 1)
			go func() { got <- ask() }()
			select {
			case err := <-got:
				if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), name) {
					t.Errorf("%s %s: %v", how, name, err)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("%s %s: it hangs", how, name)
			}
		}
	}
	for _, name := range []string{"file", "to-file"} {
		if raw, err := regular.Read(at(name), name, 5); string(raw) != "hello" || err != nil {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
	}
	if _, err := regular.Read(at("file"), "file", 4); !fault.Is(err, fault.Invalid) {
		t.Errorf("a large file: %v", err)
	}
	if _, err := regular.Read(at("none"), "none", 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
