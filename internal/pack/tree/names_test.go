package tree_test

import (
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"falkirk/internal/pack/tree"
)

// Only what is packed must have names that all machines hold.
func TestWhatIsLeftOutMayHaveAnyName(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("other file systems refuse some of these names themselves")
	}
	leave := func(p, _ string, _ fs.FileInfo) bool {
		return strings.HasPrefix(path.Base(p), ".") || path.Base(p) == "OUT"
	}
	for name, c := range map[string]struct {
		files, packed []string
		refused       string
	}{
		"both are left out":              {[]string{".env", ".ENV"}, nil, ""},
		"one is left out":                {[]string{"OUT", "out"}, []string{"out"}, ""},
		"folders":                        {[]string{"A/.env", "a/x"}, []string{"a/x"}, ""},
		"accents":                        {[]string{".caf\u00e9", ".cafe\u0301"}, nil, ""},
		"no UTF-8":                       {[]string{".caf\xe9", "d\xe9/.x"}, nil, ""},
		"backslash":                      {[]string{`.a\b`}, nil, ""},
		"folders that hold what goes in": {[]string{"A/y", "a/x"}, nil, `"a" and "A" differ only by case`},
		"below":                          {[]string{"d/e/R", "d/e/r"}, nil, `"d/e/r" and "d/e/R" differ only by case`},
		"a folder without UTF-8":         {[]string{"d\xe9/x"}, nil, "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "fine", "")
			for _, f := range c.files {
				write(t, dir, f, "")
			}
			files, err := tree.Walk(t.Context(), filepath.Clean(dir), tree.Options{Follow: true, Leave: leave})
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Fatalf("%v; want %s", err, c.refused)
				}
				return
			}
			must(t, err)
			var got []string
			for _, f := range files {
				if f.Path != "fine" {
					got = append(got, f.Path)
				}
			}
			if strings.Join(got, " ") != strings.Join(c.packed, " ") {
				t.Errorf("packed %q, want %q", got, c.packed)
			}
		})
	}
}
