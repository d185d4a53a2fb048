package ignore_test

import (
	"os"
	"path/filepath"
	"testing"

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
	} {
		var l ignore.List
		if err := l.Add("test", "", c.patterns...); err != nil {
			t.Fatal(err)
		}
		if got := l.Match(c.path, c.folder); got != c.want {
			t.Errorf("%q on %q (folder %v) is %v", c.patterns, c.path, c.folder, got)
		}
	}
	if err := new(ignore.List).Add("test", "", "good", "[bad"); err == nil {
		t.Error("[bad is taken as a pattern")
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
	l, err := ignore.For(app, dist, []string{"c"})
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]bool{"a": true, "b": true, "c": true, "x/c": true, "d": false, "x/a": false, "x.log": true, "keep.log": false} {
		if got := l.Match(p, false); got != want {
			t.Errorf("%s: %v", p, got)
		}
	}
}
