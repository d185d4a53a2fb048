package ignore_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/pack/ignore"
)

// What git itself says of these is in its documentation of gitignore.
func TestPatternsAreThoseOfGit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		patterns []string
		path     string
		folder   bool
		want     bool
	}{
		{[]string{"*.map"}, "deep/down/app.js.map", false, true},
		{[]string{"*.map"}, "app.js", false, false},
		{[]string{"/top.txt"}, "top.txt", false, true},
		{[]string{"/top.txt"}, "sub/top.txt", false, false},
		{[]string{"doc/*.txt"}, "doc/a.txt", false, true},
		{[]string{"doc/*.txt"}, "x/doc/a.txt", false, false},
		{[]string{"doc/*.txt"}, "doc/b/a.txt", false, false},
		{[]string{"build/"}, "build", false, false},
		{[]string{"build/"}, "a/build", true, true},
		{[]string{"**/foo"}, "a/b/foo", false, true},
		{[]string{"a/**/b"}, "a/b", false, true},
		{[]string{"a/**/b"}, "a/x/y/b", false, true},
		{[]string{"abc/**"}, "abc/x/y", false, true},
		{[]string{"abc/**"}, "abc", true, false},
		{[]string{"*", "!keep.txt"}, "keep.txt", false, false},
		{[]string{"*", "!keep.txt"}, "other.txt", false, true},
		{[]string{"*", "!keep.txt", "keep.txt"}, "keep.txt", false, true},
		{[]string{"# comment", "", "  "}, "# comment", false, false},
		{[]string{`\#file`}, "#file", false, true},
		{[]string{`\!file`}, "!file", false, true},
		{[]string{"file[0-9].txt"}, "file7.txt", false, true},
		{[]string{"file?.txt"}, "fileX.txt", false, true},
		{[]string{"{a,b}"}, "a", false, false},
		{[]string{"{a,b}"}, "{a,b}", false, true},
		{[]string{"trail   "}, "trail", false, true},
		{[]string{"dos.txt\r"}, "dos.txt", false, true},
		{[]string{"[[:upper:]]*"}, "Key", false, true},
		{[]string{"[[:upper:]]*"}, "key", false, false},
		{[]string{"[^a]x"}, "bx", false, true},
		{[]string{"caf?"}, "café", false, false}, // git counts bytes
		{[]string{"caf??"}, "café", false, true},
		{[]string{"foo**/bar"}, "foo/x/bar", false, true},
		{[]string{`blank\ `}, "blank ", false, true},
	} {
		var l ignore.List
		if err := l.Add("test", c.patterns...); err != nil {
			t.Fatal(err)
		}
		if got := l.Match(c.path, c.folder); got != c.want {
			t.Errorf("%q on %q (folder %v) is %v", c.patterns, c.path, c.folder, got)
		}
	}
	// What git never matches is refused: somebody wants to keep something out.
	for _, bad := range []string{"[bad", "key.pem\t", `end\`, "[[:none:]]x", "a\x00b"} {
		if err := new(ignore.List).Add("test", "good", bad); err == nil || !strings.Contains(err.Error(), "pattern 2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestFilesOfTheAppAndOfTheFolderBothCount(t *testing.T) {
	t.Parallel()
	app := t.TempDir()
	dist := filepath.Join(app, "web", "dist")
	if err := os.MkdirAll(dist, 0o755); err != nil {
		t.Fatal(err)
	}
	for at, lines := range map[string]string{app: "/web/dist/a\n*.log\n", dist: "/b\n!keep.log\n"} {
		if err := os.WriteFile(filepath.Join(at, ignore.File), []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	between := filepath.Join(app, "web", ignore.File)
	if err := os.WriteFile(between, []byte("\ufeffdist/e\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := ignore.For(app, dist, []string{"c"})
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]bool{"a": true, "b": true, "c": true, "x/c": true, "d": false, "e": true, "x/e": false, "x/a": false, "x.log": true, "keep.log": false} {
		if got := l.Match(p, false); got != want {
			t.Errorf("%s: %v", p, got)
		}
	}
}

func TestAFolderThatIsLeftOutIsRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"dist/", "/web", "web/*"} {
		app := t.TempDir()
		if err := os.MkdirAll(filepath.Join(app, "web", "dist"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(app, ignore.File), []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ignore.For(app, filepath.Join(app, "web", "dist"), nil); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "left out") {
			t.Errorf("%s: %v", line, err)
		}
	}
}
