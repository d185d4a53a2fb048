package tree_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/fault"
	"falkirk/internal/pack/tree"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	at := filepath.Join(dir, filepath.FromSlash(name))
	must(t, os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, []byte(content), 0o600))
}

func TestWalkFollowsLinksThatStayInside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a/b/file", "1")
	write(t, dir, "a-b", "2") // sorts before a/b by bytes, after it in a walk
	must(t, os.Symlink("a/b", filepath.Join(dir, "linked")), os.Symlink(filepath.Join(dir, "a-b"), filepath.Join(dir, "one")))
	got, err := tree.Walk(t.Context(), dir, tree.Options{Follow: true})
	must(t, err)
	var list []string
	for _, f := range got {
		r, err := f.Open()
		must(t, err)
		raw, err := io.ReadAll(r)
		must(t, err, r.Close())
		list = append(list, f.Path+" "+string(raw))
	}
	if diff := cmp.Diff([]string{"a-b 2", "a/b/file 1", "linked/file 1", "one 2"}, list); diff != "" {
		t.Error(diff)
	}
	must(t, os.Remove(filepath.Join(dir, "one")))
	kept, err := tree.Walk(t.Context(), dir, tree.Options{})
	must(t, err)
	list = nil
	for _, f := range kept {
		list = append(list, f.Path+" "+f.Link)
	}
	if diff := cmp.Diff([]string{"a ", "a-b ", "a/b ", "a/b/file ", "linked a/b"}, list); diff != "" {
		t.Error(diff)
	}
}

func TestWalkRefusesWhatAnotherMachineCouldNotHold(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("other file systems refuse some of these names themselves")
	}
	for name, c := range map[string]struct {
		make func(t *testing.T, dir string)
		says string
	}{
		"link out": {func(t *testing.T, d string) {
			must(t, os.Symlink("../x", filepath.Join(d, "l")), os.WriteFile(d+"/../x", nil, 0o600))
		}, "outside of the folder"},
		"link out far":   {func(t *testing.T, d string) { must(t, os.Symlink("/etc", filepath.Join(d, "l"))) }, "outside of the folder"},
		"link to itself": {func(t *testing.T, d string) { must(t, os.Symlink(".", filepath.Join(d, "l"))) }, "holds the link itself"},
		"dangling link":  {func(t *testing.T, d string) { must(t, os.Symlink("gone", filepath.Join(d, "l"))) }, "not there"},
		"case":           {func(t *testing.T, d string) { write(t, d, "Readme", ""); write(t, d, "README", "") }, "differ only by case"},
		"folder case":    {func(t *testing.T, d string) { write(t, d, "A/x", ""); write(t, d, "a/y", "") }, "differ only by case"},
		"accents":        {func(t *testing.T, d string) { write(t, d, "caf\u00e9", ""); write(t, d, "cafe\u0301", "") }, "Unicode normalization"},
		"accents, case":  {func(t *testing.T, d string) { write(t, d, "CAF\u00c9", ""); write(t, d, "cafe\u0301", "") }, "differ only by case"},
		"folder accents": {func(t *testing.T, d string) { write(t, d, "\u00fc/x", ""); write(t, d, "u\u0308/y", "") }, "Unicode normalization"},
		"letters":        {func(t *testing.T, d string) { write(t, d, "\uac00", ""); write(t, d, "\u1100\u1161", "") }, "Unicode normalization"},
		"not UTF-8":      {func(t *testing.T, d string) { write(t, d, "caf\xe9", "") }, "not UTF-8"},
		"backslash":      {func(t *testing.T, d string) { write(t, d, `a\b`, "") }, "backslash"},
		"pipe":           {func(t *testing.T, d string) { must(t, pipe(filepath.Join(d, "p"))) }, "neither a file nor a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "in")
			write(t, dir, "fine", "")
			write(t, dir, "caf\xe8", "") // every mistake is named, not the first only
			c.make(t, dir)
			_, err := tree.Walk(t.Context(), dir, tree.Options{Follow: true})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), `caf\xe8`) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestAFileThatChangesIsNoticed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<16)
	for name, change := range map[string]func(at string) error{
		"grows":   func(at string) error { return os.WriteFile(at, []byte(long+"y"), 0o600) },
		"shrinks": func(at string) error { return os.Truncate(at, 10) },
		"same size": func(at string) error {
			return errors.Join(os.WriteFile(at, []byte(strings.Repeat("y", 1<<16)), 0o600), os.Chtimes(at, time.Time{}, time.Unix(99, 0)))
		},
		"is replaced": func(at string) error {
			return errors.Join(os.WriteFile(at+".new", []byte(long), 0o600), os.Rename(at+".new", at))
		},
		"is gone": os.Remove,
	} {
		for _, when := range []string{"before", "during"} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				write(t, dir, "f", long)
				files, err := tree.Walk(t.Context(), dir, tree.Options{})
				must(t, err)
				if when == "before" {
					must(t, change(filepath.Join(dir, "f")))
				}
				r, err := files[0].Open()
				if err == nil {
					defer r.Close()
					if when == "during" {
						_, err = io.ReadFull(r, make([]byte, 100))
						must(t, err, change(filepath.Join(dir, "f")))
					}
					_, err = io.Copy(io.Discard, r)
				}
				if err == nil || !strings.Contains(err.Error(), "f") || name != "is gone" && !fault.Is(err, fault.Conflict) {
					t.Errorf("error is %v", err)
				}
			})
		}
	}
}
